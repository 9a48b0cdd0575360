// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_inputs.hpp"
#include "actors/merge_rule.hpp"
#include "net/http_message.hpp"
#include "tests/api/served_api.hpp"

#include <algorithm>

namespace kalends::api {
namespace {

struct dead_letters_test : served_api {
  tenant_keys t = make_tenant("A");
  std::string user = make_user(t, "ada@example.test");
  std::string calendar = make_provider(t, user, "google");
  std::string entry = make_entry(t, "One");

  dead_letter letter(letter_kind kind) {
    dead_letter l;
    l.id = make_uuid(outside_);
    l.kind = kind;
    l.provider = provider_id(calendar);
    if (kind == letter_kind::push)
      l.entry = entry_id(entry);
    else
      l.event = event_id("ev-1");
    l.attempts = 5;
    l.code = kind == letter_kind::push ? "invalid_time" : "planning_failed";
    l.detail = "The vendor's words.";
    l.first_failed_at = l.last_failed_at = outside_.now();
    return l;
  }
  dead_letter open(letter_kind kind) {
    auto l = letter(kind);
    tenant_changes c;
    c.letters = {l};
    commit(t, c);
    return l;
  }
  std::size_t count(const std::string& query) {
    return items_of(ask(t.reader, "GET", "/v1/dead-letters" + query)).size();
  }
  std::string state_of(const dead_letter& l) {
    return body_of(ask(t.reader, "GET", "/v1/dead-letters/" + l.id)).at("state").as_string().c_str();
  }
};

TEST_F(dead_letters_test, lists_and_filters) {
  const auto push = open(letter_kind::push);
  open(letter_kind::pull);

  EXPECT_EQ(count(""), 2u);
  EXPECT_EQ(count("?entry_id=" + entry), 1u);
  EXPECT_EQ(count("?code=planning_failed"), 1u);
  EXPECT_EQ(count("?provider_id=" + make_uuid(outside_)), 0u);
  EXPECT_EQ(count("?state=dismissed"), 0u);
  EXPECT_EQ(code_of(ask(t.reader, "GET", "/v1/dead-letters?state=closed")), "unknown_value");
  const auto first = body_of(ask(t.reader, "GET", "/v1/dead-letters?limit=1"));
  EXPECT_EQ(count("?cursor=" + std::string(first.at("next_cursor").as_string())), 1u);
  const auto one = body_of(ask(t.reader, "GET", "/v1/dead-letters/" + push.id));
  EXPECT_EQ(one.at("kind"), "push");
  EXPECT_EQ(one.at("action"), "upsert");
  EXPECT_EQ(one.at("attempts"), 5);
  EXPECT_EQ(one.at("detail"), "The vendor's words.");
  EXPECT_TRUE(one.at("closed_at").is_null());
  EXPECT_EQ(code_of(ask(t.reader, "GET", "/v1/dead-letters/" + make_uuid(outside_))),
            "dead_letter_not_found");
  EXPECT_EQ(code_of(ask(t.reader, "GET", "/v1/dead-letters/none")), "dead_letter_not_found");
  const auto b = make_tenant("B");
  EXPECT_EQ(code_of(ask(b.admin, "GET", "/v1/dead-letters/" + push.id)), "dead_letter_not_found");
}

TEST_F(dead_letters_test, a_replay_puts_a_write_back_once) {
  const auto l = open(letter_kind::push);
  const auto place = "/v1/dead-letters/" + l.id + "/replay";
  EXPECT_EQ(ask(t.reader, "POST", place).status, 403);

  const auto first = ask(t.operator_, "POST", place);
  const auto again = ask(t.operator_, "POST", place);

  EXPECT_EQ(first.status, 202) << first.body;
  EXPECT_EQ(body_of(first).at("state"), "replayed");
  EXPECT_EQ(again.status, 200);
  const auto told = engine_->told();
  EXPECT_EQ(std::count(told.begin(), told.end(), "replay_pushes 1"), 1);
  EXPECT_EQ(audit(t, "dead_letter.replayed").size(), 1u);
}

TEST_F(dead_letters_test, a_replay_reads_an_event_again_and_says_what_is_in_the_way) {
  const auto l = open(letter_kind::pull);
  engine_->on_reread = [](const std::vector<event_id>& events) -> result<int> {
    EXPECT_EQ(events, std::vector{event_id("ev-1")});
    return failure(errc::conflict, "provider_not_connected", "The calendar is not connected.");
  };

  const auto refused = ask(t.operator_, "POST", "/v1/dead-letters/" + l.id + "/replay");

  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(code_of(refused), "provider_not_connected");
  EXPECT_EQ(state_of(l), "open");
}

TEST_F(dead_letters_test, replays_many_by_filter_and_counts_what_failed) {
  open(letter_kind::push);
  open(letter_kind::pull);
  engine_->on_reread = [](const std::vector<event_id>&) -> result<int> {
    return failure(errc::retry_later, "vendor_asked_to_wait", "The vendor asked us to wait.");
  };

  const auto none = ask(t.operator_, "POST", "/v1/dead-letters/replay", R"({"code": "other"})");
  const auto all = ask(t.operator_, "POST", "/v1/dead-letters/replay", R"({"limit": 10})");

  EXPECT_EQ(body_of(none).at("put_back"), 0);
  EXPECT_EQ(all.status, 202) << all.body;
  EXPECT_EQ(body_of(all).at("put_back"), 1);
  EXPECT_EQ(body_of(all).at("failed"), 1);
  EXPECT_EQ(code_of(ask(t.operator_, "POST", "/v1/dead-letters/replay", R"({"limit": 101})")),
            "malformed_parameter");
  EXPECT_EQ(code_of(ask(t.operator_, "POST", "/v1/dead-letters/replay", R"({"what": 1})")), "unknown_field");
}

TEST_F(dead_letters_test, dismissing_is_audited_and_final) {
  const auto l = open(letter_kind::push);

  EXPECT_EQ(ask(t.reader, "DELETE", "/v1/dead-letters/" + l.id).status, 403);
  EXPECT_EQ(ask(t.operator_, "DELETE", "/v1/dead-letters/" + l.id).status, 204);
  EXPECT_EQ(ask(t.operator_, "DELETE", "/v1/dead-letters/" + l.id).status, 204);

  EXPECT_EQ(state_of(l), "dismissed");
  EXPECT_EQ(ask(t.operator_, "POST", "/v1/dead-letters/" + l.id + "/replay").status, 200);
  EXPECT_EQ(state_of(l), "dismissed");
  EXPECT_EQ(audit(t, "dead_letter.dismissed").size(), 1u);
}

// ---------------------------------------------------------------- the ledger

struct decisions_test : dead_letters_test {
  decision conflict() {
    appointment base, ours, theirs;
    base.title = "Base";
    ours.title = "Ours";
    theirs.title = "Theirs";
    field_set title;
    title.add(field_group::title);
    actors::merge_weights w;
    w.changed = w.differs = w.local = title;
    w.policy = conflict_policy::external;
    const actors::conflict_story story{title, "external", "external", 3, "v2"};
    decision d;
    d.id = make_uuid(outside_);
    d.provider = provider_id(calendar);
    d.entry = entry_id(entry);
    d.event = event_id("ev-1");
    d.why = reason::pull_conflict_external;
    d.inputs = actors::conflict_inputs(story, ours, {&base, &base, &ours, &theirs, &w});
    return d;
  }
  std::string ledger() const { return "/v1/schedule-entries/" + entry + "/decisions"; }
};

TEST_F(decisions_test, a_decision_is_told_in_words_with_what_it_looked_at) {
  tenant_changes c;
  c.decisions = {conflict()};
  commit(t, c);

  const auto items = items_of(ask(t.reader, "GET", ledger()));

  ASSERT_EQ(items.size(), 1u);
  const auto& d = items[0].as_object();
  EXPECT_EQ(d.at("reason"), "pull_conflict_external");
  EXPECT_NE(std::string(d.at("sentence").as_string()).find("(title)"), std::string::npos);
  EXPECT_EQ(d.at("inputs").at("entry").at("title"), "Ours");
  EXPECT_EQ(items_of(ask(t.reader, "GET", ledger() + "?reason=pull_created")).size(), 0u);
  EXPECT_EQ(items_of(ask(t.reader, "GET", ledger() + "?provider_id=" + calendar)).size(), 1u);
  EXPECT_EQ(code_of(ask(t.reader, "GET", ledger() + "?reason=because")), "unknown_value");
}

TEST_F(decisions_test, decisions_without_an_entry_are_found_by_their_event) {
  auto lone = conflict();
  lone.entry = {};
  lone.why = reason::pull_refused_unreadable;
  lone.inputs = R"({"cause":"unknown_time_zone"})";
  tenant_changes c;
  c.decisions = {conflict(), lone};
  commit(t, c);

  EXPECT_EQ(items_of(ask(t.reader, "GET", "/v1/decisions?event_id=ev-1")).size(), 1u);
  EXPECT_EQ(items_of(ask(t.reader, "GET", "/v1/decisions?event_id=ev-2")).size(), 0u);
  EXPECT_EQ(items_of(ask(t.reader, "GET", "/v1/decisions?reason=pull_refused_unreadable")).size(), 1u);
  mapping m;
  m.provider = provider_id(calendar);
  m.entry = entry_id(entry);
  m.event = event_id("ev-1");
  m.linked = true;
  tenant_changes linked;
  linked.mappings = {m};
  commit(t, linked);
  EXPECT_EQ(items_of(ask(t.reader, "GET", "/v1/decisions?event_id=ev-1")).size(), 2u)
      << "its entry's decisions about it";
}

TEST_F(decisions_test, the_ledger_is_searched_over_all_entries) {
  auto lone = conflict();
  lone.entry = {};
  lone.why = reason::pull_refused_unreadable;
  tenant_changes c;
  c.decisions = {conflict(), lone};
  commit(t, c);
  const auto found = [&](const std::string& query) {
    return items_of(ask(t.reader, "GET", "/v1/ledger" + query)).size();
  };
  const auto entry_title = std::string(
      body_of(ask(t.reader, "GET", "/v1/schedule-entries/" + entry)).at("title").as_string().c_str());

  const auto all = items_of(ask(t.reader, "GET", "/v1/ledger?event_id=ev-1"));
  ASSERT_EQ(all.size(), 2u);
  const bool lone_first = all[0].at("entry_title").is_null(); // of one commit, either may come first
  EXPECT_TRUE(all[lone_first ? 0 : 1].at("entry_title").is_null());
  EXPECT_EQ(all[lone_first ? 1 : 0].at("entry_title"), boost::json::string(entry_title));
  EXPECT_EQ(found("?event_id=ev-1&entry_id=" + entry), 1u);
  EXPECT_EQ(found("?event_id=ev-1&provider_id=" + calendar), 2u);
  EXPECT_EQ(found("?event_id=ev-2"), 0u);
  EXPECT_EQ(found("?reason=pull_refused_unreadable"), 1u);
  EXPECT_EQ(found("?event_id=ev-1&title=" + net::percent_encode(entry_title.substr(0, 3))), 1u);
  EXPECT_EQ(found("?title=%25%25"), 0u) << "a percent sign means itself";
  EXPECT_EQ(found("?event_id=ev-1&to=2000-01-01T00:00:00Z"), 0u);
  EXPECT_EQ(found("?event_id=ev-1&from=2000-01-01T00:00:00Z"), 2u);
  const auto first = body_of(ask(t.reader, "GET", "/v1/ledger?event_id=ev-1&limit=1"));
  const std::string next = first.at("next_cursor").as_string().c_str();
  EXPECT_EQ(found("?event_id=ev-1&limit=1&cursor=" + next), 1u);
  EXPECT_EQ(code_of(ask(t.reader, "GET", "/v1/ledger?reason=because")), "unknown_value");
  EXPECT_EQ(code_of(ask(t.reader, "GET", "/v1/ledger?from=yesterday")), "malformed_parameter");
}

TEST_F(decisions_test, tells_what_another_policy_would_have_done) {
  tenant_changes c;
  auto plain = conflict();
  plain.why = reason::push_inserted;
  plain.inputs = "{}";
  c.decisions = {conflict(), plain};
  commit(t, c);

  const auto local = body_of(ask(t.reader, "POST", ledger() + "/replay", R"({"conflict_policy": "local"})"));
  const auto same =
      body_of(ask(t.reader, "POST", ledger() + "/replay", R"({"conflict_policy": "external"})"));

  ASSERT_EQ(local.at("items").as_array().size(), 1u);
  const auto& d = local.at("items").at(0).as_object();
  EXPECT_EQ(d.at("reason_then"), "pull_conflict_local");
  EXPECT_EQ(d.at("entry_would_say").at("title"), "Ours");
  EXPECT_EQ(local.at("weighed_nothing"), 1);
  EXPECT_TRUE(same.at("items").as_array().empty());
  EXPECT_EQ(same.at("same"), 1);
  EXPECT_EQ(code_of(ask(t.reader, "POST", ledger() + "/replay", "{}")), "missing_field");
  EXPECT_EQ(code_of(ask(t.reader, "POST", "/v1/schedule-entries/" + make_uuid(outside_) + "/decisions/replay",
                        R"({"conflict_policy": "local"})")),
            "entry_not_found");
}

} // namespace
} // namespace kalends::api
