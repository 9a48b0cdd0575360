// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/connections.hpp"
#include "persistence/directory.hpp"
#include "persistence/engine_store.hpp"
#include "persistence/schedule.hpp"

#include "tests/support/temp_database.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace kalends::persistence {

using namespace std::chrono_literals;

inline instant at(const char* local) { // "2026-12-01T09:00:00", UTC
  return read_zoned_time(local, "UTC").value().utc;
}

inline appointment meeting(std::string title, const char* start = "2026-12-01T09:00:00",
                           const char* end = "2026-12-01T10:00:00") {
  appointment a;
  a.title = std::move(title);
  a.start = read_zoned_time(start, "Europe/Berlin").value();
  a.end = read_zoned_time(end, "Europe/Berlin").value();
  return a;
}

/// The value, or an exception that says what was in the way.
template <class T>
T must(result<T> r) {
  if (!r) throw std::runtime_error(r.error().code + ": " + r.error().detail);
  return std::move(*r);
}
inline void must(result<void> r) {
  if (!r) throw std::runtime_error(r.error().code + ": " + r.error().detail);
}

/// One tenant with a user and a connected calendar.
struct household {
  tenant_id tenant;
  user_id user;
  provider_id calendar;
};

/// A fresh database with the stores open on it, a clock that stands at noon until moved, and words to fill
/// it.
struct store_fixture : ::testing::Test {
  store_fixture() : db(temp.open()) {
    outside.now = [this] { return now; };
    vault = std::make_unique<token_vault>(
        token_vault::with_keys({{"k1", std::string(32, 'A')}}, "k1", outside).value());
    store = open_engine_store(*db, *vault, outside);
  }

  std::string uuid() const { return make_uuid(outside); }

  /// Runs `work` for one tenant and waits.
  template <class Work>
  auto as(const tenant_id& t, Work work) {
    using answer = std::invoke_result_t<Work, transaction&>;
    if constexpr (std::is_same_v<answer, result<void>>) {
      return db->run_now<bool>({t}, [&](transaction& tx) -> result<bool> {
        if (auto done = work(tx); !done) return tl::unexpected(done.error());
        return true;
      });
    } else {
      return db->run_now<typename answer::value_type>({t}, [&](transaction& tx) { return work(tx); });
    }
  }

  /// Calls `begin` with a callback and waits for its answer.
  template <class T, class Begin>
  static result<T> wait_for(Begin begin) {
    auto promise = std::make_shared<std::promise<result<T>>>();
    auto answer = promise->get_future();
    begin(store_done<T>([promise](result<T> r) { promise->set_value(std::move(r)); }));
    if (answer.wait_for(20s) != std::future_status::ready) throw std::runtime_error("no answer");
    return answer.get();
  }
  result<std::vector<fact>> commit(tenant_changes c) {
    return wait_for<std::vector<fact>>([&](auto done) { store->commit(std::move(c), std::move(done)); });
  }
  result<loaded> load(load_request r) {
    return wait_for<loaded>([&](auto done) { store->load(std::move(r), std::move(done)); });
  }
  result<std::vector<std::int64_t>> mark(std::vector<notice_mark> m) {
    return wait_for<std::vector<std::int64_t>>(
        [&](auto done) { store->mark(std::move(m), std::move(done)); });
  }
  /// The store writes for what it was given.
  result<lease_news> keep_leases(const lease_round& r) {
    auto news = wait_for<lease_news>([&](auto done) { store->keep_leases(r, std::move(done)); });
    if (news)
      for (const auto& l : news->held) store->hold(l.tenant, l.epoch);
    return news;
  }
  result<provider_state> state(const household& h) {
    return wait_for<provider_state>(
        [&](auto done) { store->load_provider(h.tenant, h.calendar, std::move(done)); });
  }

  user_id add_user(const tenant_id& t, const std::string& email) {
    const user u{user_id(uuid()), email, "Somebody", "Europe/Berlin", now};
    must(as(t, [&](transaction& tx) { return insert_user(tx, u); }));
    return u.id;
  }
  provider_id add_calendar(const tenant_id& t, const user_id& u) {
    provider p;
    p.id = provider_id(uuid());
    p.user = u;
    p.status = provider_status::active;
    p.calendar_zone = "Europe/Berlin";
    p.created_at = now;
    must(as(t, [&](transaction& tx) { return insert_provider(tx, p); }));
    return p.id;
  }
  household add_household() {
    household h;
    h.tenant = tenant_id(uuid());
    must(as(h.tenant, [&](transaction& tx) { return insert_tenant(tx, {h.tenant, "Acme", now}); }));
    must(keep_leases(this_node));
    h.user = add_user(h.tenant, "alice@example.org");
    h.calendar = add_calendar(h.tenant, h.user);
    return h;
  }

  entry_write new_entry(const household& h, std::string title = "Replace switch") const {
    entry_write w;
    w.entry.id = entry_id(uuid());
    w.entry.version = 1;
    w.entry.what = meeting(std::move(title));
    w.entry.assigned = {h.user};
    w.entry.created_at = w.entry.updated_at = now;
    return w;
  }
  static entry_write next(entry_write w, std::string title) {
    w.stored_version = w.entry.version++;
    w.entry.what.title = std::move(title);
    return w;
  }
  static mapping link(const household& h, const entry_write& w, std::string event) {
    mapping m;
    m.provider = h.calendar;
    m.entry = w.entry.id;
    m.event = event_id(std::move(event));
    m.linked = true;
    m.event_version = "\"etag-1\"";
    m.entry_version = w.entry.version;
    m.base_entry = m.base_event = w.entry.what;
    return m;
  }
  fact new_fact(const household& h, fact_type type = fact_type::schedule_entry_created) const {
    return {uuid(), type, h.tenant, 0, now, R"({"a":1})"};
  }
  outbox_row new_push(const household& h, const entry_id& e) const {
    return {uuid(), h.calendar, e, 1, push_action::upsert, 0, now};
  }
  decision new_decision(const household& h, const entry_id& e) const {
    return {uuid(), h.calendar, e, event_id("ev"), reason::pull_created, R"({"v":1})"};
  }
  dead_letter new_letter(const household& h, letter_kind kind, const entry_id& e, const event_id& v) const {
    dead_letter l;
    l.id = uuid();
    l.kind = kind;
    l.provider = h.calendar;
    l.entry = e;
    l.event = v;
    l.attempts = 5;
    l.code = "invalid_time";
    l.first_failed_at = l.last_failed_at = now;
    return l;
  }
  sync_run new_run(const household& h, run_outcome outcome = run_outcome::running) const {
    sync_run r;
    r.id = run_id(uuid());
    r.provider = h.calendar;
    r.cause = run_cause::notice;
    r.outcome = outcome;
    r.started_at = now;
    return r;
  }
  tenant_changes changes(const household& h) const {
    tenant_changes c;
    c.tenant = h.tenant;
    return c;
  }

  instant now = at("2026-12-01T12:00:00");
  world outside = real_world();
  tests::temp_database temp;
  std::unique_ptr<database> db;
  std::unique_ptr<token_vault> vault;
  std::unique_ptr<engine_store> store;
  const lease_round this_node{uuid(), uuid(), "http://127.0.0.1:1"};
};

} // namespace kalends::persistence
