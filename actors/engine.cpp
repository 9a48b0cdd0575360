// SPDX-License-Identifier: Apache-2.0
#include "actors/engine.hpp"

#include "actors/channel_directory.hpp"
#include "actors/delivery.hpp"
#include "actors/event_bus.hpp"
#include "actors/intake.hpp"
#include "actors/lease_book.hpp"
#include "actors/protocol.hpp"
#include "actors/supervisor.hpp"
#include "net/oauth.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/send.hpp>

#include <atomic>
#include <future>
#include <mutex>
#include <shared_mutex>

namespace kalends::actors {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t worker_threads = 2;
constexpr std::size_t messages_per_turn =
    50; ///< the default is unlimited and lets one mailbox hold a worker for good
constexpr int notices_in_flight = 50'000; ///< above: 503, the vendor repeats
constexpr auto start_patience = 30s;
constexpr auto stop_patience = 10s;

struct quiet_config : caf::actor_system_config {
  quiet_config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-throughput", messages_per_turn);
    set("scheduler.max-threads", worker_threads);
  }
};

/// Waits for an answer that comes on another thread; for start and stop only.
template <class T>
result<T> wait_for(const std::function<void(answer_to<T>)>& begin, std::chrono::milliseconds patience) {
  auto promise = std::make_shared<std::promise<result<T>>>();
  auto future = promise->get_future();
  auto once = std::make_shared<std::atomic_flag>();
  begin([promise, once](result<T> r) {
    if (!once->test_and_set()) promise->set_value(std::move(r));
  });
  if (future.wait_for(patience) == std::future_status::ready) return future.get();
  return failure(errc::retry_later, "engine_timeout", "The engine did not answer in time.");
}

error refused_notice() {
  return {errc::invalid, "notice_refused", "The channel's secret is not right.", "", {}};
}

} // namespace

/// The actors as everybody outside sees them. Lives as long as its last user, so an answer of the database or
/// the end of a subscription may come after the engine: then nobody is at home any more.
struct engine::doors : std::enable_shared_from_this<engine::doors> {
  event_bus_actor bus;
  supervisor_actor supervisor;
  intake_actor intake;
  delivery_actor delivery; ///< null: nobody sends
  std::atomic<int> in_flight{0};
  std::atomic<std::uint64_t> readers{0};
  channel_directory channels;
  lease_book leases{machine_uptime};

  template <class Actor, class Message>
  bool tell(Actor doors::*whom, Message m) {
    // Ends after the lock: if the actor is gone, the answers that it holds are given here, and who hears them
    // may come back in.
    const auto content = caf::make_message(std::move(m));
    const std::shared_lock lock(guard_); // held while sending: a handle must not outlive the actor system
    if (!open_ || !(this->*whom)) return false;
    caf::actor_cast<caf::abstract_actor*>(this->*whom)
        ->enqueue(nullptr, caf::make_message_id(), content, nullptr);
    return true;
  }
  void open() {
    const std::unique_lock lock(guard_);
    open_ = true;
  }
  /// Whether this call closed them.
  bool close() {
    const std::unique_lock lock(guard_);
    return std::exchange(open_, false);
  }
  void prove(const net::unproven_notice& n, std::optional<bool> proven, answer_to<bool> done);

private:
  std::shared_mutex guard_;
  bool open_ = false;
};

struct engine::impl {
  explicit impl(engine_parts p) : parts(std::move(p)) {}

  engine_parts parts;
  quiet_config config;
  caf::actor_system system{config};
  std::shared_ptr<doors> at = std::make_shared<doors>();
  std::shared_ptr<governor> vendors_leave;

  void open_delivery(const std::shared_ptr<lease_book>& leases);

  /// Mails the supervisor; whoever waits for an answer hears that we are stopping.
  template <class T, class Message>
  void order(const answer_to<T>& done, Message m) {
    if (!at->tell(&doors::supervisor, std::move(m))) done(stopping());
  }
  static tl::unexpected<error> stopping() {
    return failure(errc::stopped, "stopping", "The server is stopping.");
  }
};

/// It reads the bus like everybody else, and is told only how far the facts are. The two know each other
/// until `stop`.
void engine::impl::open_delivery(const std::shared_ptr<lease_book>& leases) {
  delivery_parts of{*parts.webhooks, parts.post, leases, parts.outside, parts.meter, at->bus};
  at->delivery = system.spawn<actors::delivery>(of);
  auto tell = [to = at->delivery, wanted = of.wanted](const fact& f) {
    if (*wanted) caf::anon_send(to, facts_waiting{f.tenant, f.sequence});
  };
  caf::anon_send(at->bus, reader_came{++at->readers, tenant_id(), std::move(tell)});
}

engine::engine(std::unique_ptr<impl> i) : impl_(std::move(i)) {}

engine::~engine() { stop(); }

result<std::unique_ptr<engine>> engine::start(engine_parts parts) {
  auto i = std::make_unique<impl>(std::move(parts));
  auto& p = i->parts;
  auto& at = *i->at;
  const std::shared_ptr<channel_directory> channels(i->at, &at.channels);
  const std::shared_ptr<lease_book> leases(i->at, &at.leases);
  i->vendors_leave = governor::open(lease_book::clock_of(leases), p.meter, {p.granted});
  const staff_parts staff{p.store,  p.google, p.microsoft, p.refresh, p.configured,    p.outside,
                          channels, p.meter,  leases,      p.node,    i->vendors_leave};
  at.bus = i->system.spawn<event_bus>(std::ref(p.store), leases, std::ref(p.meter));
  at.supervisor = i->system.spawn<supervisor>(staff, at.bus);
  at.intake = i->system.spawn<intake>(std::ref(p.store), at.supervisor, std::ref(p.meter));
  if (p.webhooks != nullptr) i->open_delivery(leases);
  at.open();
  auto opened = wait_for<bool>(
      [&](answer_to<bool> done) { caf::anon_send(at.supervisor, house_opened{std::move(done)}); },
      start_patience);
  std::unique_ptr<engine> made(new engine(std::move(i)));
  if (!opened) return tl::unexpected(opened.error());
  return made;
}

void engine::stop() {
  auto& at = *impl_->at;
  if (!at.close()) return;
  wait_for<bool>([&](answer_to<bool> done) { caf::anon_send(at.supervisor, house_closing{std::move(done)}); },
                 stop_patience);
  caf::anon_send_exit(at.intake, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(at.supervisor,
                      caf::exit_reason::user_shutdown); // and with it what did not come to rest
  caf::anon_send_exit(at.bus, caf::exit_reason::user_shutdown);
  if (at.delivery) caf::anon_send_exit(at.delivery, caf::exit_reason::user_shutdown);
  at.intake = nullptr;
  at.supervisor = nullptr;
  at.bus = nullptr;
  at.delivery = nullptr;
  impl_->system.await_all_actors_done(); // from here on no handler runs: what they work with may go
}

// ---------------------------------------------------------------- notices

void engine::notice(net::unproven_notice n, answer_to<bool> done) {
  auto at = impl_->at;
  auto proven = at->channels.proves(n.ticket.provider, net::sha256(n.ticket.secret));
  // A calendar of another node may have a new channel that we have not heard of.
  if (proven && (*proven || at->leases.holds(n.ticket.tenant))) return at->prove(n, proven, std::move(done));
  // Not known here: a channel of another node, or of before our start. The rows know.
  impl_->parts.store.find_channels(
      n.ticket.tenant, n.ticket.provider,
      [at, n, done = std::move(done)](const result<std::vector<channel>>& found) {
        if (!found) return done(tl::unexpected(found.error()));
        for (const auto& c : *found) at->channels.put(n.ticket.provider, c.id, c.secret_hash);
        at->prove(n, at->channels.proves(n.ticket.provider, net::sha256(n.ticket.secret)), done);
      });
}

void engine::doors::prove(const net::unproven_notice& n, std::optional<bool> proven, answer_to<bool> done) {
  if (!proven.value_or(false)) return done(tl::unexpected(refused_notice()));
  // Google's first message only says that the channel stands.
  if (n.what == net::unproven_notice::kind::opened) return done(true);
  if (in_flight.fetch_add(1) >= notices_in_flight) {
    in_flight.fetch_sub(1);
    return done(tl::unexpected(
        error{errc::retry_later, "too_many_notices", "Too many notices are being written.", "", 1s}));
  }
  auto counted = [done = std::move(done), at = weak_from_this()](result<bool> r) {
    if (const auto here = at.lock()) here->in_flight.fetch_sub(1);
    done(std::move(r));
  };
  if (!tell(&doors::intake, notice_proven{n.ticket.tenant, n.ticket.provider, n.what, counted}))
    counted(impl::stopping());
}

// ---------------------------------------------------------------- entries

void engine::create_entry(tenant_id tenant, entry_id id, entry_edit edit, answer_to<schedule_entry> done) {
  entry_order o{entry_order::kind::create, std::move(id), std::move(edit), done};
  impl_->order(done, for_tenant{std::move(tenant), std::move(o)});
}

void engine::change_entry(tenant_id tenant, entry_id id, entry_edit edit, answer_to<schedule_entry> done) {
  entry_order o{entry_order::kind::change, std::move(id), std::move(edit), done};
  impl_->order(done, for_tenant{std::move(tenant), std::move(o)});
}

void engine::remove_entry(tenant_id tenant, entry_id id, entry_edit which, answer_to<bool> done) {
  auto removed = [done](const result<schedule_entry>& r) {
    done(r.map([](const schedule_entry&) { return true; }));
  };
  entry_order o{entry_order::kind::remove, std::move(id), std::move(which), std::move(removed)};
  impl_->order(done, for_tenant{std::move(tenant), std::move(o)});
}

// ---------------------------------------------------------------- conflicts

void engine::resolve_conflict(tenant_id tenant, std::string id, conflict_resolution how, std::string who,
                              answer_to<conflict> done) {
  conflict_order o{conflict_order::kind::resolve, std::move(id), how, std::move(who), done};
  impl_->order(done, for_tenant{std::move(tenant), std::move(o)});
}

void engine::restore_losing(tenant_id tenant, std::string id, std::string who, answer_to<conflict> done) {
  conflict_order o{conflict_order::kind::restore, std::move(id), {}, std::move(who), done};
  impl_->order(done, for_tenant{std::move(tenant), std::move(o)});
}

// ---------------------------------------------------------------- providers and tenants

void engine::provider_changed(tenant_id tenant, provider_id provider, bool connected) {
  impl_->at->tell(&doors::supervisor, for_tenant{tenant, calendars_changed{}});
  wake w{connected ? wake_reason::connected : wake_reason::reloaded, 0};
  impl_->at->tell(&doors::supervisor, for_provider{std::move(tenant), std::move(provider), w});
}

void engine::provider_resumed(tenant_id tenant, provider_id provider) {
  impl_->at->tell(&doors::supervisor, for_tenant{tenant, calendars_changed{}});
  impl_->at->tell(&doors::supervisor,
                  for_provider{std::move(tenant), std::move(provider), wake{wake_reason::resumed, 0}});
}

void engine::remove_provider(tenant_id tenant, provider_id provider, answer_to<bool> done) {
  impl_->order(done, for_provider{std::move(tenant), std::move(provider), leave_order{done}});
}

void engine::list_calendars(tenant_id tenant, provider_id provider,
                            answer_to<std::vector<calendar_listing>> done) {
  impl_->order(done, for_provider{std::move(tenant), std::move(provider), calendars_order{done}});
}

void engine::sync_now(tenant_id tenant, provider_id provider, sync_mode mode, answer_to<sync_run> done) {
  impl_->order(done, for_provider{std::move(tenant), std::move(provider), sync_order{done, mode}});
}

void engine::renew_channel(tenant_id tenant, provider_id provider, answer_to<channel> done) {
  impl_->order(done, for_provider{std::move(tenant), std::move(provider), renewal_order{done}});
}

void engine::approve_removals(tenant_id tenant, provider_id provider, removal_answer answer,
                              answer_to<bool> done) {
  impl_->order(done, for_provider{std::move(tenant), std::move(provider), approval_order{answer, done}});
}

void engine::replay_pushes(tenant_id tenant, std::vector<dead_letter> letters, answer_to<int> done) {
  impl_->order(done, for_tenant{std::move(tenant), replay_order{std::move(letters), done}});
}

void engine::reread_events(tenant_id tenant, provider_id provider, std::vector<event_id> events,
                           answer_to<int> done) {
  impl_->order(done,
               for_provider{std::move(tenant), std::move(provider), reread_order{std::move(events), done}});
}

// ---------------------------------------------------------------- the host's endpoints

void engine::webhooks_changed(tenant_id tenant) {
  impl_->at->tell(&doors::delivery, endpoints_changed{std::move(tenant)});
}

void engine::try_webhook(tenant_id tenant, webhook_id endpoint, std::int64_t sequence,
                         answer_to<webhook_delivery> done) {
  if (!impl_->at->tell(&doors::delivery,
                       endpoint_trial{std::move(tenant), std::move(endpoint), sequence, done}))
    done(impl::stopping());
}

void engine::tenant_created(tenant_id tenant, answer_to<bool> done) {
  impl_->order(done, tenant_arrived{std::move(tenant), done});
}

void engine::tenant_removed(tenant_id tenant, answer_to<bool> done) {
  impl_->order(done, tenant_leaving{std::move(tenant), done});
}

// ---------------------------------------------------------------- other nodes

bool engine::runs_here(const tenant_id& tenant) const { return impl_->at->leases.holds(tenant); }

void engine::find_owner(tenant_id tenant, answer_to<std::optional<persistence::node_line>> done) {
  impl_->parts.store.find_owner(std::move(tenant), std::move(done));
}

void engine::marked_elsewhere(tenant_id tenant, provider_id provider, std::int64_t mark) {
  providers_stale news;
  news.lines.push_back({std::move(tenant), std::move(provider), wake{wake_reason::notice, mark}});
  impl_->at->tell(&doors::supervisor, std::move(news));
}

void engine::leases_moved() { impl_->at->tell(&doors::supervisor, actors::leases_moved{}); }

// ---------------------------------------------------------------- the bus

subscription engine::subscribe(tenant_id tenant, std::function<void(const fact&)> sink) {
  auto at = impl_->at;
  auto reader = ++at->readers;
  at->tell(&doors::bus, reader_came{reader, std::move(tenant), std::move(sink)});
  return subscription([at = std::weak_ptr(at), reader] {
    if (const auto here = at.lock()) here->tell(&doors::bus, reader_left{reader});
  });
}

budget_report engine::budgets(std::size_t most) const { return impl_->vendors_leave->report(most); }

void engine::status(answer_to<engine_status> done) { impl_->order(done, count_house{done}); }

} // namespace kalends::actors
