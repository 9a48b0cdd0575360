// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "commands/http_talk.hpp"

#include <boost/json/value.hpp>

#include <atomic>
#include <cstdint>
#include <string>

namespace kalends::commands {

/// A little traffic on both sides of every connected calendar: every few seconds somebody makes, moves or
/// cancels an appointment, in the host or in the calendar. `manifest` is demo.json.
class demo_life {
public:
  demo_life(http_talk talk, boost::json::value manifest, std::uint64_t seed);
  /// One thing happens. Failures are left alone: the next one may succeed.
  void happen();

private:
  void in_the_host(const boost::json::object& tenant);
  void in_a_calendar(const boost::json::object& tenant);
  std::uint64_t chance(std::uint64_t below);
  boost::json::object appointment(const char* const* titles, std::size_t n);

  http_talk talk_;
  boost::json::value manifest_;
  std::uint64_t state_;
};

} // namespace kalends::commands
