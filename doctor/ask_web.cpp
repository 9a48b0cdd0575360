// SPDX-License-Identifier: Apache-2.0
#include "doctor/ask_web.hpp"

#include "doctor/web_address.hpp"
#include "net/oauth.hpp"
#include "net/oauth_questions.hpp"

#include <future>

namespace kalends::doctor {

namespace {

using namespace std::chrono_literals;

constexpr auto slice = 100ms;
constexpr std::size_t body_limit = 2 * 1024 * 1024;
constexpr std::size_t body_kept = 512 * 1024;

/// What Google and Microsoft put into the address of their consent page for "ask nobody".
std::string silently(std::string url) {
  for (const std::string_view asking : {"prompt=consent", "prompt=select_account"})
    if (const auto at = url.find(asking); at != std::string::npos)
      url.replace(at, asking.size(), "prompt=none");
  return url;
}

} // namespace

web_look web_questions::ask(net::outgoing_request r) const {
  web_look out;
  out.url = r.url;
  r.connect_timeout = r.read_timeout = r.total_timeout = within_;
  r.body_limit = body_limit;
  r.headers.emplace_back("User-Agent", "kalends-doctor");
  auto answer = std::make_shared<std::promise<result<net::http_reply>>>();
  auto heard = answer->get_future();
  out.asked_at = world_.now();
  auto token = http_.send(std::move(r),
                          [answer](result<net::http_reply> reply) { answer->set_value(std::move(reply)); });
  while (heard.wait_for(slice) != std::future_status::ready)
    if (stop_.stop_requested()) token.cancel();
  auto reply = heard.get();
  out.answered_at = world_.now();
  if (!reply) {
    out.failure_code = reply.error().code;
    out.failure = reply.error().detail;
    return out;
  }
  out.status = reply->status;
  out.body = reply->body.substr(0, body_kept);
  out.location = net::find_header(reply->headers, "Location");
  out.date = net::find_header(reply->headers, "Date");
  return out;
}

web_look web_questions::get(const std::string& url) const {
  net::outgoing_request r;
  r.url = url;
  return ask(std::move(r));
}

web_look web_questions::post(const std::string& url) const {
  net::outgoing_request r;
  r.method = "POST";
  r.url = url;
  return ask(std::move(r));
}

web_look web_questions::clock_of(const std::string& url) const {
  const auto a = read_web_address(url);
  if (!a) return {};
  net::outgoing_request r;
  r.method = "HEAD";
  r.url = a->origin() + "/";
  return ask(std::move(r));
}

web_look web_questions::consent_of(const installation& i, provider_type t, const oauth_app& app) const {
  // Only the address is made by it: nothing is sent through this client.
  const net::oauth_client addresses(nullptr, vendors_, world_);
  const auto challenge = net::base64url(world_.random_bytes(32));
  return get(silently(
      addresses.consent_url(t, app, redirect_uri(i.server, t), some_word(), challenge, some_word(), {})));
}

web_look web_questions::client_of(const installation& i, provider_type t, const oauth_app& app) const {
  return ask(net::client_question(vendors_, t, app, redirect_uri(i.server, t)));
}

std::string web_questions::some_word() const { return "doctor-" + net::base64url(world_.random_bytes(12)); }

} // namespace kalends::doctor
