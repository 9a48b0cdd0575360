// SPDX-License-Identifier: Apache-2.0
#include "actors/engine.hpp"

#include "actors/channel_directory.hpp"
#include "actors/event_bus.hpp"
#include "actors/intake.hpp"
#include "actors/protocol.hpp"
#include "actors/supervisor.hpp"
#include "net/oauth.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/send.hpp>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

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

struct engine::impl {
  explicit impl(engine_parts p) : parts(std::move(p)), channels(std::make_shared<channel_directory>()) {}

  engine_parts parts;
  std::shared_ptr<channel_directory> channels;
  quiet_config config;
  caf::actor_system system{config};
  event_bus_actor bus;
  supervisor_actor supervisor;
  intake_actor intake;
  std::shared_ptr<std::atomic<int>> in_flight = std::make_shared<std::atomic<int>>(0);
  std::atomic<std::uint64_t> readers{0};
  std::atomic<bool> stopped{false};

  void prove(const net::unproven_notice& n, std::optional<bool> proven, answer_to<bool> done);
  void accept(const net::unproven_notice& n, answer_to<bool> done);
};

engine::engine(std::unique_ptr<impl> i) : impl_(std::move(i)) {}

engine::~engine() { stop(); }

result<std::unique_ptr<engine>> engine::start(engine_parts parts) {
  auto i = std::make_unique<impl>(std::move(parts));
  auto& p = i->parts;
  staff_parts staff{p.store, p.google, p.microsoft, p.refresh, p.configured, p.outside, i->channels};
  i->bus = i->system.spawn<event_bus>(std::ref(p.store));
  i->supervisor = i->system.spawn<supervisor>(staff, i->bus);
  i->intake = i->system.spawn<intake>(std::ref(p.store), i->supervisor);
  auto opened = wait_for<bool>(
      [&](answer_to<bool> done) { caf::anon_send(i->supervisor, house_opened{std::move(done)}); },
      start_patience);
  std::unique_ptr<engine> made(new engine(std::move(i)));
  if (!opened) return tl::unexpected(opened.error());
  return made;
}

void engine::stop() {
  if (impl_->stopped.exchange(true)) return;
  auto& i = *impl_;
  wait_for<bool>([&](answer_to<bool> done) { caf::anon_send(i.supervisor, house_closing{std::move(done)}); },
                 stop_patience);
  caf::anon_send_exit(i.intake, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(i.supervisor, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(i.bus, caf::exit_reason::user_shutdown);
  i.intake = nullptr;
  i.supervisor = nullptr;
  i.bus = nullptr;
}

// ---------------------------------------------------------------- notices

void engine::notice(net::unproven_notice n, answer_to<bool> done) {
  auto& i = *impl_;
  if (i.stopped) return done(failure(errc::stopped, "stopping", "The server is stopping."));
  auto proven = i.channels->proves(n.ticket.provider, net::sha256(n.ticket.secret));
  if (proven) return i.prove(n, proven, std::move(done));
  // Not known here: a channel of another node, or of before our start. The rows know.
  i.parts.store.find_channels(
      n.ticket.tenant, n.ticket.provider,
      [&i, n, done = std::move(done)](const result<std::vector<channel>>& found) {
        if (!found) return done(tl::unexpected(found.error()));
        for (const auto& c : *found) i.channels->put(n.ticket.provider, c.id, c.secret_hash);
        i.prove(n, i.channels->proves(n.ticket.provider, net::sha256(n.ticket.secret)), done);
      });
}

void engine::impl::prove(const net::unproven_notice& n, std::optional<bool> proven, answer_to<bool> done) {
  if (!proven.value_or(false)) return done(tl::unexpected(refused_notice()));
  // Google's first message only says that the channel stands.
  if (n.what == net::unproven_notice::kind::opened) return done(true);
  accept(n, std::move(done));
}

void engine::impl::accept(const net::unproven_notice& n, answer_to<bool> done) {
  if (in_flight->fetch_add(1) >= notices_in_flight) {
    in_flight->fetch_sub(1);
    return done(tl::unexpected(
        error{errc::retry_later, "too_many_notices", "Too many notices are being written.", "", 1s}));
  }
  auto counted = [done = std::move(done), count = in_flight](result<bool> r) {
    count->fetch_sub(1);
    done(std::move(r));
  };
  caf::anon_send(intake, notice_proven{n.ticket.tenant, n.ticket.provider, n.what, std::move(counted)});
}

// ---------------------------------------------------------------- entries

void engine::create_entry(tenant_id tenant, entry_id id, entry_edit edit, answer_to<schedule_entry> done) {
  entry_order o{entry_order::kind::create, std::move(id), std::move(edit), std::move(done)};
  caf::anon_send(impl_->supervisor, for_tenant{std::move(tenant), std::move(o)});
}

void engine::change_entry(tenant_id tenant, entry_id id, entry_edit edit, answer_to<schedule_entry> done) {
  entry_order o{entry_order::kind::change, std::move(id), std::move(edit), std::move(done)};
  caf::anon_send(impl_->supervisor, for_tenant{std::move(tenant), std::move(o)});
}

void engine::remove_entry(tenant_id tenant, entry_id id, std::optional<std::int64_t> expected_version,
                          answer_to<bool> done) {
  entry_edit edit;
  edit.expected_version = expected_version;
  auto removed = [done = std::move(done)](const result<schedule_entry>& r) {
    done(r.map([](const schedule_entry&) { return true; }));
  };
  entry_order o{entry_order::kind::remove, std::move(id), std::move(edit), std::move(removed)};
  caf::anon_send(impl_->supervisor, for_tenant{std::move(tenant), std::move(o)});
}

// ---------------------------------------------------------------- providers and tenants

void engine::provider_changed(tenant_id tenant, provider_id provider, bool connected) {
  caf::anon_send(impl_->supervisor, for_tenant{tenant, calendars_changed{}});
  wake w{connected ? wake_reason::connected : wake_reason::reloaded, 0};
  caf::anon_send(impl_->supervisor, for_provider{std::move(tenant), std::move(provider), w});
}

void engine::remove_provider(tenant_id tenant, provider_id provider, answer_to<bool> done) {
  caf::anon_send(impl_->supervisor,
                 for_provider{std::move(tenant), std::move(provider), leave_order{std::move(done)}});
}

void engine::list_calendars(tenant_id tenant, provider_id provider,
                            answer_to<std::vector<calendar_listing>> done) {
  caf::anon_send(impl_->supervisor,
                 for_provider{std::move(tenant), std::move(provider), calendars_order{std::move(done)}});
}

void engine::sync_now(tenant_id tenant, provider_id provider, answer_to<sync_run> done) {
  caf::anon_send(impl_->supervisor,
                 for_provider{std::move(tenant), std::move(provider), sync_order{std::move(done)}});
}

void engine::renew_channel(tenant_id tenant, provider_id provider, answer_to<channel> done) {
  caf::anon_send(impl_->supervisor,
                 for_provider{std::move(tenant), std::move(provider), renewal_order{std::move(done)}});
}

void engine::tenant_created(tenant_id tenant) {
  caf::anon_send(impl_->supervisor, tenant_arrived{std::move(tenant)});
}

void engine::tenant_removed(tenant_id tenant, answer_to<bool> done) {
  caf::anon_send(impl_->supervisor, tenant_leaving{std::move(tenant), std::move(done)});
}

// ---------------------------------------------------------------- the bus

subscription engine::subscribe(tenant_id tenant, std::function<void(const fact&)> sink) {
  auto reader = ++impl_->readers;
  caf::anon_send(impl_->bus, reader_came{reader, std::move(tenant), std::move(sink)});
  return subscription([i = impl_.get(), reader] {
    if (!i->stopped) caf::anon_send(i->bus, reader_left{reader});
  });
}

void engine::status(answer_to<engine_status> done) {
  caf::anon_send(impl_->supervisor, count_house{std::move(done)});
}

} // namespace kalends::actors
