// SPDX-License-Identifier: Apache-2.0
#include "persistence/engine_store.hpp"

#include "tests/persistence/store_fixture.hpp"

#include <set>

namespace kalends::persistence {
namespace {

struct engine_store_test : store_fixture {
  schedule_entry stored(const household& h, const entry_id& id) {
    return must(as(h.tenant, [&](transaction& tx) { return find_entry(tx, id); })).value();
  }
  std::vector<fact> facts_of(const household& h) {
    return must(as(h.tenant, [&](transaction& tx) { return list_facts(tx, 0, 5'000); }));
  }
  std::vector<schedule_entry> entries_of(const household& h, const user_id& u) {
    return must(wait_for<std::vector<schedule_entry>>([&](auto done) {
      store->load_entries(h.tenant, u, at("2026-01-01T00:00:00"), {}, 100, std::move(done));
    }));
  }
  std::vector<outbox_row> outbox_of(const household& h, instant when) {
    return must(wait_for<std::vector<outbox_row>>(
        [&](auto done) { store->load_outbox(h.tenant, h.calendar, when, 100, std::move(done)); }));
  }
  std::vector<letter_key> open_letters(const household& h, letter_kind kind) {
    return must(wait_for<std::vector<letter_key>>(
        [&](auto done) { store->load_open_letters(h.tenant, kind, 100, std::move(done)); }));
  }
};

TEST_F(engine_store_test, keeps_every_field_of_an_entry) {
  const auto h = add_household();
  auto w = new_entry(h, "Quote \" backslash \\ comma, brace {} and NULL");
  w.entry.what.notes = "line\nline\t\"";
  w.entry.what.location = "NULL";
  w.entry.what.start = read_date("2026-12-24").value();
  w.entry.what.end = read_date("2026-12-26").value();
  w.entry.what.is_private = true;
  w.entry.what.is_tentative = true;
  w.entry.status = entry_status::in_progress;
  w.entry.work = {"ticket", "T-1"};
  w.entry.assigned = {h.user, add_user(h.tenant, "bob@example.org")};
  w.entry.origin = h.calendar;
  auto c = changes(h);
  c.entries = {w};

  must(commit(c));

  const auto e = stored(h, w.entry.id);
  EXPECT_EQ(e.version, 1);
  EXPECT_EQ(e.what, w.entry.what);
  EXPECT_EQ(e.status, entry_status::in_progress);
  EXPECT_EQ(e.work, w.entry.work);
  EXPECT_EQ(e.assigned, w.entry.assigned);
  EXPECT_EQ(e.origin, h.calendar);
  EXPECT_EQ(e.created_at, now);
  EXPECT_EQ(e.updated_at, now);
}

TEST_F(engine_store_test, replaces_an_entry_and_moves_only_changed_assignments) {
  const auto h = add_household();
  const auto bob = add_user(h.tenant, "bob@example.org");
  auto first = new_entry(h);
  auto c = changes(h);
  c.entries = {first};
  must(commit(c));

  auto second = next(first, "Moved");
  second.entry.assigned = {bob};
  second.entry.what.start = read_zoned_time("2026-12-02T09:00:00", "Europe/Berlin").value();
  second.entry.what.end = read_zoned_time("2026-12-02T10:00:00", "Europe/Berlin").value();
  c.entries = {second};
  must(commit(c));

  const auto e = stored(h, first.entry.id);
  EXPECT_EQ(e.version, 2);
  EXPECT_EQ(e.what, second.entry.what);
  EXPECT_TRUE(entries_of(h, h.user).empty());
  EXPECT_EQ(entries_of(h, bob).size(), 1U);
}

TEST_F(engine_store_test, may_skip_versions_when_the_stored_one_is_named) {
  const auto h = add_household();
  auto w = new_entry(h);
  auto c = changes(h);
  c.entries = {w};
  must(commit(c));
  w.stored_version = 1;
  w.entry.version = 4;
  c.entries = {w};

  must(commit(c));

  EXPECT_EQ(stored(h, w.entry.id).version, 4);
}

TEST_F(engine_store_test, refuses_a_stale_version_and_keeps_nothing_of_the_unit) {
  const auto h = add_household();
  const auto first = new_entry(h);
  auto c = changes(h);
  c.entries = {first};
  must(commit(c));
  auto stale = next(first, "stale");
  stale.stored_version = 7;
  const auto other = new_entry(h, "other");
  auto bad = changes(h);
  bad.entries = {stale, other};
  bad.outbox = {new_push(h, other.entry.id)};
  bad.decisions = {new_decision(h, other.entry.id)};
  bad.facts = {new_fact(h)};
  bad.mappings = {link(h, other, "ev-other")};

  const auto refused = commit(bad);
  auto again = changes(h);
  again.entries = {first};
  const auto inserted_twice = commit(again);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, errc::conflict);
  EXPECT_EQ(refused.error().code, "stale_version");
  ASSERT_FALSE(inserted_twice);
  EXPECT_EQ(inserted_twice.error().code, "stale_version");
  EXPECT_EQ(stored(h, first.entry.id).version, 1);
  EXPECT_EQ(entries_of(h, h.user).size(), 1U);
  EXPECT_TRUE(facts_of(h).empty());
  EXPECT_TRUE(outbox_of(h, now).empty());
  EXPECT_TRUE(must(load({h.tenant, {other.entry.id}, {}})).mappings.empty());
}

TEST_F(engine_store_test, deletes_entries_with_their_assignments_and_leaves_mappings_to_the_vendor) {
  const auto h = add_household();
  const auto w = new_entry(h);
  auto c = changes(h);
  c.entries = {w};
  c.mappings = {link(h, w, "ev")};
  must(commit(c));
  auto gone = changes(h);
  gone.deleted_entries = {w.entry.id};

  must(commit(gone));

  const auto left = must(load({h.tenant, {w.entry.id}, {}}));
  EXPECT_TRUE(left.entries.empty());
  EXPECT_EQ(left.mappings.size(), 1U);
  EXPECT_TRUE(entries_of(h, h.user).empty());
  EXPECT_TRUE(
      must(as(h.tenant, [&](transaction& tx) { return persistence::delete_provider(tx, h.calendar); })));
  EXPECT_TRUE(must(as(h.tenant, [&](transaction& tx) { return delete_user(tx, h.user); })));
}

TEST_F(engine_store_test, keeps_both_bases_of_a_mapping) {
  const auto h = add_household();
  const auto w = new_entry(h);
  auto m = link(h, w, "ev");
  m.base_event.title = "As \"Outlook\" spells it\n\x01";
  m.base_event.is_tentative = true;
  auto c = changes(h);
  c.entries = {w};
  c.mappings = {m};
  must(commit(c));

  const auto first = must(load({h.tenant, {w.entry.id}, {}})).mappings.at(0);
  m.base_event = m.base_entry;
  m.event_version = "\"etag-2\"";
  m.removing = true;
  c = changes(h);
  c.mappings = {m};
  must(commit(c));
  const auto second = must(load({h.tenant, {w.entry.id}, {}})).mappings.at(0);

  EXPECT_EQ(first.base_entry, w.entry.what);
  EXPECT_EQ(first.base_event.title, "As \"Outlook\" spells it\n\x01");
  EXPECT_TRUE(first.base_event.is_tentative);
  EXPECT_EQ(second.base_event, w.entry.what);
  EXPECT_EQ(second.event_version, "\"etag-2\"");
  EXPECT_TRUE(second.removing);
}

TEST_F(engine_store_test, hands_an_event_from_one_entry_to_another_in_one_unit) {
  const auto h = add_household();
  const auto a = new_entry(h, "a");
  const auto b = new_entry(h, "b");
  auto c = changes(h);
  c.entries = {a, b};
  c.mappings = {link(h, a, "ev")};
  must(commit(c));
  c = changes(h);
  c.unlinked = {{h.calendar, a.entry.id}};
  c.mappings = {link(h, b, "ev")};

  must(commit(c));

  EXPECT_TRUE(must(load({h.tenant, {a.entry.id}, {}})).mappings.empty());
  EXPECT_EQ(must(load({h.tenant, {b.entry.id}, {}})).mappings.size(), 1U);
}

TEST_F(engine_store_test, loads_by_event_transaction_tag_and_entry_with_all_siblings) {
  const auto h = add_household();
  auto other = h;
  other.calendar = add_calendar(h.tenant, h.user);
  const auto w = new_entry(h);
  const auto unrelated = new_entry(h, "unrelated");
  auto by_transaction = link(other, w, "");
  by_transaction.linked = false;
  by_transaction.transaction_id = "tx-1";
  auto c = changes(h);
  c.entries = {w, unrelated};
  c.mappings = {link(h, w, "ev-1"), by_transaction, link(h, unrelated, "ev-2")};
  must(commit(c));

  const std::vector<load_request> asks{
      {h.tenant, {w.entry.id}, {}},
      {h.tenant, {}, {{h.calendar, event_id("ev-1"), "", {}}}},
      {h.tenant, {}, {{other.calendar, event_id("unknown"), "tx-1", {}}}},
      {h.tenant, {}, {{h.calendar, event_id("unknown"), "", w.entry.id}}},
      {h.tenant, {w.entry.id}, {{h.calendar, event_id("ev-1"), "tx-1", w.entry.id}}},
  };

  for (const auto& ask : asks) {
    const auto found = must(load(ask));
    ASSERT_EQ(found.entries.size(), 1U);
    EXPECT_EQ(found.entries[0].id, w.entry.id);
    EXPECT_EQ(found.mappings.size(), 2U);
  }
}

TEST_F(engine_store_test, loads_nothing_for_foreign_calendars_and_tags_that_are_no_ids) {
  const auto h = add_household();
  const auto stranger = add_household();
  const auto w = new_entry(h);
  auto c = changes(h);
  c.entries = {w};
  c.mappings = {link(h, w, "ev-1")};
  must(commit(c));

  const auto wrong_calendar =
      must(load({h.tenant, {}, {{stranger.calendar, event_id("ev-1"), "", entry_id("not-an-id")}}}));
  const auto wrong_tenant =
      must(load({stranger.tenant, {w.entry.id}, {{h.calendar, event_id("ev-1"), "", w.entry.id}}}));
  const auto empty = must(load({h.tenant, {}, {}}));

  EXPECT_TRUE(wrong_calendar.entries.empty() && wrong_calendar.mappings.empty());
  EXPECT_TRUE(wrong_tenant.entries.empty() && wrong_tenant.mappings.empty());
  EXPECT_TRUE(empty.entries.empty() && empty.mappings.empty());
}

TEST_F(engine_store_test, loads_people_by_assignment_id_and_address_of_their_own_tenant_alone) {
  const auto h = add_household();
  const auto other = add_household();
  const auto bob = add_user(h.tenant, "bob@example.org");
  const auto carol = add_user(h.tenant, "carol@example.org");
  add_user(h.tenant, "nobody@example.org");
  add_user(other.tenant, "bob@example.org");
  auto c = changes(h);
  c.entries = {new_entry(h)};
  c.entries[0].entry.assigned = {h.user};
  must(commit(c));
  load_request r;
  r.tenant = h.tenant;
  r.entries = {c.entries[0].entry.id};
  r.users = {carol, user_id("no id")};
  r.addresses = {"bob@example.org", "stranger@example.org"};
  EXPECT_TRUE(must(load(r)).people.empty()) << "nobody asked";

  r.people = true;
  const auto found = must(load(r)).people;

  EXPECT_EQ(found,
            (std::vector<person_line>{
                {"alice@example.org", h.user}, {"bob@example.org", bob}, {"carol@example.org", carol}}));
}

TEST_F(engine_store_test, numbers_facts_in_their_order_and_says_so) {
  const auto h = add_household();
  auto c = changes(h);
  for (int i = 0; i < 3; ++i) c.facts.push_back(new_fact(h));

  const auto first = must(commit(c));
  const auto second = must(commit(changes(h)));
  c.facts = {new_fact(h, fact_type::calendar_sync_completed)};
  const auto third = must(commit(c));

  ASSERT_EQ(first.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(first[i].sequence, static_cast<std::int64_t>(i) + 1);
  EXPECT_TRUE(second.empty());
  EXPECT_EQ(third.at(0).sequence, 4);
  const auto stored_facts = facts_of(h);
  ASSERT_EQ(stored_facts.size(), 4U);
  EXPECT_EQ(stored_facts[1].id, first[1].id);
  EXPECT_EQ(stored_facts[3].type, fact_type::calendar_sync_completed);
  EXPECT_EQ(stored_facts[3].data, R"({"a":1})");
  EXPECT_EQ(must(as(h.tenant, [](transaction& tx) { return last_sequence(tx); })), 4);
}

TEST_F(engine_store_test, keeps_the_outbox_in_order_and_retries_when_due) {
  const auto h = add_household();
  const auto w = new_entry(h);
  auto c = changes(h);
  c.entries = {w};
  c.outbox = {new_push(h, w.entry.id), new_push(h, w.entry.id), new_push(h, w.entry.id)};
  must(commit(c));
  const auto all = outbox_of(h, now);

  auto settled = changes(h);
  settled.outbox_done = {c.outbox[0].id};
  settled.outbox_retries = {{c.outbox[1].id, now + 60s, "vendor_busy", 60s, true},
                            {c.outbox[2].id, now, "event_moving"}};
  must(commit(settled));

  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].id, c.outbox[0].id);
  EXPECT_TRUE(must(state(h)).outbox_waiting);
  ASSERT_EQ(outbox_of(h, now).size(), 1U);
  const auto later = outbox_of(h, now + 60s);
  ASSERT_EQ(later.size(), 2U);
  EXPECT_EQ(later[0].id, c.outbox[1].id);
  EXPECT_EQ(later[0].attempts, 1);
  EXPECT_EQ(later[0].strikes, 1);
  EXPECT_EQ(later[0].waited, 60s);
  EXPECT_TRUE(later[0].failing_since.has_value());
  EXPECT_EQ(later[1].attempts, 0) << "it only waited";
  EXPECT_FALSE(later[1].failing_since.has_value());
}

TEST_F(engine_store_test, one_dead_letter_is_open_about_an_entry_and_one_about_an_event) {
  const auto h = add_household();
  const auto w = new_entry(h);
  auto c = changes(h);
  c.entries = {w};
  c.outbox = {new_push(h, w.entry.id)};
  c.letters = {new_letter(h, letter_kind::push, w.entry.id, {}),
               new_letter(h, letter_kind::pull, {}, event_id("ev"))};
  must(commit(c));
  const auto row = outbox_of(h, now);
  auto again = changes(h);
  again.letters = {new_letter(h, letter_kind::push, w.entry.id, {})};
  must(commit(again));
  const auto open = open_letters(h, letter_kind::push);
  auto ended = changes(h);
  ended.letters_ended = {{open.at(0), letter_state::settled}};
  must(commit(ended));

  ASSERT_EQ(row.size(), 1U);
  EXPECT_TRUE(row[0].has_letter);
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].entry, w.entry.id);
  EXPECT_FALSE(outbox_of(h, now).at(0).has_letter);
  EXPECT_TRUE(open_letters(h, letter_kind::push).empty());
  ASSERT_EQ(open_letters(h, letter_kind::pull).size(), 1U);
  EXPECT_EQ(open_letters(h, letter_kind::pull)[0].event, event_id("ev"));
}

TEST_F(engine_store_test, a_mapping_remembers_what_its_entry_said_in_between) {
  const auto h = add_household();
  const auto w = new_entry(h);
  auto m = link(h, w, "ev");
  m.superseded = {w.entry.what, w.entry.what};
  m.superseded[0].title = "first \"quoted\"";
  auto c = changes(h);
  c.entries = {w};
  c.mappings = {m};
  must(commit(c));

  const auto found = must(load({h.tenant, {w.entry.id}, {}}));

  ASSERT_EQ(found.mappings.size(), 1U);
  EXPECT_EQ(found.mappings[0].superseded, m.superseded);
}

TEST_F(engine_store_test, moves_the_cursor_with_the_changes_and_seals_it) {
  const auto h = add_household();
  auto c = changes(h);
  c.cursors = {{h.calendar, {"sync-token", "fp", read_window{now, now + 24h}}, 0, "Europe/Paris", now + 1h}};
  c.runs = {new_run(h, run_outcome::succeeded)};
  c.runs[0].finished_at = now + 1s;

  must(commit(c));

  const auto s = must(state(h));
  ASSERT_TRUE(s.read_from);
  EXPECT_EQ(s.read_from->token, "sync-token");
  EXPECT_EQ(s.read_from->fingerprint, "fp");
  EXPECT_EQ(s.read_from->window, (read_window{now, now + 24h}));
  EXPECT_EQ(s.calendar.calendar_zone, "Europe/Paris");
  EXPECT_EQ(s.calendar.next_poll_at, now + 1h);
  EXPECT_EQ(s.calendar.last_sync_at, now + 1s);
  static const statement raw{"raw_cursor", "SELECT sealed_cursor FROM provider_state"};
  const auto sealed = must(as(h.tenant, [](transaction& tx) { return tx.query(raw); })).bytes(0, 0);
  EXPECT_EQ(sealed.find("sync-token"), std::string::npos);
}

TEST_F(engine_store_test, drops_the_cursor_only) {
  const auto h = add_household();
  must(mark({{h.tenant, h.calendar, 1}}));
  auto c = changes(h);
  c.cursors = {{h.calendar, {"t", "fp", std::nullopt}, 0, "", std::nullopt}};
  must(commit(c));

  EXPECT_TRUE(must(wait_for<bool>([&](auto d) { store->drop_cursor(h.tenant, h.calendar, d); })));

  const auto s = must(state(h));
  EXPECT_FALSE(s.read_from);
  EXPECT_TRUE(s.stale);
  EXPECT_EQ(s.mark, 1);
}

TEST_F(engine_store_test, clears_a_mark_up_to_what_the_read_saw) {
  const auto h = add_household();
  const auto seen = must(mark({{h.tenant, h.calendar, 3}})).at(0);
  auto c = changes(h);
  c.cursors = {{h.calendar, {"t1", "fp", std::nullopt}, seen, "", std::nullopt}};

  must(commit(c));
  const auto cleared = must(state(h));
  const auto during = must(mark({{h.tenant, h.calendar, 1}})).at(0);
  const auto late = must(mark({{h.tenant, h.calendar, 1}})).at(0);
  c.cursors = {{h.calendar, {"t2", "fp", std::nullopt}, during, "", std::nullopt}};
  must(commit(c));
  const auto still = must(state(h));

  EXPECT_EQ(seen, 3);
  EXPECT_FALSE(cleared.stale);
  EXPECT_EQ(late, 5);
  EXPECT_TRUE(still.stale);
  EXPECT_EQ(still.read_from->token, "t2");
}

TEST_F(engine_store_test, marks_many_calendars_at_once_and_skips_those_that_are_gone) {
  const auto a = add_household();
  const auto b = add_household();
  const provider_id gone(uuid());

  const auto first = must(mark({{b.tenant, b.calendar, 2}, {a.tenant, gone, 1}, {a.tenant, a.calendar, 1}}));
  const auto foreign = must(mark({{a.tenant, b.calendar, 1}}));

  EXPECT_EQ(first, (std::vector<std::int64_t>{2, 0, 1}));
  EXPECT_EQ(foreign, (std::vector<std::int64_t>{0}));
  EXPECT_EQ(must(state(b)).mark, 2);
}

TEST_F(engine_store_test, counts_every_notice_under_concurrency) {
  const auto a = add_household();
  const auto b = add_household();
  std::vector<std::future<void>> senders;

  for (int t = 0; t < 4; ++t)
    senders.push_back(std::async(std::launch::async, [&] {
      for (int i = 0; i < 50; ++i) must(mark({{a.tenant, a.calendar, 1}, {b.tenant, b.calendar, 1}}));
    }));
  for (auto& s : senders) s.get();

  EXPECT_EQ(must(state(a)).mark, 200);
  EXPECT_EQ(must(state(b)).mark, 200);
}

TEST_F(engine_store_test, refuses_units_of_tenants_and_calendars_that_are_gone) {
  const auto h = add_household();
  auto lost = h;
  lost.tenant = tenant_id(uuid());
  auto no_tenant = changes(lost);
  no_tenant.facts = {new_fact(lost)};
  auto unplugged = h;
  unplugged.calendar = provider_id(uuid());
  auto no_calendar = changes(h);
  no_calendar.cursors = {{unplugged.calendar, {"t", "fp", std::nullopt}, 0, "", std::nullopt}};
  auto no_link = changes(h);
  no_link.mappings = {link(unplugged, new_entry(h), "ev")};
  auto no_user = changes(h);
  no_user.entries = {new_entry(h)};
  no_user.entries[0].entry.assigned = {user_id(uuid())};

  EXPECT_EQ(commit(no_tenant).error().code, "fenced"); // nobody can hold what is not there
  EXPECT_EQ(commit(no_calendar).error().code, "provider_gone");
  EXPECT_EQ(commit(no_link).error().code, "provider_gone");
  EXPECT_EQ(commit(no_user).error().code, "user_gone");
  EXPECT_EQ(state(unplugged).error().code, "provider_gone");
}

TEST_F(engine_store_test, links_an_event_to_one_entry_only) {
  const auto h = add_household();
  const auto a = new_entry(h, "a");
  const auto b = new_entry(h, "b");
  auto c = changes(h);
  c.entries = {a, b};
  c.mappings = {link(h, a, "ev"), link(h, b, "ev")};

  const auto refused = commit(c);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "unique_violation");
  EXPECT_EQ(refused.error().field, "mappings_event_key");
}

TEST_F(engine_store_test, saves_runs_health_and_calendars) {
  const auto h = add_household();
  auto run = new_run(h);
  const auto started = must(wait_for<std::vector<fact>>(
      [&](auto d) { store->save_run(h.tenant, run, {new_fact(h, fact_type::calendar_sync_started)}, d); }));
  run.outcome = run_outcome::failed;
  run.error_code = "vendor_down";
  run.finished_at = now + 1s;
  must(wait_for<std::vector<fact>>([&](auto d) { store->save_run(h.tenant, run, {}, d); }));
  const auto told = must(wait_for<std::vector<fact>>([&](auto d) {
    store->save_health(h.tenant, h.calendar, provider_status::action_required,
                       provider_problem{"grant_revoked", "Connect again.", now}, std::nullopt, now + 1h,
                       {new_fact(h, fact_type::calendar_provider_error)}, d);
  }));
  must(wait_for<bool>([&](auto d) {
    store->save_calendar(h.tenant, h.calendar, {calendar_id("primary-id"), "Work", "Asia/Tokyo", true, true},
                         d);
  }));

  const auto p = must(state(h)).calendar;

  EXPECT_EQ(started.at(0).sequence, 1);
  EXPECT_EQ(told.at(0).sequence, 2);
  EXPECT_EQ(p.status, provider_status::action_required);
  EXPECT_EQ(p.problem, (provider_problem{"grant_revoked", "Connect again.", now}));
  EXPECT_EQ(p.next_poll_at, now + 1h);
  EXPECT_FALSE(p.last_sync_at);
  EXPECT_EQ(p.calendar, calendar_id("primary-id"));
  EXPECT_EQ(p.calendar_zone, "Asia/Tokyo");
  const auto kept = must(as(h.tenant, [&](transaction& tx) { return find_run(tx, run.id); }));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->outcome, run_outcome::failed);
  EXPECT_EQ(kept->error_code, "vendor_down");
}

TEST_F(engine_store_test, ends_runs_that_nobody_ends_any_more) {
  const auto one = add_household(), other = add_household();
  auto left = new_run(one), ended = new_run(one), elsewhere = new_run(other);
  left.outcome = elsewhere.outcome = run_outcome::running;
  ended.outcome = run_outcome::succeeded;
  ended.finished_at = now;
  for (const auto& [h, run] : {std::pair(one, left), std::pair(one, ended), std::pair(other, elsewhere)})
    must(wait_for<std::vector<fact>>([&](auto d) { store->save_run(h.tenant, run, {}, d); }));
  const auto outcome_of = [&](const household& h, const sync_run& run) {
    return must(as(h.tenant, [&](transaction& tx) { return find_run(tx, run.id); }))->outcome;
  };

  must(wait_for<bool>([&](auto d) {
    store->end_interrupted_runs({one.tenant, other.tenant}, one.calendar, d);
  }));
  EXPECT_EQ(outcome_of(one, left), run_outcome::failed);
  EXPECT_EQ(outcome_of(one, ended), run_outcome::succeeded);
  EXPECT_EQ(outcome_of(other, elsewhere), run_outcome::running);
  must(wait_for<bool>([&](auto d) { store->end_interrupted_runs({one.tenant, other.tenant}, {}, d); }));

  EXPECT_EQ(outcome_of(other, elsewhere), run_outcome::failed);
  const auto run = must(as(one.tenant, [&](transaction& tx) { return find_run(tx, left.id); }));
  EXPECT_EQ(run->error_code, "interrupted");
  EXPECT_EQ(run->finished_at, now);
}

TEST_F(engine_store_test, shows_what_every_calendar_waits_for) {
  const auto a = add_household();
  const auto b = add_household();
  auto c = changes(a);
  c.entries = {new_entry(a)};
  c.outbox = {new_push(a, c.entries[0].entry.id)};
  must(commit(c));
  must(mark({{b.tenant, b.calendar, 1}}));
  const channel ch{"ch-1", "res", now + 48h, std::string(32, 'h')};
  must(wait_for<bool>([&](auto d) { store->save_channel(b.tenant, b.calendar, ch, "s", "", d); }));

  const auto lines = must(wait_for<std::vector<schedule_line>>([&](auto d) {
    store->load_schedule({a.tenant, b.tenant}, d);
  }));
  const auto tenants = must(wait_for<std::vector<tenant_id>>([&](auto d) { store->list_tenants(d); }));
  const auto providers =
      must(wait_for<std::vector<provider>>([&](auto d) { store->load_providers(a.tenant, d); }));

  ASSERT_EQ(lines.size(), 2U);
  const auto& of_a = lines[0].tenant == a.tenant ? lines[0] : lines[1];
  const auto& of_b = lines[0].tenant == a.tenant ? lines[1] : lines[0];
  EXPECT_EQ(of_a.outbox_due, now);
  EXPECT_FALSE(of_a.stale);
  EXPECT_FALSE(of_b.outbox_due);
  EXPECT_TRUE(of_b.stale);
  EXPECT_EQ(of_b.channel_expires_at, now + 48h);
  EXPECT_EQ(of_b.status, provider_status::active);
  EXPECT_EQ(tenants, (std::vector{a.tenant, b.tenant}));
  EXPECT_EQ(providers.size(), 1U);
}

TEST_F(engine_store_test, replaces_the_placeholder_of_a_channel) {
  const auto h = add_household();
  const channel placeholder{"pending", "", now + 1h, std::string(32, 'a')};
  const channel named{"vendor-id", "res", now + 48h, std::string(32, 'b')};
  must(wait_for<bool>([&](auto d) { store->save_channel(h.tenant, h.calendar, placeholder, "s", "", d); }));

  must(wait_for<bool>([&](auto d) { store->save_channel(h.tenant, h.calendar, named, "s", "pending", d); }));

  const auto left =
      must(wait_for<std::vector<channel>>([&](auto d) { store->find_channels(h.tenant, h.calendar, d); }));
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id, "vendor-id");
  EXPECT_EQ(left[0].secret_hash, std::string(32, 'b'));
  EXPECT_EQ(must(state(h)).push_channel->id, "vendor-id");
  EXPECT_TRUE(
      must(wait_for<bool>([&](auto d) { store->delete_channel(h.tenant, h.calendar, "vendor-id", d); })));
}

TEST_F(engine_store_test, renews_a_channel_without_its_secret) {
  const auto h = add_household();
  const auto save = [&](channel c, std::string secret, std::string replaces) {
    return wait_for<bool>([&](auto d) { store->save_channel(h.tenant, h.calendar, c, secret, replaces, d); });
  };
  must(save({"one", "res", now + 1h, std::string(32, 'a')}, "s", ""));

  must(save({"one", "res", now + 48h, {}}, "", ""));
  const auto renewed = must(state(h)).push_channel;
  must(save({"two", "res", now + 96h, {}}, "", "one"));
  const auto moved = must(state(h)).push_channel;
  const auto unknown = save({"three", "res", now, {}}, "", "");

  EXPECT_EQ(renewed->expires_at, now + 48h);
  EXPECT_EQ(renewed->secret_hash, std::string(32, 'a'));
  EXPECT_EQ(moved->id, "two");
  EXPECT_EQ(moved->secret_hash, std::string(32, 'a'));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "channel_gone");
}

TEST_F(engine_store_test, deletes_a_calendar_with_all_that_hangs_on_it_and_keeps_the_entries) {
  const auto h = add_household();
  auto w = new_entry(h);
  w.entry.origin = h.calendar;
  auto c = changes(h);
  c.entries = {w};
  c.mappings = {link(h, w, "ev")};
  c.outbox = {new_push(h, w.entry.id)};
  c.runs = {new_run(h)};
  must(commit(c));
  must(wait_for<bool>([&](auto d) { store->save_grant(h.tenant, h.calendar, {"a", "r", now, "s"}, d); }));

  const auto told = must(wait_for<std::vector<fact>>([&](auto d) {
    store->delete_provider(h.tenant, h.calendar, {new_fact(h, fact_type::calendar_provider_disconnected)}, d);
  }));

  EXPECT_EQ(told.size(), 1U);
  EXPECT_EQ(stored(h, w.entry.id).origin, h.calendar);
  EXPECT_TRUE(must(load({h.tenant, {w.entry.id}, {}})).mappings.empty());
  EXPECT_TRUE(outbox_of(h, now).empty());
  EXPECT_EQ(wait_for<grant>([&](auto d) { store->load_grant(h.tenant, h.calendar, d); }).error().code,
            "grant_missing");
  EXPECT_EQ(must(mark({{h.tenant, h.calendar, 1}})), (std::vector<std::int64_t>{0}));
}

TEST_F(engine_store_test, walks_links_and_entries_page_by_page) {
  const auto h = add_household();
  auto c = changes(h);
  for (int i = 0; i < 7; ++i) {
    c.entries.push_back(new_entry(h, std::to_string(i)));
    c.mappings.push_back(link(h, c.entries.back(), "ev-" + std::to_string(i)));
  }
  auto over = new_entry(h, "over");
  over.entry.what = meeting("over", "2025-01-01T09:00:00", "2025-01-01T10:00:00");
  c.entries.push_back(over);
  must(commit(c));

  std::set<std::string> links;
  std::set<std::string> entries;
  for (entry_id after;;) {
    const auto page = must(wait_for<std::vector<mapping>>(
        [&](auto d) { store->load_links(h.tenant, h.calendar, after, 3, d); }));
    if (page.empty()) break;
    for (const auto& m : page) links.insert(m.event.str());
    after = page.back().entry;
  }
  for (entry_id after;;) {
    const auto page = must(wait_for<std::vector<schedule_entry>>(
        [&](auto d) { store->load_entries(h.tenant, {}, at("2026-01-01T00:00:00"), after, 3, d); }));
    if (page.empty()) break;
    for (const auto& e : page) entries.insert(e.what.title);
    after = page.back().id;
  }

  EXPECT_EQ(links.size(), 7U);
  EXPECT_EQ(entries.size(), 7U);
  EXPECT_FALSE(entries.contains("over"));
}

} // namespace
} // namespace kalends::persistence
