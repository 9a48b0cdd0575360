// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox.hpp"

#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/io_threads.hpp"
#include "sandbox/certificate.hpp"
#include "sandbox/core.hpp"

#include <chrono>
#include <utility>

namespace kalends::sandbox {

namespace {

using namespace std::chrono_literals;

/// How often the outbox is looked at without cause: retries and delayed notices become due by the clock
/// alone.
constexpr auto beat = 100ms;
constexpr auto grace = 500ms;

} // namespace

struct sandbox::impl {
  explicit impl(world w) : heart(std::move(w)) {}

  core heart;
  certificate_files files;
  std::string address;
  std::unique_ptr<net::io_threads> io;
  std::unique_ptr<net::http_client> client;
  std::unique_ptr<net::http_server> server;
  bool stopped = false;

  void listen_to_requests(net::http_request request, net::http_responder respond) {
    heart.handle(std::move(request), [this, respond = std::move(respond)](outcome o) {
      auto act = [respond, o = std::move(o)]() mutable {
        if (o.cut)
          respond.abort();
        else
          respond(std::move(o.response));
      };
      if (o.latency > 0ms)
        io->after(o.latency, std::move(act));
      else
        act();
    });
  }

  void keep_beating() {
    io->after(beat, [this] {
      {
        const std::lock_guard lock(heart.mutex);
        for (auto v : {vendor::google, vendor::microsoft})
          if (auto* h = heart.half(v)) h->tick();
        // What became of notices is told by no answer. A failed save fails the next request.
        (void)heart.kept->save();
      }
      heart.push.pump();
      keep_beating();
    });
  }
};

sandbox::sandbox(std::unique_ptr<impl> i) : impl_(std::move(i)) {}

sandbox::~sandbox() { stop(); }

result<std::unique_ptr<sandbox>> sandbox::start(sandbox_options options, world w) {
  auto files = make_certificate(options.state_dir);
  if (!files) return tl::unexpected(files.error());
  auto i = std::make_unique<impl>(std::move(w));
  auto* me = i.get();
  me->files = *files;
  me->address = options.address;
  open_halves(me->heart);
  auto kept = state_file::open(me->heart, options.state_dir);
  if (!kept) return tl::unexpected(kept.error());
  me->heart.kept = std::move(*kept);
  me->io = std::make_unique<net::io_threads>(1);
  net::http_client_options trust;
  trust.ca_file = options.webhook_ca_file.empty() ? files->ca.string() : options.webhook_ca_file;
  me->client = std::make_unique<net::http_client>(*me->io, trust);
  me->heart.push.use([me](net::outgoing_request request, net::http_client::done done) {
    me->client->send(std::move(request), std::move(done)).release();
  });
  net::http_server_options listen;
  listen.address = options.address;
  listen.port = options.port;
  listen.certificate_file = files->certificate.string();
  listen.private_key_file = files->private_key.string();
  listen.body_limit = 16 * 1024 * 1024;
  auto server =
      net::http_server::start(*me->io, listen, [me](net::http_request request, net::http_responder respond) {
        me->listen_to_requests(std::move(request), std::move(respond));
      });
  if (!server) return tl::unexpected(server.error());
  me->server = std::move(*server);
  {
    const std::lock_guard lock(me->heart.mutex);
    const auto host =
        options.address.find(':') == std::string::npos ? options.address : "[" + options.address + "]";
    me->heart.base_url = "https://" + host + ":" + std::to_string(me->server->port());
  }
  me->keep_beating();
  return std::unique_ptr<sandbox>(new sandbox(std::move(i)));
}

std::string sandbox::base_url() const { return impl_->heart.base_url; }
std::string sandbox::admin_url() const { return impl_->heart.base_url + "/_sandbox"; }
std::string sandbox::ca_file() const { return impl_->files.ca.string(); }
core& sandbox::state() { return impl_->heart; }

void sandbox::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  {
    const std::lock_guard lock(impl_->heart.mutex);
    impl_->heart.push.use({});
  }
  impl_->server->stop(grace);
  impl_->io->stop();
  impl_->client.reset();
  impl_->server.reset();
  const std::lock_guard lock(impl_->heart.mutex);
  (void)impl_->heart.kept->save();
  impl_->heart.kept.reset();
}

} // namespace kalends::sandbox
