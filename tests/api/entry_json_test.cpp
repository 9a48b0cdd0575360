// SPDX-License-Identifier: Apache-2.0
#include "api/json_reader.hpp"
#include "api/wire.hpp"

#include <gtest/gtest.h>

namespace kalends::api {
namespace {

constexpr const char* minimal = R"({"title": "Replace switch",
  "start": {"date_time": "2026-12-01T09:00:00", "time_zone": "Europe/Berlin"},
  "end": {"date_time": "2026-12-01T10:00:00+01:00", "time_zone": "Europe/Berlin"}})";

result<actors::entry_edit> read(std::string_view text, entry_body kind = entry_body::change) {
  const auto body = read_object(text);
  if (!body) return tl::unexpected(body.error());
  return read_entry(*body, kind);
}

std::string refusal(std::string_view text, entry_body kind = entry_body::change) {
  const auto edit = read(text, kind);
  return edit ? "" : edit.error().code + " " + edit.error().field;
}

TEST(entry_json_test, reads_a_new_entry) {
  const auto edit = read(minimal, entry_body::creation);

  ASSERT_TRUE(edit) << edit.error().code;
  EXPECT_EQ(edit->title, "Replace switch");
  EXPECT_EQ(write_with_offset(std::get<zoned_time>(*edit->start)), "2026-12-01T09:00:00+01:00");
  EXPECT_EQ(write_with_offset(std::get<zoned_time>(*edit->end)), "2026-12-01T10:00:00+01:00");
  EXPECT_FALSE(edit->notes || edit->status || edit->work || edit->assigned || edit->expected_version);
}

TEST(entry_json_test, gives_back_what_it_read) {
  schedule_entry e;
  e.id = entry_id("0190a0a0-0000-7000-8000-000000000001");
  e.version = 3;
  e.what = {"T",
            "N",
            "L",
            *read_zoned_time("2026-12-01T09:00:00", "Europe/Berlin"),
            *read_zoned_time("2026-12-01T10:00:00", "Europe/Berlin"),
            true,
            false};
  e.status = entry_status::in_progress;
  e.work = {"ticket", "42"};
  e.assigned = {user_id("0190a0a0-0000-7000-8000-000000000002")};
  auto shown = to_json(e);

  for (const auto* name : {"id", "version", "origin_provider_id", "created_at", "updated_at"})
    shown.erase(name);
  const auto edit = read_entry(shown, entry_body::creation);

  ASSERT_TRUE(edit) << edit.error().code << " " << edit.error().field;
  EXPECT_EQ(edit->title, e.what.title);
  EXPECT_EQ(edit->notes, e.what.notes);
  EXPECT_EQ(edit->location, e.what.location);
  EXPECT_EQ(edit->start, e.what.start);
  EXPECT_EQ(edit->end, e.what.end);
  EXPECT_EQ(edit->is_private, true);
  EXPECT_EQ(edit->status, e.status);
  EXPECT_EQ(edit->work, e.work);
  EXPECT_EQ(edit->assigned, e.assigned);
}

TEST(entry_json_test, has_the_shape_of_the_contract) {
  schedule_entry e;
  e.what.start = *read_date("2026-12-01");
  e.what.end = *read_date("2026-12-02");
  const auto shown = to_json(e);

  EXPECT_EQ(shown.at("start"), boost::json::value({{"date", "2026-12-01"}}));
  EXPECT_EQ(shown.at("work_item"), boost::json::value({{"type", "ad_hoc"}, {"id", nullptr}}));
  EXPECT_TRUE(shown.at("attendees").as_array().empty());
  EXPECT_TRUE(shown.at("recurrence").is_null());
  EXPECT_TRUE(shown.at("origin_provider_id").is_null());
  EXPECT_EQ(shown.at("status"), "scheduled");
}

TEST(entry_json_test, names_the_field_of_an_impossible_time) {
  EXPECT_EQ(refusal(R"({"start": {"date_time": "2026-12-01T09:00:00", "time_zone": "Mars/Base"}})"),
            "unknown_time_zone start.time_zone");
  EXPECT_EQ(refusal(R"({"end": {"date_time": "2026-02-30T09:00:00", "time_zone": "UTC"}})"),
            "malformed_date_time end.date_time");
  EXPECT_EQ(refusal(R"({"start": {"date_time": "2026-12-01T09:00:00"}})"),
            "missing_time_zone start.time_zone");
  EXPECT_EQ(refusal(R"({"start": {"date": "2026-13-01"}})"), "malformed_date start.date");
  EXPECT_EQ(refusal(R"({"start": {"date_time": "9999-01-01T00:00:00Z"}})"),
            "time_out_of_range start.date_time");
  EXPECT_EQ(refusal(R"({"start": {}})"), "malformed_time start");
  EXPECT_EQ(refusal(R"({"start": {"date": "2026-12-01", "date_time": "2026-12-01T09:00:00Z"}})"),
            "malformed_time start");
  EXPECT_EQ(refusal(R"({"start": {"date": "2026-12-01", "time_zone": "UTC"}})"), "malformed_time start");
  EXPECT_EQ(refusal(R"({"start": "2026-12-01"})"), "wrong_type start");
  EXPECT_EQ(refusal(R"({"start": {"date": "2026-12-01", "hour": 3}})"), "unknown_field start.hour");
}

TEST(entry_json_test, requires_title_start_and_end_of_a_new_entry) {
  EXPECT_EQ(refusal("{}", entry_body::creation), "missing_field title");
  EXPECT_EQ(refusal(R"({"title": "x"})", entry_body::creation), "missing_field start");
  EXPECT_EQ(refusal("{}", entry_body::change), "");
}

TEST(entry_json_test, reads_how_an_entry_repeats) {
  const auto edit = read(R"({"recurrence": {"rrule": "RRULE:FREQ=DAILY", "rdates": ["2026-12-24T09:00:00"],
    "exdates": ["2026-12-03", "2026-12-02", "2026-12-03"]}})");

  ASSERT_TRUE(edit) << edit.error().code << " " << edit.error().field;
  ASSERT_TRUE(edit->repeats && *edit->repeats);
  const auto& r = **edit->repeats;
  EXPECT_EQ(r.rrule, "FREQ=DAILY");
  EXPECT_EQ(r.rdates, (std::vector{*read_slot("2026-12-24T09:00:00")}));
  EXPECT_EQ(r.exdates, (std::vector{*read_slot("2026-12-02"), *read_slot("2026-12-03")}));
  EXPECT_FALSE(edit->keeps_rrule || edit->keeps_rdates || edit->keeps_exdates);
}

TEST(entry_json_test, leaves_the_parts_of_a_recurrence_that_are_not_given) {
  const auto rule = read(R"({"recurrence": {"rrule": "FREQ=DAILY"}})");
  EXPECT_TRUE(!rule->keeps_rrule && rule->keeps_rdates && rule->keeps_exdates);
  const auto dates = read(R"({"recurrence": {"exdates": []}})");
  EXPECT_TRUE(dates->keeps_rrule && dates->keeps_rdates && !dates->keeps_exdates);
  EXPECT_FALSE(read("{}")->repeats);
  const auto none = read(R"({"recurrence": null})");
  EXPECT_TRUE(none->repeats && !*none->repeats);
}

TEST(entry_json_test, refuses_a_recurrence_that_cannot_be_read) {
  EXPECT_EQ(refusal(R"({"recurrence": "FREQ=DAILY"})"), "wrong_type recurrence");
  EXPECT_EQ(refusal(R"({"recurrence": {"rrule": 1}})"), "wrong_type recurrence.rrule");
  EXPECT_EQ(refusal(R"({"recurrence": {"rrule": ")" + std::string(1025, 'x') + "\"}}"),
            "field_too_long recurrence.rrule");
  EXPECT_EQ(refusal(R"({"recurrence": {"exdates": "2026-12-01"}})"), "wrong_type recurrence.exdates");
  EXPECT_EQ(refusal(R"({"recurrence": {"exdates": ["2026-12-01", "soon"]}})"),
            "malformed_occurrence recurrence.exdates[1]");
  EXPECT_EQ(refusal(R"({"recurrence": {"changed_occurrences": []}})"),
            "read_only_field recurrence.changed_occurrences");
  EXPECT_EQ(refusal(R"({"recurrence": {"until": "x"}})"), "unknown_field recurrence.until");
}

TEST(entry_json_test, reads_guests) {
  const auto edit = read(R"({"attendees": [{"email": "Kim@example.org", "name": "Kim", "response": "accepted",
    "optional": true}, {"email": "lee@example.org"}]})");

  ASSERT_TRUE(edit) << edit.error().code << " " << edit.error().field;
  ASSERT_TRUE(edit->attendees);
  EXPECT_EQ((*edit->attendees)[0],
            (attendee{"Kim@example.org", "Kim", attendee_response::accepted, true, false}));
  EXPECT_EQ((*edit->attendees)[1].response, attendee_response::needs_action);
  EXPECT_FALSE(read("{}")->attendees);
  EXPECT_TRUE(read(R"({"attendees": null})")->attendees->empty());
}

TEST(entry_json_test, refuses_guests_that_cannot_be_invited) {
  EXPECT_EQ(refusal(R"({"attendees": {}})"), "wrong_type attendees");
  EXPECT_EQ(refusal(R"({"attendees": ["kim@example.org"]})"), "wrong_type attendees[0]");
  EXPECT_EQ(refusal(R"({"attendees": [{}]})"), "missing_field attendees[0].email");
  EXPECT_EQ(refusal(R"({"attendees": [{"email": "kim"}]})"), "malformed_email attendees[0].email");
  EXPECT_EQ(refusal(R"({"attendees": [{"email": "k@e"}, {"email": "K@E"}]})"),
            "attendee_twice attendees[1].email");
  EXPECT_EQ(refusal(R"({"attendees": [{"email": "k@e", "response": "maybe"}]})"),
            "unknown_value attendees[0].response");
  EXPECT_EQ(refusal(R"({"attendees": [{"email": "k@e", "phone": "1"}]})"),
            "unknown_field attendees[0].phone");
  std::string many;
  for (int i = 0; i < 501; ++i) many += (i ? "," : "") + ("{\"email\": \"a" + std::to_string(i) + "@b\"}");
  EXPECT_EQ(refusal(R"({"attendees": [)" + many + "]}"), "too_many_values attendees");
}

TEST(entry_json_test, shows_a_series_with_its_exceptions_and_guests) {
  schedule_entry e;
  e.what.title = "Visit";
  e.what.start = *read_zoned_time("2026-12-01T09:00:00", "Europe/Berlin");
  e.what.end = *read_zoned_time("2026-12-01T10:00:00", "Europe/Berlin");
  auto moved = e.what;
  moved.title = "Visit, moved";
  moved.start = *read_zoned_time("2026-12-08T11:00:00", "Europe/Berlin");
  moved.end = *read_zoned_time("2026-12-08T12:00:00", "Europe/Berlin");
  recurrence r;
  r.rrule = "FREQ=WEEKLY;BYDAY=TU";
  r.exdates = {*read_slot("2026-12-15T09:00:00")};
  r.changed = {{*read_slot("2026-12-08T09:00:00"), moved}};
  e.what.repeats = r;
  e.what.attendees = {{"kim@example.org", "Kim", attendee_response::tentative, false, true}};
  e.occurrences = {{*read_slot("2026-12-08T09:00:00"), entry_status::completed}};

  auto shown = to_json(e);

  const auto& repeats = shown.at("recurrence");
  EXPECT_EQ(repeats.at("rrule"), "FREQ=WEEKLY;BYDAY=TU");
  EXPECT_EQ(repeats.at("exdates"), boost::json::array({"2026-12-15T09:00:00"}));
  EXPECT_TRUE(repeats.at("rdates").as_array().empty());
  const auto& changed = repeats.at("changed_occurrences").at(0);
  EXPECT_EQ(changed.at("recurrence_id"), "2026-12-08T09:00:00");
  EXPECT_EQ(changed.at("start").at("date_time"), "2026-12-08T11:00:00+01:00");
  EXPECT_EQ(changed.at("title"), "Visit, moved");
  EXPECT_EQ(changed.at("status"), "completed");
  EXPECT_EQ(shown.at("attendees").at(0), boost::json::value({{"email", "kim@example.org"},
                                                             {"name", "Kim"},
                                                             {"response", "tentative"},
                                                             {"optional", false},
                                                             {"organizer", true}}));
  const auto edit = read_entry({{"attendees", shown.at("attendees")}}, entry_body::change);
  ASSERT_TRUE(edit);
  EXPECT_EQ(*edit->attendees, e.what.attendees);
}

TEST(entry_json_test, makes_work_ad_hoc_when_none_is_given) {
  EXPECT_EQ(read(R"({"work_item": null})")->work, work_item{});
  EXPECT_EQ(read(R"({"work_item": {"id": "7"}})")->work, (work_item{"ad_hoc", "7"}));
  EXPECT_EQ(refusal(R"({"work_item": {"type": ""}})"), "field_empty work_item.type");
  EXPECT_EQ(refusal(R"({"work_item": {"id": 7}})"), "wrong_type work_item.id");
}

TEST(entry_json_test, keeps_the_servers_fields_to_the_server) {
  EXPECT_EQ(refusal(R"({"version": 3})"), "read_only_field version");
  EXPECT_EQ(refusal(R"({"id": "0190a0a0-0000-7000-8000-000000000001"})"), "read_only_field id");
}

TEST(entry_json_test, limits_every_text_and_list) {
  EXPECT_EQ(refusal(R"({"title": ")" + std::string(1025, 'x') + "\"}"), "field_too_long title");
  EXPECT_EQ(refusal(R"({"notes": ")" + std::string(256 * 1024 + 1, 'x') + "\"}"), "field_too_long notes");
  EXPECT_EQ(refusal(R"({"notes": ")" + std::string(256 * 1024, 'x') + "\"}"), "");
  std::string ids;
  for (int i = 0; i < 101; ++i)
    ids += (i ? "," : "") + std::string("\"0190a0a0-0000-7000-8000-000000000001\"");
  EXPECT_EQ(refusal(R"({"assigned_user_ids": [)" + ids + "]}"), "too_many_values assigned_user_ids");
}

TEST(entry_json_test, sorts_and_dedupes_the_assigned) {
  const auto edit = read(R"({"assigned_user_ids": ["0190a0a0-0000-7000-8000-000000000002",
    "0190a0a0-0000-7000-8000-000000000001", "0190a0a0-0000-7000-8000-000000000002"]})");
  ASSERT_TRUE(edit);
  EXPECT_EQ(*edit->assigned, (std::vector{user_id("0190a0a0-0000-7000-8000-000000000001"),
                                          user_id("0190a0a0-0000-7000-8000-000000000002")}));
}

TEST(entry_json_test, reads_if_match) {
  EXPECT_EQ(*read_if_match(""), std::nullopt);
  EXPECT_EQ(*read_if_match("*"), std::nullopt);
  EXPECT_EQ(*read_if_match(entity_tag(3)), 3);
  EXPECT_EQ(*read_if_match("\"abc\""), -1);
  EXPECT_EQ(*read_if_match("\"0\""), -1);
  EXPECT_EQ(*read_if_match("W/\"3\""), -1);
  for (const auto* bad : {"3", "\"3", "\"", "\"1\", \"2\"", "\"\""}) {
    const auto r = read_if_match(bad);
    ASSERT_FALSE(r) << bad;
    EXPECT_EQ(r.error().code, "malformed_if_match");
  }
}

} // namespace
} // namespace kalends::api
