// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace kalends::actors {

inline calendar_time at(const std::string& date_time, const std::string& zone = "Europe/Berlin") {
  return read_zoned_time(date_time, zone).value();
}
inline calendar_time on(const std::string& date) { return read_date(date).value(); }

/// One tenant with Alice and Bob, on a clock and a chance that the test owns. Calendars are added before the
/// first use of `p()`.
class plan_fixture : public ::testing::Test {
protected:
  const user_id alice{"alice"};
  const user_id bob{"bob"};
  const entry_id visit{"visit"};

  provider& add(const std::string& id, const user_id& user, provider_type type = provider_type::google,
                provider_scope scope = provider_scope::user) {
    provider c;
    c.id = provider_id(id);
    c.type = type;
    c.scope = scope;
    c.user = user;
    c.status = provider_status::active;
    return calendars_[c.id] = c;
  }

  /// The same calendar, set to something else. What was known has to be told again.
  void set_anew(const provider& c) {
    calendars_[c.id] = c;
    picture_.reset();
  }
  /// Nothing has happened yet.
  void begin_again() {
    calendars_.clear();
    picture_.reset();
  }

  tenant_picture& p() {
    if (!picture_) picture_.emplace(tenant_id("tenant"), calendars_, outside());
    return *picture_;
  }

  world outside() {
    world w;
    w.now = [this] { return now; };
    w.random_bytes = [this](std::size_t n) {
      std::string bytes(n, '\0');
      for (auto& b : bytes) b = static_cast<char>(chance_());
      return bytes;
    };
    return w;
  }

  static entry_edit hour(std::vector<user_id> assigned) {
    entry_edit e;
    e.title = "Replace switch";
    e.notes = "Bring a ladder";
    e.location = "Hall 3";
    e.start = at("2026-12-01T09:00:00");
    e.end = at("2026-12-01T10:00:00");
    e.assigned = std::move(assigned);
    return e;
  }

  /// The vendor's event for what a link's calendar would be given now.
  calendar_event event_of(const mapping& link, const appointment& what, const std::string& version) {
    calendar_event e;
    e.id = link.event.empty() ? event_id("graph-" + link.transaction_id) : link.event;
    e.transaction_id = link.transaction_id;
    e.version = version;
    e.what = what;
    e.tag = link.entry;
    e.updated_at = now;
    return e;
  }

  /// Carries out the insert that waits, and settles it. Returns the event.
  calendar_event insert(const provider& c, const entry_id& e) {
    const auto step = plan_push(p(), c.id, e);
    const auto& wanted = std::get<push_insert>(step);
    auto event = event_of(wanted.link, wanted.what, "v1");
    settle_push(p(), wanted.link, wanted.what, p().entry(e)->version, event, reason::push_inserted);
    return event;
  }

  calendar_event foreign(const std::string& id) {
    calendar_event e;
    e.id = event_id(id);
    e.version = "v1";
    e.what.title = "Dentist";
    e.what.start = at("2026-12-02T09:00:00");
    e.what.end = at("2026-12-02T10:00:00");
    e.updated_at = now;
    return e;
  }

  static calendar_event tombstone(const event_id& id) {
    calendar_event e;
    e.id = id;
    e.removed = true;
    return e;
  }

  pull_verdict pull(const provider& c, const calendar_event& e, removal proof = removal::confirmed) {
    return plan_pull(p(), c.id, e, proof);
  }

  tenant_changes taken() { return p().take_changes(); }

  /// "calendar:upsert" for each outbox row, sorted.
  static std::vector<std::string> rows(const tenant_changes& c) {
    std::vector<std::string> out;
    for (const auto& r : c.outbox) out.push_back(r.provider.str() + ":" + std::string(name_of(r.action)));
    std::sort(out.begin(), out.end());
    return out;
  }
  static std::vector<fact_type> facts(const tenant_changes& c) {
    std::vector<fact_type> out;
    for (const auto& f : c.facts) out.push_back(f.type);
    return out;
  }
  static std::vector<reason> reasons(const tenant_changes& c) {
    std::vector<reason> out;
    for (const auto& d : c.decisions) out.push_back(d.why);
    return out;
  }
  static boost::json::object json(const std::string& text) { return boost::json::parse(text).as_object(); }

  instant now = instant(std::chrono::milliseconds(1'796'000'000'000));

private:
  std::map<provider_id, provider> calendars_;
  std::optional<tenant_picture> picture_;
  std::mt19937 chance_{20261122};
};

using names = std::vector<std::string>;
using fact_list = std::vector<fact_type>;
using reason_list = std::vector<reason>;

} // namespace kalends::actors
