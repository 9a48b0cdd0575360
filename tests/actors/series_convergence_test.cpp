// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_occurrences.hpp"
#include "schema/recurrence.hpp"
#include "tests/actors/plan_fixture.hpp"
#include "tests/support/series_model.hpp"

#include <cstdlib>
#include <map>
#include <set>

/// Series, their occurrences and their guests: host and people edit at random, calls are lost, somebody else
/// writes between two steps of a push. Afterwards both sides must agree.
namespace kalends::actors {
namespace {

/// A vendor that keeps series as its documents say.
class series_calendar {
public:
  struct stored {
    calendar_event event;
    bool dirty = true; ///< not read since its last change
  };
  std::map<event_id, stored> events;
  provider_type type{};

  calendar_event store(calendar_event e, instant now) {
    e.version = "v" + std::to_string(++serial_) + "#";
    return keep(std::move(e), now);
  }
  calendar_event store_occurrences(calendar_event e, instant now) {
    e.version = testing::guard_of(e.version) + "#" + std::to_string(++serial_);
    return keep(std::move(e), now);
  }
  void remove(const event_id& id, instant now) {
    auto e = events.at(id).event;
    e.removed = true;
    e.tag = entry_id();
    store(std::move(e), now);
  }
  std::vector<event_id> standing() const {
    std::vector<event_id> all;
    for (const auto& [id, s] : events)
      if (!s.event.removed) all.push_back(id);
    return all;
  }
  calendar_event* find(const mapping& link) {
    for (auto& [id, s] : events)
      if (id == link.event || (!link.transaction_id.empty() && s.event.transaction_id == link.transaction_id))
        return &s.event;
    return nullptr;
  }

private:
  calendar_event keep(calendar_event e, instant now) {
    e.what = testing::as_read(std::move(e.what));
    e.updated_at = now;
    events[e.id] = {e, true};
    return e;
  }
  int serial_ = 0;
};

class series_convergence_test : public plan_fixture {
protected:
  std::mt19937 dice{0};
  std::vector<provider> all;
  std::map<provider_id, series_calendar> vendors;
  std::vector<outbox_row> outbox;
  std::set<entry_id> known;
  bool lossy = true;
  int made = 0;

  int roll(int n) { return static_cast<int>(dice() % static_cast<unsigned>(n)); }
  bool lost() { return lossy && roll(7) == 0; }
  void tick() { now += std::chrono::milliseconds(1 + roll(2000)); }
  std::string word() { return "w" + std::to_string(roll(1000)); }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from.at(static_cast<std::size_t>(roll(static_cast<int>(from.size()))));
  }

  void commit() {
    auto c = taken();
    for (const auto& [e, stored] : c.entries) {
      known.insert(e.id);
      if (!e.what.repeats) continue;
      const auto whole = canonical_series(e.what);
      ASSERT_TRUE(whole) << whole.error().code;
      ASSERT_EQ(*whole, e.what) << "an entry is kept in the one form";
    }
    outbox.insert(outbox.end(), c.outbox.begin(), c.outbox.end());
  }
  void read(const provider& c, calendar_event e) {
    if (e.removed) e.transaction_id.clear();
    if (plan_pull(p(), c.id, e, removal::unconfirmed) == pull_verdict::confirm_removal)
      plan_pull(p(), c.id, e, removal::confirmed);
    commit();
  }
  bool pull_all(const provider& c) {
    std::vector<calendar_event> page;
    for (auto& [id, s] : vendors[c.id].events)
      if (std::exchange(s.dirty, false) || (lossy && roll(10) == 0)) page.push_back(s.event);
    std::shuffle(page.begin(), page.end(), dice);
    for (const auto& e : page) read(c, e);
    return !page.empty();
  }

  // ---- what the provider actor does with its vendor, call by call; false: an answer was lost ----
  bool push_one(const provider& c, const entry_id& entry) {
    std::optional<calendar_event> seen;
    for (int attempt = 0; attempt < 12; ++attempt) {
      const auto step = plan_push(p(), c.id, entry);
      if (std::holds_alternative<push_nothing>(step)) return true;
      bool done = false, ok = true;
      if (const auto* s = std::get_if<push_insert>(&step)) ok = insert_series(c, *s);
      if (const auto* s = std::get_if<push_remove>(&step)) ok = remove_series(c, *s);
      if (const auto* s = std::get_if<push_look>(&step)) {
        ok = read_whole(c, s->link, seen);
        done = true;
      }
      if (const auto* s = std::get_if<push_update>(&step)) ok = update_series(c, *s, seen, done);
      commit();
      if (!ok) return false;
      if (done) return true;
    }
    return false;
  }
  std::int64_t version_of(const entry_id& e) { return p().entry(e) != nullptr ? p().entry(e)->version : 0; }

  bool read_whole(const provider& c, const mapping& link, std::optional<calendar_event>& seen) {
    if (lost()) return false;
    auto* event = vendors[c.id].find(link);
    if (event == nullptr) return false;
    seen = *event;
    read(c, *event);
    return true;
  }

  bool insert_series(const provider& c, const push_insert& s) {
    auto& vendor = vendors[c.id];
    const net::new_event asked{s.link.event, s.link.transaction_id, s.link.entry, s.what, s.invites};
    if (auto* standing = vendor.find(s.link)) {
      if (standing->removed) {
        rename_event(p(), s.link);
        return true;
      }
      standing->tag = s.link.entry;
      read(c, *standing);
      return true;
    }
    calendar_event e;
    e.id = s.link.event.empty() ? event_id("graph-" + s.link.transaction_id) : s.link.event;
    e.transaction_id = s.link.transaction_id;
    e.tag = s.link.entry;
    e.ical_uid = "uid-" + e.id.str();
    e.what = testing::as_inserted(asked, c.type);
    e = vendor.store(std::move(e), now);
    if (lost()) return false;
    settle_push(p(), s.link, s.what, version_of(s.link.entry), e, reason::push_inserted);
    return true;
  }

  bool remove_series(const provider& c, const push_remove& s) {
    auto* event = vendors[c.id].find(s.link);
    if (event != nullptr && !event->removed) vendors[c.id].remove(event->id, now);
    if (lost()) return false;
    settle_removal(p(), s.link, reason::push_deleted);
    return true;
  }

  bool update_series(const provider& c, const push_update& s, std::optional<calendar_event>& seen,
                     bool& done) {
    auto& vendor = vendors[c.id];
    auto* standing = vendor.find(s.link);
    if (standing == nullptr) return false;
    if (standing->removed) {
      read(c, *standing);
      return true;
    }
    field_set occurrences;
    occurrences.add(field_group::occurrences);
    const auto of_master = s.changed - occurrences;
    if (of_master.empty()) return write_occurrences(c, s, seen, done);
    if (testing::guard_of(standing->version) != testing::guard_of(s.link.event_version))
      return read_whole(c, s.link, seen);
    const net::event_update asked{s.link.event, s.link.event_version, of_master, s.what, s.invites};
    auto event = *standing;
    event.what = testing::as_updated(event.what, asked, c.type);
    event = vendor.store(std::move(event), now);
    if (lost()) return false;
    auto answer = event;
    answer.version = testing::guard_of(answer.version);
    answer.what = testing::master_alone(std::move(answer.what));
    auto agreed = agree_on_master(s.link, s.what, of_master, answer.what);
    answer.what = std::move(agreed.event);
    settle_push(p(), s.link, agreed.entry, version_of(s.link.entry), answer, reason::push_updated);
    commit();
    if (lossy && roll(5) == 0) person_edits(c);
    return read_whole(c, s.link, seen);
  }

  bool write_occurrences(const provider& c, const push_update& s, std::optional<calendar_event>& seen,
                         bool& done) {
    if (!seen || seen->version != s.link.event_version) return read_whole(c, s.link, seen);
    const auto before = *seen;
    const agreed_series agreed{&s.link.base_entry, &s.link.base_event};
    const auto steps = plan_occurrences(s.what, before.what, c.type, agreed, s.link.masked);
    std::vector<recurrence_id> undone;
    bool wrote = false;
    for (const auto& step : steps) {
      if (!step.refused.empty()) {
        undone.push_back(step.at);
        continue;
      }
      if (!write_one(c, s, before, step)) return false;
      wrote = true;
      if (lossy && roll(6) == 0) person_edits(c);
    }
    auto now_there = wrote ? *vendors[c.id].find(s.link) : before;
    if (now_there.removed) {
      read(c, now_there);
      return true;
    }
    auto outcome = agree_on_occurrences(s.link, s.what, before.what, steps, undone, now_there.what);
    now_there.what = std::move(outcome.event);
    if (outcome.moved) now_there.version = s.link.event_version;
    settle_push(p(), s.link, outcome.entry, version_of(s.link.entry), now_there, reason::push_updated);
    commit();
    if (outcome.moved) return read_whole(c, s.link, seen);
    if (!undone.empty()) settle_unsayable(p(), s.link, version_of(s.link.entry));
    done = true;
    return true;
  }

  bool write_one(const provider& c, const push_update& s, const calendar_event& before,
                 const occurrence_step& step) {
    auto* event = vendors[c.id].find(s.link);
    if (event->removed) return true;
    using kind = net::occurrence_write::kind;
    constexpr kind kinds[] = {kind::cancel, kind::change, kind::restore};
    const net::occurrence_write asked{kinds[static_cast<int>(step.how)],
                                      s.link.event,
                                      before.what,
                                      step.at,
                                      step.changed,
                                      step.what,
                                      s.invites};
    auto written = *event;
    const auto outcome = testing::write_slot(written.what, asked, c.type);
    if (outcome && *outcome) vendors[c.id].store_occurrences(std::move(written), now);
    return !lost();
  }

  bool push_all(const provider& c) {
    std::vector<outbox_row> mine;
    for (const auto& r : outbox)
      if (r.provider == c.id) mine.push_back(r);
    for (const auto& r : mine) {
      const bool done = push_one(c, r.entry);
      tick();
      if (done) std::erase_if(outbox, [&](const outbox_row& o) { return o.id == r.id; });
    }
    return !mine.empty();
  }

  // ---- what host and people do ----
  static appointment weekly() {
    appointment a;
    a.title = "Round";
    a.start = at("2026-10-19T09:00:00"); // summer time ends within
    a.end = at("2026-10-19T10:00:00");
    a.repeats = recurrence{"FREQ=WEEKLY;COUNT=6", {}, {}, {}};
    return a;
  }
  recurrence_id some_slot(const appointment& a) { return pick(slots_of(a, 8)); }
  std::string some_rule() { return "FREQ=WEEKLY;COUNT=" + std::to_string(3 + roll(5)); }
  std::pair<calendar_time, calendar_time> some_time() {
    const auto minute = std::to_string(10 + roll(8)) + ":" + std::to_string(10 + roll(40));
    return {at("2026-10-19T" + minute + ":00"), at("2026-10-19T" + minute + ":30")};
  }
  static attendee guest(int n) {
    attendee g;
    g.email = "guest" + std::to_string(n) + "@example.org";
    return g;
  }

  void host_edits() {
    std::vector<entry_id> ids;
    for (const auto& id : known)
      if (p().entry(id) != nullptr) ids.push_back(id);
    if (ids.size() < 2 || (ids.size() < 4 && roll(8) == 0)) return host_creates();
    const auto id = pick(ids);
    const auto& e = *p().entry(id);
    entry_edit edit;
    const bool series = e.what.repeats.has_value();
    switch (roll(series ? 12 : 6)) {
    case 0:
      host_says(edit);
      break;
    case 1:
      edit.assigned = roll(2) == 0 ? std::vector{alice} : std::vector{alice, bob};
      break;
    case 2:
      edit.attendees = std::vector{guest(roll(3))};
      break;
    case 3:
      std::tie(edit.start, edit.end) = some_time();
      break;
    case 4:
      if (roll(4) == 0) (void)remove_entry(p(), id, std::optional<std::int64_t>());
      return commit();
    case 5:
      edit.repeats = recurrence{some_rule(), {}, {}, {}};
      edit.keeps_exdates = true;
      break;
    case 6:
      if (roll(4) == 0) edit.repeats = std::optional<recurrence>();
      break;
    case 7:
      edit.scope = edit_scope::future;
      edit.occurrence = some_slot(e.what);
      edit.title = word();
      break;
    case 8:
      edit.scope = edit_scope::single;
      edit.occurrence = some_slot(e.what);
      edit.status = entry_status::cancelled;
      break;
    default:
      edit.scope = edit_scope::single;
      edit.occurrence = some_slot(e.what);
      (roll(2) == 0 ? edit.title : edit.location) = word();
    }
    (void)change_entry(p(), id, edit); // refused where it makes no series
    commit();
  }
  void host_says(entry_edit& edit) {
    switch (roll(5)) {
    case 0:
      edit.notes = word();
      break;
    case 1:
      edit.location = word();
      break;
    case 2:
      edit.is_private = roll(2) == 0;
      break;
    case 3:
      edit.status = roll(2) == 0 ? entry_status::tentative : entry_status::scheduled;
      break;
    default:
      edit.title = word();
    }
  }
  void host_creates() {
    entry_edit edit;
    const auto what = weekly();
    edit.title = word();
    edit.start = what.start;
    edit.end = what.end;
    edit.repeats = what.repeats;
    edit.assigned = roll(2) == 0 ? std::vector{alice} : std::vector{alice, bob};
    if (roll(3) == 0) edit.attendees = std::vector{guest(1), guest(2)};
    const auto outcome = create_entry(p(), entry_id("host-" + std::to_string(++made)), edit);
    ASSERT_TRUE(outcome) << outcome.error().code;
    commit();
  }

  void person_edits(const provider& c) {
    auto& vendor = vendors[c.id];
    const auto live = vendor.standing();
    if (live.empty() || (live.size() < 4 && roll(10) == 0)) return person_creates(c, weekly());
    auto e = vendor.events.at(pick(live)).event;
    auto a = e.what;
    switch (roll(a.repeats ? 10 : 3)) {
    case 0:
      person_says(a);
      break;
    case 1:
      std::tie(a.start, a.end) = some_time();
      a = take(e.what, a, difference(a, e.what));
      break;
    case 2:
      if (roll(4) == 0) return vendor.remove(e.id, now);
      a.location = word();
      break;
    case 3:
      a.repeats->rrule = some_rule();
      break;
    case 4:
      if (roll(4) == 0) a.repeats.reset();
      break;
    case 5:
      return person_splits(c, e);
    default:
      return person_edits_occurrence(c, e);
    }
    e.what = a;
    vendor.store(std::move(e), now);
  }
  void person_says(appointment& a) {
    switch (roll(5)) {
    case 0:
      a.notes = word();
      break;
    case 1:
      a.location = word();
      break;
    case 2:
      a.is_private = !a.is_private;
      break;
    case 3:
      a.is_tentative = !a.is_tentative;
      break;
    default:
      a.title = word();
    }
  }
  void person_creates(const provider& c, appointment what) {
    calendar_event e;
    e.id = event_id("born-" + c.id.str() + std::to_string(++made));
    e.ical_uid = e.id.str();
    what.title = word();
    e.what = std::move(what);
    vendors[c.id].store(std::move(e), now);
  }
  /// "This and following": the series ends, and another begins.
  void person_splits(const provider& c, calendar_event e) {
    const auto halves = split_series(e.what, some_slot(e.what));
    if (!halves) return;
    e.what = halves->before;
    vendors[c.id].store(std::move(e), now);
    if (vendors[c.id].standing().size() < 6) person_creates(c, halves->from_there);
  }
  void person_edits_occurrence(const provider& c, calendar_event e) {
    net::occurrence_write w;
    w.at = some_slot(e.what);
    w.how = roll(3) == 0 ? net::occurrence_write::kind::cancel : net::occurrence_write::kind::change;
    const auto what = occurrence_at(e.what, w.at);
    if (!what) return;
    w.what = what->what;
    w.what.title = word();
    w.changed.add(field_group::title);
    const auto written = testing::write_slot(e.what, w, c.type);
    if (written && *written) vendors[c.id].store_occurrences(std::move(e), now);
  }

  // ---- the end ----
  void settle_everything() {
    lossy = false;
    for (int round = 0; round < 40; ++round) {
      bool busy = false;
      for (const auto& c : all) {
        busy = pull_all(c) || busy;
        busy = push_all(c) || busy;
        tick();
      }
      if (!busy) return;
    }
    FAIL() << "still busy: " << outbox.size() << " rows";
  }

  /// Microsoft cannot bring back what was cancelled there.
  static appointment but_for_unrestorable(appointment entry, const appointment& event) {
    if (!entry.repeats || !event.repeats) return entry;
    for (const auto at : event.repeats->exdates) {
      auto& cancelled = entry.repeats->exdates;
      if (std::binary_search(cancelled.begin(), cancelled.end(), at) || !has_slot(entry, at)) continue;
      cancelled.insert(std::upper_bound(cancelled.begin(), cancelled.end(), at), at);
      std::erase_if(entry.repeats->changed, [at](const changed_occurrence& o) { return o.at == at; });
    }
    return entry;
  }

  void expect_agreement() {
    for (const auto& c : all) {
      std::set<event_id> linked;
      for (const auto& id : known) {
        const auto* e = p().entry(id);
        const auto* link = p().link(c.id, id);
        const bool belongs = e != nullptr && belongs_in(*e, c);
        ASSERT_EQ(link != nullptr, belongs) << c.id.str() << " " << id.str();
        if (!belongs) continue;
        ASSERT_TRUE(link->linked && !link->removing);
        const auto at = vendors[c.id].events.find(link->event);
        ASSERT_TRUE(at != vendors[c.id].events.end() && !at->second.event.removed);
        auto said = e->what;
        const auto& shown = at->second.event.what;
        if (c.type == provider_type::microsoft) said = but_for_unrestorable(std::move(said), shown);
        const auto may = writable(*link, invites_from(p(), c, *e, link));
        EXPECT_EQ(names_of(difference(shown, said) & may), std::vector<std::string_view>{})
            << c.id.str() << " " << id.str();
        EXPECT_TRUE(linked.insert(link->event).second) << "two events of one entry";
      }
      for (const auto& id : vendors[c.id].standing())
        EXPECT_TRUE(linked.contains(id)) << "left behind: " << c.id.str() << " " << id.str();
    }
  }

  void live(unsigned seed, int steps) {
    dice.seed(seed);
    for (auto [id, user, type] :
         {std::tuple{"a", alice, provider_type::google}, std::tuple{"a2", alice, provider_type::microsoft},
          std::tuple{"b", bob, provider_type::microsoft}}) {
      auto& c = add(id, user, roll(3) == 0 ? provider_type::google : type);
      c.on_conflict = static_cast<conflict_policy>(roll(3));
      if (roll(2) == 0) c.mails = guest_mail::guests;
      all.push_back(c);
      vendors[c.id].type = c.type;
    }
    for (int i = 0; i < steps && !HasFatalFailure(); ++i) {
      tick();
      const auto& c = pick(all);
      switch (roll(4)) {
      case 0:
        host_edits();
        break;
      case 1:
        person_edits(c);
        break;
      case 2:
        pull_all(c);
        break;
      default:
        push_all(c);
      }
    }
    if (!HasFatalFailure()) settle_everything();
    if (!HasFatalFailure()) expect_agreement();
  }
};

class series_chaos_test : public series_convergence_test, public ::testing::WithParamInterface<unsigned> {};

TEST_P(series_chaos_test, both_sides_agree_when_the_faults_stop) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));

  live(GetParam(), 60);
}

unsigned seeds() {
  const char* wanted = std::getenv("KALENDS_SERIES_SEEDS");
  return wanted != nullptr ? static_cast<unsigned>(std::stoul(wanted)) : 300;
}

INSTANTIATE_TEST_SUITE_P(series_convergence_test, series_chaos_test, ::testing::Range(1u, 1u + seeds()));

} // namespace
} // namespace kalends::actors
