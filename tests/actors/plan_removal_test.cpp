// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/plan_fixture.hpp"

namespace kalends::actors {
namespace {

class plan_removal_test : public plan_fixture {
protected:
  event_id linked(const std::vector<provider>& where, std::vector<user_id> assigned) {
    EXPECT_TRUE(create_entry(p(), visit, hour(std::move(assigned))));
    event_id first;
    for (const auto& c : where) {
      const auto id = insert(c, visit).id;
      if (first.empty()) first = id;
    }
    taken();
    return first;
  }
};

TEST_F(plan_removal_test, asks_for_proof_and_changes_nothing) {
  auto a = add("a", alice);
  const auto event = linked({a}, {alice});

  EXPECT_EQ(pull(a, tombstone(event), removal::unconfirmed), pull_verdict::confirm_removal);

  EXPECT_TRUE(taken().empty());
  EXPECT_NE(p().link(a.id, visit), nullptr);
}

TEST_F(plan_removal_test, unassigns_the_person_and_leaves_everybody_else_alone) {
  auto a = add("a", alice);
  auto m = add("m", alice, provider_type::microsoft);
  auto b = add("b", bob);
  const auto event = linked({a, m, b}, {alice, bob});

  pull(a, tombstone(event));

  EXPECT_EQ(p().entry(visit)->assigned, std::vector<user_id>{bob});
  const auto c = taken();
  EXPECT_EQ(rows(c), names{"m:remove"});
  EXPECT_EQ(reasons(c), reason_list{reason::pull_unlinked});
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_updated});
  EXPECT_EQ(json(c.facts[0].data).at("changed"), boost::json::array({"assigned_user_ids"}));
  EXPECT_EQ(c.unlinked, std::vector<mapping_key>{(mapping_key{a.id, visit})});
  EXPECT_FALSE(p().link(b.id, visit)->removing);
}

TEST_F(plan_removal_test, never_deletes_the_hosts_entry_even_of_its_last_person) {
  auto a = add("a", alice);
  const auto event = linked({a}, {alice});

  pull(a, tombstone(event));

  ASSERT_NE(p().entry(visit), nullptr);
  EXPECT_TRUE(p().entry(visit)->assigned.empty());
}

TEST_F(plan_removal_test, deletes_what_was_born_there_and_is_nobody_elses) {
  auto a = add("a", alice);
  auto m = add("m", alice, provider_type::microsoft);
  pull(a, foreign("e"));
  const auto id = taken().entries.at(0).entry.id;
  insert(m, id);
  taken();

  pull(a, tombstone(event_id("e")));

  const auto c = taken();
  EXPECT_EQ(c.deleted_entries, std::vector<entry_id>{id});
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_deleted});
  EXPECT_EQ(json(c.facts[0].data).at("cause"), "provider");
  EXPECT_EQ(rows(c), names{"m:remove"});
  EXPECT_EQ(reasons(c), reason_list{reason::pull_deleted_entry});
  EXPECT_EQ(p().link(a.id, id), nullptr);
}

TEST_F(plan_removal_test, keeps_what_was_born_there_once_somebody_else_has_it) {
  auto a = add("a", alice);
  add("b", bob);
  pull(a, foreign("e"));
  const auto id = taken().entries.at(0).entry.id;
  entry_edit share;
  share.assigned = std::vector<user_id>{alice, bob};
  ASSERT_TRUE(change_entry(p(), id, share));
  taken();

  pull(a, tombstone(event_id("e")));

  ASSERT_NE(p().entry(id), nullptr);
  EXPECT_EQ(p().entry(id)->assigned, std::vector<user_id>{bob});
  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_unlinked});
}

TEST_F(plan_removal_test, cancels_the_hosts_entry_where_the_policy_says_so) {
  auto& cal = add("a", alice);
  cal.on_deletion = deletion_policy::cancel_entry;
  auto a = cal;
  auto b = add("b", bob);
  const auto event = linked({a, b}, {alice, bob});

  pull(a, tombstone(event));

  EXPECT_EQ(p().entry(visit)->status, entry_status::cancelled);
  const auto c = taken();
  EXPECT_EQ(rows(c), names{"b:remove"});
  EXPECT_EQ(reasons(c), reason_list{reason::pull_cancelled_entry});
  EXPECT_EQ(facts(c), fact_list{fact_type::schedule_entry_updated});
}

TEST_F(plan_removal_test, restores_the_copy_of_a_tenant_wide_calendar_under_a_new_id) {
  auto team = add("team", bob, provider_type::google, provider_scope::tenant);
  const auto event = linked({team}, {alice});

  pull(team, tombstone(event));

  const auto c = taken();
  EXPECT_EQ(reasons(c), reason_list{reason::pull_restored});
  EXPECT_EQ(rows(c), names{"team:upsert"});
  EXPECT_TRUE(c.entries.empty() && c.facts.empty() && c.unlinked.empty());
  EXPECT_NE(p().link(team.id, visit)->event, event);
  EXPECT_TRUE(std::holds_alternative<push_insert>(plan_push(p(), team.id, visit)));
  EXPECT_EQ(pull(team, tombstone(event)), pull_verdict::settled); // told again: known no more
  EXPECT_TRUE(taken().empty());
}

TEST_F(plan_removal_test, restores_the_copy_where_the_host_is_the_truth) {
  auto& cal = add("m", alice, provider_type::microsoft);
  cal.direction = sync_direction::to_provider;
  cal.on_deletion = deletion_policy::cancel_entry;
  auto m = cal;
  const auto event = linked({m}, {alice});
  const auto transaction = p().link(m.id, visit)->transaction_id;

  pull(m, tombstone(event));

  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_restored});
  EXPECT_NE(p().link(m.id, visit)->transaction_id, transaction);
  EXPECT_EQ(p().entry(visit)->status, entry_status::scheduled);
}

TEST_F(plan_removal_test, ends_the_link_of_what_we_were_taking_out_ourselves) {
  auto a = add("a", alice);
  const auto event = linked({a}, {alice});
  ASSERT_TRUE(remove_entry(p(), visit, {}));
  taken();

  pull(a, tombstone(event));

  const auto c = taken();
  EXPECT_EQ(c.unlinked.size(), 1u);
  EXPECT_TRUE(c.entries.empty() && c.facts.empty() && c.outbox.empty());
  EXPECT_EQ(reasons(c), reason_list{reason::push_gone});
}

TEST_F(plan_removal_test, a_tenant_wide_birthplace_deletes_only_what_nobody_is_assigned_to) {
  auto team = add("team", alice, provider_type::google, provider_scope::tenant);
  pull(team, foreign("e"));
  const auto id = taken().entries.at(0).entry.id;
  entry_edit give;
  give.assigned = std::vector<user_id>{alice};
  ASSERT_TRUE(change_entry(p(), id, give));
  taken();

  pull(team, tombstone(event_id("e")));
  EXPECT_EQ(reasons(taken()), reason_list{reason::pull_restored});

  pull(team, foreign("e2"));
  const auto other = taken().entries.at(0).entry.id;
  pull(team, tombstone(event_id("e2")));
  EXPECT_EQ(taken().deleted_entries, std::vector<entry_id>{other});
}

} // namespace
} // namespace kalends::actors
