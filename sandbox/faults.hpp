// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "sandbox/account.hpp"
#include "schema/result.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kalends::sandbox {

enum class notice_fault { none, drop, duplicate, delay, reorder };

/// A plan for something to go wrong. Matching calls are counted; the plan strikes from call `skip` + 1 on,
/// `times` times (0: always).
struct fault_plan {
  std::string id; ///< given by us
  std::optional<vendor> kind;
  std::string account; ///< empty: any
  std::string method;  ///< journal name, may end in "*"; empty: any request that is not a notice. "notice":
                       ///< outgoing ones
  std::uint64_t skip = 0;
  std::uint64_t times = 1;

  int status = 0; ///< answer this instead; 0: leave the status alone
  std::string
      reason; ///< the vendor's own error body of this name ("rateLimitExceeded", "fullSyncRequired", …)
  std::string body;                     ///< or these bytes
  std::string content_type;             ///< of `body`
  net::header_list headers;             ///< added, e.g. Retry-After
  std::chrono::milliseconds latency{0}; ///< real time before the answer
  bool cut = false;                     ///< cut the connection instead of answering
  bool after_effect = false;            ///< do the work first, then answer wrongly or cut: the lost response

  notice_fault notice = notice_fault::none; ///< with `method` "notice"
  std::chrono::seconds delay{0}; ///< virtual time, for `delay`; `reorder` waits for the next notice

  std::uint64_t seen = 0;
  std::uint64_t struck = 0;
};

/// The plans in force. Guarded by the core's mutex.
class fault_plans {
public:
  /// Reads the JSON form documented in sandbox/README.md. Error: `malformed_fault`.
  static result<fault_plan> read(const boost::json::object& o);

  const fault_plan& add(fault_plan p);
  bool remove(std::string_view id);
  void clear() { plans_.clear(); }
  boost::json::array report() const;

  /// Counts this call against every matching plan and returns the first that strikes.
  std::optional<fault_plan> strike(vendor v, std::string_view account, std::string_view method);

private:
  std::vector<fault_plan> plans_;
  std::uint64_t last_ = 0;
};

} // namespace kalends::sandbox
