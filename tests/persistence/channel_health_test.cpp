// SPDX-License-Identifier: Apache-2.0
#include "tests/persistence/store_fixture.hpp"

namespace kalends::persistence {
namespace {

/// How channels fare, when calendars are compared, and what may have been lost on the way to them.
class channel_health_test : public store_fixture {
protected:
  const household h = add_household();

  result<std::vector<fact>> save(const channel_health& health, std::optional<provider_problem> problem = {},
                                 std::vector<fact> facts = {}) {
    return wait_for<std::vector<fact>>([&](auto done) {
      store->save_channel_health(h.tenant, h.calendar, health, problem, facts, std::move(done));
    });
  }
  std::vector<entry_id> unsettled(const user_id& assignee, const entry_id& after = {}) {
    return must(wait_for<std::vector<entry_id>>([&](auto done) {
      store->load_unsettled(h.tenant, h.calendar, assignee, now - 24h, after, 10, std::move(done));
    }));
  }
  provider shown() {
    return must(as(h.tenant, [&](transaction& tx) { return find_provider(tx, h.calendar); })).value();
  }
};

TEST_F(channel_health_test, is_kept_whole_with_its_problem_and_facts) {
  EXPECT_EQ(shown().push, channel_health());
  const channel_health failing{now,     renewal_cause::silent, "vendor_away", "Not now.", 3, now + 5min,
                               now - 1h};
  const provider_problem problem{"channel_renewal_failed", "vendor_away", now};

  const auto facts = must(save(failing, problem, {new_fact(h, fact_type::calendar_channel_renewal_failed)}));

  ASSERT_EQ(facts.size(), 1U);
  EXPECT_EQ(facts[0].sequence, 1);
  EXPECT_EQ(shown().push, failing);
  EXPECT_EQ(shown().problem, problem);
  EXPECT_EQ(shown().status, provider_status::active);
  EXPECT_EQ(must(state(h)).calendar.push, failing);
  must(save({}));
  EXPECT_EQ(shown().push, channel_health());
  EXPECT_FALSE(shown().problem);
}

TEST_F(channel_health_test, plans_stand_in_the_schedule) {
  channel_health planned;
  planned.renews_at = now + 40h;
  must(save(planned));
  EXPECT_TRUE(must(wait_for<bool>(
      [&](auto done) { store->plan_reconcile(h.tenant, h.calendar, now + 24h, std::move(done)); })));

  const auto lines = must(wait_for<std::vector<schedule_line>>(
      [&](auto done) { store->load_schedule({h.tenant}, std::move(done)); }));

  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].type, provider_type::google);
  EXPECT_EQ(lines[0].channel_renews_at, now + 40h);
  EXPECT_EQ(lines[0].next_reconcile_at, now + 24h);
  EXPECT_EQ(shown().next_reconcile_at, now + 24h);
}

TEST_F(channel_health_test, a_comparison_that_succeeded_is_what_the_calendar_shows) {
  auto c = changes(h);
  auto run = new_run(h, run_outcome::succeeded);
  run.cause = run_cause::reconcile;
  run.counts.drift = {12, 3, 2};
  run.finished_at = now + 5s;
  c.runs = {run};
  must(commit(c));
  const reconciliation expected{now + 5s, {12, 3, 2}};
  EXPECT_EQ(shown().reconciled, expected);

  c.runs = {new_run(h, run_outcome::succeeded)};
  must(commit(c));

  EXPECT_EQ(shown().reconciled, expected);
  const auto runs = must(as(h.tenant, [&](transaction& tx) { return list_runs(tx, h.calendar, "", 10); }));
  EXPECT_EQ(runs.items.back().counts.drift, run.counts.drift);
}

TEST_F(channel_health_test, finds_what_may_have_been_lost_and_nothing_else) {
  auto c = changes(h);
  for (const auto* title : {"no mapping", "agreed", "behind", "waits", "queued", "past", "given up"})
    c.entries.push_back(new_entry(h, title));
  auto& e = c.entries;
  e[5].entry.what = meeting("past", "2026-11-01T09:00:00", "2026-11-01T10:00:00");
  c.mappings = {link(h, e[1], "agreed"), link(h, e[2], "behind"), link(h, e[3], "waits")};
  c.mappings[1].entry_version = 0;
  c.mappings[2].linked = false;
  c.outbox = {new_push(h, e[4].entry.id)};
  auto orphan = new_entry(h);
  c.mappings.push_back(link(h, orphan, "orphan"));
  dead_letter letter;
  letter.id = uuid();
  letter.provider = h.calendar;
  letter.entry = e[6].entry.id;
  letter.code = "refused";
  letter.first_failed_at = letter.last_failed_at = now;
  c.letters = {letter};
  must(commit(c));

  const auto found = unsettled(h.user);

  const std::vector<entry_id> expected{e[0].entry.id, e[2].entry.id, e[3].entry.id, orphan.entry.id};
  EXPECT_EQ(found, expected); // ids are made in order
  EXPECT_EQ(unsettled({}), expected);
  EXPECT_EQ(unsettled(h.user, e[2].entry.id), (std::vector{e[3].entry.id, orphan.entry.id}));
}

} // namespace
} // namespace kalends::persistence
