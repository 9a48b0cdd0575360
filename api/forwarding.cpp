// SPDX-License-Identifier: Apache-2.0
#include "api/forwarding.hpp"

#include "observe/log.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <utility>

namespace kalends::api {
namespace {

using namespace std::chrono_literals;

/// The other node may have to ask a vendor.
constexpr std::chrono::milliseconds patience = 45s;
/// Entries ask the database alone. A node that hangs has lost its lease by then: the next attempt finds who
/// has it, and what the first one still does when it goes on is refused.
constexpr std::chrono::milliseconds entry_patience = 12s;
constexpr std::chrono::milliseconds connect_patience = 2s;
constexpr std::size_t answer_limit = 8 * 1024 * 1024;

/// Of one connection, and not of the message (RFC 9110 7.6.1), or written anew by whoever sends it.
constexpr std::array<std::string_view, 12> of_the_connection{
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",   "trailer",
    "upgrade",    "host",       "transfer-encoding",  "content-length",      "date", "server"};

bool travels(const std::string& name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char ch) { return static_cast<char>(std::tolower(ch)); });
  if (lower == "accept-encoding" || lower == "content-encoding" || lower == "expect") return false;
  return std::find(of_the_connection.begin(), of_the_connection.end(), lower) == of_the_connection.end();
}

net::header_list travelling(const net::header_list& headers) {
  net::header_list out;
  std::copy_if(headers.begin(), headers.end(), std::back_inserter(out),
               [](const auto& h) { return travels(h.first); });
  return out;
}

error moving() {
  return {errc::retry_later,
          "tenant_moving",
          "The node that runs this tenant changes, or cannot be reached. Try again in a moment.",
          {},
          1s};
}

/// What another node did with a request whose answer did not come. Only one that never left is known to have
/// done nothing.
error without_answer(const call_ptr& c, const error& e) {
  const bool never_left = e.code == "connect_failed" || e.code == "tls_failed" || e.code == "too_many_calls";
  if (never_left || c->request.method == "GET" || c->request.method == "HEAD") return moving();
  return {
      errc::retry_later,
      "answer_lost",
      "The node that runs this tenant did not answer. It is not known whether the request was carried out.",
      {},
      {}};
}

void send_on(const call_ptr& c, const persistence::node_line& owner) {
  net::outgoing_request out;
  out.method = c->request.method;
  out.url = owner.url + c->request.target;
  out.headers = travelling(c->request.headers);
  out.headers.emplace_back(forwarded_header, "1");
  out.body = c->request.body;
  out.connect_timeout = connect_patience;
  const bool entries = c->where->path.starts_with("/v1/schedule-entries");
  out.read_timeout = out.total_timeout = entries ? entry_patience : patience;
  out.body_limit = answer_limit;
  c->with().send_on(std::move(out), [c, node = owner.node](result<net::http_reply> r) {
    guarded(c, [&] {
      if (r) return c->finish({r->status, travelling(r->headers), std::move(r->body)});
      observe::log(observe::log_level::warn, "another node could not be asked",
                   {{"node", node}, {"code", r.error().code}});
      c->fail(without_answer(c, r.error()));
    });
  });
}

} // namespace

void at_owner(const call_ptr& c, const tenant_id& tenant, std::function<void()> here) {
  if (c->with().engine->runs_here(tenant)) return here();
  if (!c->with().send_on || !net::find_header(c->request.headers, forwarded_header).empty())
    return c->fail(moving());
  c->with().engine->find_owner(
      tenant, [c, tenant, here = std::move(here)](const result<std::optional<persistence::node_line>>& r) {
        guarded(c, [&] {
          if (!r) return c->fail(r.error());
          if (c->with().engine->runs_here(tenant)) return here(); // meanwhile
          if (!*r || (*r)->url.empty()) return c->fail(moving());
          send_on(c, **r);
        });
      });
}

} // namespace kalends::api
