// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/clients_fixture.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace kalends {
namespace {

namespace json = boost::json;

/// A second person, who is invited and answers in their own calendar program.
struct guests_against_sandbox_test : clients_fixture {
  std::string guest = google() ? "eve@example.com" : "bob@contoso.test";
  calendar_access theirs;

  guests_against_sandbox_test() {
    connect();
    ask("POST", "/_sandbox/accounts",
        {{"email", guest}, {"kind", google() ? "google" : "microsoft"}, {"time_zone", "Europe/Berlin"}});
    const auto given = ask("POST", "/_sandbox/accounts/" + net::percent_encode(guest) + "/grants", {});
    theirs.access_token = std::string(given.at("access_token").as_string());
  }

  json::object ask(const std::string& method, const std::string& path, const json::object& body,
                   const std::string& token = {}) {
    net::outgoing_request r;
    r.method = method;
    r.url = vendor->base_url() + path;
    if (!token.empty()) r.headers.emplace_back("Authorization", "Bearer " + token);
    r.headers.emplace_back("Content-Type", "application/json");
    if (method != "GET") r.body = json::serialize(body);
    const auto reply = outcome<net::http_reply>([&](auto done) { return http->send(r, done); });
    if (!reply || reply->status >= 300) throw std::runtime_error(path + (reply ? reply->body : "no answer"));
    const auto parsed = json::parse(reply->body.empty() ? "{}" : reply->body);
    return parsed.is_object() ? parsed.as_object() : json::object{};
  }

  appointment with(std::vector<attendee> guests) const {
    auto a = visit();
    a.attendees = std::move(guests);
    return a;
  }
  net::new_event invitation() const {
    auto event = fresh();
    event.what = with({{guest, "Guest", attendee_response::needs_action, false, false},
                       {"far@example.org", "", attendee_response::needs_action, true, false}});
    event.invites = true;
    return event;
  }
  std::vector<calendar_event> their_events() {
    std::swap(who, theirs);
    auto rows = read_all("").first;
    std::swap(who, theirs);
    return rows;
  }
  void accept(const calendar_event& copy) {
    if (google())
      ask("PATCH", "/calendar/v3/calendars/primary/events/" + copy.id.str(),
          {{"attendees", {json::object{{"email", guest}, {"responseStatus", "accepted"}}}}},
          theirs.access_token);
    else
      ask("POST", "/v1.0/me/events/" + net::percent_encode(copy.id.str()) + "/accept", {},
          theirs.access_token);
  }
  static const attendee* find(const appointment& a, const std::string& email) {
    for (const auto& one : a.attendees)
      if (one.email == email) return &one;
    return nullptr;
  }
};

TEST_P(guests_against_sandbox_test, an_event_of_ours_has_no_guests_unless_it_invites) {
  auto event = invitation();
  event.invites = false;

  const auto made = insert(event);

  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_TRUE(made->what.attendees.empty());
  EXPECT_TRUE(their_events().empty());
}

TEST_P(guests_against_sandbox_test, a_guest_has_a_copy_and_the_answer_comes_back) {
  const auto made = insert(invitation());
  ASSERT_TRUE(made) << made.error().detail;
  ASSERT_EQ(made->what.attendees.size(), 2u);
  EXPECT_FALSE(made->guest_copy || made->own_response);
  EXPECT_TRUE(find(made->what, "far@example.org")->is_optional);

  const auto copies = their_events();
  ASSERT_EQ(copies.size(), 1u);
  EXPECT_TRUE(copies[0].guest_copy);
  EXPECT_EQ(copies[0].own_response, attendee_response::needs_action);
  EXPECT_EQ(copies[0].ical_uid, made->ical_uid);
  EXPECT_TRUE(copies[0].tag.empty());
  accept(copies[0]);

  const auto answered = get(made->id);
  ASSERT_TRUE(answered) << answered.error().detail;
  EXPECT_EQ(find(answered->what, guest)->response, attendee_response::accepted);
  EXPECT_NE(answered->version, made->version);
  EXPECT_EQ(their_events().at(0).own_response, attendee_response::accepted);
}

TEST_P(guests_against_sandbox_test, a_new_list_keeps_answers_and_takes_people_off) {
  const auto made = insert(invitation());
  ASSERT_TRUE(made) << made.error().detail;
  accept(their_events().at(0));
  const auto answered = get(made->id);
  ASSERT_TRUE(answered);
  field_set group;
  group.add(field_group::attendees);
  net::event_update change{made->id, answered->version, group,
                           with({{guest, "Guest", attendee_response::needs_action, false, false},
                                 {"new@example.org", "New", attendee_response::needs_action, false, false}}),
                           false};
  const auto write_change = [&] {
    return outcome<calendar_event>([&](auto done) { return client->update_event(who, change, done); });
  };

  const auto silent = write_change();
  ASSERT_TRUE(silent) << silent.error().detail;
  EXPECT_EQ(silent->what.attendees, answered->what.attendees) << "only a write that invites changes guests";
  change.invites = true;
  const auto written = write_change();

  ASSERT_TRUE(written) << written.error().detail;
  ASSERT_EQ(written->what.attendees.size(), 2u);
  EXPECT_EQ(find(written->what, guest)->response, attendee_response::accepted);
  EXPECT_NE(find(written->what, "new@example.org"), nullptr);
  EXPECT_EQ(written->what.title, visit().title);
}

TEST_P(guests_against_sandbox_test, a_series_is_told_whole_however_little_the_tenant_tells) {
  if (google()) return;
  auto event = fresh();
  event.what.repeats = recurrence{"FREQ=DAILY;COUNT=5", {}, {}, {}};
  const auto series = insert(event);
  ASSERT_TRUE(series) << series.error().detail;
  net::occurrence_write w;
  w.how = net::occurrence_write::kind::change;
  w.series = series->id;
  w.master = series->what;
  w.at = slots_of(series->what, 5)[2];
  w.what = occurrence_at(series->what, w.at)->what;
  w.what.title = "Once";
  w.changed.add(field_group::title);
  ASSERT_EQ(write(w), true);
  const auto usual = get(series->id);
  ASSERT_TRUE(usual && usual->what.repeats);

  ask("PATCH", "/_sandbox/microsoft/knobs",
      {{"custom_zones", true}, {"poor_exceptions", true}, {"omit_uid", true}});
  const auto poor = get(series->id);

  ASSERT_TRUE(poor) << poor.error().detail;
  ASSERT_FALSE(poor->unreadable) << *poor->unreadable;
  EXPECT_EQ(poor->what, usual->what);
  ask("PATCH", "/_sandbox/microsoft/knobs", {{"ignore_body_preference", true}});
  const auto html = get(series->id);
  ASSERT_TRUE(html && !html->unreadable);
  EXPECT_EQ(html->what, usual->what) << html->what.notes;
}

INSTANTIATE_TEST_SUITE_P(, guests_against_sandbox_test,
                         ::testing::Values(provider_type::google, provider_type::microsoft),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

} // namespace
} // namespace kalends
