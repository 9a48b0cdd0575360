// SPDX-License-Identifier: Apache-2.0
#include "schema/sync.hpp"

#include <gtest/gtest.h>

namespace kalends {
namespace {

appointment visit() {
  appointment a;
  a.title = "Replace switch";
  a.start = read_zoned_time("2026-12-01T09:00:00", "Europe/Berlin").value();
  a.end = read_zoned_time("2026-12-01T10:00:00", "Europe/Berlin").value();
  return a;
}

appointment all_other() {
  appointment a;
  a.title = "T";
  a.notes = "N";
  a.location = "L";
  a.start = read_date("2026-12-01").value();
  a.end = read_date("2026-12-02").value();
  a.is_private = true;
  a.is_tentative = true;
  a.attendees.resize(1);
  a.attendees[0].email = "guest@example.org";
  return a;
}

/// Rule and occurrences hang together and are told in tests of their own.
field_set independent() {
  auto all = field_set::from_bits(63);
  all.add(field_group::attendees);
  return all;
}

TEST(merge_test, sees_no_difference_between_equals) { EXPECT_TRUE(difference(visit(), visit()).empty()); }

TEST(merge_test, names_every_group_that_differs) {
  const auto d = difference(visit(), all_other());

  EXPECT_EQ(d, independent());
  EXPECT_EQ(names_of(d), (std::vector<std::string_view>{"time", "title", "notes", "location", "privacy",
                                                        "status", "attendees"}));
}

TEST(merge_test, compares_times_by_instant_and_zone) {
  auto moved = visit();
  moved.end = read_zoned_time("2026-12-01T11:00:00", "Europe/Berlin").value();
  auto elsewhere = visit();
  elsewhere.start = read_zoned_time("2026-12-01T08:00:00", "Europe/London").value();
  auto other_clock = visit();
  std::get<zoned_time>(other_clock.start).local += std::chrono::hours(1);

  EXPECT_TRUE(difference(visit(), moved).has(field_group::time));
  EXPECT_TRUE(difference(visit(), elsewhere).has(field_group::time));
  EXPECT_TRUE(difference(visit(), other_clock).empty());
}

TEST(merge_test, empty_lines_between_paragraphs_are_formatting) {
  auto a = visit();
  auto b = visit();
  a.notes = "First line\n\n- a point";
  b.notes = "First line \n\n\n- a point\n";
  EXPECT_TRUE(difference(a, b).empty());
  b.notes = "First line\n- a point";
  EXPECT_TRUE(difference(a, b).has(field_group::notes));
  b.notes = "First line\n\n- a  point";
  EXPECT_TRUE(difference(a, b).has(field_group::notes));
}

TEST(merge_test, takes_the_named_groups_and_no_others) {
  for (int bits = 0; bits < 512; ++bits) {
    const auto which = field_set::from_bits(static_cast<std::uint16_t>(bits)) & independent();

    const auto mixed = take(visit(), all_other(), which);

    EXPECT_EQ(difference(mixed, visit()), which);
    EXPECT_EQ(difference(mixed, all_other()), independent() - which);
  }
}

} // namespace
} // namespace kalends
