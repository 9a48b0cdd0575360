// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/plan_fixture.hpp"

namespace kalends::actors {
namespace {

class plan_entry_test : public plan_fixture {};

TEST_F(plan_entry_test, an_entry_belongs_in_its_peoples_authorized_calendars) {
  auto a = add("a", alice);
  schedule_entry e;
  e.assigned = {alice};
  const auto with = [&](auto change) {
    auto c = a;
    change(c);
    return belongs_in(e, c);
  };

  EXPECT_TRUE(belongs_in(e, a));
  EXPECT_FALSE(with([](provider& c) { c.user = user_id("bob"); }));
  EXPECT_FALSE(with([](provider& c) { c.status = provider_status::pending_authorization; }));
  EXPECT_TRUE(with([](provider& c) { c.status = provider_status::action_required; }));
  EXPECT_TRUE(with([](provider& c) { c.status = provider_status::paused; }));
  EXPECT_FALSE(with([](provider& c) { c.direction = sync_direction::from_provider; }));
  EXPECT_TRUE(with([](provider& c) { c.direction = sync_direction::to_provider; }));
  e.status = entry_status::cancelled;
  EXPECT_FALSE(belongs_in(e, a));
}

TEST_F(plan_entry_test, a_tenant_wide_calendar_shows_all_but_private_entries) {
  auto c = add("team", alice, provider_type::google, provider_scope::tenant);
  schedule_entry e;
  EXPECT_TRUE(belongs_in(e, c));
  e.what.is_private = true;
  EXPECT_FALSE(belongs_in(e, c));
  e.origin = c.id;
  EXPECT_TRUE(belongs_in(e, c));
}

TEST_F(plan_entry_test, creating_makes_one_fact_and_one_row_per_calendar) {
  add("a", alice);
  add("b", bob);
  add("m", alice, provider_type::microsoft);
  add("team", bob, provider_type::google, provider_scope::tenant);

  const auto made = create_entry(p(), visit, hour({alice, alice}));

  ASSERT_TRUE(made);
  EXPECT_EQ(made->version, 1);
  EXPECT_EQ(made->assigned, std::vector<user_id>{alice});
  EXPECT_EQ(made->updated_at, now);
  const auto c = taken();
  EXPECT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(rows(c), (names{"a:upsert", "m:upsert", "team:upsert"}));
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_created});
  const auto data = json(c.facts[0].data);
  EXPECT_EQ(data.at("entry_id"), "visit");
  EXPECT_EQ(data.at("version"), 1);
  EXPECT_EQ(data.at("cause"), "host");
  EXPECT_EQ(data.at("assigned_user_ids"), boost::json::array({"alice"}));
  EXPECT_FALSE(data.contains("title"));
  EXPECT_EQ(p().link(provider_id("a"), visit)->event.str().size(), 26u);
  EXPECT_TRUE(p().link(provider_id("a"), visit)->transaction_id.empty());
  EXPECT_TRUE(is_uuid(p().link(provider_id("m"), visit)->transaction_id));
  EXPECT_TRUE(p().link(provider_id("m"), visit)->event.empty());
}

TEST_F(plan_entry_test, cleans_text_and_lets_tentative_follow_the_status) {
  auto edit = hour({alice});
  edit.title = std::string("Cafe\xcc\x81\0 \xff", 10);
  edit.notes = "a\r\nb";
  edit.status = entry_status::tentative;

  const auto made = create_entry(p(), visit, edit);

  EXPECT_EQ(made->what.title, "Caf\xc3\xa9 \xef\xbf\xbd");
  EXPECT_EQ(made->what.notes, "a\nb");
  EXPECT_TRUE(made->what.is_tentative);
  entry_edit begun;
  begun.status = entry_status::in_progress;
  EXPECT_FALSE(change_entry(p(), visit, begun)->what.is_tentative);
}

TEST_F(plan_entry_test, refuses_times_that_make_no_appointment) {
  const auto code = [&](calendar_time start, calendar_time end) {
    auto edit = hour({alice});
    edit.start = start;
    edit.end = end;
    const auto made = create_entry(p(), entry_id("x"), edit);
    return made ? std::string("made") : made.error().code;
  };

  EXPECT_EQ(code(at("2026-12-01T09:00:00"), at("2026-12-01T09:00:00")), "end_before_start");
  EXPECT_EQ(code(at("2026-12-01T09:00:00"), at("2026-12-01T08:00:00")), "end_before_start");
  EXPECT_EQ(code(on("2026-12-01"), on("2026-12-01")), "end_before_start");
  EXPECT_EQ(code(on("2026-12-01"), at("2026-12-02T08:00:00")), "mixed_all_day");
  EXPECT_EQ(create_entry(p(), entry_id("x"), entry_edit{}).error().code, "missing_start");
  EXPECT_TRUE(taken().empty());
  EXPECT_EQ(code(on("2026-12-01"), on("2026-12-02")), "made");
  EXPECT_EQ(code(on("2026-12-01"), on("2026-12-02")), "entry_exists");
}

TEST_F(plan_entry_test, refuses_other_versions_and_unknown_entries) {
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  entry_edit edit;
  edit.title = "Other";
  edit.expected_version = 2;
  taken();

  EXPECT_EQ(change_entry(p(), visit, edit).error().code, "version_mismatch");
  EXPECT_EQ(change_entry(p(), visit, edit).error().kind, errc::conflict);
  EXPECT_EQ(remove_entry(p(), visit, 7).error().code, "version_mismatch");
  EXPECT_EQ(change_entry(p(), entry_id("x"), edit).error().code, "entry_not_found");
  EXPECT_EQ(remove_entry(p(), entry_id("x"), {}).error().kind, errc::not_found);
  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_entry_test, an_edit_without_effect_is_no_change) {
  add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  taken();

  const auto same = change_entry(p(), visit, hour({alice}));

  EXPECT_EQ(same->version, 1);
  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_entry_test, a_change_reaches_each_calendar_that_shows_it) {
  auto a = add("a", alice);
  auto b = add("b", bob);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice, bob})));
  insert(a, visit);
  insert(b, visit);
  taken();
  entry_edit edit;
  edit.title = "Replace router";

  EXPECT_EQ(change_entry(p(), visit, edit)->version, 2);

  const auto c = taken();
  EXPECT_EQ(rows(c), (names{"a:upsert", "b:upsert"}));
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_updated});
  EXPECT_EQ(json(c.facts[0].data).at("changed"), boost::json::array({"title"}));
  EXPECT_TRUE(c.mappings.empty());
}

TEST_F(plan_entry_test, what_only_the_host_has_reaches_no_calendar) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  insert(a, visit);
  taken();
  entry_edit edit;
  edit.status = entry_status::in_progress;
  edit.work = work_item{"ticket", "4711"};

  ASSERT_TRUE(change_entry(p(), visit, edit));

  const auto c = taken();
  EXPECT_TRUE(c.outbox.empty());
  EXPECT_EQ(json(c.facts.at(0).data).at("changed"), boost::json::array({"status", "work_item"}));
}

TEST_F(plan_entry_test, reassignment_moves_the_event_and_leaves_others_alone) {
  auto a = add("a", alice);
  auto b = add("b", bob);
  const user_id carol("carol");
  auto k = add("k", carol);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice, carol})));
  insert(a, visit);
  insert(k, visit);
  taken();
  entry_edit edit;
  edit.assigned = std::vector<user_id>{carol, bob};

  ASSERT_TRUE(change_entry(p(), visit, edit));

  const auto c = taken();
  EXPECT_EQ(rows(c), (names{"a:remove", "b:upsert"}));
  EXPECT_TRUE(p().link(a.id, visit)->removing);
  EXPECT_FALSE(p().link(b.id, visit)->linked);
}

TEST_F(plan_entry_test, comes_back_while_it_is_leaving) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  const auto event = insert(a, visit);
  entry_edit off;
  off.status = entry_status::cancelled;
  ASSERT_TRUE(change_entry(p(), visit, off));
  EXPECT_TRUE(p().link(a.id, visit)->removing);
  taken();
  entry_edit back;
  back.status = entry_status::scheduled;

  ASSERT_TRUE(change_entry(p(), visit, back));

  EXPECT_EQ(rows(taken()), names{"a:upsert"});
  EXPECT_FALSE(p().link(a.id, visit)->removing);
  EXPECT_EQ(p().link(a.id, visit)->event, event.id);
}

TEST_F(plan_entry_test, becoming_private_leaves_the_tenant_wide_calendar) {
  auto a = add("a", alice);
  auto team = add("team", bob, provider_type::google, provider_scope::tenant);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  insert(a, visit);
  insert(team, visit);
  taken();
  entry_edit edit;
  edit.is_private = true;

  ASSERT_TRUE(change_entry(p(), visit, edit));

  EXPECT_EQ(rows(taken()), (names{"a:upsert", "team:remove"}));
}

TEST_F(plan_entry_test, deletion_takes_it_out_of_every_calendar_through_a_row) {
  auto a = add("a", alice);
  add("b", bob);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice, bob})));
  insert(a, visit); // b's insert may be under way with a lost answer
  taken();

  ASSERT_TRUE(remove_entry(p(), visit, 1));

  const auto c = taken();
  EXPECT_EQ(c.deleted_entries, std::vector<entry_id>{visit});
  EXPECT_EQ(rows(c), (names{"a:remove", "b:remove"}));
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_deleted});
  EXPECT_TRUE(c.unlinked.empty());
  EXPECT_EQ(c.mappings.size(), 2u);
}

TEST_F(plan_entry_test, calendars_that_wait_for_a_person_still_get_their_rows) {
  add("a", alice).status = provider_status::action_required;
  add("a2", alice).status = provider_status::paused;
  add("a3", alice).status = provider_status::pending_authorization;
  add("a4", alice).direction = sync_direction::from_provider;

  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));

  EXPECT_EQ(rows(taken()), (names{"a2:upsert", "a:upsert"}));
}

} // namespace
} // namespace kalends::actors
