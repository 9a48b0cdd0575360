// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_inputs.hpp"
#include "actors/decision_words.hpp"
#include "actors/merge_rule.hpp"
#include "tests/actors/plan_fixture.hpp"

#include <set>

namespace kalends::actors {
namespace {

class decision_words_test : public plan_fixture {
protected:
  /// Host and calendar both say another title since they agreed.
  decision conflict(conflict_policy policy) {
    auto& c = add("a", alice);
    c.on_conflict = policy;
    const auto calendar = c;
    EXPECT_TRUE(create_entry(p(), visit, hour({alice})));
    auto event = insert(calendar, visit);
    entry_edit e;
    e.title = "The host's";
    EXPECT_TRUE(change_entry(p(), visit, e));
    taken();
    event.version = "v2";
    event.what.title = "The calendar's";
    event.updated_at = now + std::chrono::minutes(1);
    pull(calendar, event);
    return taken().decisions.at(0);
  }
};

TEST_F(decision_words_test, every_reason_has_a_sentence_of_its_own) {
  std::set<std::string> seen;
  for (int i = 0; i <= static_cast<int>(last_reason); ++i) {
    decision d;
    d.why = static_cast<reason>(i);
    d.inputs = "{}";
    const auto text = sentence_of(d);
    EXPECT_EQ(text.back(), '.') << name_of(d.why);
    EXPECT_TRUE(seen.insert(text).second) << name_of(d.why);
  }
  EXPECT_LE(seen.size(), 60u);
}

TEST_F(decision_words_test, a_sentence_survives_inputs_that_are_none) {
  for (const std::string inputs : {"", "[]", "{\"groups\":7,\"policy\":[]}", "not json"}) {
    decision d;
    d.why = reason::pull_conflict_local;
    d.inputs = inputs;
    EXPECT_FALSE(sentence_of(d).empty());
    EXPECT_EQ(replay_decision(d, conflict_policy::local), std::nullopt);
  }
}

TEST_F(decision_words_test, a_conflict_keeps_both_sides_and_both_bases) {
  const auto d = conflict(conflict_policy::external);
  const auto inputs = json(d.inputs);

  EXPECT_EQ(inputs.at("base_entry").at("title"), "Replace switch");
  EXPECT_EQ(inputs.at("entry").at("title"), "The host's");
  EXPECT_EQ(inputs.at("event").at("title"), "The calendar's");
  EXPECT_FALSE(inputs.at("entry").as_object().contains("notes")) << "nobody changed them";
  EXPECT_EQ(inputs.at("weighed").at("on_conflict"), "external");
  EXPECT_EQ(inputs.at("losing").at("title"), "The host's");
  EXPECT_NE(sentence_of(d).find("(title)"), std::string::npos);
}

TEST_F(decision_words_test, the_ledger_alone_tells_what_another_policy_would_have_done) {
  const auto d = conflict(conflict_policy::external);

  const auto local = replay_decision(d, conflict_policy::local);
  const auto newest = replay_decision(d, conflict_policy::newest);
  const auto same = replay_decision(d, conflict_policy::external);

  ASSERT_TRUE(local && newest && same);
  EXPECT_EQ(local->why, reason::pull_conflict_local);
  EXPECT_EQ(names_of(local->differs), std::vector<std::string_view>{"title"});
  EXPECT_TRUE(local->from_calendar.empty()) << "the entry would have kept its own";
  EXPECT_EQ(newest->why, reason::pull_conflict_newest);
  EXPECT_TRUE(newest->differs.empty()) << "the calendar's was the later one";
  EXPECT_TRUE(same->differs.empty());
}

TEST_F(decision_words_test, sides_that_are_too_long_are_cut_and_named) {
  appointment a, b;
  a.start = b.start = at("2026-12-01T09:00:00");
  a.end = b.end = at("2026-12-01T10:00:00");
  a.notes = std::string(200'000, '"');
  b.notes = std::string(200'000, '\\');

  const auto text = change_inputs(1, "v", field_set(), {&a, &a, &b, &b, nullptr});

  EXPECT_LE(text.size(), most_json_bytes);
  EXPECT_EQ(json(text).at("cut").at(0), "notes");
  EXPECT_EQ(json(text).at("entry").at("notes").as_string().size(), most_side_bytes);
}

} // namespace
} // namespace kalends::actors
