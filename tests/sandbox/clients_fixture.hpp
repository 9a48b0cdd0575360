// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/crypto.hpp"
#include "net/oauth.hpp"
#include "net/webhook_check.hpp"
#include "sandbox/core.hpp"
#include "sandbox/sandbox.hpp"
#include "schema/recurrence.hpp"
#include "tests/support/http_imposter.hpp"
#include "tests/support/outcome.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace kalends {

using namespace std::chrono_literals;
using net::calendar_access;
using net::list_request;

/// The engine's clients against the sandbox, which shares no codec with them: what one writes, the other must
/// read. Over https, from the consent page on.
struct clients_fixture : ::testing::TestWithParam<provider_type> {
  std::filesystem::path directory = make_directory();
  world real = real_world();
  std::unique_ptr<sandbox::sandbox> vendor = start();
  net::io_threads io{1};
  std::shared_ptr<net::http_client> http = std::make_shared<net::http_client>(io, trust());
  net::vendor_endpoints endpoints = here();
  net::oauth_client sign_in{http, endpoints, real};
  oauth_app app{"app-1", "secret-1", "common"};
  std::unique_ptr<net::calendar_client> client = google() ? net::make_google_calendar(http, endpoints, real)
                                                          : net::make_microsoft_graph(http, endpoints, real);
  entry_id tag{make_uuid(real)};
  calendar_access who;
  grant tokens;

  ~clients_fixture() override {
    client.reset();
    http.reset();
    vendor.reset();
    std::filesystem::remove_all(directory);
  }

  static bool google() { return GetParam() == provider_type::google; }
  static std::string email() { return google() ? "dana@example.com" : "ada@contoso.test"; }

  static std::filesystem::path make_directory() {
    auto name = (std::filesystem::temp_directory_path() / "kalends-sandbox-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
    return name;
  }

  std::unique_ptr<sandbox::sandbox> start() {
    sandbox::sandbox_options options;
    options.state_dir = directory.string();
    auto started = sandbox::sandbox::start(options, real);
    if (!started) throw std::runtime_error(started.error().detail);
    auto& state = (*started)->state();
    const std::lock_guard lock(state.mutex);
    state.consent = sandbox::consent_mode::automatic;
    sandbox::account a;
    a.email = email();
    a.kind = google() ? sandbox::vendor::google : sandbox::vendor::microsoft;
    a.time_zone = "Europe/Berlin";
    if (!state.open_account(a)) throw std::runtime_error("account refused");
    state.people.register_client({"app-1", "secret-1", a.kind, {"*"}});
    return std::move(*started);
  }

  net::http_client_options trust() const {
    net::http_client_options options;
    options.ca_file = vendor->ca_file();
    return options;
  }

  net::vendor_endpoints here() const {
    const auto base = vendor->base_url();
    net::vendor_endpoints e;
    e.google_authorization = base + "/o/oauth2/v2/auth";
    e.google_token = base + "/token";
    e.google_revoke = base + "/revoke";
    e.google_calendar = base + "/calendar/v3";
    e.microsoft_login = base;
    e.microsoft_graph = base + "/v1.0";
    return e;
  }

  template <class T, class Call>
  static result<T> outcome(Call call) {
    return testing::outcome<T>(std::move(call));
  }

  /// Through the consent page, as a browser would.
  net::authorization connect() {
    const auto redirect = std::string("http://127.0.0.1:9/callback");
    const auto verifier = net::make_verifier(real);
    const auto page = sign_in.consent_url(GetParam(), app, redirect, "state-1", net::challenge_of(verifier),
                                          "nonce-1", email());
    net::outgoing_request visit;
    visit.url = page;
    const auto seen = outcome<net::http_reply>([&](auto done) { return http->send(visit, done); });
    if (!seen) throw std::runtime_error(seen.error().detail);
    const std::string location(net::find_header(seen->headers, "Location"));
    std::string code, state;
    for (const auto& [key, value] :
         net::parse_query(location.substr(std::min(location.find('?') + 1, location.size())))) {
      if (key == "code") code = value;
      if (key == "state") state = value;
    }
    EXPECT_EQ(state, "state-1") << seen->status << seen->body.substr(0, 300);
    auto got = outcome<net::authorization>([&](auto done) {
      return sign_in.exchange_code(GetParam(), app, redirect, code, verifier, "nonce-1", done);
    });
    if (!got) throw std::runtime_error(got.error().code + ": " + got.error().detail);
    tokens = got->tokens;
    who.access_token = tokens.access_token;
    return *got;
  }

  /// A whole read: every page, then the cursor.
  std::pair<std::vector<calendar_event>, std::string> read_all(std::string cursor) {
    std::vector<calendar_event> events;
    const auto now = real.now();
    list_request what{std::move(cursor), "", {now - 24h * 30, now + 24h * 365}, 2};
    for (int pages = 0; pages < 50; ++pages) {
      auto page = outcome<change_page>([&](auto done) { return client->list_changes(who, what, done); });
      if (!page) throw std::runtime_error(page.error().code + ": " + page.error().detail);
      for (auto& e : page->events) events.push_back(std::move(e));
      if (page->next_page.empty()) return {std::move(events), page->next_cursor};
      what.page = page->next_page;
    }
    throw std::runtime_error("the read does not end");
  }

  appointment visit() const {
    appointment a;
    a.title = "Replace switch \u2014 M\u00fcller";
    a.notes = "first line\nsecond \"line\" <b>not bold</b> & more";
    a.location = "Gleis 3";
    const auto day = std::chrono::floor<std::chrono::days>(real.now()) + std::chrono::days(30);
    a.start = *at_zone(day + 9h, "Europe/Berlin");
    a.end = *at_zone(day + 10h, "Europe/Berlin");
    return a;
  }

  result<calendar_event> insert(const net::new_event& event) {
    return outcome<calendar_event>([&](auto done) { return client->insert_event(who, event, done); });
  }
  result<calendar_event> get(const event_id& id) {
    return outcome<calendar_event>([&](auto done) { return client->get_event(who, id, done); });
  }
  result<calendar_event> update(const calendar_event& seen, const appointment& what) {
    return outcome<calendar_event>([&](auto done) {
      return client->update_event(who, {seen.id, seen.version, difference(what, seen.what), what}, done);
    });
  }
  result<bool> remove(const event_id& id, const std::string& version) {
    return outcome<bool>([&](auto done) { return client->delete_event(who, id, version, done); });
  }
  net::new_event fresh() const { return {event_id("kal0001"), "txn-1", tag, visit()}; }
  result<bool> write(const net::occurrence_write& what) {
    return outcome<bool>([&](auto done) { return client->write_occurrence(who, what, done); });
  }
};

} // namespace kalends
