// SPDX-License-Identifier: Apache-2.0
#include "commands/commands.hpp"
#include "commands/http_talk.hpp"
#include "net/http_message.hpp"
#include "net/io_threads.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

namespace kalends::commands {

namespace {

namespace json = boost::json;

constexpr int pages_limit = 50;

std::string text_at(const json::object& o, const char* name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->as_string()) : std::string();
}

/// From the file, else from KALENDS_API_KEY.
std::string read_key(const explain_options& o) {
  std::string key;
  if (!o.key_file.empty()) {
    std::ifstream in(o.key_file);
    std::getline(in, key);
  } else if (const char* given = std::getenv("KALENDS_API_KEY"); given != nullptr) {
    key = given;
  }
  return key;
}

/// "google alice@example.org", by the provider's id.
using calendar_names = std::map<std::string, std::string>;

class story {
public:
  story(const http_talk& http, std::string base_url, std::string key)
      : http_(http), base_url_(std::move(base_url)), key_(std::move(key)) {}

  /// All pages of that list, newest first.
  result<std::vector<json::object>> list(const std::string& path) const {
    std::vector<json::object> all;
    std::string cursor;
    for (int page = 0; page < pages_limit; ++page) {
      auto url = base_url_ + path + (path.find('?') == std::string::npos ? '?' : '&') + "limit=200";
      if (!cursor.empty()) url += "&cursor=" + cursor;
      const auto answer = http_.call("GET", url, key_);
      if (!answer) return tl::unexpected(answer.error());
      const auto* o = answer->if_object();
      const auto* items = o != nullptr ? o->if_contains("items") : nullptr;
      if (items == nullptr || !items->is_array())
        return failure(errc::broken, "no_list", "The server did not answer a list.");
      for (const auto& one : items->as_array())
        if (one.is_object()) all.push_back(one.as_object());
      cursor = text_at(*o, "next_cursor");
      if (cursor.empty()) break;
    }
    return all;
  }

  calendar_names calendars() const {
    calendar_names names;
    const auto found = list("/v1/calendar-providers");
    if (!found) return names;
    for (const auto& p : *found) {
      auto name = text_at(p, "account");
      if (name.empty()) name = text_at(p, "id");
      names[text_at(p, "id")] = text_at(p, "type") + " " + name;
    }
    return names;
  }

private:
  const http_talk& http_;
  std::string base_url_, key_;
};

void tell(std::vector<json::object> decisions, const calendar_names& names) {
  std::reverse(decisions.begin(), decisions.end()); // oldest first
  for (const auto& d : decisions) {
    const auto provider = text_at(d, "provider_id");
    const auto known = names.find(provider);
    const auto event = text_at(d, "event_id");
    std::cout << text_at(d, "time") << "  " << text_at(d, "reason") << "\n    " << text_at(d, "sentence")
              << "\n    calendar: "
              << (known != names.end() ? known->second
                  : provider.empty()   ? "none"
                                       : provider);
    if (!event.empty()) std::cout << ", event: " << event;
    std::cout << "\n";
  }
}

} // namespace

int explain(const explain_options& o) {
  if (o.entry.empty() == o.event.empty()) {
    std::cerr << "Say which one: --entry ID or --event ID.\n";
    return 2;
  }
  const auto key = read_key(o);
  if (key.empty()) {
    std::cerr << "A key is missing: give --key-file, or set KALENDS_API_KEY.\n";
    return 2;
  }
  net::io_threads io(1);
  net::http_client_options options;
  options.ca_file = o.ca_file;
  auto http = std::make_shared<net::http_client>(io, options);
  const http_talk talk(http);
  const story from(talk, o.base_url, key);
  const auto found = from.list(o.entry.empty() ? "/v1/decisions?event_id=" + net::percent_encode(o.event)
                                               : "/v1/schedule-entries/" + o.entry + "/decisions");
  if (found && found->empty()) std::cout << "The ledger knows nothing about it.\n";
  if (found) tell(*found, from.calendars());
  if (!found) std::cerr << found.error().detail << "\n";
  http->stop();
  io.stop();
  return found ? 0 : 1;
}

} // namespace kalends::commands
