// SPDX-License-Identifier: Apache-2.0
#include "api/event_stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>

namespace kalends::api {
namespace {

fact numbered(std::int64_t sequence) {
  fact f;
  f.id = "id";
  f.type = fact_type::schedule_entry_updated;
  f.tenant = tenant_id("t");
  f.sequence = sequence;
  f.data = "{}";
  return f;
}

struct sink : net::http_stream {
  std::vector<std::string> written;
  bool open = true;
  bool write(std::string bytes) override {
    if (open) written.push_back(std::move(bytes));
    return open;
  }
  std::vector<std::int64_t> sequences() const {
    std::vector<std::int64_t> out;
    for (const auto& w : written)
      if (w.starts_with("id: ")) out.push_back(std::stoll(w.substr(4)));
    return out;
  }
};

/// A stream over a table of facts whose reads wait until the test lets them through.
struct event_stream_test : testing::Test {
  std::shared_ptr<sink> out = std::make_shared<sink>();
  std::vector<fact> table;
  std::deque<std::function<void()>> reads;
  bool broken = false;
  std::set<std::int64_t> hidden; ///< from this reader

  std::shared_ptr<event_stream> open(std::int64_t after, live_facts live = live_facts::shown) {
    auto read = [this](std::int64_t from, std::size_t limit,
                       std::function<void(result<stretch_of_facts>)> done) {
      reads.push_back([this, from, limit, done = std::move(done)] {
        if (broken) return done(failure(errc::retry_later, "database_away", "Away."));
        stretch_of_facts found{{}, from, false};
        std::size_t looked_at = 0;
        for (const auto& f : table) {
          if (f.sequence <= from || looked_at == limit) continue;
          ++looked_at;
          found.through = f.sequence;
          if (!hidden.contains(f.sequence)) found.facts.push_back(f);
        }
        found.more = looked_at == limit;
        done(std::move(found));
      });
    };
    return std::make_shared<event_stream>(out, read, after, live);
  }
  void settle() {
    while (!reads.empty()) {
      auto next = std::move(reads.front());
      reads.pop_front();
      next();
    }
  }
  void commit(std::int64_t sequence) { table.push_back(numbered(sequence)); }
  static std::vector<std::int64_t> range(std::int64_t from, std::int64_t to) {
    std::vector<std::int64_t> out;
    for (auto i = from; i <= to; ++i) out.push_back(i);
    return out;
  }
};

TEST_F(event_stream_test, catches_up_page_by_page_before_it_listens) {
  for (std::int64_t i = 1; i <= 250; ++i) commit(i);
  auto s = open(20);

  s->begin();
  settle();

  EXPECT_EQ(out->sequences(), range(21, 250));
}

TEST_F(event_stream_test, writes_live_facts_at_once) {
  auto s = open(5);
  s->begin();
  settle();

  commit(6);
  s->tell(numbered(6));

  EXPECT_EQ(out->sequences(), range(6, 6));
  EXPECT_TRUE(reads.empty());
}

TEST_F(event_stream_test, neither_loses_nor_repeats_what_comes_while_it_reads) {
  commit(1);
  auto s = open(0);
  s->begin();
  auto first = std::move(reads.front());
  reads.pop_front();
  first();
  commit(2); // committed after the read, told while it was under way
  s->begin();
  s->tell(numbered(2));
  settle();
  s->tell(numbered(2));

  EXPECT_EQ(out->sequences(), range(1, 2));
}

TEST_F(event_stream_test, reads_again_when_told_during_a_read_that_missed_it) {
  auto s = open(0);
  s->begin();
  auto read = std::move(reads.front());
  reads.pop_front();
  s->tell(numbered(1));
  read(); // sees an empty table
  commit(1);
  settle();

  EXPECT_EQ(out->sequences(), range(1, 1));
}

TEST_F(event_stream_test, fills_a_gap_in_the_live_feed_from_the_table) {
  auto s = open(0);
  s->begin();
  settle();
  for (std::int64_t i = 1; i <= 4; ++i) commit(i);

  s->tell(numbered(1));
  s->tell(numbered(4));
  settle();

  EXPECT_EQ(out->sequences(), range(1, 4));
}

TEST_F(event_stream_test, finds_with_each_beat_what_nobody_told) {
  auto s = open(0);
  s->begin();
  settle();
  commit(1);

  EXPECT_TRUE(s->beat());
  settle();

  EXPECT_EQ(out->written.front(), ":\n\n");
  EXPECT_EQ(out->sequences(), range(1, 1));
}

TEST_F(event_stream_test, ends_when_the_reader_is_gone) {
  auto s = open(0);
  s->begin();
  settle();
  out->open = false;

  s->tell(numbered(1));

  EXPECT_FALSE(s->beat());
}

TEST_F(event_stream_test, ends_when_the_table_cannot_be_read) {
  auto s = open(0);
  broken = true;
  s->begin();
  settle();
  EXPECT_FALSE(s->beat());
}

TEST_F(event_stream_test, gives_its_subscription_up_at_the_end) {
  bool ended = false;
  auto s = open(0);
  s->hold(actors::subscription([&] { ended = true; }));
  s->end();
  EXPECT_TRUE(ended);

  bool late = false;
  s->hold(actors::subscription([&] { late = true; }));
  EXPECT_TRUE(late);
}

TEST_F(event_stream_test, encodes_an_event_as_the_standard_says) {
  auto f = numbered(7);
  f.data = "{\n}";
  EXPECT_EQ(sse_event(f, true),
            "id: 7\nevent: SCHEDULE_ENTRY_UPDATED\ndata: {\"id\":\"id\",\"type\":\"SCHEDULE_ENTRY_"
            "UPDATED\",\"tenant_id\":\"t\",\"sequence\":7,\"time\":\"1970-01-01T00:00:00.000Z\","
            "\"data\":{\ndata: }}\n\n");
  EXPECT_TRUE(sse_event(f, false).starts_with("event: "));
}

TEST_F(event_stream_test, beats_for_the_living_and_drops_the_dead) {
  auto dead = std::make_shared<sink>();
  dead->open = false;
  bool ended = false;
  {
    event_streams streams(std::chrono::milliseconds(1));
    auto s = std::make_shared<live_stream>(dead);
    s->hold(actors::subscription([&] { ended = true; }));
    streams.add(s);
    s.reset();
  }
  EXPECT_TRUE(ended);
}

} // namespace
} // namespace kalends::api
