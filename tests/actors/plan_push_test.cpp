// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/plan_fixture.hpp"

namespace kalends::actors {
namespace {

class plan_push_test : public plan_fixture {
protected:
  void edit_title(const std::string& title) {
    entry_edit e;
    e.title = title;
    ASSERT_TRUE(change_entry(p(), visit, e));
  }
};

TEST_F(plan_push_test, inserts_updates_and_then_has_nothing_to_do) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  insert(a, visit);
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, visit)));
  edit_title("New");

  const auto step = plan_push(p(), a.id, visit);
  ASSERT_TRUE(std::holds_alternative<push_update>(step));
  const auto& update = std::get<push_update>(step);
  EXPECT_EQ(names_of(update.changed), std::vector<std::string_view>{"title"});
  EXPECT_EQ(update.what.notes, "Bring a ladder");
  settle_push(p(), update.link, update.what, 2, event_of(update.link, update.what, "v2"),
              reason::push_updated);

  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, visit)));
  EXPECT_EQ(p().link(a.id, visit)->event_version, "v2");
  EXPECT_EQ(p().link(a.id, visit)->entry_version, 2);
  EXPECT_EQ(reasons(taken()), (reason_list{reason::push_inserted, reason::push_updated}));
}

TEST_F(plan_push_test, a_change_during_the_push_remains_to_be_pushed) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  const auto step = std::get<push_insert>(plan_push(p(), a.id, visit));
  edit_title("Newer");

  settle_push(p(), step.link, step.what, 1, event_of(step.link, step.what, "v1"), reason::push_inserted);

  const auto next = plan_push(p(), a.id, visit);
  ASSERT_TRUE(std::holds_alternative<push_update>(next));
  EXPECT_EQ(std::get<push_update>(next).what.title, "Newer");
}

TEST_F(plan_push_test, an_answer_does_not_undo_what_a_pull_saw_later) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  insert(a, visit);
  edit_title("Pushed");
  const auto step = std::get<push_update>(plan_push(p(), a.id, visit));
  auto later = event_of(step.link, step.what, "v3");
  later.what.location = "Moved by hand";
  pull(a, later);

  settle_push(p(), step.link, step.what, 2, event_of(step.link, step.what, "v2"), reason::push_updated);

  EXPECT_EQ(p().link(a.id, visit)->event_version, "v3");
  EXPECT_EQ(p().link(a.id, visit)->base_event.location, "Moved by hand");
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, visit)));
}

TEST_F(plan_push_test, removal_drops_the_link) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  insert(a, visit);
  ASSERT_TRUE(remove_entry(p(), visit, {}));
  taken();
  const auto step = plan_push(p(), a.id, visit);
  ASSERT_TRUE(std::holds_alternative<push_remove>(step));

  settle_removal(p(), std::get<push_remove>(step).link, reason::push_deleted);

  EXPECT_EQ(p().link(a.id, visit), nullptr);
  EXPECT_EQ(taken().unlinked.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, visit)));
}

TEST_F(plan_push_test, an_entry_that_came_back_during_its_removal_is_inserted_anew) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  const auto event = insert(a, visit);
  entry_edit off;
  off.assigned = std::vector<user_id>{};
  ASSERT_TRUE(change_entry(p(), visit, off));
  const auto step = std::get<push_remove>(plan_push(p(), a.id, visit));
  entry_edit back;
  back.assigned = std::vector<user_id>{alice};
  ASSERT_TRUE(change_entry(p(), visit, back));
  taken();

  settle_removal(p(), step.link, reason::push_deleted);

  EXPECT_EQ(rows(taken()), names{"a:upsert"});
  EXPECT_NE(p().link(a.id, visit)->event, event.id);
  EXPECT_TRUE(std::holds_alternative<push_insert>(plan_push(p(), a.id, visit)));
}

TEST_F(plan_push_test, an_entry_deleted_during_its_insert_is_taken_out_again) {
  auto m = add("m", alice, provider_type::microsoft);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  const auto step = std::get<push_insert>(plan_push(p(), m.id, visit));
  ASSERT_TRUE(remove_entry(p(), visit, {}));

  settle_push(p(), step.link, step.what, 1, event_of(step.link, step.what, "v1"), reason::push_inserted);

  const auto next = plan_push(p(), m.id, visit);
  ASSERT_TRUE(std::holds_alternative<push_remove>(next));
  EXPECT_FALSE(std::get<push_remove>(next).link.event.empty());
}

TEST_F(plan_push_test, an_insert_whose_link_is_gone_is_not_left_behind) {
  auto a = add("a", alice);
  ASSERT_TRUE(create_entry(p(), visit, hour({alice})));
  const auto step = std::get<push_insert>(plan_push(p(), a.id, visit));
  ASSERT_TRUE(remove_entry(p(), visit, {}));
  settle_removal(p(), *p().link(a.id, visit), reason::push_gone);
  taken();

  settle_push(p(), step.link, step.what, 1, event_of(step.link, step.what, "v1"), reason::push_inserted);

  EXPECT_EQ(rows(taken()), names{"a:remove"});
}

TEST_F(plan_push_test, a_late_answer_for_a_replaced_event_no_longer_counts) {
  auto team = add("team", alice, provider_type::google, provider_scope::tenant);
  ASSERT_TRUE(create_entry(p(), visit, hour({})));
  const auto event = insert(team, visit);
  edit_title("New");
  const auto step = std::get<push_update>(plan_push(p(), team.id, visit));
  pull(team, tombstone(event.id));
  taken();

  settle_push(p(), step.link, step.what, 2, event_of(step.link, step.what, "v2"), reason::push_updated);
  settle_removal(p(), step.link, reason::push_gone);

  EXPECT_TRUE(taken().empty());
  EXPECT_FALSE(p().link(team.id, visit)->linked);
}

TEST_F(plan_push_test, writes_nothing_where_nothing_may_be_written) {
  auto a = add("a", alice);
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), a.id, visit)));
  EXPECT_TRUE(std::holds_alternative<push_nothing>(plan_push(p(), provider_id("gone"), visit)));
}

TEST_F(plan_push_test, backfill_brings_what_belongs_and_sends_away_what_does_not) {
  auto a = add("a", alice);
  std::vector<schedule_entry> entries;
  for (const char* id : {"mine", "bobs", "left", "there"}) {
    schedule_entry e;
    e.id = entry_id(id);
    e.version = 3;
    e.what = foreign("x").what;
    e.assigned = {std::string(id) == "bobs" || std::string(id) == "left" ? bob : alice};
    entries.push_back(e);
    p().know(e);
  }
  for (const char* id : {"left", "there"}) {
    mapping m;
    m.provider = a.id;
    m.entry = entry_id(id);
    m.event = event_id(id);
    m.linked = true;
    m.base_entry = m.base_event = foreign("x").what;
    p().know(m);
  }

  plan_backfill(p(), a.id, entries);

  const auto c = taken();
  EXPECT_EQ(rows(c), (names{"a:remove", "a:upsert"}));
  EXPECT_TRUE(c.facts.empty() && c.entries.empty() && c.decisions.empty());
  EXPECT_FALSE(p().link(a.id, entry_id("mine"))->linked);
  EXPECT_TRUE(p().link(a.id, entry_id("left"))->removing);
  EXPECT_EQ(p().link(a.id, entry_id("bobs")), nullptr);
}

TEST_F(plan_push_test, a_full_read_misses_only_what_it_should_have_shown) {
  std::vector<mapping> links(5);
  const char* ids[] = {"seen", "missing", "outside", "unlinked", "leaving"};
  for (std::size_t i = 0; i < links.size(); ++i) {
    links[i].entry = entry_id(ids[i]);
    links[i].event = event_id(ids[i]);
    links[i].linked = i != 3;
    links[i].removing = i == 4;
    links[i].base_event = foreign("x").what;
  }
  links[2].base_event.start = at("2030-01-01T00:00:00");
  links[2].base_event.end = at("2030-01-01T01:00:00");
  event_set seen;
  seen.add("seen");
  const read_window window{instant(std::get<zoned_time>(at("2026-01-01T00:00:00")).utc),
                           instant(std::get<zoned_time>(at("2027-01-01T00:00:00")).utc)};

  const auto windowed = missing_after_full_read(links, seen, window);
  const auto all = missing_after_full_read(links, seen, std::nullopt);

  ASSERT_EQ(windowed.size(), 2u);
  EXPECT_EQ(windowed[0].event, event_id("missing"));
  EXPECT_EQ(windowed[1].event, event_id("leaving"));
  EXPECT_EQ(all.size(), 3u);
}

TEST_F(plan_push_test, google_event_ids_keep_to_googles_alphabet) {
  const auto w = outside();
  std::set<event_id> seen;
  for (int i = 0; i < 500; ++i) {
    const auto id = make_google_event_id(w);
    EXPECT_EQ(id.str().size(), 26u);
    EXPECT_EQ(id.str().find_first_not_of("0123456789abcdefghijklmnopqrstuv"), std::string::npos) << id.str();
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 500u);
}

TEST_F(plan_push_test, waits_longer_after_each_attempt_within_its_bounds) {
  using std::chrono::milliseconds;
  const auto w = outside();
  for (const milliseconds previous :
       {milliseconds(-5), milliseconds(0), milliseconds(1'000), milliseconds(20'000), milliseconds(300'000),
        milliseconds(900'000), milliseconds::max()}) {
    milliseconds longest{};
    for (int i = 0; i < 200; ++i) {
      const auto d = backoff(previous, w);
      EXPECT_GE(d, milliseconds(1'000));
      EXPECT_LE(d, milliseconds(900'000));
      longest = std::max(longest, d);
    }
    EXPECT_TRUE(previous > milliseconds(1'000) || longest <= milliseconds(3'000));
    EXPECT_TRUE(previous != milliseconds(20'000) || longest <= milliseconds(60'000));
    EXPECT_TRUE(previous < milliseconds(300'000) || longest > milliseconds(600'000));
  }
}

} // namespace
} // namespace kalends::actors
