// SPDX-License-Identifier: Apache-2.0
#include "persistence/dead_letters.hpp"
#include "persistence/retention.hpp"
#include "persistence/schedule.hpp"
#include "tests/persistence/store_fixture.hpp"

namespace kalends::persistence {
namespace {

struct retention_test : store_fixture {
  settings kept;

  result<forgotten> tidy(const household& h, instant when, const facts_needed_from& needed = {}) {
    return as(h.tenant, [&](transaction& tx) { return forget_old_rows(tx, kept, when, needed); });
  }
  std::vector<fact> facts_of(const household& h) {
    return must(as(h.tenant, [&](transaction& tx) { return list_facts(tx, 0, 1'000); }));
  }
  /// Three facts a week apart, the last one now.
  household with_facts() {
    const auto h = add_household();
    auto c = changes(h);
    for (int weeks : {2, 1, 0}) {
      auto f = new_fact(h);
      f.time = now - std::chrono::days(7 * weeks);
      c.facts.push_back(f);
    }
    must(commit(c));
    return h;
  }
};

TEST_F(retention_test, forgets_facts_by_age_and_leaves_no_gap) {
  const auto h = with_facts();
  kept.facts_kept = std::chrono::days(10);

  const auto first = must(tidy(h, now));
  const auto again = must(tidy(h, now));

  EXPECT_EQ(first.facts, 1u);
  EXPECT_FALSE(first.more);
  EXPECT_EQ(again.all(), 0u);
  ASSERT_EQ(facts_of(h).size(), 2u);
  EXPECT_EQ(facts_of(h)[0].sequence, 2);
}

TEST_F(retention_test, keeps_facts_that_somebody_still_has_to_be_told) {
  const auto h = with_facts();
  kept.facts_kept = std::chrono::days(1);

  const auto done = must(tidy(h, now, [](transaction&) -> result<std::int64_t> { return 2; }));

  EXPECT_EQ(done.facts, 1u);
  EXPECT_EQ(facts_of(h).size(), 2u);
}

TEST_F(retention_test, a_reader_whose_place_is_gone_hears_so) {
  const auto h = with_facts();
  const auto check = [&](std::int64_t after) {
    return as(h.tenant, [&](transaction& tx) { return check_facts_kept(tx, after); });
  };
  EXPECT_TRUE(check(0));
  kept.facts_kept = std::chrono::days(10);
  must(tidy(h, now));

  EXPECT_EQ(check(0).error().code, "cursor_expired");
  EXPECT_TRUE(check(1));
  EXPECT_TRUE(check(3));

  must(tidy(h, now + std::chrono::days(30)));
  ASSERT_TRUE(facts_of(h).empty());
  EXPECT_EQ(check(2).error().code, "cursor_expired");
  EXPECT_TRUE(check(3));
}

TEST_F(retention_test, forgets_decisions_letters_and_answers_of_that_tenant_alone) {
  const auto h = add_household();
  const auto other = add_household();
  for (const auto* who : {&h, &other}) {
    const auto w = new_entry(*who);
    auto c = changes(*who);
    c.entries = {w};
    c.decisions = {new_decision(*who, w.entry.id)};
    c.letters = {new_letter(*who, letter_kind::push, w.entry.id, {})};
    must(commit(c));
    must(as(who->tenant, [&](transaction& tx) { return claim_answer(tx, "k", std::string(32, 'f'), now); }));
  }
  EXPECT_EQ(must(tidy(h, now + std::chrono::hours(1))).all(), 0u);

  const auto done = must(tidy(h, now + std::chrono::days(91)));

  EXPECT_EQ(done.decisions, 1u);
  EXPECT_EQ(done.letters, 1u);
  EXPECT_EQ(done.answers, 1u);
  const auto left = must(as(other.tenant, [](transaction& tx) { return list_letters(tx, {}, "", 10); }));
  EXPECT_EQ(left.items.size(), 1u);
}

TEST_F(retention_test, a_long_past_goes_in_batches) {
  const auto h = add_household();
  auto c = changes(h);
  for (std::size_t i = 0; i < most_forgotten_at_once + 20; ++i) c.decisions.push_back(new_decision(h, {}));
  must(commit(c));
  const auto later = now + std::chrono::days(91);

  const auto first = must(tidy(h, later));
  const auto second = must(tidy(h, later));

  EXPECT_EQ(first.decisions, most_forgotten_at_once);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(second.decisions, 20u);
  EXPECT_FALSE(second.more);
}

TEST_F(retention_test, dead_letters_are_listed_found_and_given_up) {
  const auto h = add_household();
  auto c = changes(h);
  auto push = new_letter(h, letter_kind::push, entry_id(uuid()), {});
  auto pull = new_letter(h, letter_kind::pull, {}, event_id("ev"));
  pull.code = "planning_failed";
  c.letters = {push, pull};
  must(commit(c));
  const auto listed = [&](letter_filter f) {
    return must(as(h.tenant, [&](transaction& tx) { return list_letters(tx, f, "", 10); })).items.size();
  };

  EXPECT_EQ(listed({}), 2u);
  EXPECT_EQ(listed({{}, {}, "planning_failed", {}}), 1u);
  EXPECT_EQ(listed({{}, push.entry, "", {}}), 1u);
  EXPECT_EQ(listed({provider_id(uuid()), {}, "", {}}), 0u);
  EXPECT_TRUE(must(as(h.tenant, [&](transaction& tx) { return dismiss_letter(tx, pull.id, now); })));
  EXPECT_FALSE(must(as(h.tenant, [&](transaction& tx) { return dismiss_letter(tx, pull.id, now); })));
  EXPECT_EQ(listed({{}, {}, "", letter_state::open}), 1u);
  const auto found = must(as(h.tenant, [&](transaction& tx) { return find_letter(tx, pull.id); }));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state, letter_state::dismissed);
  EXPECT_EQ(found->event, event_id("ev"));
  EXPECT_TRUE(found->closed_at.has_value());
}

} // namespace
} // namespace kalends::persistence
