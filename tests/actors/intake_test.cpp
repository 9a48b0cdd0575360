// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include "actors/intake.hpp"

namespace kalends::actors {
namespace {

using kind = net::unproven_notice::kind;

class intake_test : public house_fixture {
protected:
  intake_test() {
    add_calendar(work);
    add_calendar(second);
    store.hold("mark");
    in = system->spawn<intake>(std::ref(store), listening_supervisor());
    others.push_back(caf::actor_cast<caf::actor>(in));
  }

  void arrive(const provider_id& p, kind what = kind::changed) {
    tell(in, notice_proven{acme, p, what, durable.slot()});
  }

  intake_actor in;
  answers<bool> durable;
};

TEST_F(intake_test, answers_only_after_the_commit) {
  arrive(work);
  EXPECT_EQ(durable.size(), 0u);
  EXPECT_TRUE(heard->stale.empty());

  store.answer("mark");
  run();

  ASSERT_EQ(durable.size(), 1u);
  EXPECT_TRUE(durable[0].value());
  ASSERT_EQ(heard->stale.size(), 1u);
  EXPECT_EQ(heard->stale[0].lines[0].provider, work);
  EXPECT_EQ(heard->stale[0].lines[0].what.mark, 1);
}

TEST_F(intake_test, writes_what_arrives_during_a_write_as_one_next_group) {
  arrive(work);
  for (int i = 0; i < 500; ++i) arrive(i % 2 == 0 ? work : second);
  ASSERT_EQ(store.times("mark"), 1u);

  store.answer("mark");
  run();
  EXPECT_EQ(durable.size(), 1u);
  EXPECT_EQ(store.times("mark"), 2u);
  store.answer("mark");
  run();

  EXPECT_EQ(durable.size(), 501u);
  EXPECT_EQ(rows(work).mark, 251);
  EXPECT_EQ(rows(second).mark, 250);
  EXPECT_EQ(store.times("mark"), 2u);
  ASSERT_EQ(heard->stale.size(), 2u);
  EXPECT_EQ(heard->stale[1].lines.size(), 2u);
  EXPECT_EQ(heard->stale[1].lines[0].what.mark, 251);
}

TEST_F(intake_test, a_failed_write_is_told_to_all_of_its_group_and_wakes_nobody) {
  arrive(work);
  arrive(work);
  arrive(second);
  store.answer("mark");
  run();
  heard->stale.clear();
  store.fail("mark", trouble(errc::retry_later, "database_away"));

  store.answer("mark");
  run();

  ASSERT_EQ(durable.size(), 3u);
  EXPECT_TRUE(durable[0]);
  EXPECT_EQ(durable[1].error().kind, errc::retry_later);
  EXPECT_EQ(durable[2].error().kind, errc::retry_later);
  EXPECT_TRUE(heard->stale.empty());

  arrive(work); // and it goes on
  store.answer("mark");
  run();
  EXPECT_TRUE(durable[3]);
}

TEST_F(intake_test, wakes_no_calendar_that_is_gone) {
  rows().providers.erase(work);
  arrive(work);

  store.answer("mark");
  run();

  EXPECT_TRUE(durable[0]);
  EXPECT_TRUE(heard->stale.empty());
}

TEST_F(intake_test, what_the_vendor_says_of_the_channel_is_kept_among_other_notices) {
  arrive(second);
  arrive(work);
  arrive(work, kind::subscription_removed);
  arrive(work);
  store.answer("mark");
  run();
  store.answer("mark");
  run();

  ASSERT_EQ(heard->stale.size(), 2u);
  EXPECT_EQ(heard->stale[1].lines.at(0).what.why, wake_reason::channel_lost);
}

TEST_F(intake_test, a_failure_inside_is_told_to_the_senders_and_the_next_notice_is_taken) {
  store.hold_nothing();
  store.blow_up("mark");
  arrive(work);

  ASSERT_EQ(durable.size(), 1u);
  EXPECT_EQ(durable[0].error().kind, errc::stopped);
  arrive(work);

  ASSERT_EQ(durable.size(), 2u);
  EXPECT_TRUE(durable[1]);
  EXPECT_EQ(rows(work).mark, 1);
}

} // namespace
} // namespace kalends::actors
