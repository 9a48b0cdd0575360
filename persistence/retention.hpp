// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/result.hpp"
#include "schema/settings.hpp"

#include <cstddef>
#include <functional>

/// Forgetting what is older than it has to be, a small batch at a time, so that no lock is held for long.
namespace kalends::persistence {

/// Rows of one kind that one transaction deletes.
inline constexpr std::size_t most_forgotten_at_once = 500;

struct forgotten {
  std::size_t facts = 0, decisions = 0, runs = 0, letters = 0, audit_lines = 0, conflicts = 0, answers = 0,
              sign_ins = 0, notifications = 0, deliveries = 0;
  bool more = false; ///< a kind filled its batch: ask again

  std::size_t all() const {
    return facts + decisions + runs + letters + audit_lines + conflicts + answers + sign_ins + notifications +
           deliveries;
  }
  forgotten& operator+=(const forgotten& o);
};

/// The first sequence that somebody still has to be told; facts from there on stay whatever their age.
using facts_needed_from = std::function<result<std::int64_t>(transaction&)>;

/// The installation's own rows: sessions of operators, its trace.
result<forgotten> forget_installation_rows(transaction& tx, const settings& kept, instant now);

/// Of the transaction's one tenant. Nothing if another node is at it. Facts go in the order of their
/// sequence, so that what is left has no gap (`check_facts_kept`).
result<forgotten> forget_old_rows(transaction& tx, const settings& kept, instant now,
                                  const facts_needed_from& needed = {});

} // namespace kalends::persistence
