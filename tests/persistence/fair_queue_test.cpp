// SPDX-License-Identifier: Apache-2.0
#include "persistence/fair_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kalends::persistence {
namespace {

std::string drain(fair_queue<std::string>& queue) {
  std::string order;
  while (auto item = queue.pop()) order += *item + " ";
  return order;
}

TEST(fair_queue_test, keeps_the_order_of_one_lane) {
  fair_queue<std::string> queue(10);
  for (const char* item : {"1", "2", "3"}) queue.push("a", item);

  EXPECT_EQ(drain(queue), "1 2 3 ");
}

TEST(fair_queue_test, lets_lanes_take_turns_however_long_one_is) {
  fair_queue<std::string> queue(10);
  for (const char* item : {"a1", "a2", "a3", "a4"}) queue.push("a", item);
  for (const char* item : {"b1", "b2"}) queue.push("b", item);
  queue.push("c", "c1");

  EXPECT_EQ(drain(queue), "a1 b1 c1 a2 b2 a3 a4 ");
}

TEST(fair_queue_test, gives_shared_work_every_second_turn) {
  fair_queue<std::string> queue(20);
  for (const char* item : {"a1", "a2", "a3"}) queue.push("a", item);
  for (const char* item : {"b1", "b2"}) queue.push("b", item);
  for (const char* item : {"s1", "s2"}) queue.push("", item);

  EXPECT_EQ(drain(queue), "s1 a1 s2 b1 a2 b2 a3 ");
}

TEST(fair_queue_test, refuses_a_lane_that_holds_half_and_a_queue_that_is_full) {
  fair_queue<std::string> queue(4);
  queue.push("a", "a1");
  queue.push("a", "a2");

  EXPECT_FALSE(queue.has_room("a"));
  EXPECT_TRUE(queue.has_room("b"));

  queue.push("b", "b1");
  queue.push("c", "c1");

  EXPECT_FALSE(queue.has_room("d"));
}

TEST(fair_queue_test, forgets_a_lane_that_ran_empty) {
  fair_queue<std::string> queue(4);
  queue.push("a", "a1");
  (void)queue.pop();

  queue.push("a", "a2");

  EXPECT_EQ(drain(queue), "a2 ");
  EXPECT_TRUE(queue.empty());
}

} // namespace
} // namespace kalends::persistence
