// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_recurrence.hpp"
#include "tests/sandbox/microsoft_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalends::sandbox {
namespace {

using testing::ElementsAre;
namespace json = boost::json;
namespace ms = microsoft;

class microsoft_series_test : public testing::Test, public microsoft_bench {
protected:
  static std::string at(const std::string& id) { return "/v1.0/me/events/" + net::percent_encode(id); }
  static constexpr auto window = "?startDateTime=2026-11-01&endDateTime=2026-12-31&$top=50";

  static std::vector<std::string> dates(const char* pattern, const char* range, const char* until) {
    ms::recurrence_rule rule;
    const json::object given{{"pattern", json::parse(pattern)}, {"range", json::parse(range)}};
    if (ms::parse_recurrence(given, rule)) return {"refused"};
    std::vector<std::string> out;
    for (const auto day : ms::expand(rule, *ms::parse_date(until))) out.push_back(ms::format_date(day));
    return out;
  }
  std::vector<std::string> starts(const std::string& master) {
    std::vector<std::string> out;
    const auto r =
        get(at(master) + "/instances" + window, {{"Prefer", "outlook.timezone=\"Europe/Berlin\""}});
    for (const auto& one : r["value"].as_array())
      out.emplace_back(std::string(one.at("start").at("dateTime").as_string()).substr(0, 16));
    return out;
  }
  std::string instance(const std::string& master, std::size_t n) {
    return std::string(get(at(master) + "/instances" + window)["value"].at(n).at("id").as_string());
  }
};

TEST_F(microsoft_series_test, expands_all_six_patterns) {
  EXPECT_THAT(
      dates(R"({"type":"daily","interval":3})", R"({"type":"noEnd","startDate":"2026-02-26"})", "2026-03-05"),
      ElementsAre("2026-02-26", "2026-03-01", "2026-03-04"));
  EXPECT_THAT(dates(R"({"type":"weekly","interval":2,"daysOfWeek":["sunday","monday"]})",
                    R"({"type":"numbered","startDate":"2026-11-23","numberOfOccurrences":3})", "2027-12-31"),
              ElementsAre("2026-11-23", "2026-12-06", "2026-12-07"));
  EXPECT_THAT(
      dates(R"({"type":"weekly","interval":2,"daysOfWeek":["sunday","monday"],"firstDayOfWeek":"Monday"})",
            R"({"type":"numbered","startDate":"2026-11-23","numberOfOccurrences":3})", "2027-12-31"),
      ElementsAre("2026-11-23", "2026-11-29", "2026-12-07"));
  EXPECT_THAT(dates(R"({"type":"absoluteMonthly","interval":1,"dayOfMonth":31})",
                    R"({"type":"endDate","startDate":"2027-01-31","endDate":"2027-04-30"})", "2027-12-31"),
              ElementsAre("2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"));
  EXPECT_THAT(
      dates(
          R"({"type":"relativeMonthly","interval":1,"daysOfWeek":["monday","tuesday","wednesday","thursday","friday"],"index":"last"})",
          R"({"type":"numbered","startDate":"2026-10-01","numberOfOccurrences":2})", "2027-12-31"),
      ElementsAre("2026-10-30", "2026-11-30"));
  EXPECT_THAT(dates(R"({"type":"absoluteYearly","interval":1,"dayOfMonth":29,"month":2})",
                    R"({"type":"numbered","startDate":"2027-02-28","numberOfOccurrences":2})", "2030-12-31"),
              ElementsAre("2027-02-28", "2028-02-29"));
  EXPECT_THAT(
      dates(R"({"type":"relativeYearly","interval":1,"daysOfWeek":["thursday"],"index":"fourth","month":11})",
            R"({"type":"numbered","startDate":"2026-01-01","numberOfOccurrences":2})", "2030-12-31"),
      ElementsAre("2026-11-26", "2027-11-25"));
}

TEST_F(microsoft_series_test, refuses_what_exchange_cannot_keep) {
  const auto any = R"({"type":"noEnd","startDate":"2026-02-26"})";
  EXPECT_THAT(dates(R"({"type":"daily","interval":100})", any, "2026-03-05"), ElementsAre("refused"));
  EXPECT_THAT(dates(R"({"type":"daily"})", any, "2026-03-05"), ElementsAre("refused"));
  EXPECT_THAT(dates(R"({"type":"hourly","interval":1})", any, "2026-03-05"), ElementsAre("refused"));
  EXPECT_THAT(dates(R"({"type":"weekly","interval":1})", any, "2026-03-05"), ElementsAre("refused"));
  EXPECT_THAT(dates(R"({"type":"absoluteMonthly","interval":1,"dayOfMonth":32})", any, "2026-03-05"),
              ElementsAre("refused"));
  EXPECT_THAT(dates(R"({"type":"daily","interval":1})",
                    R"({"type":"numbered","startDate":"2026-02-26","numberOfOccurrences":0})", "2026-03-05"),
              ElementsAre("refused"));
}

TEST_F(microsoft_series_test, answers_recurrence_in_canonical_form) {
  const auto r = post("/v1.0/me/events", weekly("standup"));

  EXPECT_EQ(r.status, 201);
  EXPECT_EQ(r["type"], "seriesMaster");
  EXPECT_EQ(r["recurrence"].at("pattern").at("firstDayOfWeek"), "sunday");
  EXPECT_EQ(r["recurrence"].at("pattern").at("index"), "first");
  EXPECT_EQ(r["recurrence"].at("pattern").at("dayOfMonth"), 0);
  EXPECT_EQ(r["recurrence"].at("range").at("recurrenceTimeZone"), "Europe/Berlin");
}

TEST_F(microsoft_series_test, the_start_date_must_be_the_events) {
  auto event = weekly("x").as_object();
  event["recurrence"].at("range").as_object()["startDate"] = "2026-11-24";

  EXPECT_EQ(post("/v1.0/me/events", event).status, 400);
}

TEST_F(microsoft_series_test, the_first_instance_moves_to_the_pattern) {
  auto event = meeting("x", "2026-11-25").as_object(); // a wednesday
  event["recurrence"] = {
      {"pattern", {{"type", "weekly"}, {"interval", 1}, {"daysOfWeek", json::array{"monday"}}}},
      {"range", {{"type", "numbered"}, {"startDate", "2026-11-25"}, {"numberOfOccurrences", 2}}}};

  const auto r = post("/v1.0/me/events", event, {{"Prefer", "outlook.timezone=\"Europe/Berlin\""}});

  EXPECT_EQ(r["start"].at("dateTime"), "2026-11-30T09:00:00.0000000");
}

TEST_F(microsoft_series_test, keeps_the_wall_clock_over_daylight_saving) {
  auto event = meeting("x", "2026-10-23").as_object();
  event["recurrence"] = {
      {"pattern", {{"type", "daily"}, {"interval", 2}}},
      {"range", {{"type", "numbered"}, {"startDate", "2026-10-23"}, {"numberOfOccurrences", 3}}}};
  const auto id = id_of(post("/v1.0/me/events", event));

  const auto r = get(at(id) + "/instances?startDateTime=2026-10-01&endDateTime=2026-11-30");

  EXPECT_EQ(r["value"].at(0).at("start").at("dateTime"), "2026-10-23T07:00:00.0000000");
  EXPECT_EQ(r["value"].at(2).at("start").at("dateTime"), "2026-10-27T08:00:00.0000000");
}

TEST_F(microsoft_series_test, an_instance_out_of_a_gap_moves_as_a_whole) {
  auto event = meeting("x", "2026-03-28").as_object();
  event["start"] = {{"dateTime", "2026-03-28T02:45:00"}, {"timeZone", "Europe/Berlin"}};
  event["end"] = {{"dateTime", "2026-03-28T03:15:00"}, {"timeZone", "Europe/Berlin"}};
  event["recurrence"] = {
      {"pattern", {{"type", "daily"}, {"interval", 1}}},
      {"range", {{"type", "numbered"}, {"startDate", "2026-03-28"}, {"numberOfOccurrences", 3}}}};
  const auto id = id_of(post("/v1.0/me/events", event));

  const auto r = get(at(id) + "/instances?startDateTime=2026-03-01&endDateTime=2026-04-30");

  EXPECT_EQ(r["value"].at(1).at("start").at("dateTime"), "2026-03-29T01:45:00.0000000");
  EXPECT_EQ(r["value"].at(1).at("end").at("dateTime"), "2026-03-29T02:15:00.0000000");
  EXPECT_EQ(r["value"].at(2).at("start").at("dateTime"), "2026-03-30T00:45:00.0000000");
}

TEST_F(microsoft_series_test, lists_show_masters_and_views_show_instances) {
  post("/v1.0/me/events", weekly("standup"));

  const auto list = get("/v1.0/me/events");
  const auto view = get("/v1.0/me/calendarView?startDateTime=2026-11-24&endDateTime=2026-12-08");

  ASSERT_EQ(list["value"].as_array().size(), 1U);
  EXPECT_EQ(list["value"].at(0).at("type"), "seriesMaster");
  ASSERT_EQ(view["value"].as_array().size(), 2U);
  EXPECT_EQ(view["value"].at(0).at("type"), "occurrence");
  EXPECT_EQ(view["value"].at(0).at("subject"), "standup");
  EXPECT_EQ(get(at(std::string(view["value"].at(0).at("id").as_string())))["start"],
            view["value"].at(0).at("start"));
}

TEST_F(microsoft_series_test, an_edited_instance_becomes_an_exception_under_its_id) {
  const auto master = post("/v1.0/me/events", weekly("standup"));
  const auto second = instance(id_of(master), 1);

  const auto edited =
      patch(at(second), {{"start", {{"dateTime", "2026-12-01T11:00:00"}, {"timeZone", "Europe/Berlin"}}},
                         {"end", {{"dateTime", "2026-12-01T12:00:00"}, {"timeZone", "Europe/Berlin"}}}});
  const auto now =
      get(at(id_of(master)) +
          "?$select=subject,cancelledOccurrences,exceptionOccurrences&$expand=exceptionOccurrences");

  EXPECT_EQ(edited.status, 200);
  EXPECT_EQ(edited["type"], "exception");
  EXPECT_EQ(edited["id"], json::value(second));
  EXPECT_EQ(edited["occurrenceId"], json::value("OID." + id_of(master) + ".2026-11-30"));
  EXPECT_THAT(starts(id_of(master)),
              ElementsAre("2026-11-23T09:00", "2026-12-01T11:00", "2026-12-07T09:00", "2026-12-14T09:00"));
  EXPECT_NE(now["@odata.etag"], master["@odata.etag"]);
  EXPECT_EQ(now["exceptionOccurrences"].at(0).at("id"), json::value(second));
}

TEST_F(microsoft_series_test, exceptions_may_come_page_by_page) {
  const auto master = post("/v1.0/me/events", weekly("standup"));
  for (std::size_t i = 0; i < 3; ++i)
    patch(at(instance(id_of(master), i)), {{"subject", "changed " + std::to_string(i)}});
  patch("/_sandbox/microsoft/knobs", {{"exceptions_page_size", 2}});

  const auto first = get(at(id_of(master)) + "?$select=id,exceptionOccurrences&$expand=exceptionOccurrences");
  ASSERT_EQ(first["exceptionOccurrences"].as_array().size(), 2U);
  const auto second = follow(first["exceptionOccurrences@odata.nextLink"]);

  ASSERT_EQ(second["value"].as_array().size(), 1U);
  EXPECT_EQ(second["value"].at(0).at("subject"), "changed 2");
  EXPECT_FALSE(second.body.as_object().contains("@odata.nextLink"));
  EXPECT_EQ(get(at(id_of(master)) + "/exceptionOccurrences?$skip=x").status, 400);
}

TEST_F(microsoft_series_test, an_instance_may_not_cross_its_neighbours) {
  const auto master = post("/v1.0/me/events", weekly("standup"));

  const auto r = patch(at(instance(id_of(master), 1)),
                       {{"start", {{"dateTime", "2026-12-07T08:00:00"}, {"timeZone", "Europe/Berlin"}}},
                        {"end", {{"dateTime", "2026-12-07T08:30:00"}, {"timeZone", "Europe/Berlin"}}}});

  EXPECT_EQ(r.status, 400);
  EXPECT_EQ(r.error(), "ErrorOccurrenceCrossingBoundary");
}

TEST_F(microsoft_series_test, a_deleted_instance_is_only_named_by_its_master) {
  const auto master = post("/v1.0/me/events", weekly("standup"));
  const auto second = instance(id_of(master), 1);

  EXPECT_EQ(erase(at(second)).status, 204);

  EXPECT_EQ(get(at(second)).status, 404);
  EXPECT_THAT(starts(id_of(master)), ElementsAre("2026-11-23T09:00", "2026-12-07T09:00", "2026-12-14T09:00"));
  EXPECT_EQ(get(at(id_of(master)) + "?$select=cancelledOccurrences")["cancelledOccurrences"],
            json::value(json::array{"OID." + id_of(master) + ".2026-11-30"}));
}

TEST_F(microsoft_series_test, the_masters_fields_flow_to_instances_but_not_over_their_own) {
  const auto master = post("/v1.0/me/events", weekly("standup"));
  const auto second = instance(id_of(master), 1);
  patch(at(second), {{"subject", "special"}});

  patch(at(id_of(master)), {{"subject", "renamed"}, {"showAs", "free"}});

  EXPECT_EQ(get(at(second))["subject"], "special");
  EXPECT_EQ(get(at(second))["showAs"], "free");
  EXPECT_EQ(get(at(instance(id_of(master), 0)))["subject"], "renamed");
}

TEST_F(microsoft_series_test, a_new_pattern_wipes_exceptions_and_a_new_range_does_not) {
  const auto master = post("/v1.0/me/events", weekly("standup"));
  const auto second = instance(id_of(master), 1);
  patch(at(second), {{"subject", "special"}});
  erase(at(instance(id_of(master), 2)));
  auto rule = weekly("").at("recurrence");
  rule.at("range").as_object()["endDate"] = "2026-12-21";

  patch(at(id_of(master)), {{"recurrence", rule}});
  EXPECT_EQ(get(at(second))["type"], "exception");
  EXPECT_EQ(starts(id_of(master)).size(), 4U);

  rule.at("pattern").as_object()["daysOfWeek"] = json::array{"monday", "friday"};
  patch(at(id_of(master)), {{"recurrence", rule}});
  EXPECT_EQ(get(at(second))["type"], "occurrence");
  EXPECT_EQ(starts(id_of(master)).size(), 9U);
}

TEST_F(microsoft_series_test, a_series_can_become_single_and_back) {
  const auto master = post("/v1.0/me/events", weekly("standup"));

  EXPECT_EQ(patch(at(id_of(master)), {{"recurrence", nullptr}})["type"], "singleInstance");
  EXPECT_EQ(patch(at(id_of(master)), {{"recurrence", weekly("").at("recurrence")}})["type"], "seriesMaster");
}

TEST_F(microsoft_series_test, an_all_day_series_stays_on_its_dates) {
  json::object event{
      {"subject", "off"},
      {"isAllDay", true},
      {"start", {{"dateTime", "2026-11-23T00:00:00"}, {"timeZone", "Pacific Standard Time"}}},
      {"end", {{"dateTime", "2026-11-24T00:00:00"}, {"timeZone", "Pacific Standard Time"}}},
      {"recurrence",
       {{"pattern", {{"type", "daily"}, {"interval", 1}}},
        {"range", {{"type", "numbered"}, {"startDate", "2026-11-23"}, {"numberOfOccurrences", 3}}}}}};

  const auto id = id_of(post("/v1.0/me/events", event));

  EXPECT_THAT(starts(id), ElementsAre("2026-11-23T00:00", "2026-11-24T00:00", "2026-11-25T00:00"));
}

} // namespace
} // namespace kalends::sandbox
