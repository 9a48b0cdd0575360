// SPDX-License-Identifier: Apache-2.0
#include "net/crypto.hpp"
#include "tests/net/vendor_fixture.hpp"

namespace kalends::net {
namespace {

using namespace std::chrono_literals;
using testing::replaced;
using testing::test_data;

const std::string own_tag = "0190f3a2-7b1c-7c4d-8e5f-001122334455";
const std::string calendar = "/v1.0/me/calendars/C1=";
const std::string one_event = calendar + "/events/AAkALgExample1=";
const std::string wire_event = "/v1.0/me/calendars/C1%3D/events/AAkALgExample1%3D";
const std::string wishes =
    R"(IdType="ImmutableId", outlook.timezone="UTC", outlook.body-content-type="text")";

std::string refusal(const std::string& code, const std::string& more = "") {
  return R"({"error":{"code":")" + code + R"(","message":"m")" + more + "}}";
}

struct microsoft_graph_test : testing::vendor_fixture {
  std::unique_ptr<calendar_client> client = make();
  calendar_access who{"eyJ.secret", calendar_id("C1=")};
  event_id event{"AAkALgExample1="};

  std::unique_ptr<calendar_client> make() {
    vendor_endpoints endpoints;
    endpoints.microsoft_graph = vendor.url("/v1.0");
    return make_microsoft_graph(http, endpoints, still_world());
  }
  std::string delta_page() const {
    return replaced(test_data("graph/delta.json"), "https://graph.microsoft.com", vendor.url());
  }
  result<change_page> list(const list_request& what) {
    return outcome<change_page>([&](auto done) { return client->list_changes(who, what, done); });
  }
  result<calendar_event> get() {
    return outcome<calendar_event>([&](auto done) { return client->get_event(who, event, done); });
  }
  result<calendar_event> insert(const std::string& zone = "Europe/Berlin") {
    return outcome<calendar_event>([&](auto done) { return client->insert_event(who, visit(zone), done); });
  }
  result<calendar_event> update(field_set changed, const std::string& zone = "Europe/Berlin") {
    return outcome<calendar_event>([&](auto done) {
      return client->update_event(who, {event, "W/\"k1\"", changed, visit(zone).what}, done);
    });
  }
  result<bool> remove() {
    return outcome<bool>([&](auto done) { return client->delete_event(who, event, "W/\"k1\"", done); });
  }
  static new_event visit(const std::string& zone) {
    appointment what;
    what.title = "Plan";
    what.start = *read_zoned_time("2026-11-10T09:00:00", zone);
    what.end = *read_zoned_time("2026-11-10T09:30:00", zone);
    return {event_id(), "lnk-42-1", entry_id(own_tag), what};
  }
  static field_set only(field_group g) {
    field_set s;
    s.add(g);
    return s;
  }
};

std::string daily_series(const std::string& etag) {
  return R"({"@odata.etag":"W/\")" + etag +
         R"(\"","id":"AAkALgExample1=","type":"seriesMaster","subject":"Round",)"
         R"("body":{"contentType":"text","content":""},"originalStartTimeZone":"UTC",)"
         R"("start":{"dateTime":"2026-11-10T08:00:00","timeZone":"UTC"},)"
         R"("end":{"dateTime":"2026-11-10T09:00:00","timeZone":"UTC"},"recurrence":{"pattern":{"type":"daily",)"
         R"("interval":1},"range":{"type":"noEnd","startDate":"2026-11-10","recurrenceTimeZone":"UTC"}}})";
}

std::string moved(const std::string& day) {
  return R"({"id":"x)" + day + R"(","type":"exception","occurrenceId":"OID.M.)" + day +
         R"(","subject":"Moved","body":{"contentType":"text","content":""},"start":{"dateTime":")" + day +
         R"(T10:00:00","timeZone":"UTC"},"end":{"dateTime":")" + day + R"(T11:00:00","timeZone":"UTC"}})";
}

TEST_F(microsoft_graph_test, a_series_is_read_with_every_page_of_its_exceptions) {
  vendor.when("GET " + one_event)
      .then(200, daily_series("k1"))
      .then(200, R"({"@odata.etag":"W/\"k1\"","cancelledOccurrences":["OID.M.2026-11-12"],)"
                 R"("exceptionOccurrences":[)" +
                     moved("2026-11-13") + R"(],"exceptionOccurrences@odata.nextLink":")" +
                     vendor.url("/v1.0/more") + R"("})");
  vendor.when("GET /v1.0/more").then(200, R"({"value":[)" + moved("2026-11-14") + "]}");

  const auto e = get();

  ASSERT_TRUE(e) << e.error().detail;
  ASSERT_FALSE(e->unreadable) << *e->unreadable;
  EXPECT_EQ(e->what.repeats->exdates.size(), 1u);
  EXPECT_EQ(e->what.repeats->changed.size(), 2u);
  EXPECT_EQ(e->version.substr(0, 7), "W/\"k1\"#");
}

TEST_F(microsoft_graph_test, a_series_that_changes_while_it_is_read_is_read_again) {
  vendor.when("GET " + one_event)
      .then(200, daily_series("k1"))
      .then(200, R"({"@odata.etag":"W/\"k2\"","cancelledOccurrences":["OID.M.2026-11-12"]})")
      .then(200, daily_series("k2"))
      .then(200, R"({"@odata.etag":"W/\"k2\"","cancelledOccurrences":["OID.M.2026-11-12"]})");

  const auto e = get();

  ASSERT_TRUE(e) << e.error().detail;
  EXPECT_EQ(e->version.substr(0, 7), "W/\"k2\"#");
  EXPECT_EQ(vendor.requests().size(), 4u);
}

TEST_F(microsoft_graph_test, a_link_of_exceptions_that_leads_away_is_not_followed) {
  vendor.when("GET " + one_event)
      .then(200, daily_series("k1"))
      .then(200, R"({"exceptionOccurrences@odata.nextLink":"https://evil.test/more"})");

  const auto e = get();

  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().code, "foreign_link");
}

TEST_F(microsoft_graph_test, what_it_cannot_say_is_refused_without_a_call) {
  auto odd = visit("Europe/Berlin");
  odd.what.repeats = recurrence{"FREQ=YEARLY;BYYEARDAY=100", {}, {}, {}};

  const auto e = outcome<calendar_event>([&](auto done) { return client->insert_event(who, odd, done); });

  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().code, "recurrence_byyearday");
  EXPECT_TRUE(vendor.requests().empty());
}

TEST_F(microsoft_graph_test, reads_a_window_from_the_beginning) {
  vendor.when("GET " + calendar + "/calendarView/delta").then(200, delta_page());

  const auto page = list({"", "", {now(), now() + 24h}, 50});

  ASSERT_TRUE(page) << page.error().detail;
  EXPECT_EQ(page->events.size(), 11u);
  const auto asked = vendor.requests().at(0);
  EXPECT_EQ(line(asked),
            "GET /v1.0/me/calendars/C1%3D/calendarView/delta?startDateTime=2026-11-20T09%3A00%3A00.000Z"
            "&endDateTime=2026-11-21T09%3A00%3A00.000Z");
  EXPECT_EQ(header(asked, "Prefer"), wishes + ", odata.maxpagesize=50");
  EXPECT_EQ(header(asked, "Authorization"), "Bearer eyJ.secret");
}

TEST_F(microsoft_graph_test, follows_links_byte_for_byte_with_every_wish) {
  vendor.when("GET /v1.0/me/calendars('C1')/calendarView/delta").then(200, delta_page());
  const auto path = "/v1.0/me/calendars('C1')/calendarView/delta?$deltatoken=R0us%2bT2";

  ASSERT_TRUE(list({vendor.url(path), "", {}, 250}));
  ASSERT_TRUE(list({"https://elsewhere.example/ignored", vendor.url(path), {}, 250}));

  const auto asked = vendor.requests();
  EXPECT_EQ(line(asked[0]), "GET " + std::string(path));
  EXPECT_EQ(header(asked[0], "Prefer"), wishes + ", odata.maxpagesize=250");
  EXPECT_EQ(line(asked[1]), "GET " + std::string(path));
}

TEST_F(microsoft_graph_test, never_carries_the_token_to_another_host) {
  const auto origin = vendor.url();
  for (const auto& link :
       {std::string("https://evil.example/v1.0/x"), origin + "@evil.example/x", origin + "9/x",
        std::string("/v1.0/me"), replaced(origin, "http:", "https:") + "/x", origin + "/x\r\ny"})
    EXPECT_EQ(list({link, "", {}, 250}).error().code, "foreign_link") << link;

  EXPECT_TRUE(vendor.requests().empty());
}

TEST_F(microsoft_graph_test, refuses_a_page_that_leads_elsewhere) {
  vendor.when("GET " + calendar + "/calendarView/delta").then(200, test_data("graph/delta.json"));

  const auto page = list({});

  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, errc::broken);
  EXPECT_EQ(page.error().code, "foreign_link");
}

TEST_F(microsoft_graph_test, lost_delta_state_means_reading_again) {
  vendor.when("GET /v1.0/d").then(410, refusal("SyncStateNotFound")).then(400, refusal("BadRequest"));

  EXPECT_EQ(list({vendor.url("/v1.0/d?$deltatoken=x"), "", {}, 250}).error().kind, errc::resync);
  EXPECT_EQ(list({vendor.url("/v1.0/d?$deltatoken=x"), "", {}, 250}).error().kind, errc::resync);
}

TEST_F(microsoft_graph_test, looks_for_an_event_only_in_its_calendar) {
  vendor.when("GET " + one_event)
      .then(200, test_data("graph/event.json"))
      .then(404, refusal("ErrorItemNotFound"));

  const auto found = get();
  const auto gone = get();

  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->tag.str(), own_tag);
  EXPECT_EQ(gone.error().kind, errc::not_found);
  const auto asked = vendor.requests().at(0);
  EXPECT_EQ(asked.target.substr(0, asked.target.find('?')), wire_event);
  EXPECT_EQ(parse_query(asked.query).at(0).second,
            "singleValueExtendedProperties($filter=id eq 'String {6f1c2f0e-58d1-4b0b-9d0c-3a7f6b1c9e42} Name "
            "kalends_entry')");
  EXPECT_EQ(asked.query.find('+'), std::string::npos);
}

TEST_F(microsoft_graph_test, an_answer_in_html_is_broken) {
  vendor.when("GET " + one_event).then(200, "<html>proxy</html>");

  EXPECT_EQ(get().error().code, "vendor_answer_unreadable");
}

TEST_F(microsoft_graph_test, inserts_with_transaction_id_and_tag_and_without_guests) {
  vendor.when("POST " + calendar + "/events").then(201, test_data("graph/event.json"));

  const auto e = insert();

  ASSERT_TRUE(e) << e.error().detail;
  EXPECT_EQ(e->tag.str(), own_tag);
  const auto asked = vendor.requests().at(0);
  EXPECT_EQ(header(asked, "Prefer"), wishes);
  EXPECT_NE(asked.body.find(R"("transactionId":"lnk-42-1")"), std::string::npos);
  EXPECT_NE(asked.body.find(own_tag), std::string::npos);
  EXPECT_EQ(asked.body.find("attendees"), std::string::npos);
}

TEST_F(microsoft_graph_test, a_repeated_insert_finds_its_earlier_self) {
  const auto taken = refusal("ErrorDuplicateTransactionId", R"(,"@event.existingEventId":"AAkALgExample1=")");
  vendor.when("POST " + calendar + "/events").then(409, taken).then(400, taken);
  vendor.when("GET " + one_event).then(200, test_data("graph/event.json"));

  ASSERT_TRUE(insert());
  const auto again = insert();

  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, event);
  EXPECT_EQ(vendor.requests().size(), 4u);
}

TEST_F(microsoft_graph_test, a_transaction_id_whose_event_is_gone_or_foreign_is_a_duplicate) {
  vendor.when("POST " + calendar + "/events")
      .then(409, refusal("ErrorDuplicateTransactionId", R"(,"@event.existingEventId":"AAkALgExample1=")"));
  vendor.when("GET " + one_event)
      .then(404, refusal("ErrorItemNotFound"))
      .then(200, replaced(replaced(test_data("graph/event.json"), own_tag, "x"), "lnk-42-1", "other"));

  EXPECT_EQ(insert().error().code, "transaction_id_used");
  EXPECT_EQ(insert().error().kind, errc::duplicate);
}

TEST_F(microsoft_graph_test, a_zone_that_the_mailbox_does_not_know_is_told_in_utc) {
  vendor.when("POST " + calendar + "/events")
      .then(400, refusal("TimeZoneNotSupportedException"))
      .then(201, test_data("graph/event.json"));
  vendor.when("PATCH " + one_event).then(400, refusal("TimeZoneNotSupportedException"));

  ASSERT_TRUE(insert("Antarctica/Troll"));
  const auto patched = update(only(field_group::time), "Antarctica/Troll");

  const auto asked = vendor.requests();
  EXPECT_NE(asked[0].body.find(R"("timeZone":"Antarctica/Troll")"), std::string::npos) << asked[0].body;
  EXPECT_EQ(asked[1].body.find("Troll"), std::string::npos);
  EXPECT_NE(asked[1].body.find(R"("start":{"dateTime":"2026-11-10T09:00:00","timeZone":"UTC"})"),
            std::string::npos);
  EXPECT_EQ(patched.error().code, "zone_not_supported") << "tried once more, not for ever";
  EXPECT_EQ(asked.size(), 4u);
}

TEST_F(microsoft_graph_test, updates_the_changed_groups_under_guard) {
  vendor.when("PATCH " + one_event).then(200, test_data("graph/event.json"));

  ASSERT_TRUE(update(only(field_group::title)));

  const auto asked = vendor.requests().at(0);
  EXPECT_EQ(line(asked), "PATCH " + wire_event);
  EXPECT_EQ(header(asked, "If-Match"), "W/\"k1\"");
  EXPECT_EQ(asked.body, R"({"subject":"Plan"})");
}

TEST_F(microsoft_graph_test, an_online_meeting_keeps_its_body) {
  vendor.when("GET " + one_event)
      .then(200, R"({"isOnlineMeeting":true})")
      .then(200, R"({"isOnlineMeeting":false})");
  vendor.when("PATCH " + one_event).then(200, test_data("graph/event.json"));
  auto both = only(field_group::notes);
  both.add(field_group::title);

  ASSERT_TRUE(update(both));
  ASSERT_TRUE(update(both));

  const auto asked = vendor.requests();
  EXPECT_EQ(line(asked[0]), "GET " + wire_event + "?$select=isOnlineMeeting");
  EXPECT_EQ(asked[1].body, R"({"subject":"Plan"})");
  EXPECT_EQ(asked[3].body, R"({"subject":"Plan","body":{"contentType":"text","content":""}})");
}

TEST_F(microsoft_graph_test, a_failed_guard_is_a_conflict) {
  vendor.when("PATCH " + one_event)
      .then(412, refusal("ErrorIrresolvableConflict"))
      .then(409, refusal("Conflict"));

  EXPECT_EQ(update(only(field_group::title)).error().kind, errc::conflict);
  EXPECT_EQ(update(only(field_group::title)).error().kind, errc::conflict);
}

TEST_F(microsoft_graph_test, tells_a_delete_from_a_repeated_one) {
  vendor.when("DELETE " + one_event)
      .then(204)
      .then(404, refusal("ErrorItemNotFound"))
      .then(400, refusal("ErrorInvalidRequest"))
      .then(400, refusal("ErrorInvalidRequest"))
      .then(412, refusal("ErrorIrresolvableConflict"));
  vendor.when("GET " + one_event)
      .then(404, refusal("ErrorItemNotFound"))
      .then(200, test_data("graph/event.json"));

  EXPECT_EQ(remove(), true);
  EXPECT_EQ(remove(), false);
  EXPECT_EQ(remove(), false) << "an immutable id still leads to Deleted Items";
  EXPECT_EQ(remove().error().kind, errc::invalid) << "it is still there";
  EXPECT_EQ(remove().error().kind, errc::conflict);
  EXPECT_EQ(header(vendor.requests().at(0), "If-Match"), "W/\"k1\"");
}

TEST_F(microsoft_graph_test, lists_every_page_of_calendars) {
  const auto first =
      replaced(test_data("graph/calendars.json"), R"("value":[)",
               R"("@odata.nextLink":")" + vendor.url("/v1.0/me/calendars?$skip=2") + R"(","value":[)");
  vendor.when("GET /v1.0/me/calendars").then(200, first).then(200, test_data("graph/calendars.json"));

  const auto calendars =
      outcome<std::vector<calendar_listing>>([&](auto done) { return client->list_calendars(who, done); });

  ASSERT_TRUE(calendars) << calendars.error().detail;
  EXPECT_EQ(calendars->size(), 4u);
  EXPECT_EQ(line(vendor.requests().at(1)), "GET /v1.0/me/calendars?$skip=2");
}

TEST_F(microsoft_graph_test, a_list_of_calendars_that_never_ends_is_left) {
  vendor.when("GET /v1.0/me/calendars")
      .then(200, R"({"value":[],"@odata.nextLink":")" + vendor.url("/v1.0/me/calendars?$skip=0") + R"("})");

  const auto calendars =
      outcome<std::vector<calendar_listing>>([&](auto done) { return client->list_calendars(who, done); });

  EXPECT_EQ(calendars.error().code, "too_many_pages");
}

TEST_F(microsoft_graph_test, subscribes_for_less_than_the_limit) {
  vendor.when("POST /v1.0/subscriptions").then(201, test_data("graph/subscription.json"));

  const auto opened = outcome<channel>([&](auto done) {
    return client->open_channel(
        who, {"https://k.example.com/g", "https://k.example.com/l", "", "s3cret", now() + 1'000h}, done);
  });

  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(opened->id, "7f105c7d-2dc5-4530-97cd-4e7ae6534c07");
  EXPECT_EQ(opened->secret_hash, sha256("s3cret"));
  EXPECT_EQ(to_rfc3339(opened->expires_at), "2026-11-28T09:00:00.000Z") << "what the answer says";
  EXPECT_EQ(
      vendor.requests().at(0).body,
      R"({"changeType":"created,updated,deleted","notificationUrl":"https://k.example.com/g",)"
      R"("lifecycleNotificationUrl":"https://k.example.com/l","resource":"/me/calendars/C1=/events",)"
      R"("expirationDateTime":"2026-11-27T08:50:00.000Z","clientState":"s3cret","latestSupportedTlsVersion":"v1_2"})");
}

TEST_F(microsoft_graph_test, renews_and_closes_a_subscription) {
  const std::string path = "/v1.0/subscriptions/7f105c7d-2dc5-4530-97cd-4e7ae6534c07";
  vendor.when("PATCH " + path)
      .then(200, test_data("graph/subscription.json"))
      .then(404, refusal("ResourceNotFound"));
  vendor.when("DELETE " + path).then(204).then(404, refusal("ResourceNotFound"));
  const channel current{"7f105c7d-2dc5-4530-97cd-4e7ae6534c07", "", now(), "hash"};
  const auto renew = [&] {
    return outcome<channel>(
        [&](auto done) { return client->renew_channel(who, current, now() + 100h, done); });
  };
  const auto close = [&] {
    return outcome<bool>([&](auto done) { return client->close_channel(who, current, done); });
  };

  const auto renewed = renew();

  ASSERT_TRUE(renewed) << renewed.error().detail;
  EXPECT_EQ(renewed->secret_hash, "hash");
  EXPECT_EQ(vendor.requests().at(0).body, R"({"expirationDateTime":"2026-11-24T13:00:00.000Z"})");
  EXPECT_EQ(renew().error().kind, errc::not_found);
  EXPECT_EQ(close(), true);
  EXPECT_EQ(close(), false);
}

TEST_F(microsoft_graph_test, a_mailbox_under_pressure_is_left_alone_as_long_as_it_says) {
  vendor.when("GET " + one_event).then(429, refusal("ApplicationThrottled"), {{"Retry-After", "2.128"}});

  const auto e = get();

  EXPECT_EQ(e.error().kind, errc::retry_later);
  EXPECT_EQ(e.error().retry_after, 3s);
}

} // namespace
} // namespace kalends::net
