// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.hpp"

#include "net/client_connection.hpp"
#include "net/io_threads.hpp"

#include <boost/asio/post.hpp>
#include <openssl/ssl.h>

#include <algorithm>

namespace kalends::net {
namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

// Deadlines may be late by this much: one timer looks at all calls. Without calls only idle connections
// expire.
constexpr auto busy_sweep = 50ms;
constexpr auto idle_sweep = 1000ms;

std::shared_ptr<asio::ssl::context> make_tls(const std::string& ca_file) {
  auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  error_code ec;
  // A machine without a store still trusts `ca_file`, and nobody else.
  tls->set_default_verify_paths(ec);
  ec = {};
  if (!ca_file.empty()) tls->load_verify_file(ca_file, ec);
  if (ec) return nullptr;
  tls->set_verify_mode(asio::ssl::verify_peer, ec);
  return tls;
}

} // namespace

// -- lane

client_lane::client_lane(asio::io_context& i, const http_client_options& o,
                         std::shared_ptr<asio::ssl::context> t)
    : io(i), options(o), tls(std::move(t)), sweep(i) {}

void client_lane::begin(std::shared_ptr<client_call> call) {
  if (stopped) return call->complete(failure(errc::stopped, "stopped", "The client has been stopped."));
  if (call->refused) return call->complete(tl::unexpected(std::move(*call->refused)));
  auto& pool = pools[call->to.text()];
  if (!pool) pool = std::make_shared<host_pool>(call->to.text());
  if (!pool->idle.empty()) {
    const auto connection = std::move(pool->idle.back());
    pool->idle.pop_back();
    ++calls;
    connection->serve(std::move(call));
  } else if (pool->open < options.connections_per_host) {
    open(pool, std::move(call));
  } else if (pool->waiting.size() < options.waiting_per_host) {
    ++calls;
    pool->waiting.push_back(std::move(call));
  } else {
    auto error =
        failure(errc::retry_later, "too_many_calls", call->to.text() + ": too many calls wait already");
    return call->complete(std::move(error));
  }
  sweep_later();
}

void client_lane::open(const std::shared_ptr<host_pool>& pool, std::shared_ptr<client_call> call) {
  ++calls;
  ++pool->open;
  auto connection = std::make_shared<client_connection>(shared_from_this(), pool);
  connections.emplace(connection.get(), connection);
  connection->open(std::move(call));
}

std::shared_ptr<client_call> client_lane::next_waiting(host_pool& pool) {
  if (pool.waiting.empty()) return nullptr;
  auto call = std::move(pool.waiting.front());
  pool.waiting.pop_front();
  --calls; // whoever takes it counts it again
  return call;
}

void client_lane::rest(const std::shared_ptr<client_connection>& connection) {
  if (auto call = next_waiting(connection->pool())) {
    ++calls;
    return connection->serve(std::move(call));
  }
  connection->deadline_ = steady_clock::now() + options.idle_timeout;
  connection->pool().idle.push_back(connection);
}

void client_lane::forget(client_connection& connection) {
  const auto kept = connections.find(&connection);
  if (kept == connections.end()) return;
  const auto alive = std::move(kept->second);
  connections.erase(kept);
  const auto pool = alive->pool_;
  std::erase(pool->idle, alive);
  --pool->open;
  if (stopped) return;
  if (pool->open < options.connections_per_host)
    if (auto call = next_waiting(*pool)) open(pool, std::move(call));
  if (pool->open == 0) pools.erase(pool->key);
}

void client_lane::cancel(client_call& call) {
  if (!call.on_done) return;
  if (const auto connection = call.on.lock(); connection && connection->call_.get() == &call)
    return connection->fail(errc::stopped, "stopped", "The caller has cancelled the call.");
  const auto pool = pools.find(call.to.text());
  if (pool == pools.end()) return;
  auto& waiting = pool->second->waiting;
  const auto at =
      std::find_if(waiting.begin(), waiting.end(), [&](const auto& c) { return c.get() == &call; });
  if (at == waiting.end()) return;
  const auto alive = std::move(*at);
  waiting.erase(at);
  --calls;
  alive->complete(failure(errc::stopped, "stopped", "The caller has cancelled the call."));
}

void client_lane::stop() {
  stopped = true;
  const auto open_ones = connections;
  const auto all_pools = std::exchange(pools, {});
  for (auto& [_, connection] : open_ones)
    connection->fail(errc::stopped, "stopped", "The client has been stopped.");
  for (auto& [_, pool] : all_pools)
    while (auto call = next_waiting(*pool))
      call->complete(failure(errc::stopped, "stopped", "The client has been stopped."));
  sweep.cancel();
}

// -- deadlines

void client_lane::sweep_later() {
  if (sweep_interval != busy_sweep) arm_sweep(busy_sweep);
}

void client_lane::arm_sweep(std::chrono::milliseconds interval) {
  sweep_interval = interval;
  sweep.expires_after(interval);
  sweep.async_wait([self = shared_from_this()](error_code ec) {
    if (!ec && !self->stopped) self->sweep_now();
  });
}

void client_lane::sweep_now() {
  const auto now = steady_clock::now();
  std::vector<std::shared_ptr<client_connection>> all;
  all.reserve(connections.size());
  for (auto& [_, connection] : connections) all.push_back(connection);
  for (auto& connection : all) connection->check_deadline(now);

  std::vector<std::shared_ptr<client_call>> late;
  for (auto& [_, pool] : pools)
    std::erase_if(pool->waiting, [&](auto& call) {
      if (now < call->deadline) return false;
      late.push_back(std::move(call));
      return true;
    });
  calls -= late.size();
  for (auto& call : late)
    call->complete(
        failure(errc::retry_later, "timeout", call->to.text() + ": no connection became free in time"));

  sweep_interval = 0ms;
  if (calls > 0)
    arm_sweep(busy_sweep);
  else if (!connections.empty())
    arm_sweep(idle_sweep);
}

// -- inbox

void client_inbox::begin(std::shared_ptr<client_call> call) {
  if (!push(call)) call->complete(failure(errc::stopped, "stopped", "The client has been stopped."));
}

void client_inbox::cancel(std::weak_ptr<client_call> call) { push(std::move(call)); }

bool client_inbox::push(item i) {
  std::lock_guard lock(mutex_);
  if (!io_) return false;
  items_.push_back(std::move(i));
  // Under the lock, because after shut_down() the context may be gone.
  if (!std::exchange(scheduled_, true)) asio::post(*io_, [self = shared_from_this()] { self->deliver(); });
  return true;
}

void client_inbox::deliver() {
  std::vector<item> items;
  std::shared_ptr<client_lane> lane;
  {
    std::lock_guard lock(mutex_);
    if (!lane_) return; // shut_down() has taken it and tells everybody
    scheduled_ = false;
    items.swap(items_);
    lane = lane_;
  }
  for (auto& i : items) {
    if (auto* call = std::get_if<std::shared_ptr<client_call>>(&i))
      lane->begin(std::move(*call));
    else if (auto cancelled = std::get<std::weak_ptr<client_call>>(i).lock())
      lane->cancel(*cancelled);
  }
}

std::shared_ptr<client_closing> client_inbox::shut_down() {
  std::lock_guard lock(mutex_);
  if (!io_) return nullptr;
  auto closing = std::make_shared<client_closing>();
  // The lane must not live as long as the last token: its timer belongs to the context.
  closing->lane = std::move(lane_);
  for (auto& i : items_)
    if (auto* call = std::get_if<std::shared_ptr<client_call>>(&i))
      closing->unheard.push_back(std::move(*call));
  items_.clear();
  auto* io = std::exchange(io_, nullptr);
  if (!io->stopped()) asio::post(*io, [closing] { closing->run(); });
  return closing;
}

void client_closing::run() {
  std::call_once(once, [this] {
    lane->stop();
    for (auto& call : unheard) lane->begin(std::move(call));
    ended.set_value();
  });
}

/// Waits for the lane's thread. If the threads have ended before us, this one may touch what was theirs.
void client_closing::wait() {
  auto heard = ended.get_future();
  while (heard.wait_for(50ms) != std::future_status::ready)
    if (lane->io.stopped()) run();
}

// -- client

struct http_client::impl {
  std::vector<std::shared_ptr<client_inbox>> inboxes; ///< one per I/O thread
};

http_client::http_client(io_threads& io, http_client_options options) : impl_(std::make_shared<impl>()) {
  const auto tls = make_tls(options.ca_file);
  for (std::size_t i = 0; i < io.size(); ++i) {
    auto lane = std::make_shared<client_lane>(io.context(i), options, tls);
    impl_->inboxes.push_back(std::make_shared<client_inbox>(io.context(i), std::move(lane)));
  }
}

http_client::~http_client() { stop(); }

void http_client::stop() {
  bool inside = false;
  std::vector<std::shared_ptr<client_closing>> all;
  for (auto& inbox : impl_->inboxes) {
    auto closing = inbox->shut_down();
    if (!closing) continue; // stopped before
    all.push_back(std::move(closing));
    inside = inside || all.back()->lane->io.get_executor().running_in_this_thread();
  }
  if (inside) return; // waiting for oneself never ends
  for (auto& closing : all) closing->wait();
}

call_token http_client::send(outgoing_request request, done on_done) {
  auto call = std::make_shared<client_call>();
  call->on_done = std::move(on_done);
  call->head = request.method == "HEAD";
  call->safe = request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
  call->connect_timeout = request.connect_timeout;
  call->read_timeout = request.read_timeout;
  call->deadline = steady_clock::now() + request.total_timeout;
  call->body_limit = request.body_limit;
  auto url = parse_url(request.url);
  auto bytes = url ? write_request(request, *url) : tl::unexpected(url.error());
  // All calls of an origin meet in one lane, whatever thread they come from.
  const auto lane = url ? std::hash<std::string>{}(url->to.text()) % impl_->inboxes.size() : 0;
  const auto& inbox = impl_->inboxes[lane];
  if (bytes) {
    call->to = std::move(url->to);
    call->bytes = std::move(*bytes);
  } else {
    call->refused = bytes.error();
  }
  std::weak_ptr<client_call> weak = call;
  inbox->begin(std::move(call));
  return call_token([inbox, weak = std::move(weak)] { inbox->cancel(weak); });
}

} // namespace kalends::net
