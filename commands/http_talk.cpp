// SPDX-License-Identifier: Apache-2.0
#include "commands/http_talk.hpp"

#include <boost/json.hpp>

#include <future>
#include <map>

namespace kalends::commands {

namespace {

namespace json = boost::json;

constexpr int redirects_followed = 10;
constexpr std::size_t quoted_bytes = 300;

std::string origin_of(const std::string& url) {
  auto scheme = url.find("://");
  if (scheme == std::string::npos) return {};
  return url.substr(0, url.find('/', scheme + 3));
}

result<void> accept(const net::http_reply& r, const std::string& what) {
  if (r.status >= 200 && r.status < 300) return {};
  return failure(errc::invalid, "unexpected_status",
                 what + " answered " + std::to_string(r.status) + ": " + r.body.substr(0, quoted_bytes));
}

} // namespace

result<net::http_reply> http_talk::send(net::outgoing_request r) const {
  auto promise = std::make_shared<std::promise<result<net::http_reply>>>();
  auto future = promise->get_future();
  auto token = http_->send(
      std::move(r), [promise](result<net::http_reply> reply) { promise->set_value(std::move(reply)); });
  return future.get();
}

result<json::value> http_talk::call(const std::string& method, const std::string& url,
                                    const std::string& bearer, const json::value& body) const {
  net::outgoing_request r;
  r.method = method;
  r.url = url;
  if (!bearer.empty()) r.headers.emplace_back("Authorization", "Bearer " + bearer);
  if (!body.is_null()) {
    r.headers.emplace_back("Content-Type", "application/json");
    r.body = json::serialize(body);
  }
  auto reply = send(std::move(r));
  if (!reply) return tl::unexpected(reply.error());
  if (auto ok = accept(*reply, method + " " + url.substr(0, url.find('?'))); !ok)
    return tl::unexpected(ok.error());
  if (reply->body.empty()) return json::value(nullptr);
  boost::system::error_code failed;
  auto parsed = json::parse(reply->body, failed);
  if (failed) return failure(errc::broken, "answer_is_not_json", url + " did not answer JSON.");
  return parsed;
}

result<void> http_talk::browse(std::string url) const {
  std::map<std::string, std::map<std::string, std::string>> jar; // by origin
  for (int hop = 0; hop <= redirects_followed; ++hop) {
    net::outgoing_request r;
    r.url = url;
    std::string cookies;
    for (const auto& [name, value] : jar[origin_of(url)])
      cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
    if (!cookies.empty()) r.headers.emplace_back("Cookie", cookies);
    auto reply = send(std::move(r));
    if (!reply) return tl::unexpected(reply.error());
    for (const auto& [name, value] : reply->headers) {
      if (net::find_header({{name, value}}, "Set-Cookie").empty()) continue;
      auto pair = value.substr(0, value.find(';'));
      if (auto eq = pair.find('='); eq != std::string::npos)
        jar[origin_of(url)][pair.substr(0, eq)] = pair.substr(eq + 1);
    }
    if (reply->status < 300 || reply->status >= 400) return accept(*reply, "The page at " + origin_of(url));
    std::string next(net::find_header(reply->headers, "Location"));
    url = next.starts_with('/') ? origin_of(url) + next : next;
  }
  return failure(errc::broken, "too_many_redirects", "The pages lead in circles.");
}

} // namespace kalends::commands
