// SPDX-License-Identifier: Apache-2.0
#include "commands/demo_life.hpp"

#include "net/http_message.hpp"
#include "schema/calendar_time.hpp"

#include <boost/json.hpp>

#include <chrono>

namespace kalends::commands {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr const char* host_titles[] = {
    "Replace switch in rack 4", "Firewall review", "Printer does not print", "Onboard new colleague",
    "Server room check",        "Move mailboxes",  "Wi-Fi survey",           "Backup restore test"};
constexpr const char* own_titles[] = {
    "Dentist", "Parents' evening", "Lunch with Sam", "Focus time", "Car inspection", "Yoga", "School run"};
constexpr std::size_t entries_kept = 12; ///< above, the next thing that happens is a deletion

std::string text_at(const json::value& v, const char* key) {
  const auto* at = v.is_object() ? v.get_object().if_contains(key) : nullptr;
  return at != nullptr && at->is_string() ? std::string(at->get_string()) : std::string();
}

/// Six weeks long, in the words of that vendor.
json::object weekly_in(const std::string& vendor, const std::string& first_day) {
  if (vendor == "google") return {{"recurrence", {"RRULE:FREQ=WEEKLY;COUNT=6"}}};
  return {{"recurrence",
           {{"pattern", {{"type", "daily"}, {"interval", 7}}},
            {"range", {{"type", "numbered"}, {"startDate", first_day}, {"numberOfOccurrences", 6}}}}}};
}

} // namespace

demo_life::demo_life(http_talk talk, json::value manifest, std::uint64_t seed)
    : talk_(std::move(talk)), manifest_(std::move(manifest)), state_(seed) {}

/// SplitMix64: enough chance for a demonstration, the same for the same seed.
std::uint64_t demo_life::chance(std::uint64_t below) {
  auto z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return (z ^ (z >> 31)) % below;
}

void demo_life::happen() {
  const auto& tenants = manifest_.at("tenants").as_array();
  const auto& tenant = tenants[chance(tenants.size())].as_object();
  if (chance(2) == 0)
    in_the_host(tenant);
  else
    in_a_calendar(tenant);
}

json::object demo_life::appointment(const char* const* titles, std::size_t n) {
  auto day = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()) +
             std::chrono::days(1 + chance(14));
  auto start = day + 8h + 30min * static_cast<int>(chance(18));
  auto end = start + 30min * static_cast<int>(1 + chance(4));
  auto time = [](auto t) {
    auto at = at_zone(std::chrono::time_point_cast<std::chrono::seconds>(t), "Europe/Berlin");
    return json::object{{"date_time", write_with_offset(*at)}, {"time_zone", "Europe/Berlin"}};
  };
  return {{"title", titles[chance(n)]}, {"start", time(start)}, {"end", time(end)}};
}

void demo_life::in_the_host(const json::object& tenant) {
  auto base = text_at(manifest_, "base_url") + "/v1/schedule-entries";
  auto key = text_at(tenant, "api_key");
  auto known = talk_.call("GET", base + "?limit=50", key);
  const auto* items = known ? known->as_object().if_contains("items") : nullptr;
  std::size_t count = items != nullptr ? items->as_array().size() : 0;
  auto what = count == 0 ? 0 : count > entries_kept ? 3 : chance(4);
  auto fresh = appointment(host_titles, std::size(host_titles));
  if (what == 0) {
    const auto& users = tenant.at("users").as_array();
    fresh["assigned_user_ids"] = json::array{users[chance(users.size())].at("id")};
    fresh["location"] = "Customer site";
    if (chance(4) == 0) fresh["recurrence"] = json::object{{"rrule", "FREQ=WEEKLY;COUNT=6"}};
    talk_.call("POST", base, key, fresh);
    return;
  }
  auto url = base + "/" + text_at(items->as_array()[chance(count)], "id");
  if (what == 3)
    talk_.call("DELETE", url, key);
  else
    talk_.call("PATCH", url, key,
               what == 1 ? json::object{{"title", fresh["title"]}}
                         : json::object{{"start", fresh["start"]}, {"end", fresh["end"]}});
}

void demo_life::in_a_calendar(const json::object& tenant) {
  const auto& providers = tenant.at("providers").as_array();
  const auto& provider = providers[chance(providers.size())];
  auto base = text_at(manifest_.at("sandbox"), "admin_url") + "/accounts/" +
              net::percent_encode(text_at(provider, "account")) + "/events";
  auto known = talk_.call("GET", base, "");
  const auto* items = known ? known->as_object().if_contains("items") : nullptr;
  std::size_t count = items != nullptr ? items->as_array().size() : 0;
  auto what = count == 0 ? 0 : count > entries_kept ? 3 : chance(4);
  auto fresh = appointment(own_titles, std::size(own_titles));
  auto wall_clock = [&](const char* end) {
    return text_at(fresh[end], "date_time").substr(0, 16);
  }; // "2026-12-01T09:00"
  json::object event{{"title", fresh["title"]},
                     {"start", wall_clock("start")},
                     {"end", wall_clock("end")},
                     {"time_zone", "Europe/Berlin"}};
  if (what == 0) {
    if (chance(4) == 0)
      event["resource"] = weekly_in(text_at(provider, "type"), wall_clock("start").substr(0, 10));
    talk_.call("POST", base, "", event);
    return;
  }
  auto url = base + "/" + net::percent_encode(text_at(items->as_array()[chance(count)], "id"));
  if (what == 3)
    talk_.call("DELETE", url, "");
  else
    talk_.call("PATCH", url, "", event);
}

} // namespace kalends::commands
