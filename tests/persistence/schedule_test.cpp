// SPDX-License-Identifier: Apache-2.0
#include "persistence/schedule.hpp"

#include "tests/persistence/store_fixture.hpp"

namespace kalends::persistence {
namespace {

struct schedule_test : store_fixture {
  household h = add_household();

  page_of<schedule_entry> entries(const entry_filter& f, const std::string& cursor = "",
                                  std::size_t limit = 50) {
    return must(as(h.tenant, [&](transaction& tx) { return list_entries(tx, f, cursor, limit); }));
  }
  std::optional<kept_answer> claim(const std::string& key, const std::string& fingerprint) {
    return must(as(h.tenant, [&](transaction& tx) { return claim_answer(tx, key, fingerprint, now); }));
  }
};

TEST_F(schedule_test, filters_entries_by_person_and_time) {
  const auto bob = add_user(h.tenant, "bob@example.org");
  auto c = changes(h);
  c.entries = {new_entry(h, "past"), new_entry(h, "today"), new_entry(h, "of bob")};
  c.entries[0].entry.what = meeting("past", "2026-11-01T09:00:00", "2026-11-01T10:00:00");
  c.entries[2].entry.assigned = {bob};
  must(commit(c));

  EXPECT_EQ(entries({}).items.size(), 3U);
  EXPECT_EQ(entries({h.user, std::nullopt, std::nullopt}).items.size(), 2U);
  EXPECT_EQ(entries({{}, at("2026-11-30T00:00:00"), std::nullopt}).items.size(), 2U);
  EXPECT_EQ(entries({{}, std::nullopt, at("2026-11-30T00:00:00")}).items.at(0).what.title, "past");
  EXPECT_EQ(entries({bob, at("2026-12-01T00:00:00"), at("2026-12-02T00:00:00")}).items.at(0).what.title,
            "of bob");
  // An end is exclusive: what ends when the span begins is not in it.
  EXPECT_TRUE(entries({{}, at("2026-12-01T09:00:00"), std::nullopt}).items.empty());
}

TEST_F(schedule_test, walks_filtered_entries_page_by_page) {
  auto c = changes(h);
  for (int i = 0; i < 7; ++i) c.entries.push_back(new_entry(h, std::to_string(i)));
  must(commit(c));

  for (const auto& filter : {entry_filter{}, entry_filter{h.user, std::nullopt, std::nullopt}}) {
    std::string titles;
    std::string cursor;
    do {
      const auto page = entries(filter, cursor, 3);
      for (const auto& e : page.items) titles += e.what.title;
      cursor = page.next_cursor;
    } while (!cursor.empty());
    EXPECT_EQ(titles, "0123456");
  }
}

TEST_F(schedule_test, says_how_an_entry_stands_in_each_calendar) {
  auto other = h;
  other.calendar = add_calendar(h.tenant, h.user);
  auto c = changes(h);
  c.entries = {new_entry(h)};
  const auto& id = c.entries[0].entry.id;
  c.mappings = {link(h, c.entries[0], "ev"), link(other, c.entries[0], "")};
  c.mappings[1].linked = false;
  c.mappings[1].removing = true;
  c.outbox = {new_push(other, id)};
  must(commit(c));

  const auto lines = must(as(h.tenant, [&](transaction& tx) { return sync_status(tx, id); }));

  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].provider, h.calendar);
  EXPECT_EQ(lines[0].event, event_id("ev"));
  EXPECT_TRUE(lines[0].linked);
  EXPECT_FALSE(lines[0].pending);
  EXPECT_TRUE(lines[1].event.empty());
  EXPECT_TRUE(lines[1].removing);
  EXPECT_TRUE(lines[1].pending);
}

TEST_F(schedule_test, says_what_a_vendor_cannot_express_until_the_entry_changes) {
  auto c = changes(h);
  c.entries = {new_entry(h)};
  const auto entry = c.entries[0].entry;
  c.mappings = {link(h, c.entries[0], "ev")};
  c.mappings[0].entry_version = entry.version;
  for (const auto why : {reason::push_updated, reason::push_unsayable}) {
    c.decisions.push_back(new_decision(h, entry.id));
    c.decisions.back().why = why;
  }
  c.decisions.back().inputs = R"({"code":"recurrence_rdate"})";
  must(commit(c));
  const auto told = [&] {
    const auto lines = must(as(h.tenant, [&](transaction& tx) { return sync_status(tx, entry.id); }));
    return lines.at(0).unsayable;
  };
  EXPECT_EQ(told(), R"({"code":"recurrence_rdate"})");

  auto later = changes(h);
  later.entries = {{entry, entry.version}};
  ++later.entries[0].entry.version;
  must(commit(later));

  EXPECT_EQ(told(), "");
}

TEST_F(schedule_test, shows_the_decisions_about_an_entry_newest_first) {
  const entry_id id(uuid());
  auto c = changes(h);
  for (int i = 0; i < 3; ++i) c.decisions.push_back(new_decision(h, id));
  c.decisions[2].why = reason::sweep_missing;
  c.decisions.push_back(new_decision(h, {}));
  must(commit(c));
  const auto list = [&](const std::string& cursor) {
    return must(as(h.tenant, [&](transaction& tx) {
      return list_decisions(tx, {id, {}, {}, {}}, cursor, 2);
    }));
  };

  const auto first = list("");
  const auto second = list(first.next_cursor);

  ASSERT_EQ(first.items.size(), 2U);
  EXPECT_EQ(first.items[0].what.why, reason::sweep_missing);
  EXPECT_EQ(first.items[0].what.id, c.decisions[2].id);
  EXPECT_EQ(first.items[0].what.entry, id);
  EXPECT_EQ(first.items[0].what.event, event_id("ev"));
  EXPECT_EQ(first.items[0].what.inputs, R"({"v":1})");
  EXPECT_EQ(first.items[0].time, now);
  ASSERT_EQ(second.items.size(), 1U);
  EXPECT_TRUE(second.next_cursor.empty());
}

TEST_F(schedule_test, shows_runs_newest_first_of_all_or_one_calendar) {
  auto other = h;
  other.calendar = add_calendar(h.tenant, h.user);
  auto c = changes(h);
  c.runs = {new_run(h), new_run(other), new_run(h, run_outcome::succeeded)};
  c.runs[2].counts = {1, 2, 3, 4, 5};
  c.runs[2].finished_at = now + 5s;
  must(commit(c));
  const auto list = [&](const provider_id& p) {
    return must(as(h.tenant, [&](transaction& tx) { return list_runs(tx, p, "", 10); })).items;
  };

  const auto of_one = list(h.calendar);

  EXPECT_EQ(list({}).size(), 3U);
  ASSERT_EQ(of_one.size(), 2U);
  EXPECT_EQ(of_one[0].id, c.runs[2].id);
  EXPECT_EQ(of_one[0].counts.pulled, 1);
  EXPECT_EQ(of_one[0].counts.vendor_calls, 5);
  EXPECT_EQ(of_one[0].finished_at, now + 5s);
  EXPECT_FALSE(of_one[1].finished_at);
}

TEST_F(schedule_test, reads_facts_after_a_sequence) {
  auto c = changes(h);
  for (int i = 0; i < 5; ++i) c.facts.push_back(new_fact(h));
  must(commit(c));

  const auto some = must(as(h.tenant, [](transaction& tx) { return list_facts(tx, 2, 2); }));

  ASSERT_EQ(some.size(), 2U);
  EXPECT_EQ(some[0].sequence, 3);
  EXPECT_EQ(some[0].tenant, h.tenant);
  EXPECT_TRUE(must(as(h.tenant, [](transaction& tx) { return list_facts(tx, 5, 2); })).empty());
}

TEST_F(schedule_test, keeps_the_first_answer_to_a_key) {
  const std::string print(32, '\xfe');
  const auto first = claim("key", print);
  const auto meanwhile = claim("key", print);
  must(as(h.tenant, [&](transaction& tx) {
    return keep_answer(tx, "key", {print, 201, R"({"ETag":"1"})", "{}"});
  }));

  const auto later = claim("key", std::string(32, 'o'));

  EXPECT_FALSE(first);
  ASSERT_TRUE(meanwhile);
  EXPECT_EQ(meanwhile->status, 0);
  ASSERT_TRUE(later);
  EXPECT_EQ(later->fingerprint, print);
  EXPECT_EQ(later->status, 201);
  EXPECT_EQ(later->headers, R"({"ETag":"1"})");
  EXPECT_EQ(later->body, "{}");
}

TEST_F(schedule_test, gives_a_key_out_again_when_released_or_a_day_old) {
  EXPECT_FALSE(claim("released", "f"));
  EXPECT_FALSE(claim("old", "f"));
  must(as(h.tenant, [](transaction& tx) { return release_answer(tx, "released"); }));
  EXPECT_FALSE(claim("released", "f"));

  now += 24h - 1ms;
  EXPECT_TRUE(claim("old", "f"));
  now += 1ms;
  EXPECT_FALSE(claim("old", "g"));
  now += 24h;

  EXPECT_EQ(must(as(h.tenant, [&](transaction& tx) { return delete_expired_answers(tx, now); })), 2U);
}

TEST_F(schedule_test, answers_one_of_many_concurrent_claims_with_the_key) {
  std::atomic<int> winners = 0;
  std::vector<std::future<void>> claims;

  for (int i = 0; i < 8; ++i)
    claims.push_back(std::async(std::launch::async, [&] {
      if (!claim("key", "f")) ++winners;
    }));
  for (auto& c : claims) c.get();

  EXPECT_EQ(winners, 1);
}

} // namespace
} // namespace kalends::persistence
