// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/core.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kalends::sandbox {

/// The Microsoft half on a core without network: a frozen clock, counted chance, two mailboxes, one
/// application, and a webhook whose answers the test decides.
struct microsoft_bench {
  using value = boost::json::value;
  struct reply {
    int status = 0;
    net::header_list headers;
    std::string text;
    value body; ///< null when the text is no JSON

    const value& operator[](std::string_view name) const { return body.as_object().at(name); }
    std::string header(std::string_view name) const { return std::string(net::find_header(headers, name)); }
    std::string error() const { return std::string(body.at("error").at("code").as_string()); }
  };

  microsoft_bench() : c(counted_world()) {
    c.microsoft = make_microsoft(c);
    c.microsoft->add_routes(c.routes);
    c.base_url = "https://graph.test";
    c.clock.set(start);
    c.clock.freeze();
    c.people.register_client(
        {"app-1", "secret-1", vendor::microsoft, {"https://app.test/callback", "https://app.test/two"}});
    open("alice@contoso.test");
    open("bob@contoso.test");
    alice = token_for("alice@contoso.test");
    bob = token_for("bob@contoso.test");
    c.push.use([this](net::outgoing_request request, net::http_client::done done) {
      webhook_calls.emplace_back(std::move(request), std::move(done));
    });
  }

  static world counted_world() {
    auto count = std::make_shared<unsigned>(0);
    return {[] { return start; },
            [count](std::size_t n) {
              std::string out;
              for (std::size_t i = 0; i < n; ++i) {
                *count = *count * 1'103'515'245U + 12'345U;
                out += static_cast<char>(*count >> 16U);
              }
              return out;
            }};
  }

  void open(const std::string& email) {
    account a;
    a.email = email;
    a.kind = vendor::microsoft;
    a.time_zone = "Europe/Berlin";
    if (!c.open_account(std::move(a))) throw std::logic_error("account refused");
  }

  std::string token_for(const std::string& email) {
    const std::set<std::string, std::less<>> scopes{"Calendars.ReadWrite", "User.Read", "offline_access"};
    auto& given = c.people.allow(*c.people.find(email), "app-1", scopes, c.now());
    return c.people.issue(token_kind::access, given, scopes, c.now(), std::chrono::hours(24 * 365), "t").text;
  }

  static reply as_reply(net::http_response answer) {
    reply r{answer.status, std::move(answer.headers), std::move(answer.body), nullptr};
    boost::system::error_code failed;
    auto parsed = boost::json::parse(r.text, failed);
    if (!failed) r.body = std::move(parsed);
    return r;
  }

  /// With alice's token unless `headers` have another Authorization.
  net::http_request request_for(std::string verb, std::string target, const value& body,
                                net::header_list headers) {
    if (net::find_header(headers, "Authorization").empty())
      headers.emplace_back("Authorization", "Bearer " + alice);
    return make_request(std::move(verb), std::move(target), std::move(headers),
                        body.is_null() ? std::string() : boost::json::serialize(body));
  }

  reply send(std::string verb, std::string target, const value& body = nullptr,
             net::header_list headers = {}) {
    return as_reply(
        c.ask(request_for(std::move(verb), std::move(target), body, std::move(headers))).response);
  }
  reply get(std::string target, net::header_list headers = {}) {
    return send("GET", std::move(target), nullptr, std::move(headers));
  }
  reply post(std::string target, const value& body, net::header_list headers = {}) {
    return send("POST", std::move(target), body, std::move(headers));
  }
  reply patch(std::string target, const value& body, net::header_list headers = {}) {
    return send("PATCH", std::move(target), body, std::move(headers));
  }
  reply erase(std::string target, net::header_list headers = {}) {
    return send("DELETE", std::move(target), nullptr, std::move(headers));
  }
  /// Follows an absolute link of ours.
  reply follow(const value& link, net::header_list headers = {}) {
    return get(std::string(link.as_string()).substr(c.base_url.size()), std::move(headers));
  }

  /// For routes that answer later: `answer` decides what the webhook says to each call meanwhile.
  reply send_late(std::string verb, std::string target, const value& body, net::header_list headers = {}) {
    std::optional<outcome> got;
    c.handle(request_for(std::move(verb), std::move(target), body, std::move(headers)),
             [&](outcome o) { got = std::move(o); });
    deliver();
    if (!got) throw std::logic_error("no answer");
    return as_reply(std::move(got->response));
  }

  /// Lets the webhook answer everything that is on its way, and what follows from it.
  void deliver() {
    c.push.pump();
    while (!webhook_calls.empty()) {
      auto [request, done] = std::move(webhook_calls.front());
      webhook_calls.pop_front();
      auto answer = webhook(request);
      received.push_back(std::move(request));
      done(std::move(answer));
    }
  }

  /// The webhook of a well-behaved application.
  static result<net::http_reply> echo(const net::outgoing_request& request) {
    const auto mark = request.url.find('?');
    for (const auto& [name, text] :
         net::parse_query(mark == std::string::npos ? "" : std::string_view(request.url).substr(mark + 1)))
      if (name == "validationToken") return net::http_reply{200, {{"Content-Type", "text/plain"}}, text};
    return net::http_reply{202, {}, ""};
  }

  /// The notifications received, item by item.
  std::vector<value> notices() const {
    std::vector<value> out;
    for (const auto& request : received) {
      if (request.body.empty()) continue;
      const auto message = boost::json::parse(request.body);
      for (const auto& item : message.at("value").as_array()) out.push_back(item);
    }
    return out;
  }

  static value meeting(const std::string& subject, const std::string& day = "2026-11-24") {
    return {{"subject", subject},
            {"start", {{"dateTime", day + "T09:00:00"}, {"timeZone", "Europe/Berlin"}}},
            {"end", {{"dateTime", day + "T09:30:00"}, {"timeZone", "Europe/Berlin"}}}};
  }
  static value weekly(const std::string& subject) {
    auto event = meeting(subject, "2026-11-23").as_object();
    event["recurrence"] = {
        {"pattern", {{"type", "weekly"}, {"interval", 1}, {"daysOfWeek", boost::json::array{"monday"}}}},
        {"range", {{"type", "endDate"}, {"startDate", "2026-11-23"}, {"endDate", "2026-12-14"}}}};
    return event;
  }
  static std::string id_of(const reply& r) { return std::string(r["id"].as_string()); }

  static constexpr instant start{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) +
                                 std::chrono::hours(9)};

  core c;
  std::string alice, bob; ///< access tokens
  std::deque<std::pair<net::outgoing_request, net::http_client::done>> webhook_calls;
  std::vector<net::outgoing_request> received;
  std::function<result<net::http_reply>(const net::outgoing_request&)> webhook = echo;
};

} // namespace kalends::sandbox
