// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/world.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

namespace kalends::sandbox {

/// The sandbox's own time: the real one plus an offset, or frozen. Tokens, channels, subscriptions and
/// delayed notices expire by it, so that a test plays a week in a moment. Guarded by the core's mutex.
class virtual_clock {
public:
  explicit virtual_clock(std::function<instant()> real) : real_(std::move(real)) {}

  instant now() const { return frozen_ ? *frozen_ : real_() + offset_; }
  bool frozen() const { return frozen_.has_value(); }

  void freeze() { frozen_ = now(); }
  void thaw() {
    if (frozen_) offset_ = *frozen_ - real_();
    frozen_.reset();
  }
  void set(instant t) {
    if (frozen_)
      frozen_ = t;
    else
      offset_ = t - real_();
  }
  void advance(std::chrono::milliseconds by) { set(now() + by); }

  // -- to be kept and found again --
  std::chrono::milliseconds offset() const { return offset_; }
  std::optional<instant> frozen_at() const { return frozen_; }
  void restore(std::chrono::milliseconds offset, std::optional<instant> frozen) {
    offset_ = offset;
    frozen_ = frozen;
  }

private:
  std::function<instant()> real_;
  std::chrono::milliseconds offset_{0};
  std::optional<instant> frozen_;
};

} // namespace kalends::sandbox
