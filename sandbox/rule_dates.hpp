// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/recurrence.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace kalends::sandbox {

/// Where one RRULE puts its occurrences: wall clocks of the series, ascending, COUNT and UNTIL applied. The
/// days come from libical's iterator. Nothing here is the engine's, so that a mistake of either side shows as
/// a difference (docs/decisions/0011-three-expansions-of-a-rule.md).
///
/// libical 3.0.16 departs from RFC 5545 3.3.10 in the ways below. Those rules are put to it in other words
/// that mean the same, each proved by a test (tests/sandbox/rule_dates_test.cpp):
/// - A day of the month counted from its end is passed over in a daily rule: asked for as a monthly one.
/// - A yearly rule with days of the month, but no months, has them in the start's alone: all are named.
/// - Days of the year are none together with months or days of the month: asked for apart, what all have
///   is taken.
/// - Weeks with an interval lose the start's own, or misplace a Sunday: each weekday is asked for apart.
/// - A weekday that is named twice comes twice: it is named once.
/// - BYSETPOS counts from the start on and not within the whole week, and counts a day twice that the month
///   names from both ends: counted here.
/// - BYWEEKNO writes beyond its memory and crashes: it never gets there, weeks are numbered here.
///
/// Refused: RSCALE; parts that the RFC forbids together; BYWEEKNO with an interval or BYSETPOS, where it
/// leaves open which weeks are meant; BYWEEKNO and BYYEARDAY below a day. Movable; one thread at a time.
class rule_dates {
public:
  /// Nothing if the rule cannot be read, or is refused.
  static std::optional<rule_dates> of(std::string_view rule, const series& s);
  /// Whether `of` has an answer.
  static bool can_expand(std::string_view rule);

  std::optional<std::int64_t> next();

  /// Nothing is looked for in later years.
  static constexpr int last_year = 2199;

  rule_dates(rule_dates&&) noexcept;
  rule_dates& operator=(rule_dates&&) noexcept;
  ~rule_dates();

private:
  struct impl;
  explicit rule_dates(std::unique_ptr<impl> i);
  std::unique_ptr<impl> impl_;
};

} // namespace kalends::sandbox
