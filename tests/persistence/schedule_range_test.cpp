// SPDX-License-Identifier: Apache-2.0
#include "persistence/schedule_view.hpp"

#include "persistence/schedule_rows.hpp"
#include "tests/persistence/store_fixture.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace kalends::persistence {
namespace {

using namespace std::chrono;

/// What is listed of a range of time, whatever lengths the entries have: up to the second on both sides.
struct schedule_range_test : store_fixture {
  household h = add_household();
  const instant from = at("2026-12-07T00:00:00");
  const instant to = at("2026-12-14T00:00:00");

  static appointment from_until(instant start, instant end) {
    appointment a = meeting("");
    a.start = at_zone(floor<seconds>(start), "UTC").value();
    a.end = at_zone(floor<seconds>(end), "UTC").value();
    return a;
  }
  static appointment days_of(const char* first, const char* end) {
    appointment a = meeting("");
    a.start = read_date(first).value();
    a.end = read_date(end).value();
    return a;
  }
  static appointment every_day(instant start, const std::string& until = "") {
    auto a = from_until(start, start + 1h);
    a.repeats = recurrence{};
    a.repeats->rrule = "FREQ=DAILY" + until;
    return a;
  }
  void add(const std::vector<appointment>& what, const std::vector<user_id>& assigned = {}) {
    auto c = changes(h);
    for (const auto& a : what) {
      auto w = new_entry(h);
      w.entry.what = a;
      w.entry.assigned = assigned;
      c.entries.push_back(w);
    }
    must(commit(c));
    for (const auto& w : c.entries) all.push_back(w.entry);
  }
  range_entries list(std::size_t limit, const std::optional<range_filter::place>& after = {},
                     const user_id& person = {}) {
    const range_filter filter{person, from, to, after};
    return must(as(h.tenant, [&](transaction& tx) { return list_range(tx, filter, limit); }));
  }
  /// Of the list that shows entries as they are kept.
  std::vector<std::string> walk_kept(std::size_t limit, const user_id& person = {}) {
    std::vector<std::string> ids;
    std::string cursor;
    do {
      const auto page = must(as(h.tenant, [&](transaction& tx) {
        return list_entries(tx, {person, from, to}, cursor, limit);
      }));
      EXPECT_LE(page.items.size(), limit);
      for (const auto& e : page.items) ids.push_back(e.id.str());
      cursor = page.next_cursor;
    } while (!cursor.empty());
    return ids;
  }
  std::vector<std::string> expected_kept(const user_id& person = {}) const {
    std::set<std::string> ids;
    for (const auto& e : all)
      if (latest_end(e.what) > from && earliest_start(e.what) < to &&
          (person.empty() || std::ranges::count(e.assigned, person) > 0))
        ids.insert(e.id.str());
    return {ids.begin(), ids.end()};
  }
  /// The ids of all pages, in their order.
  std::vector<std::string> walk(std::size_t limit, const user_id& person = {}) {
    std::vector<std::string> ids;
    std::optional<range_filter::place> after;
    for (std::size_t pages = 0; pages <= all.size(); ++pages) {
      const auto page = list(limit, after, person).single;
      EXPECT_LE(page.size(), limit);
      for (const auto& e : page) ids.push_back(e.id.str());
      if (page.size() < limit) return ids;
      after = {instant_of(page.back().what.start), page.back().id};
    }
    ADD_FAILURE() << "the pages do not end";
    return ids;
  }
  /// What `walk` should find: every entry asked whether it lies in the range.
  std::vector<std::string> expected(const user_id& person = {}) const {
    std::set<std::pair<instant, std::string>> found;
    for (const auto& e : all)
      if (instant_of(e.what.end) > from && instant_of(e.what.start) < to &&
          (person.empty() || std::ranges::count(e.assigned, person) > 0))
        found.emplace(instant_of(e.what.start), e.id.str());
    std::vector<std::string> ids;
    for (const auto& [start, id] : found) ids.push_back(id);
    return ids;
  }
  std::set<std::string> series(const std::optional<range_filter::place>& after = {},
                               const user_id& person = {}) {
    std::set<std::string> ids;
    for (const auto& e : list(10, after, person).series) EXPECT_TRUE(ids.insert(e.id.str()).second);
    return ids;
  }
  std::set<std::string> ids_of(const std::vector<std::size_t>& numbers) const {
    std::set<std::string> ids;
    for (const auto n : numbers) ids.insert(all.at(n).id.str());
    return ids;
  }

  /// Of all lengths at which entries are kept apart, and of others, each where it just touches the range and
  /// where it just does not.
  std::vector<appointment> at_the_borders() const {
    std::vector<appointment> what;
    for (const seconds length : {seconds(0s), seconds(1s), seconds(30min), seconds(24h - 1s), seconds(24h),
                                 seconds(24h + 1s), seconds(72h), seconds(768h - 1s), seconds(768h),
                                 seconds(768h + 1s), seconds(2400h), seconds(20'000h)})
      for (const instant start :
           {instant(from - length - 1s), instant(from - length), instant(from - length + 1s), from,
            instant(from + 50h), instant(to - 1s), to})
        what.push_back(from_until(start, start + length));
    return what;
  }

  std::vector<schedule_entry> all;
};

TEST_F(schedule_range_test, pages_are_exact_across_short_and_long_entries) {
  add(at_the_borders());
  add(at_the_borders(), {h.user});
  add({days_of("2026-12-06", "2026-12-07"), days_of("2026-12-06", "2026-12-08"),
       days_of("2026-12-13", "2026-12-14"), days_of("2026-12-14", "2026-12-15"),
       days_of("2026-11-01", "2026-12-07"), days_of("2026-11-01", "2026-12-08")});

  for (const std::size_t limit : {1U, 2U, 7U, 40U, 1'000U}) {
    EXPECT_EQ(walk(limit), expected()) << limit;
    EXPECT_EQ(walk(limit, h.user), expected(h.user)) << limit;
  }
  EXPECT_GT(expected().size(), 80U);
}

TEST_F(schedule_range_test, leaves_nothing_out_where_short_and_long_ones_begin_at_once) {
  std::vector<appointment> what;
  for (int i = 0; i < 5; ++i)
    for (const instant start : {from, instant(from - 2h)})
      for (const hours length : {3h, 60h, 900h}) what.push_back(from_until(start, start + length));
  add(what);

  for (const std::size_t limit : {1U, 4U, 15U, 29U, 30U, 31U}) EXPECT_EQ(walk(limit), expected()) << limit;
  EXPECT_EQ(expected().size(), 30U);
}

TEST_F(schedule_range_test, has_every_series_that_may_have_an_occurrence_in_it) {
  add({every_day(from - 24h * 30, ";COUNT=30"),   // 0: its last ends the day before
       every_day(from - 24h * 30, ";COUNT=31"),   // 1
       every_day(from - 24h * 99, ";COUNT=100"),  // 2: about as long as weeks may be
       every_day(from - 24h * 100, ";COUNT=101"), // 3
       every_day(from - 24h * 100, ";COUNT=100"), // 4: ended
       every_day(from - 24h * 900, ";COUNT=901"), // 5
       every_day(from - 24h * 900, ";COUNT=900"), // 6: ended
       every_day(from - 24h * 9'000),             // 7: goes on for ever
       every_day(from + 24h), every_day(to - 1s), // 8, 9
       every_day(to), every_day(to, ";COUNT=2"),  // 10, 11: begin after it
       every_day(from + 24h, ";COUNT=1")});       // 12
  add({every_day(from, ";COUNT=3")}, {h.user});   // 13

  EXPECT_EQ(series(), ids_of({1, 2, 3, 5, 7, 8, 9, 12, 13}));
  EXPECT_EQ(series({}, h.user), ids_of({13}));
  // A later page wants those that may begin there or later.
  EXPECT_EQ(series(range_filter::place{from + 25h, entry_id(uuid())}), ids_of({7, 8, 9, 12, 13}));
  EXPECT_EQ(series(range_filter::place{from + 25h + 1s, entry_id(uuid())}), ids_of({7, 8, 9, 13}));
  EXPECT_TRUE(list(10).single.empty());
}

TEST_F(schedule_range_test, the_list_of_entries_as_kept_is_exact_too) {
  add(at_the_borders());
  add(at_the_borders(), {h.user});
  for (const int days : {30, 99, 100, 101, 900})
    for (const int missing : {0, 1}) {
      const auto count = ";COUNT=" + std::to_string(days + 1 - missing);
      add({every_day(from - 24h * days, count), every_day(to - 1s * missing, count)}, {h.user});
    }
  add({every_day(from - 24h * 9'000), every_day(to)});

  for (const std::size_t limit : {1U, 7U, 40U, 200U}) {
    EXPECT_EQ(walk_kept(limit), expected_kept()) << limit;
    EXPECT_EQ(walk_kept(limit, h.user), expected_kept(h.user)) << limit;
  }
  EXPECT_GT(expected_kept().size(), 90U);
}

TEST_F(schedule_range_test, does_not_show_the_entries_of_another_tenant) {
  auto other = add_household();
  auto c = changes(other);
  c.entries = {new_entry(other)};
  c.entries[0].entry.what = from_until(from + 1h, from + 2h);
  must(commit(c));

  EXPECT_TRUE(walk(10).empty());
  EXPECT_TRUE(walk_kept(10).empty());
}

/// What the server did to the table in this transaction, by the names of the table and its indexes.
struct reads {
  std::int64_t scans = 0, fetched = 0, blocks = 0;
};
std::map<std::string, reads> reads_so_far(transaction& tx) {
  const statement asked{
      "reads", "SELECT c.relname, pg_stat_get_xact_numscans(c.oid), pg_stat_get_xact_tuples_fetched(c.oid),"
               " pg_stat_get_xact_blocks_fetched(c.oid) FROM pg_class c WHERE c.oid = 'entries'::regclass"
               " OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'entries'::regclass)"};
  const auto found = must(tx.query(asked));
  std::map<std::string, reads> all;
  for (std::size_t i = 0; i < found.size(); ++i)
    all[found.text(i, 0)] = {found.integer(i, 1), found.integer(i, 2), found.integer(i, 3)};
  return all;
}

/// A tenant with years of entries among others, of which a range is a small part.
struct large_schedule_test : schedule_range_test {
  static constexpr std::size_t page = 50;

  large_schedule_test() {
    const auto others = std::vector{add_household().tenant, add_household().tenant};
    fill(h.tenant, 20'000);
    for (const auto& t : others) fill(t, 4'000);
    temp.as_owner("ANALYZE entries");
  }
  /// From 2020 to 2029: most take less than a day, some a few days, few some months; some are series, some of
  /// these for ever. Every tenth is of `h.user`.
  void fill(const tenant_id& t, int count) {
    temp.as_owner(
        "SELECT set_config('kalends.tenants', '{" + t.str() +
        "}', false);"
        "INSERT INTO entries (tenant_id, entry_id, version, title, notes, location, starts, ends, starts_at, "
        "ends_at,"
        " is_private, is_tentative, status, work_type, assigned, created_at, updated_at, recurrence)"
        " SELECT '" +
        t.str() +
        "', gen_random_uuid(), 1, 'Visit', repeat('n', 200), '', "
        " to_char(s, 'YYYY-MM-DD\"T\"HH24:MI:SS') || '|' || extract(epoch FROM s)::bigint || '|UTC',"
        " to_char(e, 'YYYY-MM-DD\"T\"HH24:MI:SS') || '|' || extract(epoch FROM e)::bigint || '|UTC', s,"
        " CASE WHEN i % 1000 = 0 THEN '2200-12-31' WHEN i % 100 = 0 THEN s + i % 700 * interval '24 hours' "
        "ELSE e END,"
        " false, false, 0, 'ad_hoc', CASE WHEN i % 10 = 3 THEN ARRAY['" +
        h.user.str() +
        "'::uuid] ELSE '{}' END, s, s,"
        " CASE WHEN i % 100 = 0 THEN '{\"rule\":\"FREQ=DAILY\"}' ELSE '' END FROM (SELECT i, s, s + CASE"
        " WHEN i % 250 = 7 THEN interval '1500 hours' WHEN i % 20 = 5 THEN i % 9 * interval '24 hours'"
        " ELSE interval '1 hour' END AS e FROM (SELECT i, timestamptz '2020-01-01 00:00+00'"
        " + i * interval '87600 hours' / " +
        std::to_string(count) + " AS s FROM generate_series(1, " + std::to_string(count) +
        ") i) AS begun) AS lasting");
  }
  struct outcome {
    std::size_t single = 0, series = 0;
    std::int64_t fetched = 0, blocks = 0;
    std::set<std::string> used;
  };
  /// Runs `ask` in a transaction that has nothing else to do, and says what that took.
  template <class Ask>
  outcome look(const std::string& plans, Ask ask) {
    return must(as(h.tenant, [&](transaction& tx) -> result<outcome> {
      const statement mode{"set_mode", "SELECT set_config('plan_cache_mode', $1, true)"};
      if (auto set = tx.query(mode, {plans}); !set) return tl::unexpected(set.error());
      const auto before = reads_so_far(tx);
      result<outcome> o = ask(tx);
      if (!o) return o;
      for (const auto& [name, now_read] : reads_so_far(tx)) {
        const auto& was = before.at(name);
        if (now_read.scans > was.scans) o->used.insert(name);
        o->blocks += now_read.blocks - was.blocks;
        o->fetched += now_read.fetched - was.fetched;
      }
      return o;
    }));
  }
  outcome look(const std::string& plans, const range_filter& filter) {
    return look(plans, [&](transaction& tx) {
      return list_range(tx, filter, page).map([](const range_entries& found) {
        return outcome{found.single.size(), found.series.size(), 0, 0, {}};
      });
    });
  }
  outcome look_kept(const std::string& plans, const entry_filter& filter) {
    return look(plans, [&](transaction& tx) {
      return list_entries(tx, filter, "", page).map([](const page_of<schedule_entry>& found) {
        return outcome{found.items.size(), 0, 0, 0, {}};
      });
    });
  }
};

TEST_F(large_schedule_test, reads_little_more_than_it_shows_wherever_the_range_lies) {
  const std::set<std::string> indexes{"entries_of_hours", "entries_of_days", "entries_of_months",
                                      "series_of_weeks", "series_of_years"};

  for (const std::string plans : {"force_custom_plan", "force_generic_plan"})
    for (const char* begin : {"2020-02-01T00:00:00", "2024-12-20T00:00:00", "2029-10-20T00:00:00"}) {
      const instant start = at(begin);
      const auto anyone = look(plans, {{}, start, start + 24h * 42, {}});
      const auto one = look(plans, {h.user, start, start + 24h * 42, {}});
      const auto later =
          look(plans, {{}, start, start + 24h * 42, range_filter::place{start + 24h * 20, entry_id(uuid())}});

      for (const auto& o : {anyone, one, later}) {
        EXPECT_EQ(o.used, indexes) << plans << " " << begin; // and not the table itself
        EXPECT_LT(o.blocks, 120) << plans << " " << begin;
      }
      EXPECT_GT(anyone.series, 0U);
      EXPECT_EQ(anyone.single, page);
      EXPECT_GE(anyone.fetched, static_cast<std::int64_t>(page + anyone.series));
      EXPECT_EQ(later.single, page);
      EXPECT_LE(anyone.fetched, static_cast<std::int64_t>(3 * page + anyone.series)) << plans << " " << begin;
      EXPECT_LE(later.fetched, static_cast<std::int64_t>(3 * page + later.series)) << plans << " " << begin;
      EXPECT_LT(one.fetched, 400) << plans << " " << begin; // what lies in the range, of anybody
    }
}

TEST_F(large_schedule_test, lists_entries_as_kept_without_reading_those_of_other_times) {
  for (const std::string plans : {"force_custom_plan", "force_generic_plan"})
    for (const char* begin : {"2020-02-01T00:00:00", "2024-12-20T00:00:00", "2029-10-20T00:00:00"})
      for (const auto& person : {user_id(), h.user}) {
        const auto found = look_kept(plans, {person, at(begin), at(begin) + 24h * 7});

        EXPECT_GT(found.single, 2U);
        EXPECT_FALSE(found.used.contains("entries")) << plans << " " << begin; // nothing but indexes
        EXPECT_LT(found.fetched, 200) << plans << " " << begin;
      }
}

} // namespace
} // namespace kalends::persistence
