// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/plan_fixture.hpp"

namespace kalends::actors {
namespace {

class tenant_picture_test : public plan_fixture {};

TEST_F(tenant_picture_test, two_changes_in_one_step_are_two_versions_and_two_facts_but_one_write) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  auto event = insert(a, visit);
  taken();
  event.version = "v2";
  event.what.title = "Two";
  pull(a, event);
  event.version = "v3";
  event.what.location = "There";
  pull(a, event);

  const auto c = taken();
  ASSERT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(c.entries[0].stored_version, 1);
  EXPECT_EQ(c.entries[0].entry.version, 3);
  ASSERT_EQ(c.facts.size(), 2u);
  EXPECT_EQ(json(c.facts[0].data).at("changed"), boost::json::array({"title"}));
  EXPECT_EQ(json(c.facts[0].data).at("version"), 2);
  EXPECT_EQ(json(c.facts[1].data).at("changed"), boost::json::array({"location"}));
  EXPECT_EQ(json(c.facts[1].data).at("version"), 3);
  EXPECT_EQ(c.mappings.size(), 1u);
}

TEST_F(tenant_picture_test, what_came_and_went_within_a_step_is_told_but_not_written) {
  auto a = add("a", alice);
  pull(a, foreign("e"));
  pull(a, tombstone(event_id("e")));

  const auto c = taken();

  EXPECT_TRUE(c.entries.empty() && c.deleted_entries.empty() && c.mappings.empty());
  EXPECT_EQ(facts(c), (fact_list{fact_type::schedule_entry_created, fact_type::schedule_entry_deleted}));
}

TEST_F(tenant_picture_test, made_and_changed_in_one_step_is_inserted_at_its_second_version) {
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  entry_edit e;
  e.title = "Other";
  ASSERT_TRUE(change_entry(p(), visit, e));

  const auto c = taken();

  EXPECT_EQ(c.entries.at(0).stored_version, 0);
  EXPECT_EQ(c.entries.at(0).entry.version, 2);
  EXPECT_EQ(c.entries.at(0).entry.what.title, "Other");
  EXPECT_EQ(facts(c), (fact_list{fact_type::schedule_entry_created, fact_type::schedule_entry_updated}));
}

TEST_F(tenant_picture_test, rows_of_one_step_collapse) {
  add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  entry_edit e;
  e.title = "Other";
  ASSERT_TRUE(change_entry(p(), visit, e));

  const auto c = taken();
  ASSERT_EQ(c.outbox.size(), 1u);
  EXPECT_EQ(c.outbox[0].entry_version, 2);
}

TEST_F(tenant_picture_test, taking_leaves_the_picture_and_begins_a_new_step) {
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  taken();

  EXPECT_TRUE(taken().empty());
  EXPECT_EQ(p().next_version(visit), 2);
  EXPECT_EQ(p().entry(visit)->version, 1);
}

TEST_F(tenant_picture_test, trusts_the_vendors_id_before_the_transaction_and_that_before_the_tag) {
  auto m = add("m", alice, provider_type::microsoft);
  for (const char* name : {"one", "two", "three"}) {
    mapping link;
    link.provider = m.id;
    link.entry = entry_id(name);
    link.event = event_id(std::string(name) == "one" ? "event-one" : "");
    link.linked = std::string(name) == "one";
    if (std::string(name) != "three") link.transaction_id = std::string("t-") + name;
    p().know(link);
  }
  calendar_event e;
  e.id = event_id("event-one");
  e.transaction_id = "t-two";
  e.tag = entry_id("three");
  EXPECT_EQ(p().link_of(m.id, e)->entry, entry_id("one"));
  e.id = event_id("unknown");
  EXPECT_EQ(p().link_of(m.id, e)->entry, entry_id("two"));
  e.transaction_id = "t-unknown";
  EXPECT_EQ(p().link_of(m.id, e)->entry, entry_id("three"));
  e.transaction_id = "t-one"; // linked to another event already
  e.tag = entry_id("one");
  EXPECT_EQ(p().link_of(m.id, e), nullptr);
  e.tag = entry_id("two"); // its insert is under way under another id: this is a copy
  EXPECT_EQ(p().link_of(m.id, e), nullptr);
  e.tag = entry_id("three");
  e.removed = true;
  EXPECT_EQ(p().link_of(m.id, e), nullptr);
}

TEST_F(tenant_picture_test, keeps_facts_and_decisions_within_their_limit) {
  p().state(fact_type::calendar_provider_error, std::string(70'000, 'x'));
  p().explain(provider_id("a"), visit, event_id(), reason::push_refused, std::string(70'000, 'x'));

  const auto c = taken();

  EXPECT_EQ(c.facts[0].data, R"({"cut":true})");
  EXPECT_EQ(c.decisions[0].inputs, R"({"cut":true})");
  EXPECT_TRUE(is_uuid(c.facts[0].id));
  EXPECT_EQ(c.facts[0].tenant, tenant_id("tenant"));
}

} // namespace
} // namespace kalends::actors
