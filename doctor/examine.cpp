// SPDX-License-Identifier: Apache-2.0
#include "doctor/examine.hpp"

#include "doctor/ask_database.hpp"
#include "doctor/ask_machine.hpp"
#include "doctor/ask_web.hpp"
#include "doctor/judge.hpp"
#include "doctor/web_address.hpp"

#include <future>
#include <set>

namespace kalends::doctor {

namespace {

using namespace std::chrono_literals;

constexpr auto look_within = 6s; ///< each; at most two of them follow one another

/// Where one's own addresses lead.
struct places {
  std::map<std::string, net::name_look> names;
  std::map<std::string, net::tls_look> certificates;
};

places look_at_places(const settings& s, const std::stop_token& stop) {
  std::set<std::string> hosts;
  std::map<std::string, web_address> origins;
  for (const auto* url : {&s.public_url, &s.webhook_url}) {
    const auto a = read_web_address(*url);
    if (!a) continue;
    if (!a->loopback()) hosts.insert(a->host);
    if (a->https) origins.emplace(a->origin(), *a);
  }
  std::map<std::string, std::future<net::name_look>> naming;
  for (const auto& host : hosts)
    naming[host] = std::async(std::launch::async, [&] { return net::look_up_name(host, look_within, stop); });
  places out;
  for (const auto& [origin, a] : origins)
    out.certificates[origin] = net::look_at_tls(a.host, a.port, s.extra_ca_file, look_within, stop);
  for (auto& [host, found] : naming) out.names[host] = found.get();
  return out;
}

vendor_facts ask_vendor(const web_questions& web, const installation& i, provider_type t) {
  vendor_facts out;
  const auto& app = t == provider_type::google ? i.server.google : i.server.microsoft;
  out.clock = web.clock_of(t == provider_type::google ? i.vendors.google_token : i.vendors.microsoft_login);
  if (!app || !out.clock.answered()) return out;
  auto client = std::async(std::launch::async, [&] { return web.client_of(i, t, *app); });
  out.consent = web.consent_of(i, t, *app);
  out.client = client.get();
  return out;
}

/// The server through its own addresses.
void ask_ourselves(const web_questions& web, facts& f) {
  const auto& s = f.of.server;
  if (!f.by_server && !f.server_runs()) return;
  auto health = std::async(std::launch::async, [&] { return web.get(s.public_url + "/healthz"); });
  if (!s.webhook_url.empty()) {
    f.handshake_word = web.some_word();
    auto notice = std::async(std::launch::async, [&] {
      return s.google_relay_url.empty() ? web.get(s.webhook_url + "/webhooks/google") : web_look();
    });
    f.handshake = web.post(s.webhook_url + "/webhooks/microsoft?validationToken=" + f.handshake_word);
    f.google_webhook = notice.get();
  }
  f.public_health = health.get();
}

} // namespace

report examine(const installation& what, const instruments& with, std::stop_token stop) {
  const auto began = std::chrono::steady_clock::now();
  facts f;
  f.of = what;
  f.now = with.outside.now();
  f.by_server = with.own_url.empty();
  const web_questions web(with.http, what.vendors, with.outside, stop, look_within);

  auto placed = std::async(std::launch::async, [&] { return look_at_places(what.server, stop); });
  auto google = std::async(std::launch::async, [&] { return ask_vendor(web, what, provider_type::google); });
  auto microsoft =
      std::async(std::launch::async, [&] { return ask_vendor(web, what, provider_type::microsoft); });
  auto database = std::async(std::launch::async, [&] { return ask_database(what, with, stop, look_within); });
  f.machine = look_at_machine(what.server, with.outside);
  if (!f.by_server) f.own = web.get(with.own_url + "/healthz");
  ask_ourselves(web, f);

  auto found = placed.get();
  f.names = std::move(found.names);
  f.certificates = std::move(found.certificates);
  f.google = google.get();
  f.microsoft = microsoft.get();
  f.database = database.get();
  report out{judge(f), f.now, {}, f.by_server};
  out.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  return out;
}

} // namespace kalends::doctor
