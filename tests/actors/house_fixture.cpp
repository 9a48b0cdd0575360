// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include "actors/event_bus.hpp"
#include "observe/log.hpp"

#include <caf/actor_cast.hpp>
#include <caf/atom.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace kalends::actors {

namespace {

struct one_thread : caf::actor_system_config {
  one_thread() { set("scheduler.policy", caf::atom("testing")); }
};

struct supervisor_ear : supervisor_actor::base {
  supervisor_ear(caf::actor_config& cfg, std::shared_ptr<overheard> h)
      : supervisor_actor::base(cfg), heard(std::move(h)) {}
  behavior_type make_behavior() override {
    return {[](const house_opened&) {},
            [this](const providers_stale& m) { heard->stale.push_back(m); },
            [](const for_provider&) {},
            [](const for_tenant&) {},
            [this](const providers_due& m) { heard->due.push_back(m); },
            [](const provider_idle&) {},
            [](const provider_gone&) {},
            [](clock_tick) {},
            [](const tenant_arrived&) {},
            [](const tenant_leaving&) {},
            [](leases_moved) {},
            [](const lease_fenced&) {},
            [](const count_house&) {},
            [](const house_closing&) {}};
  }
  std::shared_ptr<overheard> heard;
};

struct bus_ear : event_bus_actor::base {
  bus_ear(caf::actor_config& cfg, std::shared_ptr<overheard> h)
      : event_bus_actor::base(cfg), heard(std::move(h)) {}
  behavior_type make_behavior() override {
    return {[this](const facts_committed& m) { heard->facts.push_back(m); }, [](look_elsewhere_now) {},
            [](const reader_came&) {}, [](const reader_left&) {}};
  }
  std::shared_ptr<overheard> heard;
};

} // namespace

house_fixture::house_fixture()
    : config_(std::make_unique<one_thread>()), system(std::make_unique<caf::actor_system>(*config_)) {
  observe::open_log(observe::log_format::text, "off");
  configured.google = oauth_app{"client", "secret", ""};
  configured.microsoft = oauth_app{"client", "secret", "common"};
  store.tenants[acme];
  store.rows.clock = [this] { return now; };
  leases->hold(acme);
  leases->renew(leases->now(),
                24h * 3650); // for those who work without a supervisor; it renews on its own terms
}

house_fixture::~house_fixture() {
  EXPECT_TRUE(store.wrongs.empty()) << store.wrongs.front();
  if (supervisor) {
    for (auto& [id, t] : house_state().tenants) {
      if (t.actor) caf::anon_send_exit(t.actor, caf::exit_reason::kill);
      for (auto& [pid, p] : t.providers)
        if (p.actor) caf::anon_send_exit(p.actor, caf::exit_reason::kill);
    }
    caf::anon_send_exit(supervisor, caf::exit_reason::kill);
  }
  if (bus) caf::anon_send_exit(bus, caf::exit_reason::kill);
  for (const auto& a : others) caf::anon_send_exit(a, caf::exit_reason::kill);
  others.clear();
  supervisor = nullptr;
  bus = nullptr;
  run();
  // Questions that are still open hold their askers.
  store.forget_questions();
  store.on_fenced(nullptr);
  google.calls.clear();
  microsoft.calls.clear();
  refreshes.clear();
  run();
  system.reset();
}

// ---------------------------------------------------------------- rows

provider& house_fixture::add_calendar(const provider_id& id, provider_type type) {
  auto& r = rows().providers[id];
  r.calendar.id = id;
  r.calendar.type = type;
  r.calendar.user = alice;
  r.calendar.status = provider_status::active;
  r.calendar.calendar = calendar_id("alice@example.org");
  r.calendar.calendar_name = "Work";
  r.calendar.next_poll_at = now + 1h;
  r.calendar.next_reconcile_at = now + 24h * 365;
  r.read_from = cursor{"cursor-0", "query-1", {}};
  if (type == provider_type::microsoft) r.read_from->window = read_window{now - 24h * 92, now + 24h * 730};
  r.tokens = grant{"access-0", "refresh-0", now + 24h * 365, "calendar"};
  return r.calendar;
}

schedule_entry house_fixture::add_visit(const entry_id& id, const provider_id& where,
                                        const std::string& title) {
  schedule_entry e;
  e.id = id;
  e.version = 1;
  e.what = hour(title);
  e.assigned = {alice};
  e.created_at = e.updated_at = now - 1h;
  rows().entries[id] = e;
  mapping m;
  m.provider = where;
  m.entry = id;
  m.event = event_id("event-of-" + id.str().substr(34));
  m.linked = true;
  m.event_version = "v1";
  m.entry_version = 1;
  m.base_entry = m.base_event = e.what;
  rows().mappings[{where, id}] = m;
  return e;
}

calendar_event house_fixture::event_of(const mapping& m, const std::string& version) {
  calendar_event e;
  e.id = m.event.empty() ? event_id("graph-" + m.transaction_id) : m.event;
  e.transaction_id = m.transaction_id;
  e.version = version;
  e.tag = m.entry;
  e.what = m.base_event;
  return e;
}

calendar_event house_fixture::foreign(const std::string& id, const std::string& version) const {
  calendar_event e;
  e.id = event_id(id);
  e.version = version;
  e.what = hour("Dentist");
  e.updated_at = now;
  return e;
}

calendar_event house_fixture::tombstone(const event_id& id) {
  calendar_event e;
  e.id = id;
  e.removed = true;
  return e;
}

std::size_t house_fixture::facts(fact_type type) const {
  const auto& all = store.tenants.at(acme).facts;
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](const fact& f) { return f.type == type; }));
}

std::vector<std::string> house_fixture::run_outcomes() const {
  std::vector<std::string> all;
  for (const auto& r : store.tenants.at(acme).runs)
    all.push_back(std::string(name_of(r.cause)) + ":" + std::string(name_of(r.outcome)));
  return all;
}

// ---------------------------------------------------------------- the house

world house_fixture::outside() {
  world w;
  w.now = [this] { return now; };
  w.random_bytes = [this](std::size_t n) {
    std::string bytes(n, '\0');
    for (auto& b : bytes) b = static_cast<char>(chance());
    return bytes;
  };
  return w;
}

staff_parts house_fixture::staff() {
  auto refresh = [this](provider_type type, oauth_app app, grant current, answer_to<grant> reply) {
    auto call =
        std::make_shared<refresh_call>(refresh_call{type, std::move(app), std::move(current), reply, true});
    refreshes.push_back(call);
    return net::call_token([call] { call->open = false; });
  };
  return {store,      google,
          microsoft,  refresh,
          configured, outside(),
          channels,   observe::no_meter(),
          leases,     node_identity{"0192a000-0000-7000-8000-0000000000f1", "http://one.test", "life-1"},
          gate()};
}

std::shared_ptr<governor> house_fixture::gate() {
  if (!gate_) gate_ = governor::open(lease_book::clock_of(leases), observe::no_meter());
  return gate_;
}

supervisor_actor house_fixture::listening_supervisor() {
  auto a = system->spawn<supervisor_ear>(heard);
  others.push_back(caf::actor_cast<caf::actor>(a));
  return a;
}

event_bus_actor house_fixture::listening_bus() {
  auto a = system->spawn<bus_ear>(heard);
  others.push_back(caf::actor_cast<caf::actor>(a));
  return a;
}

void house_fixture::open_house() {
  bus = system->spawn<event_bus>(std::ref(store));
  supervisor = system->spawn<actors::supervisor>(staff(), bus);
  answers<bool> opened;
  tell(supervisor, house_opened{opened.slot()});
  if (!store.held) {
    ASSERT_EQ(opened.size(), 1u);
  }
}

supervisor_state& house_fixture::house_state() {
  return static_cast<actors::supervisor*>(caf::actor_cast<caf::abstract_actor*>(supervisor))->state;
}

provider_actor house_fixture::awake(const provider_id& p) {
  return house_state().tenants[acme].providers[p].actor;
}

tenant_actor house_fixture::awake_tenant() { return house_state().tenants[acme].actor; }

caf::scheduler::test_coordinator& house_fixture::sched() {
  return dynamic_cast<caf::scheduler::test_coordinator&>(system->scheduler());
}

void house_fixture::pass(std::chrono::milliseconds d) {
  for (auto left = d; left > 0ms; left -= 250ms) {
    now += 250ms;
    uptime += 250ms;
    sched().advance_time(250ms);
    run();
  }
}

void house_fixture::notice(const provider_id& p) {
  rows(p).stale = true;
  tell_calendar(p, wake{wake_reason::notice, ++rows(p).mark});
}

result<schedule_entry> house_fixture::order(entry_order::kind what, const entry_id& e, entry_edit edit) {
  answers<schedule_entry> done;
  tell(supervisor, for_tenant{acme, entry_order{what, e, std::move(edit), done.slot()}});
  return done.size() == 1 ? done[0] : failure(errc::broken, "answers", std::to_string(done.size()));
}

void house_fixture::edit(const entry_id& e, const std::string& title) {
  entry_edit change;
  change.title = title;
  ASSERT_TRUE(order(entry_order::kind::change, e, change));
}

result<schedule_entry> house_fixture::create(const entry_id& e, const std::string& title) {
  const auto what = hour(title);
  entry_edit made;
  made.title = title;
  made.start = what.start;
  made.end = what.end;
  made.assigned = std::vector<user_id>{alice};
  return order(entry_order::kind::create, e, made);
}

change_page house_fixture::last_page(std::vector<calendar_event> events, const std::string& cursor) {
  return {std::move(events), "", cursor, "Europe/Berlin"};
}

change_page house_fixture::page(std::vector<calendar_event> events, const std::string& next) {
  return {std::move(events), next, "", "Europe/Berlin"};
}

error house_fixture::trouble(errc kind, const std::string& code,
                             std::optional<std::chrono::milliseconds> retry_after) {
  return {kind, code, "What the vendor said.", "", retry_after};
}

appointment house_fixture::hour(const std::string& title) const {
  appointment a;
  a.title = title;
  a.start = read_zoned_time("2026-12-01T09:00:00", "Europe/Berlin").value();
  a.end = read_zoned_time("2026-12-01T10:00:00", "Europe/Berlin").value();
  return a;
}

engine_status house_fixture::status() {
  answers<engine_status> told;
  tell(supervisor, count_house{told.slot()});
  return *told[0];
}

void house_fixture::answer_reads() {
  for (auto& c : google.open_calls()) {
    held_calendar::answer_call<change_page>(c, last_page({}, "cursor-1"));
    run();
  }
}

provider_id house_fixture::numbered(int n) {
  const auto text = std::to_string(n);
  return provider_id("0192a000-0000-7000-8000-" + std::string(12 - text.size(), '0') + text);
}

} // namespace kalends::actors
