// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/node.hpp"

#include "actors/event_bus.hpp"
#include "actors/intake.hpp"
#include "net/oauth.hpp"

#include <caf/actor_cast.hpp>
#include <caf/atom.hpp>
#include <caf/send.hpp>

namespace kalends::simulation {

using namespace actors;

namespace {

struct one_thread : caf::actor_system_config {
  one_thread() { set("scheduler.policy", caf::atom("testing")); }
};

} // namespace

node::node(int number, std::shared_ptr<ledger> shared, settings configured, clock now, clock steady,
           chance& dice, trace& log)
    : number_(number), dice_(dice), log_(log), now_(std::move(now)),
      store_(std::make_unique<testing::ledger_store>(std::move(shared))),
      config_(std::make_unique<one_thread>()), system_(std::make_unique<caf::actor_system>(*config_)) {
  store_->held = true;
  store_->asker = [this] { return running_; };
  world outside;
  outside.now = now_;
  outside.random_bytes = [this](std::size_t n) { return dice_.bytes(n); };
  auto refresh = [this](provider_type type, oauth_app, grant current, answer_to<grant> done) {
    auto cancelled = std::make_shared<bool>(false);
    refreshes.push_back({type, std::move(current), std::move(done), cancelled, running_});
    return net::call_token([cancelled] { *cancelled = true; });
  };
  auto leases = std::make_shared<lease_book>([steady] { return steady().time_since_epoch(); });
  const node_identity identity{id(), "http://node.test", outside.random_bytes(8)};
  const staff_parts parts{*store_,
                          google_,
                          microsoft_,
                          refresh,
                          std::move(configured),
                          outside,
                          channels_,
                          observe::no_meter(),
                          leases,
                          identity,
                          governor::open(lease_book::clock_of(leases), observe::no_meter())};
  bus_ = system_->spawn<event_bus>(std::ref(*store_));
  supervisor_ = system_->spawn<actors::supervisor>(parts, bus_);
  intake_ = system_->spawn<intake>(std::ref(*store_), supervisor_);
  caf::anon_send(bus_, reader_came{1, {}, [this](const fact& f) {
                                     if (on_fact) on_fact(f);
                                   }});
  caf::anon_send(supervisor_, house_opened{[state = opened_](const result<bool>& r) {
                   *state = r ? opening::done : opening::failed;
                 }});
}

/// A crash: what was asked is never answered, and nobody does anything any more.
node::~node() {
  on_fact = nullptr;
  end_actors();
  for (auto& r : refreshes) *r.cancelled = true;
  refreshes.clear();
  calls.clear();
  google_.calls.clear();
  microsoft_.calls.clear();
  // A tenant that the house has let go finishes its step without anybody who could end it: each of its
  // questions is dropped, until it has none.
  do {
    store_->forget_questions();
    scheduler().run();
  } while (store_->waiting() > 0);
  system_.reset();
}

void node::end_actors() {
  for (auto& [id, t] : house().tenants) {
    if (t.actor) caf::anon_send_exit(t.actor, caf::exit_reason::kill);
    for (auto& [pid, p] : t.providers)
      if (p.actor) caf::anon_send_exit(p.actor, caf::exit_reason::kill);
  }
  caf::anon_send_exit(supervisor_, caf::exit_reason::kill);
  caf::anon_send_exit(intake_, caf::exit_reason::kill);
  caf::anon_send_exit(bus_, caf::exit_reason::kill);
  supervisor_ = nullptr;
  intake_ = nullptr;
  bus_ = nullptr;
  scheduler().run();
}

// ---------------------------------------------------------------- moving

caf::scheduler::test_coordinator& node::scheduler() {
  return static_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
}

supervisor_state& node::house() {
  return static_cast<actors::supervisor*>(caf::actor_cast<caf::abstract_actor*>(supervisor_))->state;
}

void node::run_job(std::size_t which) {
  auto& jobs = scheduler().jobs;
  if (which != 0) {
    auto at = jobs.begin() + static_cast<std::ptrdiff_t>(which);
    auto* job = *at;
    jobs.erase(at);
    jobs.push_front(job);
  }
  run_first_job();
}

void node::run_jobs() {
  while (!scheduler().jobs.empty()) run_first_job();
}

void node::run_first_job() {
  const auto* actor = dynamic_cast<const caf::local_actor*>(scheduler().jobs.front());
  running_ = actor != nullptr ? actor->id() : 0;
  scheduler().run_once();
}

std::optional<instant> node::next_due() {
  auto& due = house().due;
  return due.empty() ? std::nullopt : std::optional(due.begin()->first);
}

// ---------------------------------------------------------------- orders

void node::order(for_tenant o) { caf::anon_send(supervisor_, std::move(o)); }
void node::order(for_provider o) { caf::anon_send(supervisor_, std::move(o)); }

void node::deliver(const net::channel_ticket& t, answer_to<bool> done) {
  auto hash = net::sha256(t.secret);
  auto prove = [this, t, done](std::optional<bool> proven) {
    if (!proven.value_or(false)) return done(failure(errc::invalid, "notice_refused", "Not proven."));
    caf::anon_send(intake_, notice_proven{t.tenant, t.provider, net::unproven_notice::kind::changed, done});
  };
  if (auto known = channels_->proves(t.provider, hash)) return prove(known);
  auto found = [this, t, hash, prove, done](const result<std::vector<channel>>& rows) {
    if (!rows) return done(tl::unexpected(rows.error()));
    for (const auto& c : *rows) channels_->put(t.provider, c.id, c.secret_hash);
    prove(channels_->proves(t.provider, hash));
  };
  store_->find_channels(t.tenant, t.provider, found);
}

bool node::kill_provider(const tenant_id& t, const provider_id& p) {
  auto at = house().tenants.find(t);
  if (at == house().tenants.end()) return false;
  auto line = at->second.providers.find(p);
  if (line == at->second.providers.end() || !line->second.actor) return false;
  caf::anon_send_exit(line->second.actor, caf::exit_reason::kill);
  return true;
}

bool node::kill_tenant(const tenant_id& t) {
  auto at = house().tenants.find(t);
  if (at == house().tenants.end() || !at->second.actor) return false;
  caf::anon_send_exit(at->second.actor, caf::exit_reason::kill);
  return true;
}

/// Whom nobody knows any more has to end by itself.
std::size_t node::forgotten_actors() {
  std::size_t known = 3; // the supervisor, the bus, the intake
  for (const auto& [id, t] : house().tenants) {
    known += t.actor ? 1 : 0;
    for (const auto& [pid, p] : t.providers) known += p.actor ? 1 : 0;
  }
  return system_->registry().running() - known;
}

// ---------------------------------------------------------------- what it asks

void node::collect_calls(instant now, const std::function<void(const open_call&)>& issued,
                         const std::function<void(const vendor::call_ptr&)>& given_up) {
  for (auto* door : {&google_, &microsoft_}) {
    for (auto& c : door->calls) {
      calls.push_back({c, now, running_});
      issued(calls.back());
    }
    door->calls.clear();
  }
  std::erase_if(calls, [&](const open_call& c) {
    if (c.call->open) return false;
    if (c.call->cancelled) given_up(c.call);
    return true;
  });
  std::erase_if(refreshes, [](const open_refresh& r) { return *r.cancelled; });
}

} // namespace kalends::simulation
