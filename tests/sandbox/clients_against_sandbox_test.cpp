// SPDX-License-Identifier: Apache-2.0
#include "net/crypto.hpp"
#include "net/oauth.hpp"
#include "net/webhook_check.hpp"
#include "sandbox/core.hpp"
#include "sandbox/sandbox.hpp"
#include "tests/support/http_imposter.hpp"
#include "tests/support/outcome.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace kalends {
namespace {

using namespace std::chrono_literals;
using net::calendar_access;
using net::list_request;

/// The engine's clients against the sandbox, which shares no codec with them: what one writes, the other must
/// read. Over https, from the consent page on.
struct clients_against_sandbox_test : ::testing::TestWithParam<provider_type> {
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

  ~clients_against_sandbox_test() override {
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
};

TEST_P(clients_against_sandbox_test, a_person_connects_and_the_grant_can_be_refreshed_and_revoked) {
  const auto connected = connect();

  EXPECT_EQ(connected.email, email());
  EXPECT_FALSE(connected.subject.empty());
  const auto refreshed =
      outcome<grant>([&](auto done) { return sign_in.refresh(GetParam(), app, tokens, done); });
  ASSERT_TRUE(refreshed) << refreshed.error().detail;
  who.access_token = refreshed->access_token;
  const auto calendars =
      outcome<std::vector<calendar_listing>>([&](auto done) { return client->list_calendars(who, done); });
  ASSERT_TRUE(calendars) << calendars.error().detail;
  ASSERT_FALSE(calendars->empty());
  EXPECT_TRUE(calendars->front().primary && calendars->front().writable);
  EXPECT_EQ(
      outcome<bool>([&](auto done) { return sign_in.revoke(GetParam(), refreshed->refresh_token, done); }),
      true);
  if (google()) {
    EXPECT_EQ(get(event_id("kal0001")).error().kind, errc::reauthorize);
    EXPECT_EQ(outcome<grant>([&](auto done) { return sign_in.refresh(GetParam(), app, *refreshed, done); })
                  .error()
                  .kind,
              errc::reauthorize);
  }
}

TEST_P(clients_against_sandbox_test, an_event_lives_its_life) {
  connect();
  const auto [before, cursor] = read_all("");

  const auto made = insert(fresh());
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->tag, tag);
  EXPECT_TRUE(difference(made->what, visit()).empty())
      << "title " << made->what.title << ", notes " << made->what.notes;

  const auto [created, after_create] = read_all(cursor);
  ASSERT_EQ(created.size(), 1u);
  EXPECT_EQ(created[0].id, made->id);
  EXPECT_FALSE(created[0].unreadable) << *created[0].unreadable;
  EXPECT_TRUE(difference(created[0].what, visit()).empty()) << "notes " << created[0].what.notes;

  auto moved = visit();
  moved.start = calendar_date{std::chrono::year(2026) / 12 / 24};
  moved.end = calendar_date{std::chrono::year(2026) / 12 / 26};
  moved.is_private = moved.is_tentative = true;
  moved.notes.clear();
  const auto updated = update(*made, moved);
  ASSERT_TRUE(updated) << updated.error().detail;
  EXPECT_EQ(updated->what, moved);
  EXPECT_NE(updated->version, made->version);
  const auto late = update(*made, moved);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, errc::conflict) << "by the version before";

  const auto back = update(*updated, visit());
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_TRUE(difference(back->what, visit()).empty());
  EXPECT_EQ(get(made->id)->tag, tag) << "a patch keeps the tag";

  EXPECT_EQ(remove(made->id, made->version).error().kind, errc::conflict);
  EXPECT_EQ(remove(made->id, back->version), true);
  EXPECT_EQ(remove(made->id, back->version), false);
  const auto gone = get(made->id);
  EXPECT_TRUE(gone ? gone->removed : gone.error().kind == errc::not_found);

  const auto [deleted, end] = read_all(after_create);
  ASSERT_FALSE(deleted.empty());
  EXPECT_TRUE(deleted.back().removed);
  EXPECT_EQ(deleted.back().id, made->id);
}

TEST_P(clients_against_sandbox_test, a_repeated_insert_makes_no_second_event) {
  connect();
  const auto [before, cursor] = read_all("");

  const auto first = insert(fresh());
  auto altered = fresh();
  altered.what.title = "Another title";
  const auto second = insert(fresh());
  const auto third = insert(altered);

  ASSERT_TRUE(first && second);
  ASSERT_TRUE(third) << third.error().detail;
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(first->id, third->id);
  EXPECT_EQ(read_all(cursor).first.size(), 1u);
}

TEST_P(clients_against_sandbox_test, an_event_of_an_hour_that_comes_twice_keeps_its_instant) {
  connect();
  auto event = fresh();
  event.what.start = *read_zoned_time("2027-10-31T02:30:00+01:00", "Europe/Berlin");
  event.what.end = *read_zoned_time("2027-10-31T03:30:00+01:00", "Europe/Berlin");

  const auto made = insert(event);

  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(instant_of(made->what.start), instant_of(event.what.start));
  EXPECT_EQ(instant_of(made->what.end), instant_of(event.what.end));
}

TEST_P(clients_against_sandbox_test, a_lost_cursor_means_reading_again) {
  connect();
  const auto [before, cursor] = read_all("");
  {
    auto& state = vendor->state();
    const std::lock_guard lock(state.mutex);
    state.half(google() ? sandbox::vendor::google : sandbox::vendor::microsoft)
        ->invalidate_sync_tokens(*state.people.find(email()));
  }

  const auto page = outcome<change_page>([&](auto done) {
    return client->list_changes(who, {cursor, "", {}, 250}, done);
  });

  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, errc::resync) << page.error().detail;
}

TEST_P(clients_against_sandbox_test, a_channel_tells_of_changes_until_it_is_closed) {
  connect();
  testing::http_imposter hooks;
  const auto echo = [](const net::http_request& r, const net::http_responder& respond) {
    const auto token = net::graph_validation_token(r);
    respond({token ? 200 : 202, {{"Content-Type", "text/plain"}}, token.value_or("")});
  };
  hooks.when("POST /hook").then(echo);
  hooks.when("POST /life").then(echo);
  const auto ticket =
      net::write_ticket({tenant_id(make_uuid(real)), provider_id(make_uuid(real)), net::make_verifier(real)});

  const auto opened = outcome<channel>([&](auto done) {
    return client->open_channel(
        who, {hooks.url("/hook"), hooks.url("/life"), make_uuid(real), ticket, real.now() + 24h * 30}, done);
  });
  ASSERT_TRUE(opened) << opened.error().code << opened.error().detail;
  EXPECT_GT(opened->expires_at, real.now() + 24h * 6);
  EXPECT_LE(opened->expires_at, real.now() + 24h * 7);
  EXPECT_EQ(opened->secret_hash, net::sha256(ticket));
  const auto handshakes = hooks.wait_for_requests(google() ? 1 : 2).size();

  ASSERT_TRUE(insert(fresh()));
  const auto heard = hooks.wait_for_requests(handshakes + 1);

  ASSERT_GT(heard.size(), handshakes);
  if (google()) {
    const auto notice = net::read_google_notice(heard.back().headers);
    ASSERT_TRUE(notice) << notice.error().detail;
    EXPECT_EQ(notice->channel, opened->id);
    EXPECT_EQ(net::write_ticket(notice->ticket), ticket);
  } else {
    const auto notices = net::read_graph_notices(heard.back().body);
    ASSERT_TRUE(notices) << notices.error().detail;
    ASSERT_FALSE(notices->items.empty());
    EXPECT_EQ(notices->items[0].channel, opened->id);
    EXPECT_EQ(net::write_ticket(notices->items[0].ticket), ticket);
    const auto renewed = outcome<channel>(
        [&](auto done) { return client->renew_channel(who, *opened, real.now() + 24h * 5, done); });
    ASSERT_TRUE(renewed) << renewed.error().detail;
    EXPECT_LT(renewed->expires_at, opened->expires_at);
  }
  const auto close = [&] {
    return outcome<bool>([&](auto done) { return client->close_channel(who, *opened, done); });
  };
  EXPECT_EQ(close(), true);
  EXPECT_EQ(close(), false);
}

INSTANTIATE_TEST_SUITE_P(, clients_against_sandbox_test,
                         ::testing::Values(provider_type::google, provider_type::microsoft),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

} // namespace
} // namespace kalends
