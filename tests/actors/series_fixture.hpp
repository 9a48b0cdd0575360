// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_reconcile.hpp"
#include "schema/recurrence.hpp"
#include "tests/actors/plan_fixture.hpp"

#include <algorithm>

namespace kalends::actors {

/// An event that became an entry, a series or not.
class series_fixture : public plan_fixture {
protected:
  static recurrence_id slot(const std::string& text) { return read_slot(text).value(); }
  static std::vector<recurrence_id> slots(const std::vector<std::string>& texts) {
    std::vector<recurrence_id> out;
    for (const auto& t : texts) out.push_back(slot(t));
    return out;
  }
  /// Tuesdays at nine, for ever.
  calendar_event weekly(const std::string& id) {
    auto e = foreign(id);
    e.what.start = at("2026-12-01T09:00:00");
    e.what.end = at("2026-12-01T10:00:00");
    e.what.repeats = recurrence{"FREQ=WEEKLY", {}, {}, {}};
    return e;
  }
  static void cancel(calendar_event& e, const std::string& where) {
    auto& list = e.what.repeats->exdates;
    list.push_back(slot(where));
    std::sort(list.begin(), list.end());
  }
  static void change(calendar_event& e, const std::string& where, const std::string& title) {
    auto what = occurrence_at(e.what, slot(where)).value().what;
    what.title = title;
    what.attendees.clear();
    auto& list = e.what.repeats->changed;
    list.push_back({slot(where), what});
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  }
  /// The event as it was read first; nothing is left to be taken.
  calendar_event imported(const provider& c, const calendar_event& e) {
    pull(c, e);
    id_ = p().link_of(c.id, e)->entry;
    taken();
    return e;
  }
  const entry_id& id() const { return id_; }
  const schedule_entry& entry() { return *p().entry(id_); }
  /// The host says so.
  void say(const appointment& what) {
    auto e = entry();
    e.what = what;
    ++e.version;
    p().know(e);
  }
  void edit_title(const std::string& title) {
    auto what = entry().what;
    what.title = title;
    say(what);
  }
  void assign(std::vector<user_id> people) {
    entry_edit e;
    e.assigned = std::move(people);
    ASSERT_TRUE(change_entry(p(), id_, e));
  }

private:
  entry_id id_;
};

} // namespace kalends::actors
