// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/clients_fixture.hpp"

namespace kalends {
namespace {

struct clients_against_sandbox_test : clients_fixture {};

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
