// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"
#include "schema/provider.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kalends::actors {

/// How one of the governor's budgets stands at this moment, for those who watch.
struct budget_line {
  enum class kind {
    project, ///< of one OAuth client, over all its accounts
    tenant,  ///< a tenant's part of its OAuth client's
    mailbox  ///< of one account
  } what{};
  provider_type type{};
  std::string project; ///< the OAuth client's id
  std::string mailbox; ///< the account's subject; empty for the others
  tenant_id tenant;    ///< empty for the others
  std::uint32_t limit = 0;
  std::chrono::milliseconds span{0};
  std::uint32_t used = 0; ///< within a window of that length that ends now
  std::uint32_t in_flight = 0;
  std::uint32_t waiting = 0;
  std::chrono::milliseconds paused_for{0}; ///< the vendor asked for it

  /// How tight it is: the part that is used; above 1 if calls wait or the vendor asked for a pause.
  double pressure() const {
    const double part = limit == 0 ? 0 : static_cast<double>(used) / static_cast<double>(limit);
    return std::min(part, 1.0) + (waiting > 0 ? 1 : 0) + (paused_for.count() > 0 ? 1 : 0);
  }
};

/// This node's part of all budgets: one of `nodes`.
struct budget_report {
  std::vector<budget_line> lines; ///< the tightest first
  std::size_t total = 0;          ///< budgets that are kept; what was not used for two windows is not
  std::vector<std::pair<provider_type, bool>> circuits; ///< true: open, calls wait until the vendor answers
  std::size_t nodes = 1;
};

} // namespace kalends::actors
