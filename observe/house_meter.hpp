// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string_view>

namespace kalends::observe {

/// Where the house's own services tell how they do: the HTTP API and the database. Every function may be
/// called from any thread, returns at once, and never fails. The base class keeps nothing.
class house_meter {
public:
  using microseconds = std::chrono::microseconds;
  virtual ~house_meter() = default;

  /// `route` is the template ("/v1/users/{user_id}") and `method` its method; both live as long as the
  /// program, so that they cost no copy. What has no route is told as "other".
  virtual void request_answered(std::string_view /*method*/, std::string_view /*route*/, int /*status*/,
                                microseconds /*took*/) {}
  /// A transaction came to its end. `waited`: for a connection; `took`: from then to the answer; `commit`: of
  /// that, the last exchange. `code` is empty when it was committed.
  virtual void transaction_ended(microseconds /*waited*/, microseconds /*took*/, microseconds /*commit*/,
                                 std::string_view /*code*/) {}
  /// Work that was refused before it began: `database_busy`, `database_away`.
  virtual void work_refused(std::string_view /*code*/) {}
};

/// One that keeps nothing, for tests and tools.
house_meter& no_house_meter();

} // namespace kalends::observe
