// SPDX-License-Identifier: Apache-2.0
#include "schema/ids.hpp"
#include "schema/world.hpp"

#include <set>

#include <gtest/gtest.h>

namespace kalends {
namespace {

using std::chrono::milliseconds;

world fixed_world(instant& now) {
  world w;
  w.now = [&now] { return now; };
  w.random_bytes = [](std::size_t n) { return std::string(n, '\xff'); };
  return w;
}

TEST(ids_test, knows_a_uuid_in_our_form) {
  EXPECT_TRUE(is_uuid("0193a7b1-9c1e-7abc-8def-0123456789ab"));
  for (const char* bad : {"", "0193a7b1-9c1e-7abc-8def-0123456789a", "0193A7B1-9c1e-7abc-8def-0123456789ab",
                          "0193a7b1-9c1e-7abc-8def-0123456789abc", "0193a7b19c1e-7abc--8def-0123456789ab",
                          "0193a7b1-9c1e-7abc-8def-0123456789ag", "0193a7b1-9c1e-7abc-8def 0123456789ab"})
    EXPECT_FALSE(is_uuid(bad)) << bad;
}

TEST(ids_test, makes_the_uuid_of_its_time) {
  instant now{milliseconds(0x017f22e279b0)}; // the example of RFC 9562 appendix A.6
  const auto w = fixed_world(now);

  EXPECT_EQ(make_uuid(w), "017f22e2-79b0-7000-bfff-ffffffffffff");
  EXPECT_EQ(make_uuid(w), "017f22e2-79b0-7001-bfff-ffffffffffff");
}

TEST(ids_test, keeps_order_within_a_millisecond_and_when_the_clock_steps_back) {
  instant now{milliseconds(1'800'000'000'000)};
  const auto w = fixed_world(now);
  const auto copy = w;
  std::string last;
  for (int i = 0; i < 10'000; ++i) {
    if (i == 5'000) now -= std::chrono::hours(1);
    const auto next = make_uuid(i % 2 == 0 ? w : copy);
    ASSERT_TRUE(is_uuid(next));
    ASSERT_LT(last, next) << i;
    last = next;
  }
}

TEST(ids_test, sorts_by_time) {
  instant now{milliseconds(1'800'000'000'000)};
  const auto w = fixed_world(now);
  const auto earlier = make_uuid(w);
  now += milliseconds(1);

  EXPECT_LT(earlier, make_uuid(w));
}

TEST(ids_test, real_ids_do_not_repeat) {
  const auto w = real_world();
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(make_uuid(w));

  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(w.random_bytes(1000).size(), 1000u);
  EXPECT_NE(w.random_bytes(32), w.random_bytes(32));
}

TEST(ids_test, writes_instants_as_rfc_3339) {
  EXPECT_EQ(to_rfc3339(instant{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(instant{milliseconds(1'796'112'000'007)}), "2026-12-01T08:00:00.007Z");
  EXPECT_EQ(to_rfc3339(instant{milliseconds(-1)}), "1969-12-31T23:59:59.999Z");
}

} // namespace
} // namespace kalends
