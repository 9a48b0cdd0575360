// SPDX-License-Identifier: Apache-2.0
#include "actors/merge_rule.hpp"
#include "actors/plan_conflict.hpp"
#include "actors/plan_reconcile.hpp"
#include "tests/actors/plan_fixture.hpp"

#include <algorithm>
#include <functional>

namespace kalends::actors {
namespace {

/// Alice's calendar and the host have changed the title since they agreed; the policy is `manual`.
class plan_conflict_test : public plan_fixture {
protected:
  provider a;
  calendar_event event;

  void agree(conflict_policy policy = conflict_policy::manual) {
    add("a", alice).on_conflict = policy;
    add("b", alice, provider_type::microsoft).on_conflict = policy;
    a = *p().calendar(provider_id("a"));
    ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
    event = insert(a, visit);
    taken();
  }
  void host(const std::string& title, const std::string& notes = {}) {
    entry_edit edit;
    edit.title = title;
    if (!notes.empty()) edit.notes = notes;
    ASSERT_TRUE(change_entry(p(), visit, edit));
  }
  void person(const std::string& title, const std::string& location = "Hall 3") {
    now += std::chrono::minutes(1);
    event.what.title = title;
    event.what.location = location;
    event.version += "+";
    event.updated_at = now;
    pull(a, event);
  }
  /// Both have changed the title; what came of it.
  tenant_changes disputed() {
    agree();
    host("Host's");
    taken();
    person("Person's");
    return taken();
  }
  /// The calendar is set to something else; what was decided so far stands.
  void configure(const std::function<void(provider&)>& change) {
    auto entry_now = entry();
    auto link_now = link();
    const auto open = *p().open_conflict({a.id, visit});
    change(a);
    set_anew(a);
    p().know(std::move(entry_now));
    p().know(std::move(link_now));
    p().know(open);
  }
  const mapping& link() { return *p().link(a.id, visit); }
  const schedule_entry& entry() { return *p().entry(visit); }
  static field_set title() {
    field_set s;
    s.add(field_group::title);
    return s;
  }
  std::optional<push_update> update() {
    auto step = plan_push(p(), a.id, visit);
    if (auto* u = std::get_if<push_update>(&step)) return *u;
    return std::nullopt;
  }
  /// What waits is written: the event says it, and both agree.
  void push() {
    const auto u = update();
    ASSERT_TRUE(u);
    event.what = take(event.what, u->what, u->changed);
    event.version += "!";
    settle_push(p(), u->link, u->what, entry().version, event, reason::push_updated);
  }
};

TEST_F(plan_conflict_test, both_versions_wait_for_a_person) {
  const auto c = disputed();

  ASSERT_EQ(c.conflicts.size(), 1u);
  const auto& k = c.conflicts[0];
  EXPECT_EQ(k.state, conflict_state::open);
  EXPECT_EQ(k.groups, title());
  EXPECT_EQ(k.base.title, "Replace switch");
  EXPECT_EQ(k.local.title, "Host's");
  EXPECT_EQ(k.external.title, "Person's");
  EXPECT_EQ(k.event_version, event.version);
  EXPECT_EQ(facts(c), fact_list{fact_type::calendar_conflict_detected});
  const auto told = json(c.facts[0].data);
  EXPECT_EQ(told.at("conflict_id"), boost::json::string(k.id));
  EXPECT_EQ(told.at("groups"), boost::json::array({"title"}));
  EXPECT_EQ(told.at("base").at("title"), "Replace switch");
  EXPECT_EQ(told.at("local").at("title"), "Host's");
  EXPECT_EQ(told.at("external").at("title"), "Person's");
  EXPECT_EQ(reasons(c), reason_list{reason::pull_conflict_manual});
  EXPECT_EQ(entry().what.title, "Host's");
  EXPECT_EQ(link().disputed, title());
  EXPECT_FALSE(update()) << "nothing is written over the person's";
}

TEST_F(plan_conflict_test, other_groups_go_on) {
  disputed();
  person("Person's", "Hall 9");
  EXPECT_EQ(entry().what.location, "Hall 9");
  EXPECT_EQ(entry().what.title, "Host's");
  host("Host's", "Bring two");
  const auto u = update();
  ASSERT_TRUE(u);
  EXPECT_FALSE(u->changed.has(field_group::title));
  EXPECT_TRUE(u->changed.has(field_group::notes));
  push();
  EXPECT_EQ(event.what.title, "Person's");
  EXPECT_EQ(link().disputed, title());
  EXPECT_EQ(link().base_entry.title, "Replace switch");
}

TEST_F(plan_conflict_test, later_changes_go_into_it_without_another_fact) {
  const auto first = disputed().conflicts[0];
  person("Person's second");
  auto c = taken();
  ASSERT_EQ(c.conflicts.size(), 1u);
  EXPECT_EQ(c.conflicts[0].id, first.id);
  EXPECT_EQ(c.conflicts[0].external.title, "Person's second");
  EXPECT_EQ(c.conflicts[0].base.title, "Replace switch");
  EXPECT_TRUE(c.facts.empty());

  host("Host's second");
  c = taken();
  ASSERT_EQ(c.conflicts.size(), 1u);
  EXPECT_EQ(c.conflicts[0].local.title, "Host's second");
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_updated});
}

TEST_F(plan_conflict_test, it_is_over_when_both_say_the_same) {
  for (const bool by_host : {true, false}) {
    SCOPED_TRACE(by_host);
    if (by_host) {
      disputed();
      host("Person's");
    } else {
      host("Host's third");
      person("Another");
      taken();
      person("Host's third");
    }
    const auto c = taken();
    ASSERT_EQ(c.conflicts.size(), 1u);
    EXPECT_EQ(c.conflicts[0].state, conflict_state::resolved);
    EXPECT_EQ(c.conflicts[0].decided_by, "same_values");
    EXPECT_EQ(facts(c).back(), fact_type::calendar_conflict_resolved);
    EXPECT_TRUE(link().disputed.empty());
    EXPECT_FALSE(update());
  }
}

TEST_F(plan_conflict_test, another_policy_ends_nothing_and_counts_from_then_on) {
  for (const auto policy : {conflict_policy::newest, conflict_policy::external, conflict_policy::local}) {
    SCOPED_TRACE(std::string(name_of(policy)));
    disputed();
    configure([&](provider& c) { c.on_conflict = policy; });

    person("Person's second", "Hall 9");
    EXPECT_TRUE(p().open_conflict({a.id, visit}));
    EXPECT_EQ(link().disputed, title());
    EXPECT_EQ(entry().what.title, "Host's");
    EXPECT_EQ(entry().what.location, "Hall 9");

    host("Host's", "Host's notes");
    event.what.notes = "Person's notes";
    person("Person's second", "Hall 9");
    const auto c = taken();
    const auto decided = std::find_if(c.conflicts.begin(), c.conflicts.end(),
                                      [](const conflict& k) { return k.state == conflict_state::resolved; });
    ASSERT_NE(decided, c.conflicts.end());
    EXPECT_EQ(decided->decided_by, "policy");
    EXPECT_FALSE(decided->groups.has(field_group::title));
    EXPECT_EQ(entry().what.notes, policy == conflict_policy::local ? "Host's notes" : "Person's notes");
    EXPECT_TRUE(p().open_conflict({a.id, visit}));
    begin_again();
  }
}

TEST_F(plan_conflict_test, a_side_that_has_no_say_any_more_loses) {
  for (const auto direction : {sync_direction::to_provider, sync_direction::from_provider}) {
    const bool external = direction == sync_direction::from_provider;
    SCOPED_TRACE(std::string(name_of(direction)));
    disputed();
    configure([&](provider& c) { c.direction = direction; });

    // A comparison shows the event as it was: nobody has touched it since.
    drift_counts found;
    plan_compared_pull(p(), a.id, event, removal::confirmed, {}, found);

    const auto c = taken();
    ASSERT_EQ(c.conflicts.size(), 1u);
    const auto& k = c.conflicts[0];
    EXPECT_EQ(k.state, conflict_state::resolved);
    EXPECT_EQ(k.decided_by, "direction");
    EXPECT_EQ(k.choice, external ? conflict_choice::external : conflict_choice::local);
    EXPECT_EQ(losing_content(k).title, external ? "Host's" : "Person's");
    const auto all = facts(c);
    EXPECT_EQ(std::count(all.begin(), all.end(), fact_type::calendar_conflict_resolved), 1);
    EXPECT_EQ(entry().what.title, external ? "Person's" : "Host's");
    EXPECT_TRUE(link().disputed.empty());
    if (!external) {
      push();
      EXPECT_EQ(event.what.title, "Host's");
    }
    begin_again();
  }
}

TEST_F(plan_conflict_test, it_is_over_when_the_event_goes) {
  disputed();
  pull(a, tombstone(event.id));
  const auto c = taken();
  ASSERT_EQ(c.conflicts.size(), 1u);
  EXPECT_EQ(c.conflicts[0].decided_by, "left_the_calendar");
}

TEST_F(plan_conflict_test, a_deleted_entry_takes_its_conflict_along) {
  disputed();
  ASSERT_TRUE(remove_entry(p(), visit, {}));
  EXPECT_TRUE(taken().conflicts.empty());
}

TEST_F(plan_conflict_test, a_person_chooses) {
  const auto id = disputed().conflicts[0].id;

  const auto r = resolve_conflict(p(), id, {conflict_choice::external, {}}, "key:1");

  ASSERT_TRUE(r) << r.error().code;
  EXPECT_EQ(r->state, conflict_state::resolved);
  EXPECT_EQ(r->decided_by, "key:1");
  EXPECT_EQ(entry().what.title, "Person's");
  EXPECT_FALSE(update());
  const auto c = taken();
  EXPECT_EQ(rows(c), names{"b:upsert"}) << "the other calendar hears of it";
  EXPECT_EQ(facts(c), (fact_list{fact_type::calendar_conflict_resolved, fact_type::schedule_entry_updated}));
  EXPECT_EQ(reasons(c), reason_list{reason::conflict_resolved});
}

TEST_F(plan_conflict_test, what_is_chosen_while_something_else_is_written_stays_chosen) {
  const auto id = disputed().conflicts[0].id;
  host("Host's", "Bring two");
  taken();
  const auto under_way = update();
  ASSERT_TRUE(under_way);
  ASSERT_TRUE(resolve_conflict(p(), id, {conflict_choice::external, {}}, "key:1"));

  event.what = take(event.what, under_way->what, under_way->changed);
  event.version += "!";
  const auto pushed = take(under_way->link.base_entry, under_way->what, under_way->changed);
  settle_push(p(), under_way->link, pushed, entry().version, event, reason::push_updated);

  EXPECT_EQ(entry().what.title, "Person's");
  EXPECT_EQ(link().base_entry.title, "Person's");
  EXPECT_FALSE(update()) << "the calendar says so already";
}

TEST_F(plan_conflict_test, a_person_chooses_the_entry) {
  const auto id = disputed().conflicts[0].id;
  ASSERT_TRUE(resolve_conflict(p(), id, {conflict_choice::local, {}}, "key:1"));
  const auto c = taken();
  EXPECT_EQ(rows(c), names{"a:upsert"});
  EXPECT_EQ(facts(c), fact_list{fact_type::calendar_conflict_resolved});
  push();
  EXPECT_EQ(event.what.title, "Host's");
  EXPECT_EQ(entry().version, 2);
  EXPECT_FALSE(update());
}

TEST_F(plan_conflict_test, a_person_takes_some_of_each) {
  agree();
  host("Host's", "Host's notes");
  event.what.notes = "Person's notes";
  person("Person's");
  const auto id = taken().conflicts.at(0).id;

  const auto r = resolve_conflict(p(), id, {conflict_choice::merge, title()}, "key:1");

  ASSERT_TRUE(r);
  EXPECT_EQ(entry().what.title, "Person's");
  EXPECT_EQ(entry().what.notes, "Host's notes");
  push();
  EXPECT_EQ(event.what.title, "Person's");
  EXPECT_EQ(event.what.notes, "Host's notes");
  EXPECT_EQ(losing_content(*r).title, "Host's");
  EXPECT_EQ(losing_content(*r).notes, "Person's notes");
}

TEST_F(plan_conflict_test, the_same_choice_twice_is_one) {
  const auto id = disputed().conflicts[0].id;
  ASSERT_TRUE(resolve_conflict(p(), id, {conflict_choice::external, {}}, "key:1"));
  taken();
  EXPECT_TRUE(resolve_conflict(p(), id, {conflict_choice::external, {}}, "key:1"));
  EXPECT_TRUE(taken().empty());
  EXPECT_EQ(resolve_conflict(p(), id, {conflict_choice::local, {}}, "key:1").error().code,
            "conflict_resolved_already");
  EXPECT_EQ(resolve_conflict(p(), "x", {}, "key:1").error().code, "conflict_not_found");
}

TEST_F(plan_conflict_test, what_lost_comes_back) {
  const auto id = disputed().conflicts[0].id;
  EXPECT_EQ(restore_losing(p(), id, "key:1").error().code, "conflict_open");
  ASSERT_TRUE(resolve_conflict(p(), id, {conflict_choice::external, {}}, "key:1"));
  taken();

  ASSERT_TRUE(restore_losing(p(), id, "key:1"));

  EXPECT_EQ(entry().what.title, "Host's");
  auto c = taken();
  EXPECT_EQ(rows(c), (names{"a:upsert", "b:upsert"}));
  EXPECT_EQ(reasons(c), reason_list{reason::losing_value_restored});
  push();
  EXPECT_EQ(event.what.title, "Host's");
  taken();
  ASSERT_TRUE(restore_losing(p(), id, "key:1"));
  EXPECT_TRUE(taken().empty()) << "once is enough";
  now += losing_values_kept + std::chrono::hours(1);
  EXPECT_EQ(restore_losing(p(), id, "key:1").error().code, "conflict_too_old");
}

TEST_F(plan_conflict_test, whoever_leaves_and_comes_back_is_written_whole) {
  disputed();
  entry_edit edit;
  edit.assigned = std::vector<user_id>{};
  ASSERT_TRUE(change_entry(p(), visit, edit));
  auto c = taken();
  ASSERT_EQ(c.conflicts.size(), 1u);
  EXPECT_NE(c.conflicts[0].state, conflict_state::open);
  EXPECT_TRUE(link().removing);

  edit.assigned = std::vector<user_id>{alice};
  ASSERT_TRUE(change_entry(p(), visit, edit));

  EXPECT_FALSE(link().removing);
  EXPECT_TRUE(link().disputed.empty()) << "nobody is asked any more, so nothing is held back";
  const auto u = update();
  ASSERT_TRUE(u);
  EXPECT_EQ(u->what.title, "Host's");
  EXPECT_TRUE(u->changed.has(field_group::title));
}

class decided_test : public plan_conflict_test, public ::testing::WithParamInterface<conflict_policy> {};

TEST_P(decided_test, can_be_taken_back) {
  const bool external = GetParam() != conflict_policy::local;
  agree(GetParam());
  host("Host's");
  taken();
  person("Person's");
  const auto c = taken();
  ASSERT_EQ(c.conflicts.size(), 1u);
  EXPECT_EQ(c.conflicts[0].state, conflict_state::resolved);
  EXPECT_EQ(c.conflicts[0].decided_by, "policy");
  EXPECT_EQ(c.conflicts[0].choice, external ? conflict_choice::external : conflict_choice::local);
  EXPECT_TRUE(link().disputed.empty());
  ASSERT_TRUE(restore_losing(p(), c.conflicts[0].id, "key:1"));
  EXPECT_EQ(entry().what.title, external ? "Host's" : "Person's");
}

INSTANTIATE_TEST_SUITE_P(plan_conflict_test, decided_test,
                         ::testing::Values(conflict_policy::local, conflict_policy::external,
                                           conflict_policy::newest),
                         [](const auto& i) { return std::string(name_of(i.param)); });

// ---- the rule, exhaustively: one group in every state of both sides

struct rule_case {
  bool changed, differs, local, own, hosts_own, disputed;
};

TEST(merge_rule_test, decides_every_state_of_a_group_under_every_policy_and_direction) {
  field_set g;
  g.add(field_group::title);
  const auto if_ = [&](bool yes) { return yes ? g : field_set(); };
  int seen = 0;
  for (int bits = 0; bits < 64; ++bits) {
    const rule_case s{(bits & 1) != 0, (bits & 2) != 0,  (bits & 4) != 0,
                      (bits & 8) != 0, (bits & 16) != 0, (bits & 32) != 0};
    for (const auto policy : {conflict_policy::newest, conflict_policy::local, conflict_policy::external,
                              conflict_policy::manual})
      for (const auto direction :
           {sync_direction::both, sync_direction::to_provider, sync_direction::from_provider})
        for (const bool newer : {false, true}) {
          merge_weights w;
          w.changed = if_(s.changed);
          w.differs = if_(s.differs);
          w.local = if_(s.local);
          w.own = if_(s.own);
          w.hosts_own = if_(s.hosts_own);
          w.disputed = if_(s.disputed);
          w.event_newer = newer;
          w.direction = direction;
          w.policy = policy;
          const auto m = weigh(w);
          const bool news = s.changed && s.differs && !s.own && !s.disputed;
          const bool clash = news && s.local && !s.hosts_own && direction != sync_direction::to_provider;
          const bool external = direction == sync_direction::from_provider ||
                                policy == conflict_policy::external ||
                                (policy == conflict_policy::newest && newer);
          const bool waits = clash && policy == conflict_policy::manual && !external;
          const bool refused = news && (direction == sync_direction::to_provider || s.hosts_own ||
                                        (clash && !external && !waits));
          EXPECT_EQ(m.disputed, if_(waits)) << bits;
          EXPECT_EQ(m.refused, if_(refused)) << bits;
          EXPECT_EQ(m.taken, if_(news && !refused && !waits)) << bits;
          EXPECT_EQ(m.conflict, if_(clash)) << bits;
          EXPECT_TRUE((m.taken & m.refused).empty() && (m.taken & m.disputed).empty());
          ++seen;
        }
  }
  EXPECT_EQ(seen, 64 * 4 * 3 * 2);
}

} // namespace
} // namespace kalends::actors
