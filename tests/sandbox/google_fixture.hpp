// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/sandbox/fixture.hpp"

namespace kalends::sandbox {

/// Dana in Berlin, with an access token for everything.
class google_fixture : public sandbox_fixture {
protected:
  google_fixture() {
    admin("POST", "/accounts",
          {{"email", "dana@example.com"}, {"kind", "google"}, {"time_zone", "Europe/Berlin"}});
    token = text(admin("POST", "/accounts/dana@example.com/grants").at("access_token"));
  }

  net::http_response api(std::string verb, const std::string& path, const boost::json::value& body = nullptr,
                         net::header_list headers = {}) {
    headers.emplace_back("Authorization", "Bearer " + token);
    return ask(std::move(verb), "/calendar/v3/" + path, std::move(headers),
               body.is_null() ? std::string() : boost::json::serialize(body));
  }

  boost::json::object timed(std::string_view title, std::string_view start, std::string_view end) {
    return {{"summary", title},
            {"start", {{"dateTime", start}, {"timeZone", "Europe/Berlin"}}},
            {"end", {{"dateTime", end}, {"timeZone", "Europe/Berlin"}}}};
  }

  boost::json::object insert(const boost::json::value& body) {
    return expect(200, api("POST", "calendars/primary/events", body));
  }

  /// The whole listing or delta and its new token.
  std::pair<boost::json::array, std::string> list(const std::string& query) {
    boost::json::array items;
    std::string page;
    for (int pages = 0; pages < 100; ++pages) {
      const auto answer = expect(
          200, api("GET", "calendars/primary/events?" + query + (page.empty() ? "" : "&pageToken=" + page)));
      if (!answer.contains("items")) return {};
      for (const auto& i : answer.at("items").as_array()) items.push_back(i);
      EXPECT_NE(answer.contains("nextPageToken"), answer.contains("nextSyncToken"));
      if (answer.contains("nextSyncToken"))
        return {items, net::percent_encode(text(answer.at("nextSyncToken")))};
      page = text(answer.at("nextPageToken"));
    }
    ADD_FAILURE() << "the listing does not end";
    return {};
  }

  std::string reason(const net::http_response& answer) {
    const auto v = boost::json::parse(answer.body);
    return text(v.at("error").at("errors").at(0).at("reason"));
  }

  std::string token;
};

} // namespace kalends::sandbox
