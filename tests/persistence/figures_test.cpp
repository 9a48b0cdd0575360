// SPDX-License-Identifier: Apache-2.0
#include "persistence/figures.hpp"

#include "tests/persistence/store_fixture.hpp"

namespace kalends::persistence {
namespace {

constexpr statement set_status{"test_set_status",
                               "UPDATE provider_state SET status = $2, problem_code = $3,"
                               " problem_detail = $3, problem_since = $4 WHERE provider_id = $1"};
constexpr statement add_channel{
    "test_add_channel", "INSERT INTO channels VALUES ($1, $2, $3, 'r', $4, $5, $5, 'https://kalends.test')"};

struct figures_test : store_fixture {
  std::vector<observe::calendar_figures> count(std::vector<tenant_id> tenants, bool push_expected = true) {
    return must(db->run_now<std::vector<observe::calendar_figures>>(
        std::move(tenants), [&](transaction& tx) { return count_rows(tx, now, push_expected); }));
  }
  observe::calendar_figures of(const household& h, bool push_expected = true) {
    const auto lines = count({h.tenant}, push_expected);
    if (lines.size() != 1) throw std::runtime_error("one line was expected");
    return lines.front();
  }
  void set(const household& h, const char* status, sql_value problem = {}) {
    const sql_value since = problem.text ? sql_value(now) : sql_value();
    must(as(h.tenant, [&](transaction& tx) -> result<bool> {
      return tx.query(set_status, {h.calendar, status, problem, since}).map([](const rows&) { return true; });
    }));
  }
  void open_channel(const household& h, instant ends) {
    must(as(h.tenant, [&](transaction& tx) -> result<bool> {
      return tx.query(add_channel, {h.tenant, h.calendar, uuid(), ends, sql_bytes(std::string(32, 'x'))})
          .map([](const rows&) { return true; });
    }));
  }
};

TEST_F(figures_test, counts_what_waits_and_since_when) {
  const auto h = add_household();
  const auto w = new_entry(h);
  tenant_changes c;
  c.tenant = h.tenant;
  c.entries = {w};
  c.mappings = {link(h, w, "event-1")};
  c.outbox = {new_push(h, w.entry.id)};
  must(commit(std::move(c)));
  must(mark({{h.tenant, h.calendar, 1}}));

  now += 90s;
  const auto f = of(h);

  EXPECT_EQ(f.tenant, h.tenant);
  EXPECT_EQ(f.outbox_rows, 1);
  EXPECT_NEAR(f.outbox_oldest_age, 90, 1);
  EXPECT_EQ(f.stale_marks, 1);
  EXPECT_NEAR(f.stale_oldest_age, 90, 1);
  EXPECT_EQ(f.by_status, (std::map<std::string, std::int64_t>{{"active", 1}}));
  EXPECT_EQ(f.parked, 0);
}

TEST_F(figures_test, calls_nothing_late_that_waits_for_a_person) {
  const auto h = add_household();
  must(mark({{h.tenant, h.calendar, 1}}));
  set(h, "action_required", "invalid_grant");

  now += 90s;
  const auto f = of(h);

  EXPECT_EQ(f.stale_marks, 1);
  EXPECT_EQ(f.stale_oldest_age, 0);
  EXPECT_EQ(f.channels_missing, 0);
  EXPECT_EQ(f.by_status.at("action_required"), 1);
}

TEST_F(figures_test, knows_channels_that_stand_that_end_and_that_are_missing) {
  const auto standing = add_household(), ending = add_household(), over = add_household(),
             none = add_household();
  for (const auto& h : {standing, ending, over, none}) set(h, "active");
  open_channel(standing, now + 48h);
  open_channel(standing, now - 1h); // an old one beside it
  open_channel(ending, now + 2h);
  open_channel(over, now - 1s);

  EXPECT_EQ(of(standing).channels_standing, 1);
  EXPECT_EQ(of(standing).channels_expiring, 0);
  EXPECT_EQ(of(standing).channels_missing, 0);
  EXPECT_EQ(of(ending).channels_expiring, 1);
  EXPECT_EQ(of(over).channels_missing, 1);
  EXPECT_EQ(of(none).channels_missing, 1);
  EXPECT_EQ(of(none, false).channels_missing, 0); // without webhooks nobody misses a channel
}

TEST_F(figures_test, knows_how_channels_fare) {
  const auto h = add_household();
  set(h, "active");
  const statement fares{"test_fares",
                        "UPDATE provider_state SET channel_failures = 3, channel_silent_since = $2,"
                        " channel_renews_at = $2, reconciled_at = $2 WHERE provider_id = $1"};
  must(as(h.tenant, [&](transaction& tx) -> result<bool> {
    return tx.query(fares, {h.calendar, now - 30min}).map([](const rows&) { return true; });
  }));

  const auto f = of(h);

  EXPECT_EQ(f.channels_failing, 1);
  EXPECT_EQ(f.channels_silent, 1);
  EXPECT_EQ(f.renewal_overdue, 1'800);
  EXPECT_EQ(f.last_reconcile_age, 1'800);
  EXPECT_EQ(of(h, false).renewal_overdue, 0);
}

TEST_F(figures_test, counts_parked_calendars_and_open_letters) {
  const auto h = add_household();
  set(h, "active", "provider_parked");
  tenant_changes c;
  c.tenant = h.tenant;
  c.letters = {new_letter(h, letter_kind::push, entry_id(uuid()), {})};
  must(commit(std::move(c)));

  const auto f = of(h);

  EXPECT_EQ(f.parked, 1);
  EXPECT_EQ(f.dead_letters, 1);
}

TEST_F(figures_test, counts_deletions_that_wait_for_a_yes_on_both_sides) {
  const auto h = add_household();
  EXPECT_EQ(of(h).approvals, 0);
  auto c = changes(h);
  for (int i = 0; i < 3; ++i) {
    auto m = link(h, new_entry(h), uuid());
    m.removing = true;
    m.gate = i < 2 ? removal_gate::held : removal_gate::refused;
    if (i < 2) m.held_since = now;
    c.mappings.push_back(m);
  }
  must(commit(std::move(c)));
  must(wait_for<std::vector<fact>>([&](auto done) {
    store->save_held(h.tenant, h.calendar, held_removals{true, 20, 100, now, false}, {}, std::move(done));
  }));

  EXPECT_EQ(of(h).approvals, 22);
}

TEST_F(figures_test, sees_only_the_tenants_it_acts_for) {
  const auto mine = add_household(), theirs = add_household();

  EXPECT_EQ(count({mine.tenant}).size(), 1u);
  EXPECT_EQ(count({mine.tenant, theirs.tenant}).size(), 2u);
  EXPECT_TRUE(count({}).empty());
}

} // namespace
} // namespace kalends::persistence
