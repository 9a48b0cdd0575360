// SPDX-License-Identifier: Apache-2.0
#include "persistence/approvals.hpp"
#include "persistence/conflicts.hpp"
#include "persistence/retention.hpp"
#include "persistence/row_codec.hpp"
#include "tests/persistence/store_fixture.hpp"

namespace kalends::persistence {
namespace {

recurrence_id clock_of(const char* text) { return read_clock(text); }

/// A series with everything that a series can have.
appointment weekly() {
  auto a = meeting("Stand-up \"daily\"");
  recurrence r;
  r.rrule = "FREQ=WEEKLY;BYDAY=TU";
  r.rdates = {clock_of("2026-12-03T09:00:00")};
  r.exdates = {clock_of("2026-12-08T09:00:00"), clock_of("2026-12-15T09:00:00")};
  changed_occurrence moved;
  moved.at = clock_of("2026-12-22T09:00:00");
  moved.what = meeting("Moved\nonce", "2026-12-23T11:00:00", "2026-12-23T12:00:00");
  moved.what.is_private = true;
  r.changed = {moved};
  a.repeats = r;
  a.attendees = {{"Guest@x.test", "A \\ guest", attendee_response::tentative, true, false},
                 {"boss@x.test", "", attendee_response::accepted, false, true},
                 {"c@x.test", "C", attendee_response::needs_action, false, false}};
  return a;
}

struct series_rows_test : store_fixture {
  household h = add_household();

  entry_write series() {
    auto w = new_entry(h);
    w.entry.what = weekly();
    return w;
  }
  void add(const entry_write& w) {
    auto c = changes(h);
    c.entries = {w};
    must(commit(c));
  }
  conflict new_conflict(const entry_id& e) {
    conflict k;
    k.id = uuid();
    k.provider = h.calendar;
    k.entry = e;
    k.event = event_id("ev");
    k.groups.add(field_group::title);
    k.groups.add(field_group::attendees);
    k.base = meeting("base");
    k.local = weekly();
    k.external = meeting("external");
    k.entry_version = 7;
    k.event_version = "\"etag\"";
    k.opened_at = now;
    return k;
  }
  void put(const conflict& k) {
    auto c = changes(h);
    c.conflicts = {k};
    must(commit(c));
  }
  std::optional<conflict> stored(const std::string& id) {
    return must(as(h.tenant, [&](transaction& tx) { return find_conflict(tx, id); }));
  }
  std::vector<std::string> listed(const conflict_filter& f) {
    std::vector<std::string> ids;
    for (const auto& k :
         must(as(h.tenant, [&](transaction& tx) { return list_conflicts(tx, f, "", 50); })).items)
      ids.push_back(k.id);
    return ids;
  }
  load_request asking(const std::string& uid) {
    load_request r{h.tenant, {}, {{h.calendar, event_id("unknown"), "", {}, uid}}};
    return r;
  }
};

TEST_F(series_rows_test, keeps_a_series_with_its_guests_and_statuses) {
  auto w = series();
  w.entry.occurrences = {{clock_of("2026-12-01T09:00:00"), entry_status::completed},
                         {clock_of("2026-12-03T09:00:00"), entry_status::in_progress}};
  add(w);
  const auto made = must(load({h.tenant, {w.entry.id}, {}})).entries.at(0);
  auto later = next(w, "Renamed");
  later.entry.what.repeats->exdates.clear();
  later.entry.what.attendees.clear();
  later.entry.occurrences.pop_back();
  add(later);
  const auto changed = must(load({h.tenant, {w.entry.id}, {}})).entries.at(0);
  auto single = next(later, "Once");
  single.entry.what.repeats.reset();
  single.entry.occurrences.clear();
  add(single);
  const auto ended = must(load({h.tenant, {w.entry.id}, {}})).entries.at(0);

  EXPECT_EQ(made.what, w.entry.what);
  EXPECT_EQ(made.occurrences, w.entry.occurrences);
  EXPECT_EQ(changed.what, later.entry.what);
  EXPECT_EQ(changed.occurrences, later.entry.occurrences);
  EXPECT_FALSE(ended.what.repeats);
  EXPECT_TRUE(ended.occurrences.empty());
}

TEST_F(series_rows_test, an_empty_recurrence_is_not_none) {
  auto w = new_entry(h);
  w.entry.what.repeats = recurrence{};
  add(w);

  const auto found = must(load({h.tenant, {w.entry.id}, {}})).entries.at(0);

  EXPECT_EQ(found.what.repeats, recurrence{});
  EXPECT_FALSE(read_recurrence(""));
  EXPECT_TRUE(read_attendees("").empty());
  EXPECT_THROW(read_recurrence("{\"rdates\":[\"tomorrow\"]}"), std::domain_error);
}

TEST_F(series_rows_test, bases_hold_series_and_guests) {
  const auto a = weekly();

  EXPECT_EQ(read_base(write_base(a)), a);
  EXPECT_EQ(read_bases(write_bases({a, meeting("b"), a})), (std::vector{a, meeting("b"), a}));
}

TEST_F(series_rows_test, keeps_what_a_link_says_of_its_event) {
  const auto w = series();
  auto m = link(h, w, "ev");
  m.guest_copy = true;
  m.masked = true;
  m.disputed.add(field_group::occurrences);
  m.disputed.add(field_group::time);
  m.superseded = {weekly()};
  auto c = changes(h);
  c.entries = {w};
  c.mappings = {m};
  must(commit(c));
  const auto made = must(load({h.tenant, {w.entry.id}, {}})).mappings.at(0);
  m.guest_copy = m.masked = false;
  m.disputed = {};
  c = changes(h);
  c.mappings = {m};
  must(commit(c));
  const auto changed = must(load({h.tenant, {w.entry.id}, {}})).mappings.at(0);

  EXPECT_TRUE(made.guest_copy);
  EXPECT_TRUE(made.masked);
  EXPECT_EQ(names_of(made.disputed), (std::vector<std::string_view>{"time", "occurrences"}));
  EXPECT_EQ(made.base_entry, weekly());
  EXPECT_EQ(made.superseded, std::vector{weekly()});
  EXPECT_FALSE(changed.guest_copy);
  EXPECT_FALSE(changed.masked);
  EXPECT_TRUE(changed.disputed.empty());
}

TEST_F(series_rows_test, a_series_that_runs_has_not_ended_before) {
  auto old = series();
  old.entry.what.repeats->changed.at(0).what =
      meeting("before the first", "2026-11-20T09:00:00", "2026-11-20T10:00:00");
  auto single = new_entry(h);
  auto ended = series();
  ended.entry.what.repeats->rrule += ";COUNT=4";
  auto c = changes(h);
  c.entries = {old, single, ended};
  must(commit(c));
  const auto in = [&](const char* from, const char* to) {
    const entry_filter f{{}, at(from), at(to)};
    return must(as(h.tenant, [&](transaction& tx) { return list_entries(tx, f, "", 50); })).items.size();
  };
  const auto backfilled = must(wait_for<std::vector<schedule_entry>>([&](auto done) {
    store->load_entries(h.tenant, h.user, at("2027-06-01T00:00:00"), {}, 10, std::move(done));
  }));

  EXPECT_EQ(in("2027-06-01T00:00:00", "2027-07-01T00:00:00"), 1U);
  EXPECT_EQ(in("2026-12-23T10:30:00", "2026-12-24T00:00:00"), 2U) << "its last occurrence was moved";
  EXPECT_EQ(in("2026-12-23T11:00:00", "2026-12-24T00:00:00"), 1U) << "it has ended";
  EXPECT_EQ(in("2026-11-30T00:00:00", "2026-12-02T00:00:00"), 3U);
  EXPECT_EQ(in("2026-11-19T00:00:00", "2026-11-21T00:00:00"), 1U) << "its earliest occurrence";
  EXPECT_EQ(in("2026-10-01T00:00:00", "2026-11-01T00:00:00"), 0U);
  ASSERT_EQ(backfilled.size(), 1U);
  EXPECT_EQ(backfilled[0].id, old.entry.id);
}

TEST_F(series_rows_test, a_meeting_leads_to_its_entry_and_its_links) {
  const auto w = series();
  auto c = changes(h);
  c.entries = {w};
  c.mappings = {link(h, w, "ev")};
  c.meetings = {{"uid-1@google.com", w.entry.id}};
  must(commit(c));

  const auto found = must(load(asking("uid-1@google.com")));
  const auto other = must(load(asking("uid-2@google.com")));

  ASSERT_EQ(found.meetings.size(), 1U);
  EXPECT_EQ(found.meetings[0].ical_uid, "uid-1@google.com");
  EXPECT_EQ(found.meetings[0].entry, w.entry.id);
  EXPECT_EQ(found.entries.size(), 1U);
  EXPECT_EQ(found.mappings.size(), 1U);
  EXPECT_TRUE(other.meetings.empty());
  EXPECT_TRUE(other.entries.empty());
}

TEST_F(series_rows_test, a_meeting_stays_with_its_first_entry_and_goes_with_it) {
  const auto first = new_entry(h, "first");
  const auto second = new_entry(h, "second");
  auto c = changes(h);
  c.entries = {first, second};
  c.meetings = {{"uid", first.entry.id}, {"uid", second.entry.id}};
  must(commit(c));
  c = changes(h);
  c.meetings = {{"uid", second.entry.id}, {std::string(2'000, 'u'), second.entry.id}, {"", second.entry.id}};
  must(commit(c));
  EXPECT_EQ(must(load(asking("uid"))).meetings.at(0).entry, first.entry.id);
  EXPECT_TRUE(must(load(asking(std::string(2'000, 'u')))).meetings.empty());

  c = changes(h);
  c.deleted_entries = {first.entry.id};
  c.meetings = {{"uid-late", first.entry.id}};
  must(commit(c));

  EXPECT_TRUE(must(load(asking("uid"))).meetings.empty());
  EXPECT_TRUE(must(load(asking("uid-late"))).meetings.empty()) << "of an entry that is gone";
}

TEST_F(series_rows_test, meetings_and_conflicts_of_two_tenants_do_not_meet) {
  const auto w = series();
  auto c = changes(h);
  c.entries = {w};
  c.meetings = {{"uid", w.entry.id}};
  const auto k = new_conflict(w.entry.id);
  c.conflicts = {k};
  must(commit(c));
  const auto theirs = add_household();
  auto asks = asking("uid");
  asks.tenant = theirs.tenant;
  asks.entries = {w.entry.id};
  asks.conflicts = {k.id};

  const auto seen = must(load(asks));

  EXPECT_TRUE(seen.meetings.empty());
  EXPECT_TRUE(seen.conflicts.empty());
  EXPECT_TRUE(seen.entries.empty());
  EXPECT_FALSE(must(as(theirs.tenant, [&](transaction& tx) { return find_conflict(tx, k.id); })));
}

TEST_F(series_rows_test, keeps_every_field_of_a_conflict) {
  const auto w = series();
  add(w);
  auto k = new_conflict(w.entry.id);
  put(k);
  const auto open = stored(k.id);
  k.state = conflict_state::resolved;
  k.choice = conflict_choice::merge;
  k.decided_by = "key:operator";
  k.resolved_at = now + 1h;
  k.local = meeting("later local");
  k.groups.add(field_group::notes);
  put(k);
  const auto resolved = stored(k.id);

  ASSERT_TRUE(open);
  EXPECT_EQ(open->provider, k.provider);
  EXPECT_EQ(open->entry, k.entry);
  EXPECT_EQ(open->event, k.event);
  EXPECT_EQ(open->state, conflict_state::open);
  EXPECT_FALSE(open->choice);
  EXPECT_EQ(open->base, k.base);
  EXPECT_EQ(open->local, weekly());
  EXPECT_EQ(open->external, k.external);
  EXPECT_EQ(open->entry_version, 7);
  EXPECT_EQ(open->event_version, "\"etag\"");
  EXPECT_EQ(open->opened_at, now);
  EXPECT_FALSE(open->resolved_at);
  ASSERT_TRUE(resolved);
  EXPECT_EQ(resolved->state, conflict_state::resolved);
  EXPECT_EQ(resolved->choice, conflict_choice::merge);
  EXPECT_EQ(resolved->decided_by, "key:operator");
  EXPECT_EQ(resolved->resolved_at, now + 1h);
  EXPECT_EQ(resolved->local, k.local);
  EXPECT_EQ(names_of(resolved->groups), (std::vector<std::string_view>{"title", "notes", "attendees"}));
}

TEST_F(series_rows_test, loads_open_conflicts_of_what_it_finds_and_those_asked_for) {
  const auto w = series();
  const auto other = new_entry(h);
  auto c = changes(h);
  c.entries = {w, other};
  c.mappings = {link(h, w, "ev")};
  auto open = new_conflict(w.entry.id);
  auto closed = new_conflict(w.entry.id);
  closed.state = conflict_state::resolved;
  closed.resolved_at = now;
  c.conflicts = {open, closed, new_conflict(other.entry.id)};
  must(commit(c));

  const auto by_event = must(load({h.tenant, {}, {{h.calendar, event_id("ev"), "", {}}}}));
  load_request by_id{h.tenant, {}, {}};
  by_id.conflicts = {closed.id, "not an id"};
  const auto asked = must(load(by_id));

  ASSERT_EQ(by_event.conflicts.size(), 1U);
  EXPECT_EQ(by_event.conflicts[0].id, open.id);
  EXPECT_EQ(asked.conflicts.size(), 2U) << "the one asked for, and the open one of its entry";
  EXPECT_EQ(asked.entries.size(), 1U);
  EXPECT_EQ(asked.mappings.size(), 1U);
}

TEST_F(series_rows_test, lists_conflicts_newest_first_by_state_calendar_and_entry) {
  const auto w = series();
  const auto other = new_entry(h);
  auto c = changes(h);
  c.entries = {w, other};
  const auto a = new_conflict(w.entry.id);
  now += 1s;
  auto b = new_conflict(other.entry.id);
  b.state = conflict_state::resolved;
  b.resolved_at = now;
  now += 1s;
  const auto d = new_conflict(other.entry.id);
  c.conflicts = {a, b, d};
  must(commit(c));

  EXPECT_EQ(listed({}), (std::vector{d.id, b.id, a.id}));
  EXPECT_EQ(listed({conflict_state::open, {}, {}}), (std::vector{d.id, a.id}));
  EXPECT_EQ(listed({{}, {}, other.entry.id}), (std::vector{d.id, b.id}));
  EXPECT_TRUE(listed({{}, provider_id(uuid()), {}}).empty());
  const auto first = must(as(h.tenant, [](transaction& tx) { return list_conflicts(tx, {}, "", 2); }));
  const auto rest =
      must(as(h.tenant, [&](transaction& tx) { return list_conflicts(tx, {}, first.next_cursor, 2); }));
  EXPECT_EQ(rest.items.at(0).id, a.id);
  EXPECT_TRUE(rest.next_cursor.empty());
}

TEST_F(series_rows_test, a_conflict_goes_with_its_entry_and_with_its_calendar) {
  const auto w = series();
  const auto other = new_entry(h);
  auto c = changes(h);
  c.entries = {w, other};
  const auto k = new_conflict(w.entry.id);
  const auto l = new_conflict(other.entry.id);
  c.conflicts = {k, l};
  must(commit(c));
  c = changes(h);
  c.deleted_entries = {w.entry.id};
  const auto late = new_conflict(w.entry.id);
  c.conflicts = {late};
  must(commit(c));

  EXPECT_FALSE(stored(k.id));
  EXPECT_FALSE(stored(late.id)) << "of an entry that is gone";
  EXPECT_TRUE(stored(l.id));
  must(as(h.tenant, [&](transaction& tx) { return delete_provider(tx, h.calendar); }));
  EXPECT_FALSE(stored(l.id));
  c = changes(h);
  c.conflicts = {new_conflict(other.entry.id)};
  EXPECT_EQ(commit(c).error().code, "provider_gone");
}

TEST_F(series_rows_test, losing_values_are_kept_for_ninety_days_and_open_conflicts_for_ever) {
  const auto w = series();
  auto c = changes(h);
  c.entries = {w};
  auto lost = new_conflict(w.entry.id);
  lost.state = conflict_state::resolved;
  lost.resolved_at = now;
  const auto open = new_conflict(w.entry.id);
  c.conflicts = {lost, open};
  must(commit(c));
  const auto tidy = [&](instant when) {
    return must(as(h.tenant, [&](transaction& tx) { return forget_old_rows(tx, {}, when); })).conflicts;
  };

  EXPECT_EQ(tidy(now + 24h * 89), 0U);
  EXPECT_EQ(tidy(now + 24h * 91), 1U);
  EXPECT_FALSE(stored(lost.id));
  EXPECT_TRUE(stored(open.id));
}

TEST_F(series_rows_test, many_units_with_meetings_and_conflicts_are_one_group) {
  std::vector<std::future<result<std::vector<fact>>>> answers;
  for (int i = 0; i < 20; ++i) {
    const auto one = add_household();
    auto w = new_entry(one);
    auto c = changes(one);
    c.entries = {w};
    c.meetings = {{"shared uid", w.entry.id}};
    auto k = new_conflict(w.entry.id);
    k.provider = one.calendar;
    c.conflicts = {k};
    auto promise = std::make_shared<std::promise<result<std::vector<fact>>>>();
    answers.push_back(promise->get_future());
    store->commit(c, [promise](auto r) { promise->set_value(std::move(r)); });
  }

  for (auto& a : answers) EXPECT_TRUE(a.get());
}

// ---- what in a calendar waits for a person ----

TEST_F(series_rows_test, removals_that_wait_are_kept_approved_and_let_go) {
  const auto read = [&] { return must(state(h)).calendar.held; };
  const auto save = [&](std::optional<held_removals> held) {
    return wait_for<std::vector<fact>>(
        [&](auto done) { store->save_held(h.tenant, h.calendar, held, {new_fact(h)}, std::move(done)); });
  };
  EXPECT_FALSE(read());
  EXPECT_FALSE(must(as(h.tenant, [&](transaction& tx) { return approve_held(tx, h.calendar); })));
  held_removals held{true, 14, 200, now, false};

  EXPECT_EQ(must(save(held)).size(), 1U);
  EXPECT_EQ(read(), held);
  EXPECT_TRUE(must(as(h.tenant, [&](transaction& tx) { return approve_held(tx, h.calendar); })));
  held.approved = true;
  EXPECT_EQ(read(), held);
  must(save(std::nullopt));
  EXPECT_FALSE(read());
  h.calendar = provider_id(uuid());
  EXPECT_EQ(save(held).error().code, "provider_gone");
}

/// Links of the household's calendar that are on their way out, each with its outbox row.
struct held_rows_test : store_fixture {
  held_rows_test() : h(add_household()) {}

  void add_leaving(int count, removal_gate gate = removal_gate::open, bool linked = true) {
    tenant_changes c;
    c.tenant = h.tenant;
    for (int i = 0; i < count; ++i) {
      mapping m;
      m.provider = h.calendar;
      m.entry = entry_id(uuid());
      m.event = event_id(uuid());
      m.linked = linked;
      m.removing = true;
      m.base_entry = m.base_event = meeting("Leaving");
      m.gate = gate;
      if (gate == removal_gate::held) m.held_since = now;
      links.push_back(m);
      c.mappings.push_back(m);
      if (gate == removal_gate::open || gate == removal_gate::approved)
        c.outbox.push_back({uuid(), h.calendar, m.entry, 1, push_action::remove, 0, now});
    }
    must(commit(std::move(c)));
  }
  void put(const mapping& m) {
    tenant_changes c;
    c.tenant = h.tenant;
    c.mappings = {m};
    must(commit(std::move(c)));
  }
  void remove_events(int count) {
    tenant_changes c;
    c.tenant = h.tenant;
    c.removals = {{h.calendar, count, now}};
    must(commit(std::move(c)));
  }
  removal_tally tally() {
    return must(wait_for<removal_tally>(
        [&](auto done) { store->count_removals(h.tenant, h.calendar, now, std::move(done)); }));
  }
  std::vector<entry_id> held_after(const entry_id& after, std::size_t limit) {
    return must(wait_for<std::vector<entry_id>>(
        [&](auto done) { store->load_held(h.tenant, h.calendar, after, limit, std::move(done)); }));
  }

  household h;
  std::vector<mapping> links;
};

TEST_F(held_rows_test, who_waits_and_why_is_kept_with_the_link) {
  add_leaving(2);
  auto held = links[0];
  held.gate = removal_gate::held;
  held.held_since = now;
  put(held);

  load_request wanted;
  wanted.tenant = h.tenant;
  wanted.entries = {held.entry};
  const auto found = must(load(wanted)).mappings.at(0);
  EXPECT_EQ(found.gate, removal_gate::held);
  EXPECT_EQ(found.held_since, now);
  const auto shown = must(state(h)).calendar;
  ASSERT_TRUE(shown.held_events);
  EXPECT_EQ(*shown.held_events, (held_removals{false, 1, 2, now, false}));
  EXPECT_FALSE(shown.held);
  EXPECT_EQ(shown.links_left, 0) << "it does not leave";
  const auto sample = must(as(h.tenant, [&](transaction& tx) { return held_links(tx, h.calendar, 10); }));
  ASSERT_EQ(sample.size(), 1U);
  EXPECT_EQ(sample[0].base_entry.title, "Leaving");

  held.gate = removal_gate::refused;
  held.held_since.reset();
  put(held);
  EXPECT_FALSE(must(state(h)).calendar.held_events);
}

TEST_F(held_rows_test, the_tally_counts_what_waits_and_what_went) {
  add_leaving(4);
  add_leaving(1, removal_gate::open, false); // never confirmed
  add_leaving(2, removal_gate::approved);
  auto t = tally();
  EXPECT_EQ(t.waiting, 4);
  EXPECT_EQ(t.held, 0);
  EXPECT_EQ(t.removed, 0);
  EXPECT_EQ(t.links, 0) << "few enough, however many links there are";

  add_leaving(5, removal_gate::held);
  add_leaving(3, removal_gate::refused);
  remove_events(2);
  remove_events(1);
  t = tally();
  EXPECT_EQ(t.waiting, 4);
  EXPECT_EQ(t.held, 5);
  EXPECT_EQ(t.removed, 3);
  EXPECT_EQ(t.links, 11);
}

TEST_F(held_rows_test, deletions_are_counted_for_a_while_after_the_first) {
  remove_events(4);
  now += removal_window - 1s;
  remove_events(5);
  EXPECT_EQ(tally().removed, 9);

  now += 1s;
  EXPECT_EQ(tally().removed, 0);
  remove_events(2);
  EXPECT_EQ(tally().removed, 2);
}

TEST_F(held_rows_test, those_who_wait_are_read_page_by_page_and_need_no_repair) {
  add_leaving(3, removal_gate::held);
  add_leaving(2, removal_gate::refused);
  add_leaving(1, removal_gate::approved);

  const auto first = held_after(entry_id{}, 2);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(held_after(first.back(), 2).size(), 1U);
  const auto unsettled = must(wait_for<std::vector<entry_id>>([&](auto done) {
    store->load_unsettled(h.tenant, h.calendar, user_id{}, now, entry_id{}, 100, std::move(done));
  }));
  EXPECT_TRUE(unsettled.empty());
}

TEST_F(held_rows_test, a_calendar_that_leaves_says_how_many_are_left) {
  add_leaving(3);
  must(as(h.tenant, [&](transaction& tx) { return send_away(tx, h.calendar); }));

  EXPECT_EQ(must(state(h)).calendar.links_left, 3);
}

TEST_F(series_rows_test, a_rehearsal_is_kept_until_it_is_over) {
  provider p;
  p.id = provider_id(uuid());
  p.user = h.user;
  p.rehearsing = true;
  p.created_at = now;
  must(as(h.tenant, [&](transaction& tx) { return insert_provider(tx, p); }));
  const auto save = [&](const provider_id& id, std::string report) {
    return must(wait_for<bool>(
        [&](auto done) { store->save_rehearsal(h.tenant, id, std::move(report), std::move(done)); }));
  };
  const auto read = [&] {
    return must(as(h.tenant, [&](transaction& tx) { return find_rehearsal(tx, p.id); }));
  };
  const auto end = [&] {
    return must(as(h.tenant, [&](transaction& tx) { return end_rehearsal(tx, p.id); }));
  };

  EXPECT_FALSE(read());
  EXPECT_FALSE(save(h.calendar, "{}")) << "does not rehearse";
  EXPECT_TRUE(save(p.id, "{\"a\":1}"));
  EXPECT_TRUE(save(p.id, "{\"a\":2}"));
  EXPECT_EQ(read()->report, "{\"a\":2}");
  h.calendar = p.id;
  EXPECT_TRUE(must(state(h)).rehearsed);
  EXPECT_EQ(read()->finished_at, now);
  EXPECT_TRUE(end());
  EXPECT_FALSE(end());
  EXPECT_FALSE(read());
  EXPECT_FALSE(must(state(h)).rehearsed);
  EXPECT_FALSE(save(p.id, "{}")) << "late";
}

TEST_F(series_rows_test, a_calendar_that_leaves_stays_so_whatever_its_calls_end_with) {
  must(as(h.tenant, [&](transaction& tx) {
    return switch_provider(tx, h.calendar, provider_status::active, provider_status::leaving);
  }));
  must(wait_for<std::vector<fact>>([&](auto done) {
    store->save_health(h.tenant, h.calendar, provider_status::action_required,
                       provider_problem{"grant_revoked", "", now}, {}, {}, {}, std::move(done));
  }));
  const auto failed = must(state(h)).calendar;
  must(as(h.tenant, [&](transaction& tx) {
    return connect_provider(tx, *vault, h.calendar, {"a", "r", now, "s"}, "a@x.test", "sub", calendar_id("c"),
                            "C", "UTC");
  }));
  const auto connected = must(state(h)).calendar;

  EXPECT_EQ(failed.status, provider_status::leaving);
  EXPECT_EQ(failed.problem->code, "grant_revoked");
  EXPECT_EQ(connected.status, provider_status::leaving);
  EXPECT_FALSE(connected.problem);
}

} // namespace
} // namespace kalends::persistence
