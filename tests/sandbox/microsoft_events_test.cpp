// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/microsoft_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalends::sandbox {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
namespace json = boost::json;

constexpr auto tag = "String {b1a7c2d0-1111-4222-8333-444455556666} Name link";
const net::header_list immutable{{"Prefer", "IdType=\"ImmutableId\""}};

class microsoft_events_test : public testing::Test, public microsoft_bench {
protected:
  reply create(const boost::json::value& event = meeting("plan")) { return post("/v1.0/me/events", event); }
  static std::string at(const std::string& id) { return "/v1.0/me/events/" + net::percent_encode(id); }
  std::size_t count_in(const std::string& from, const std::string& to) {
    return get("/v1.0/me/calendarView?$top=100&startDateTime=" + from + "&endDateTime=" + to)["value"]
        .as_array()
        .size();
  }
};

TEST_F(microsoft_events_test, lists_the_default_calendar) {
  const auto r = get("/v1.0/me/calendars");

  ASSERT_EQ(r["value"].as_array().size(), 1U);
  EXPECT_EQ(r["value"].at(0).at("isDefaultCalendar"), true);
  EXPECT_EQ(r["value"].at(0).at("isRemovable"), false);
}

TEST_F(microsoft_events_test, the_default_calendar_stays) {
  const auto id = id_of(get("/v1.0/me/calendar"));

  EXPECT_EQ(erase("/v1.0/me/calendars/" + net::percent_encode(id)).error(), "ErrorCannotDeleteObject");
}

TEST_F(microsoft_events_test, makes_renames_and_deletes_a_calendar) {
  const auto made = post("/v1.0/me/calendars", {{"name", "Work"}});
  ASSERT_EQ(made.status, 201);
  const auto path = "/v1.0/me/calendars/" + net::percent_encode(id_of(made));

  const auto renamed = patch(path, {{"name", "Field"}});
  EXPECT_EQ(renamed["name"], "Field");
  EXPECT_NE(renamed["changeKey"], made["changeKey"]);
  EXPECT_EQ(post("/v1.0/me/calendars", {{"name", "Field"}}).status, 409);
  EXPECT_EQ(erase(path).status, 204);
  EXPECT_EQ(get(path).status, 404);
}

TEST_F(microsoft_events_test, creates_an_event_with_every_field) {
  const auto r = create();

  ASSERT_EQ(r.status, 201);
  EXPECT_EQ(r["@odata.etag"], json::value("W/\"" + std::string(r["changeKey"].as_string()) + "\""));
  EXPECT_EQ(r["start"].at("dateTime"), "2026-11-24T08:00:00.0000000");
  EXPECT_EQ(r["start"].at("timeZone"), "UTC");
  EXPECT_EQ(r["originalStartTimeZone"], "Europe/Berlin");
  EXPECT_EQ(r["type"], "singleInstance");
  EXPECT_EQ(r["showAs"], "busy");
  EXPECT_EQ(r["location"].at("displayName"), "");
  EXPECT_TRUE(r["recurrence"].is_null());
  EXPECT_TRUE(r["transactionId"].is_null());
  EXPECT_THAT(r.header("Location"), StartsWith("https://graph.test/v1.0/users('"));
  EXPECT_NE(r.header("request-id"), "");
}

TEST_F(microsoft_events_test, answers_in_the_zone_asked_for_by_either_name) {
  const auto id = id_of(create());

  const auto windows = get(at(id), {{"Prefer", "outlook.timezone=\"W. Europe Standard Time\""}});
  const auto iana = get(at(id), {{"Prefer", "outlook.timezone=\"America/New_York\""}});
  const auto unknown = get(at(id), {{"Prefer", "outlook.timezone=\"Mars/Base\""}});

  EXPECT_EQ(windows["start"].at("dateTime"), "2026-11-24T09:00:00.0000000");
  EXPECT_EQ(windows["start"].at("timeZone"), "W. Europe Standard Time");
  EXPECT_EQ(iana["start"].at("dateTime"), "2026-11-24T03:00:00.0000000");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.error(), "TimeZoneNotSupportedException");
}

TEST_F(microsoft_events_test, a_trailing_z_beside_a_zone_is_taken_literally) {
  auto event = meeting("z").as_object();
  event["start"].as_object()["dateTime"] = "2026-11-24T09:00:00Z";

  EXPECT_EQ(create(event)["start"].at("dateTime"), "2026-11-24T08:00:00.0000000");
}

TEST_F(microsoft_events_test, wraps_text_bodies_into_html) {
  auto event = meeting("notes").as_object();
  event["body"] = {{"contentType", "text"}, {"content", "a < b\nsecond  line"}};
  const auto made = create(event);

  const auto text = get(at(id_of(made)), {{"Prefer", "outlook.body-content-type=\"text\""}});

  EXPECT_EQ(made["body"].at("contentType"), "html");
  EXPECT_THAT(std::string(made["body"].at("content").as_string()), HasSubstr("<!-- converted from text -->"));
  EXPECT_THAT(std::string(made["body"].at("content").as_string()), HasSubstr("a &lt; b<br>\r\n"));
  EXPECT_EQ(text["body"].at("content"), "a < b\r\nsecond  line\r\n");
  EXPECT_EQ(text.header("Preference-Applied"), "outlook.body-content-type=\"text\"");
  EXPECT_EQ(made["bodyPreview"], "a < b\r\nsecond  line");
}

TEST_F(microsoft_events_test, scripts_do_not_survive_in_html) {
  auto event = meeting("html").as_object();
  event["body"] = {{"contentType", "html"},
                   {"content", "<p onclick=\"x()\">hi</p><script>alert(1)</script>"}};

  const std::string content(create(event)["body"].at("content").as_string());

  EXPECT_THAT(content, HasSubstr("<p >hi</p>"));
  EXPECT_THAT(content, testing::Not(HasSubstr("alert")));
}

TEST_F(microsoft_events_test, refuses_unknown_properties_and_wrong_types) {
  auto typo = meeting("x").as_object();
  typo["subjekt"] = "y";
  auto wrong = meeting("x").as_object();
  wrong["isAllDay"] = "yes";
  auto word = meeting("x").as_object();
  word["showAs"] = "sleeping";

  EXPECT_EQ(create(typo).error(), "RequestBodyRead");
  EXPECT_EQ(create(wrong).error(), "RequestBodyRead");
  EXPECT_EQ(create(word).error(), "RequestBodyRead");
  EXPECT_EQ(create({{"subject", "no times"}}).status, 400);
  EXPECT_EQ(create(meeting(std::string(256, 'x'))).status, 400);
}

TEST_F(microsoft_events_test, ignores_read_only_members) {
  auto event = meeting("x").as_object();
  event["id"] = "mine";
  event["changeKey"] = "mine";
  event["@odata.etag"] = "mine";

  const auto r = create(event);

  EXPECT_EQ(r.status, 201);
  EXPECT_NE(r["id"], "mine");
}

TEST_F(microsoft_events_test, an_end_before_the_start_is_refused) {
  auto event = meeting("x").as_object();
  event["end"].as_object()["dateTime"] = "2026-11-24T08:00:00";

  EXPECT_EQ(create(event).status, 400);
}

TEST_F(microsoft_events_test, all_day_needs_whole_days_and_floats) {
  json::object event{{"subject", "off"},
                     {"isAllDay", true},
                     {"start", {{"dateTime", "2026-11-24T00:00:00"}, {"timeZone", "Europe/Berlin"}}},
                     {"end", {{"dateTime", "2026-11-26T00:00:00"}, {"timeZone", "Europe/Berlin"}}}};
  auto at_nine = event;
  at_nine["start"].as_object()["dateTime"] = "2026-11-24T09:00:00";
  auto empty = event;
  empty["end"] = empty["start"];

  const auto made = create(event);
  const auto tokyo = get(at(id_of(made)), {{"Prefer", "outlook.timezone=\"Asia/Tokyo\""}});

  EXPECT_EQ(tokyo["start"].at("dateTime"), "2026-11-24T00:00:00.0000000");
  EXPECT_EQ(tokyo["end"].at("dateTime"), "2026-11-26T00:00:00.0000000");
  EXPECT_EQ(create(at_nine).error(), "ErrorPropertyValidationFailure");
  EXPECT_EQ(create(empty).error(), "ErrorPropertyValidationFailure");
  EXPECT_EQ(count_in("2026-11-25T23:00:00Z", "2026-11-25T23:59:00Z"), 1U);
  EXPECT_EQ(count_in("2026-11-26T00:00:00Z", "2026-11-26T02:00:00Z"), 0U);
}

TEST_F(microsoft_events_test, a_patch_changes_what_it_names_and_the_change_key) {
  const auto made = create();
  c.clock.advance(std::chrono::minutes(5));

  const auto r = patch(at(id_of(made)), {{"subject", "new"}, {"showAs", "free"}});

  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r["subject"], "new");
  EXPECT_EQ(r["showAs"], "free");
  EXPECT_EQ(r["start"], made["start"]);
  EXPECT_NE(r["changeKey"], made["changeKey"]);
  EXPECT_NE(r["lastModifiedDateTime"], made["lastModifiedDateTime"]);
  EXPECT_EQ(r["iCalUId"], made["iCalUId"]);
}

TEST_F(microsoft_events_test, a_stale_etag_is_refused_with_412) {
  const auto made = create();
  const std::string etag(made["@odata.etag"].as_string());
  EXPECT_EQ(patch(at(id_of(made)), {{"subject", "1"}}, {{"If-Match", etag}}).status, 200);

  const auto stale = patch(at(id_of(made)), {{"subject", "2"}}, {{"If-Match", etag}});

  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.error(), "ErrorIrresolvableConflict");
  EXPECT_EQ(erase(at(id_of(made)), {{"If-Match", etag}}).status, 412);
  EXPECT_EQ(patch(at(id_of(made)), {{"subject", "3"}}, {{"If-Match", "nonsense"}}).status, 400);
  EXPECT_EQ(erase(at(id_of(made)), {{"If-Match", "*"}}).status, 204);
}

TEST_F(microsoft_events_test, a_second_delete_tells_by_the_kind_of_id) {
  const auto made = create();
  const auto stable = id_of(get(at(id_of(made)), immutable));

  EXPECT_EQ(erase(at(id_of(made))).status, 204);

  EXPECT_EQ(get(at(id_of(made))).status, 404);
  EXPECT_EQ(erase(at(id_of(made))).error(), "ErrorItemNotFound");
  EXPECT_EQ(erase(at(stable)).error(), "ErrorInvalidRequest");
}

TEST_F(microsoft_events_test, the_same_transaction_makes_one_event) {
  auto event = meeting("once").as_object();
  event["transactionId"] = "t-1";
  auto other = meeting("other").as_object();
  other["transactionId"] = "t-1";

  const auto first = create(event);
  const auto again = create(event);
  const auto clash = create(other);

  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again["id"], first["id"]);
  EXPECT_EQ(clash.status, 400);
  EXPECT_EQ(clash.error(), "ErrorDuplicateTransactionId");
  EXPECT_EQ(clash["error"].at("@event.existingEventId"), first["id"]);
  EXPECT_EQ(get("/v1.0/me/events")["value"].as_array().size(), 1U);
  EXPECT_EQ(patch(at(id_of(first)), {{"transactionId", "t-2"}}).error(), "ErrorInvalidRequest");
}

TEST_F(microsoft_events_test, ids_have_two_spellings_and_the_short_one_survives_a_move) {
  const auto made = create();
  const auto stable = id_of(get(at(id_of(made)), immutable));
  const auto target = id_of(post("/v1.0/me/calendars", {{"name", "Work"}}));

  const auto moved =
      post("/_sandbox/microsoft/alice%40contoso.test/move", {{"event", id_of(made)}, {"calendar", target}});

  EXPECT_EQ(moved.status, 200);
  EXPECT_THAT(id_of(made), StartsWith("AAMk"));
  EXPECT_EQ(id_of(made).size(), 152U);
  EXPECT_THAT(stable, StartsWith("AAkALg"));
  EXPECT_EQ(stable.size(), 68U);
  EXPECT_EQ(get(at(id_of(made))).status, 404);
  EXPECT_EQ(get(at(stable)).status, 200);
  EXPECT_NE(get(at(stable))["id"], made["id"]);
}

TEST_F(microsoft_events_test, our_tag_is_found_by_filter_and_shown_on_demand) {
  auto event = meeting("tagged").as_object();
  event["singleValueExtendedProperties"] = json::array{json::object{{"id", tag}, {"value", "L-42"}}};
  const auto made = create(event);
  create(meeting("plain"));
  const auto id = net::percent_encode(tag);

  const auto found = get("/v1.0/me/events?$filter=singleValueExtendedProperties/Any(ep:%20ep/id%20eq%20'" +
                         id + "'%20and%20ep/value%20eq%20'l-42')");
  const auto expanded =
      get(at(id_of(made)) + "?$select=subject&$expand=singleValueExtendedProperties($filter=id%20eq%20'" +
          id + "')");

  ASSERT_EQ(found["value"].as_array().size(), 1U);
  EXPECT_EQ(found["value"].at(0).at("subject"), "tagged");
  EXPECT_FALSE(made.body.as_object().contains("singleValueExtendedProperties"));
  EXPECT_EQ(expanded["singleValueExtendedProperties"].at(0).at("value"), "L-42");
  EXPECT_FALSE(expanded.body.as_object().contains("body"));
}

TEST_F(microsoft_events_test, a_malformed_tag_id_is_refused) {
  auto event = meeting("x").as_object();
  event["singleValueExtendedProperties"] = json::array{json::object{{"id", "String link"}, {"value", "x"}}};

  EXPECT_EQ(create(event).status, 400);
}

TEST_F(microsoft_events_test, filters_orders_and_pages) {
  for (int i = 0; i < 12; ++i) create(meeting("e" + std::to_string(i), "2026-11-" + std::to_string(10 + i)));

  const auto first = get("/v1.0/me/events?$select=subject,start&$orderby=start/dateTime%20desc&$top=5");
  const auto second = follow(first["@odata.nextLink"]);
  const auto third = follow(second["@odata.nextLink"]);
  const auto some = get("/v1.0/me/events?$filter=start/"
                        "dateTime%20ge%20'2026-11-20T00:00:00'%20and%20not%20(subject%20eq%20'e11')");

  EXPECT_EQ(first["value"].at(0).at("subject"), "e11");
  EXPECT_EQ(second["value"].at(0).at("subject"), "e6");
  EXPECT_EQ(third["value"].as_array().size(), 2U);
  EXPECT_FALSE(third.body.as_object().contains("@odata.nextLink"));
  ASSERT_EQ(some["value"].as_array().size(), 1U);
  EXPECT_EQ(get("/v1.0/me/events")["value"].as_array().size(), 10U);
}

TEST_F(microsoft_events_test, refuses_what_odata_does_not_know) {
  EXPECT_THAT(get("/v1.0/me/events?$select=foo").text, HasSubstr("Could not find a property named 'foo'"));
  EXPECT_EQ(get("/v1.0/me/events?$top=0").status, 400);
  EXPECT_EQ(get("/v1.0/me/events?$top=1001").status, 400);
  EXPECT_EQ(get("/v1.0/me/events?$foo=1").status, 400);
  EXPECT_EQ(get("/v1.0/me/events?$filter=subject%20eq").error(), "RequestBroker--ParseUri");
  EXPECT_EQ(get("/v1.0/me/events?$filter=uid%20eq%20'x'").error(), "UnsupportedEntityExpression");
  EXPECT_EQ(get("/v1.0/me/calendarView").error(), "ErrorInvalidParameter");
  EXPECT_EQ(get("/v1.0/me/calendarView?startDateTime=2020-01-01&endDateTime=2026-01-01").error(),
            "ErrorInvalidRequest");
  EXPECT_EQ(get("/v1.0/me/events/short").error(), "ErrorInvalidIdMalformed");
}

TEST_F(microsoft_events_test, a_read_only_calendar_refuses_applications_but_not_people) {
  const auto made =
      post("/_sandbox/microsoft/alice%40contoso.test/calendar", {{"name", "Holidays"}, {"can_edit", false}});
  const auto path = "/v1.0/me/calendars/" + net::percent_encode(id_of(made)) + "/events";

  EXPECT_EQ(post(path, meeting("x")).status, 403);
  const auto by_person =
      c.microsoft->person_writes(*c.people.find("alice@contoso.test"), id_of(made), "",
                                 {{"title", "feast"}, {"start", "2026-12-25"}, {"end", "2026-12-26"}});
  ASSERT_TRUE(by_person);
  EXPECT_EQ(by_person->at("isAllDay"), true);
  EXPECT_EQ(get(path)["value"].as_array().size(), 1U);
}

TEST_F(microsoft_events_test, a_person_edits_and_deletes_through_the_same_rules) {
  const auto& owner = *c.people.find("alice@contoso.test");
  const auto made = create();

  const auto edited =
      c.microsoft->person_writes(owner, "", id_of(made), {{"title", "moved"}, {"start", "2026-11-24T08:00"}});
  ASSERT_TRUE(edited);
  EXPECT_EQ(edited->at("subject"), "moved");
  EXPECT_EQ(c.microsoft->events_of(owner, "").at(0).at("start"), "2026-11-24T08:00");
  EXPECT_TRUE(c.microsoft->person_deletes(owner, "", id_of(made)));
  EXPECT_FALSE(c.microsoft->person_deletes(owner, "", id_of(made)));
}

TEST_F(microsoft_events_test, an_invitation_is_answered_but_not_cancelled) {
  const auto made = c.microsoft->person_writes(
      *c.people.find("alice@contoso.test"), "", "",
      {{"title", "invited"},
       {"start", "2026-11-24T10:00"},
       {"end", "2026-11-24T11:00"},
       {"resource",
        {{"isOrganizer", false},
         {"organizer", {{"emailAddress", {{"name", "Z"}, {"address", "z@x.test"}}}}}}}});
  ASSERT_TRUE(made);
  const auto path = at(std::string(made->at("id").as_string()));

  EXPECT_EQ(post(path + "/cancel", {{"comment", ""}}).status, 400);
  EXPECT_EQ(post(path + "/accept", {{"sendResponse", false}}).status, 202);
  EXPECT_EQ(get(path)["responseStatus"].at("response"), "accepted");
  EXPECT_EQ(post(path + "/decline", {{"comment", "no"}}).status, 202);
  EXPECT_EQ(get(path).status, 404);
  const auto mails = get("/_sandbox/microsoft/alice%40contoso.test/mails");
  ASSERT_EQ(mails["items"].as_array().size(), 1U);
  EXPECT_EQ(mails["items"].at(0).at("kind"), "response");
}

TEST_F(microsoft_events_test, attendees_mean_mail) {
  auto event = meeting("with guests").as_object();
  event["attendees"] = json::array{json::object{{"emailAddress", {{"address", "guest@x.test"}}}}};
  const auto made = create(event);
  erase(at(id_of(made)));
  create(meeting("alone"));

  const auto mails = get("/_sandbox/microsoft/alice%40contoso.test/mails");

  ASSERT_EQ(mails["items"].as_array().size(), 2U);
  EXPECT_EQ(mails["items"].at(0).at("kind"), "request");
  EXPECT_EQ(mails["items"].at(1).at("kind"), "cancellation");
}

struct microsoft_meetings_test : microsoft_events_test {
  net::header_list as_bob() const { return {{"Authorization", "Bearer " + bob}}; }
  value with_bob(value event) {
    event.as_object()["attendees"] =
        json::array{json::object{{"emailAddress", {{"address", "Bob@contoso.test"}, {"name", "Bob"}}}}};
    return event;
  }
  value bobs_rows() { return get("/v1.0/me/events", as_bob())["value"]; }
  value bobs_only_copy() {
    const auto rows = bobs_rows();
    return rows.as_array().size() == 1 ? rows.at(0) : throw std::logic_error("no single copy");
  }
};

TEST_F(microsoft_meetings_test, an_invitation_is_a_copy_in_the_guests_mailbox) {
  const auto made = create(with_bob(weekly("Review")));

  const auto copy = bobs_only_copy();

  EXPECT_EQ(copy.at("iCalUId"), made["iCalUId"]);
  EXPECT_NE(copy.at("id"), made["id"]);
  EXPECT_NE(copy.at("changeKey"), made["changeKey"]);
  EXPECT_EQ(copy.at("type"), "seriesMaster");
  EXPECT_EQ(copy.at("isOrganizer"), false);
  EXPECT_EQ(copy.at("responseStatus").at("response"), "notResponded");
  EXPECT_EQ(copy.at("organizer").at("emailAddress").at("address"), "alice@contoso.test");
  ASSERT_EQ(copy.at("attendees").as_array().size(), 2U) << "the organizer is listed twice";
  EXPECT_EQ(copy.at("attendees").at(0).at("emailAddress").at("address"), "alice@contoso.test");
}

TEST_F(microsoft_meetings_test, an_answer_comes_back_to_the_organizer) {
  const auto made = create(with_bob(meeting("Review")));
  const auto path = at(std::string(bobs_only_copy().at("id").as_string()));

  EXPECT_EQ(post(path + "/tentativelyAccept", {{"comment", ""}}, as_bob()).status, 202);
  auto seen = get(at(id_of(made)));
  EXPECT_EQ(seen["attendees"].at(0).at("status").at("response"), "tentativelyAccepted");
  EXPECT_NE(seen["changeKey"], made["changeKey"]);
  EXPECT_EQ(post(path + "/decline", {{"sendResponse", true}}, as_bob()).status, 202);

  seen = get(at(id_of(made)));
  EXPECT_EQ(seen["attendees"].at(0).at("status").at("response"), "declined");
  EXPECT_TRUE(bobs_rows().as_array().empty());
}

TEST_F(microsoft_meetings_test, updates_reach_the_copies_and_keep_what_is_the_guests) {
  const auto made = create(with_bob(meeting("Review")));
  const auto path = at(std::string(bobs_only_copy().at("id").as_string()));
  patch(path, {{"categories", {"Mine"}}, {"subject", "Bob's idea of it"}}, as_bob());

  patch(at(id_of(made)), {{"subject", "Second review"}});

  const auto copy = bobs_only_copy();
  EXPECT_EQ(copy.at("subject"), "Second review");
  EXPECT_EQ(copy.at("categories").at(0), "Mine");
}

TEST_F(microsoft_meetings_test, a_cancelled_meeting_stays_in_the_guests_calendar_as_cancelled) {
  const auto one = create(with_bob(meeting("Review")));
  erase(at(id_of(one)));
  auto copy = bobs_only_copy();
  EXPECT_EQ(copy.at("isCancelled"), true);
  EXPECT_EQ(copy.at("subject"), "Canceled: Review");
  erase(at(std::string(copy.at("id").as_string())), as_bob());

  const auto other = create(with_bob(meeting("Other")));
  patch(at(id_of(other)), {{"attendees", json::array{}}});
  EXPECT_EQ(bobs_only_copy().at("isCancelled"), true) << "a guest taken off the list";
}

TEST_F(microsoft_meetings_test, a_copy_may_arrive_late) {
  patch("/_sandbox/microsoft/knobs", {{"guest_copy_seconds", 60}});
  const auto made = create(with_bob(meeting("Review")));
  patch(at(id_of(made)), {{"subject", "Second review"}});
  EXPECT_TRUE(bobs_rows().as_array().empty());

  c.clock.advance(std::chrono::seconds(61));

  EXPECT_EQ(bobs_only_copy().at("subject"), "Second review");
}

TEST_F(microsoft_meetings_test, knobs_show_other_tenants_answers) {
  const auto series = create(weekly("Round"));
  const auto path = at(id_of(series));
  const auto instances =
      get(path + "/instances?startDateTime=2026-11-22T00:00:00&endDateTime=2026-12-31T00:00:00");
  patch(at(std::string(instances["value"].at(0).at("id").as_string())), {{"subject", "Once"}});
  ASSERT_EQ(patch("/_sandbox/microsoft/knobs",
                  {{"ignore_body_preference", true}, {"custom_zones", true}, {"poor_exceptions", true}})
                .status,
            200);

  const auto told =
      get(path + "?$expand=exceptionOccurrences&$select=id,body,recurrence,exceptionOccurrences",
          {{"Prefer", "outlook.body-content-type=\"text\""}});

  EXPECT_EQ(told["body"].at("contentType"), "html");
  EXPECT_EQ(told["recurrence"].at("range").at("recurrenceTimeZone"), "tzone://Microsoft/Custom");
  ASSERT_EQ(told["exceptionOccurrences"].as_array().size(), 1U);
  EXPECT_FALSE(told["exceptionOccurrences"].at(0).as_object().contains("subject"));
}

TEST_F(microsoft_events_test, fault_plans_strike_with_graphs_own_words) {
  fault_plan plan;
  plan.kind = vendor::microsoft;
  plan.account = "alice@contoso.test";
  plan.method = "graph.events.insert";
  plan.reason = "TooManyRequests";
  plan.headers = {{"Retry-After", "7"}};
  plan.skip = 1;
  c.faults.add(plan);

  const auto first = create();
  const auto second = create();

  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(second.status, 429);
  EXPECT_EQ(second.error(), "TooManyRequests");
  EXPECT_EQ(second.header("Retry-After"), "7");
  EXPECT_EQ(get("/v1.0/me/events")["value"].as_array().size(), 1U);
}

TEST_F(microsoft_events_test, the_request_budget_ends_with_429_and_returns_with_time) {
  EXPECT_EQ(patch("/_sandbox/microsoft/knobs", {{"requests_per_window", 3}}).status, 200);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/v1.0/me").status, 200);

  const auto over = get("/v1.0/me");
  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(over.header("Retry-After"), "600");
  EXPECT_EQ(get("/v1.0/me", {{"Authorization", "Bearer " + bob}}).status, 200);
  c.clock.advance(std::chrono::minutes(10));
  EXPECT_EQ(get("/v1.0/me").status, 200);
}

TEST_F(microsoft_events_test, unknown_knobs_are_refused) {
  EXPECT_EQ(patch("/_sandbox/microsoft/knobs", {{"colour", 3}}).status, 400);
  EXPECT_EQ(patch("/_sandbox/microsoft/knobs", {{"omit_uid", 3}}).status, 400);
}

TEST_F(microsoft_events_test, a_fifth_request_at_once_is_throttled) {
  patch("/_sandbox/microsoft/knobs", {{"service_milliseconds", 50}});
  std::vector<int> statuses;
  for (int i = 0; i < 5; ++i)
    c.handle(request_for("GET", "/v1.0/me", nullptr, {}),
             [&](outcome o) { statuses.push_back(o.response.status); });

  ASSERT_EQ(statuses, std::vector{429});
  c.outside.now = [] { return start + std::chrono::seconds(1); };
  c.microsoft->tick();
  EXPECT_EQ(statuses, (std::vector{429, 200, 200, 200, 200}));
}

} // namespace
} // namespace kalends::sandbox
