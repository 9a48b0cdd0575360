// SPDX-License-Identifier: Apache-2.0
#include "persistence/console_lists.hpp"
#include "tests/persistence/store_fixture.hpp"

#include <set>

namespace kalends::persistence {
namespace {

constexpr statement write_something{"test_write", "UPDATE tenants SET name = 'taken'"};
constexpr statement fail_runs{"test_fail_runs",
                              "UPDATE sync_runs SET outcome = 'failed', error_code = 'vendor_unavailable',"
                              " entries_changed = 3, pushed = 2 WHERE tenant_id = $1"};
constexpr statement hold{"test_hold",
                         "UPDATE provider_state SET held_from_calendar = true, held_count = 20, held_of = 40,"
                         " held_since = $2 WHERE tenant_id = $1"};
constexpr statement hold_events{"test_hold_events",
                                "UPDATE mappings SET removal_gate = 1, held_since = $2 WHERE tenant_id = $1"};
constexpr statement set_read{"test_read", "UPDATE provider_state SET last_sync_at = $2, channel_failures = $3"
                                          " WHERE tenant_id = $1"};
constexpr statement fill{
    "test_fill",
    "WITH t AS (SELECT * FROM unnest($1::uuid[]) WITH ORDINALITY AS u(tenant_id, n)), who AS (INSERT INTO "
    "users"
    " SELECT tenant_id, gen_random_uuid(), 'u@x.test', 'U', 'UTC', now() FROM t RETURNING tenant_id, "
    "user_id),"
    " made AS (INSERT INTO providers (tenant_id, provider_id, type, scope, user_id, direction, on_conflict,"
    " on_deletion, account, subject, calendar_name, created_at) SELECT tenant_id, gen_random_uuid(), "
    "'google', 'user',"
    " user_id, 'both', 'newest', 'unlink', md5(random()::text), 's', 'c', now() FROM who, generate_series(1, "
    "$2::int)"
    " RETURNING tenant_id, provider_id) INSERT INTO provider_state (tenant_id, provider_id, status, "
    "calendar_zone,"
    " last_sync_at) SELECT tenant_id, provider_id, 'active', 'UTC', now() - random() * interval '2 days' "
    "FROM made"};

struct console_test : store_fixture {
  template <class T>
  result<T> look(std::function<result<T>(transaction&)> work) {
    return wait_for<T>([&](auto done) { db->look<T>(std::move(work), std::move(done)); });
  }
  sorted_page<provider_line> providers(const provider_question& q) {
    return must(
        look<sorted_page<provider_line>>([&](transaction& tx) { return list_all_providers(tx, q, now); }));
  }
  std::vector<std::string> names(const provider_question& q) {
    std::vector<std::string> out;
    for (const auto& l : providers(q).items) out.push_back(l.what.account);
    return out;
  }
  whole_standing summary() {
    return must(look<whole_standing>([&](transaction& tx) { return count_installation(tx, now); }));
  }
  provider_id add_account(const household& h, const std::string& account) {
    provider p;
    p.id = provider_id(uuid());
    p.user = h.user;
    p.status = provider_status::active;
    p.account = account;
    p.created_at = now;
    must(as(h.tenant, [&](transaction& tx) { return insert_provider(tx, p); }));
    return p.id;
  }
  void ask_as(const tenant_id& t, const statement& s, std::vector<sql_value> values) {
    must(as(t, [&](transaction& tx) -> result<bool> {
      return tx.query(s, values).map([](const rows&) { return true; });
    }));
  }
  void stop(const household& h, std::optional<instant> since) {
    must(as(h.tenant, [&](transaction& tx) {
      return update_tenant(tx, {h.tenant, "Acme", now, release_stage::beta, {}, since});
    }));
  }
};

TEST_F(console_test, a_look_over_all_tenants_can_write_nothing) {
  add_household();

  const auto written = look<bool>([](transaction& tx) -> result<bool> {
    return tx.query(write_something).map([](const rows&) { return true; });
  });

  ASSERT_FALSE(written);
}

TEST_F(console_test, shows_all_tenants_calendars_in_the_order_asked_for_page_by_page) {
  const auto a = add_household(), b = add_household();
  for (const auto* name : {"delta@x.test", "Bravo@x.test"}) add_account(a, name);
  for (const auto* name : {"charlie@x.test", "alpha@x.test"}) add_account(b, name);
  provider_question q;
  q.words = "x.TEST";
  EXPECT_EQ(names(q),
            (std::vector<std::string>{"alpha@x.test", "Bravo@x.test", "charlie@x.test", "delta@x.test"}));
  q.descending = true;
  q.limit = 1;

  std::vector<std::string> walked;
  do {
    const auto page = providers(q);
    ASSERT_EQ(page.items.size(), 1U);
    walked.push_back(page.items.front().what.account);
    q.after = page.next;
  } while (q.after && walked.size() < 10);

  EXPECT_EQ(walked,
            (std::vector<std::string>{"delta@x.test", "charlie@x.test", "Bravo@x.test", "alpha@x.test"}));
}

TEST_F(console_test, every_order_walks_through_every_calendar_once) {
  const auto a = add_household(), b = add_household();
  for (int i = 0; i < 3; ++i) add_account(a, "same@x.test");
  add_account(b, "same@x.test");
  ask_as(a.tenant, set_read, {a.tenant, now, 2});

  for (const auto* by : {"name", "tenant", "state", "last_sync", "next_poll", "channel_expiry", "failures"})
    for (const bool down : {false, true}) {
      provider_question q;
      q.by = read_provider_sort(by).value();
      q.descending = down;
      q.limit = 2;
      std::set<std::string> seen;
      std::size_t rows = 0;
      do {
        const auto page = providers(q);
        for (const auto& l : page.items) seen.insert(l.what.id.str());
        rows += page.items.size();
        q.after = page.next;
      } while (q.after && rows < 20);
      EXPECT_EQ(seen.size(), 6U) << by << down;
      EXPECT_EQ(rows, 6U) << by << down;
    }
}

TEST_F(console_test, narrows_by_tenant_vendor_state_and_health) {
  const auto a = add_household(), b = add_household();
  ask_as(a.tenant, set_read, {a.tenant, now, 0});
  ask_as(b.tenant, set_read, {b.tenant, now, 3});
  auto count = [&](auto change) {
    provider_question q;
    change(q);
    return providers(q).items.size();
  };
  EXPECT_EQ(count([&](auto& q) { q.tenant = a.tenant; }), 1U);
  EXPECT_EQ(count([](auto& q) { q.type = provider_type::microsoft; }), 0U);
  EXPECT_EQ(count([](auto& q) { q.status = provider_status::active; }), 2U);
  EXPECT_EQ(count([](auto& q) { q.health = provider_health::well; }), 1U);
  EXPECT_EQ(count([](auto& q) { q.health = provider_health::failing; }), 1U);
  stop(a, now);
  EXPECT_EQ(count([](auto& q) { q.health = provider_health::stopped; }), 1U);
  now += 2h;
  stop(a, std::nullopt);
  EXPECT_EQ(count([](auto& q) { q.health = provider_health::late; }), 1U);
}

TEST_F(console_test, refuses_a_mark_that_no_list_has_shown) {
  provider_question q;
  q.by = provider_sort::last_sync;
  q.after = sort_mark{"when the cows come home", tenant_id(uuid()), uuid()};

  const auto page =
      look<sorted_page<provider_line>>([&](transaction& tx) { return list_all_providers(tx, q, now); });

  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, "malformed_cursor");
}

TEST_F(console_test, counts_the_installation_and_its_tenants) {
  const auto a = add_household(), b = add_household();
  const auto w = new_entry(a);
  auto c = changes(a);
  c.entries = {w};
  c.outbox = {new_push(a, w.entry.id)};
  c.letters = {new_letter(a, letter_kind::push, w.entry.id, {})};
  must(commit(c));
  must(mark({{b.tenant, b.calendar, 1}}));
  ask_as(b.tenant, set_read, {b.tenant, now - 30min, 0});
  ask_as(b.tenant, hold, {b.tenant, now - 1h});
  stop(a, now);

  const auto all = summary();
  const auto each = must(look<std::map<tenant_id, operator_figures>>([&](transaction& tx) {
    return count_tenants(tx, {a.tenant, b.tenant}, now);
  }));

  EXPECT_EQ(all.tenants, 2);
  EXPECT_EQ(all.tenants_stopped, 1);
  EXPECT_FALSE(all.everything_stopped);
  EXPECT_EQ(all.all.providers, 2);
  EXPECT_EQ(all.all.by_type.at("google"), 2);
  EXPECT_EQ(all.all.by_health.at("stopped"), 1);
  EXPECT_EQ(all.all.by_health.at("waiting"), 1);
  EXPECT_EQ(all.all.read_within_1_hour, 1);
  EXPECT_EQ(all.all.never_read, 1);
  EXPECT_EQ(all.all.outbox_rows, 1);
  EXPECT_EQ(all.all.open_dead_letters, 1);
  EXPECT_EQ(all.all.approvals_waiting, 1);
  EXPECT_EQ(all.all.stale_marks, 1);
  EXPECT_EQ(each.at(a.tenant).outbox_rows, 1);
  EXPECT_EQ(each.at(a.tenant).stale_marks, 0);
  EXPECT_EQ(each.at(b.tenant).outbox_rows, 0);
  EXPECT_EQ(each.at(b.tenant).providers, 1);
}

TEST_F(console_test, lists_what_waits_over_all_tenants_newest_first) {
  std::vector<std::string> made;
  const auto a = add_household(), b = add_household();
  for (const auto* h : {&a, &b, &a}) {
    now += 1s;
    const auto w = new_entry(*h);
    auto c = changes(*h);
    c.entries = {w};
    c.letters = {new_letter(*h, letter_kind::push, w.entry.id, {})};
    c.runs = {new_run(*h)};
    conflict k;
    k.id = uuid();
    k.provider = h->calendar;
    k.entry = w.entry.id;
    k.opened_at = now;
    c.conflicts = {k};
    must(commit(c));
    made.push_back(k.id);
  }
  ask_as(a.tenant, fail_runs, {a.tenant});
  ask_as(b.tenant, hold, {b.tenant, now});

  const auto letters = must(look<page_of<of_tenant<dead_letter>>>(
      [](transaction& tx) { return list_all_letters(tx, {}, true, {}, {}, 2); }));
  const auto rest = must(look<page_of<of_tenant<dead_letter>>>(
      [&](transaction& tx) { return list_all_letters(tx, {}, true, {}, letters.next_cursor, 2); }));
  const auto conflicts = must(look<page_of<of_tenant<conflict>>>(
      [](transaction& tx) { return list_all_conflicts(tx, {}, true, {}, 10); }));
  const auto failed = must(look<page_of<of_tenant<sync_run>>>(
      [](transaction& tx) { return list_all_runs(tx, {}, true, {}, 10); }));
  const auto runs_of_b = must(look<page_of<of_tenant<sync_run>>>(
      [&](transaction& tx) { return list_all_runs(tx, b.tenant, false, {}, 10); }));
  const auto waiting = must(look<sorted_page<of_tenant<waiting_approval>>>(
      [](transaction& tx) { return list_all_approvals(tx, {}, {}, 10); }));

  ASSERT_EQ(letters.items.size(), 2U);
  EXPECT_EQ(letters.items[0].tenant, a.tenant);
  EXPECT_EQ(letters.items[1].tenant, b.tenant);
  EXPECT_EQ(letters.items[1].tenant_name, "Acme");
  EXPECT_EQ(rest.items.size(), 1U);
  EXPECT_TRUE(rest.next_cursor.empty());
  ASSERT_EQ(conflicts.items.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(conflicts.items[i].what.id, made[2 - i]);
  EXPECT_EQ(failed.items.size(), 2U);
  EXPECT_EQ(runs_of_b.items.size(), 1U);
  ASSERT_EQ(waiting.items.size(), 1U);
  EXPECT_EQ(waiting.items[0].tenant, b.tenant);
  EXPECT_EQ(waiting.items[0].what.held->count, 20);
}

TEST_F(console_test, a_calendar_may_wait_for_more_than_one_yes) {
  const auto h = add_household();
  const auto w = new_entry(h);
  auto c = changes(h);
  c.entries = {w};
  c.mappings = {link(h, w, "event-1")};
  must(commit(c));
  ask_as(h.tenant, hold, {h.tenant, now});
  ask_as(h.tenant, hold_events, {h.tenant, now});
  auto page = [&](const std::optional<sort_mark>& after) {
    return must(look<sorted_page<of_tenant<waiting_approval>>>(
        [&](transaction& tx) { return list_all_approvals(tx, {}, after, 1); }));
  };

  const auto first = page({});
  const auto second = page(first.next);

  ASSERT_EQ(first.items.size(), 1U);
  ASSERT_EQ(second.items.size(), 1U);
  EXPECT_FALSE(second.next);
  EXPECT_TRUE(first.items[0].what.held->from_calendar);
  EXPECT_FALSE(second.items[0].what.held->from_calendar);
  EXPECT_EQ(second.items[0].what.held->count, 1);
  EXPECT_EQ(second.items[0].what.held->of, 1);
  EXPECT_EQ(second.items[0].what.since, now);
  EXPECT_EQ(summary().all.approvals_waiting, 1);
  EXPECT_EQ(summary().all.by_health.at("waiting"), 1);
  EXPECT_EQ(providers({}).items.at(0).what.held_events->count, 1);
}

TEST_F(console_test, counts_hour_by_hour) {
  const auto a = add_household(), b = add_household();
  auto run_at = [&](const household& h) {
    auto c = changes(h);
    auto run = new_run(h);
    run.started_at = now;
    c.runs = {run};
    must(commit(c));
  };
  run_at(a);
  now += 1h;
  run_at(a);
  run_at(b);
  ask_as(a.tenant, fail_runs, {a.tenant});
  auto hours_of = [&](const tenant_id& of, int hours) {
    return must(
        look<std::vector<hour_line>>([&](transaction& tx) { return count_hours(tx, of, hours, now); }));
  };

  const auto all = hours_of({}, 3);
  const auto of_a = hours_of(a.tenant, 1);

  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].runs_failed, 0);
  EXPECT_EQ(all[1].runs_failed, 1);
  EXPECT_EQ(all[2].runs_failed, 1);
  EXPECT_EQ(all[2].writes, 2 + new_run(b).counts.pushed);
  ASSERT_EQ(of_a.size(), 1U);
  EXPECT_EQ(of_a[0].runs_failed, 1);
  EXPECT_EQ(of_a[0].events_applied, 3);
}

TEST_F(console_test, a_stop_reaches_the_leases_and_outlives_everything_but_its_release) {
  const auto a = add_household(), b = add_household();
  auto stopped = [&] {
    std::set<tenant_id> out;
    for (const auto& l : must(keep_leases(this_node)).held)
      if (l.stopped) out.insert(l.tenant);
    return out;
  };
  EXPECT_TRUE(stopped().empty());

  stop(a, now);
  EXPECT_EQ(stopped(), (std::set<tenant_id>{a.tenant}));
  must(as(a.tenant, [&](transaction& tx) -> result<bool> {
    if (auto r = put_work_switch(tx, {now, now, "admin"}); !r) return tl::unexpected(r.error());
    return true;
  }));
  EXPECT_EQ(stopped(), (std::set<tenant_id>{a.tenant, b.tenant}));
  const auto later = add_household();
  EXPECT_TRUE(stopped().contains(later.tenant));
  must(as(a.tenant, [&](transaction& tx) -> result<bool> {
    if (auto r = put_work_switch(tx, {{}, now, "admin"}); !r) return tl::unexpected(r.error());
    return true;
  }));
  EXPECT_EQ(stopped(), (std::set<tenant_id>{a.tenant}));
  stop(a, std::nullopt);
  EXPECT_TRUE(stopped().empty());
}

/// Measured, not judged: the limits are wide, because the machine that tests may be busy.
TEST_F(console_test, answers_in_bounded_time_for_a_thousand_tenants_with_ten_thousand_calendars) {
  std::vector<tenant_id> ids;
  for (int i = 0; i < 1'000; ++i) ids.emplace_back(uuid());
  sql_array all;
  for (const auto& id : ids) all.add(id);
  must(db->run_now<bool>(ids, [&](transaction& tx) -> result<bool> {
    static constexpr statement tenants{"test_tenants",
                                       "INSERT INTO tenants (tenant_id, name, created_at)"
                                       " SELECT u, 'Tenant ' || u, now() FROM unnest($1::uuid[]) u"};
    static constexpr statement directory{
        "test_directory", "INSERT INTO tenant_directory (tenant_id) SELECT unnest($1::uuid[])"};
    auto made = tx.query_all({{tenants, {all}}, {directory, {all}}, {fill, {all, 10}}});
    if (!made) return tl::unexpected(made.error());
    return true;
  }));
  auto timed = [](const char* what, auto work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    const auto took = std::chrono::steady_clock::now() - began;
    RecordProperty(what,
                   static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
    EXPECT_LT(took, 5s) << what;
  };

  timed("summary_ms", [&] { EXPECT_EQ(summary().all.providers, 10'000); });
  timed("page_ms", [&] { EXPECT_EQ(providers({}).items.size(), 50U); });
  timed("tenants_ms", [&] {
    const std::vector<tenant_id> page(ids.begin(), ids.begin() + 50);
    const auto each = must(look<std::map<tenant_id, operator_figures>>(
        [&](transaction& tx) { return count_tenants(tx, page, now); }));
    EXPECT_EQ(each.size(), 50U);
  });
  timed("audit_ms", [&] {
    must(look<page_of<of_tenant<audit_line>>>(
        [](transaction& tx) { return list_all_audit(tx, {}, {}, {}, 50); }));
  });
  timed("timeline_ms", [&] {
    must(look<std::vector<hour_line>>([&](transaction& tx) { return count_hours(tx, {}, 24, now); }));
  });
}

} // namespace
} // namespace kalends::persistence
