// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "sandbox/account.hpp"
#include "schema/world.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace kalends::sandbox {

/// One request that arrived, or one notice that left.
struct journal_entry {
  std::uint64_t sequence = 0; ///< from 1, without gaps
  instant time;
  std::optional<vendor> kind;
  std::string account; ///< empty when nobody was recognised
  std::string
      method; ///< "events.insert", "graph.events.update", "oauth.token", "notice"; "unknown" for no route
  std::string verb;         ///< "GET", …
  std::string target;       ///< path and query; a notice: the whole URL
  net::header_list headers; ///< never Authorization or Cookie
  std::string body;         ///< at most `journal_body_limit`
  int status = 0;           ///< 0: the connection was cut
  bool wrote = false;       ///< it changed something, whatever the answer said
  std::string fault;        ///< id of the fault plan that struck
  std::string error;        ///< of an undelivered notice
};

inline constexpr std::size_t journal_limit = 50'000;
inline constexpr std::size_t journal_body_limit = 64 * 1024;

struct journal_filter {
  std::optional<vendor> kind;
  std::string account, method; ///< `method` may end in "*"
  std::optional<int> status;
  std::optional<bool> wrote;
  std::uint64_t after = 0; ///< sequence numbers above this
  std::size_t limit = 1'000;
};

/// What happened, for tests and for people: a ring of the last `journal_limit` entries. Guarded by the core's
/// mutex.
class journal {
public:
  std::uint64_t add(journal_entry e);
  void clear() { entries_.clear(); }
  bool matches(const journal_entry& e, const journal_filter& f) const;
  /// `{"items": […], "count": all that match, "by_method": {…}, "last_sequence": n}`; items are the newest
  /// `limit`, oldest first.
  boost::json::object report(const journal_filter& f) const;
  std::size_t count(const journal_filter& f) const;
  const std::deque<journal_entry>& entries() const { return entries_; }

private:
  std::deque<journal_entry> entries_;
  std::uint64_t last_ = 0;
};

/// "events.*" matches "events.insert"; "" and "*" match everything.
bool method_matches(std::string_view pattern, std::string_view method);

} // namespace kalends::sandbox
