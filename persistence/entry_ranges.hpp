// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

/// How a range of time is asked for: entries `e` are of five kinds, by how long they take, and each kind has
/// an index (migration 0026) that only a statement with these very conditions may use. Of a kind with a
/// longest length both bounds of the range are one of `starts_at`: what ends after A started later than A
/// minus that length. The others are found by `ends_at`.
namespace kalends::persistence {

#define KALENDS_TAKES " AND e.ends_at - e.starts_at "
#define KALENDS_OF_HOURS " AND e.recurrence = ''" KALENDS_TAKES "<= interval '24 hours'"
#define KALENDS_OF_DAYS                                                                                      \
  " AND e.recurrence = ''" KALENDS_TAKES "> interval '24 hours'" KALENDS_TAKES "<= interval '768 hours'"
#define KALENDS_OF_MONTHS " AND e.recurrence = ''" KALENDS_TAKES "> interval '768 hours'"
#define KALENDS_SERIES_OF_WEEKS " AND e.recurrence <> ''" KALENDS_TAKES "<= interval '2400 hours'"
#define KALENDS_SERIES_OF_YEARS " AND e.recurrence <> ''" KALENDS_TAKES "> interval '2400 hours'"

/// The longest of a kind.
inline constexpr std::chrono::hours of_hours{24};
inline constexpr std::chrono::hours of_days{768};
inline constexpr std::chrono::hours of_weeks{2'400};

} // namespace kalends::persistence
