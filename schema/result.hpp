// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace kalends {

/// What went wrong, named by what the one who hears of it should do next.
enum class errc {
  retry_later, ///< passing trouble (timeout, 429, 5xx, database away): the same call may work after
               ///< `retry_after`
  reauthorize, ///< the grant is gone (`invalid_grant`, 401 after a refresh): only a person can mend it
  resync,      ///< the cursor is void (410, lost delta state): read everything again
  conflict,    ///< the guarded version is not the current one (412, version mismatch): read again and merge
  duplicate,   ///< a thing with this id exists already (409)
  not_found,   ///< the thing is not there, or not there any more (404, 410 on one item)
  invalid,     ///< what we said makes no sense to the other side; repeating it will not help
  forbidden,   ///< understood and refused (403 that is no quota, role too low)
  stopped,     ///< we are shutting down, or the caller cancelled
  broken,      ///< the other side answered something unusable (HTML for JSON, a truncated body)
};

/// One failure. `code` is stable and machine-readable (snake_case, at most 64 characters), `detail` is for
/// people and never holds a secret or another tenant's content. `field` names the offending input,
/// JSON-pointer like
/// ("start.time_zone"), when there is one.
struct error {
  errc kind = errc::broken;
  std::string code;
  std::string detail;
  std::string field = {};
  std::optional<std::chrono::milliseconds> retry_after = {};
};

template <class T>
using result = tl::expected<T, error>;

/// Most calls: `return failure(errc::invalid, "unknown_time_zone", "…", "start.time_zone");`
inline tl::unexpected<error> failure(errc kind, std::string code, std::string detail,
                                     std::string field = {}) {
  return tl::unexpected<error>(error{kind, std::move(code), std::move(detail), std::move(field), {}});
}

} // namespace kalends
