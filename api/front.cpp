// SPDX-License-Identifier: Apache-2.0
#include "api/front.hpp"

#include "api/forwarding.hpp"
#include "api/idempotency.hpp"
#include "api/letting_in.hpp"
#include "api/pages.hpp"

#include <utility>

namespace kalends::api {
namespace {

constexpr std::size_t body_limit = 1024 * 1024;

bool is_json(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  while (media_type.ends_with(' ')) media_type.remove_suffix(1);
  std::string lower(media_type);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower == "application/json" || lower == "application/merge-patch+json";
}

/// What is wrong with the body before anybody reads it.
std::optional<error> body_fault(const call& c) {
  const bool from_vendor = c.where->path.starts_with("/webhooks/");
  if (c.request.body.size() > body_limit)
    return error{errc::invalid, "body_too_large", "A body has at most 1 MiB.", {}, {}};
  if (!c.request.body.empty() && !from_vendor && c.request.method != "GET" && c.request.method != "DELETE" &&
      !is_json(net::find_header(c.request.headers, "Content-Type")))
    return error{errc::invalid, "unsupported_media_type", "Send application/json.", {}, {}};
  return std::nullopt;
}

void begin(const call_ptr& c) {
  auto here = [c] { claim_key_then(c, [c] { guarded(c, [&] { c->where->begin(c); }); }); };
  if (!c->where->by_owner) return here();
  at_owner(c, c->who.tenant, here);
}

/// Nobody serves this method here, or this path at all.
void turn_away(const call_ptr& c, const route_match& m) {
  if (m.allowed.empty()) {
    if (auto asset = asset_answer(c->request, c->with().configured.frame_ancestors))
      return c->finish(std::move(*asset));
    return c->finish(problem({errc::not_found, "route_not_found", "There is nothing at this path.", {}, {}}));
  }
  if (c->request.method == "OPTIONS") return c->finish({204, {{"Allow", m.allowed}}, {}});
  auto refused =
      problem({errc::invalid, "method_not_allowed", "This path knows: " + m.allowed + ".", {}, {}});
  refused.headers.emplace_back("Allow", m.allowed);
  c->finish(std::move(refused));
}

void receive(const call_ptr& c) {
  auto m = match(routes(), c->request.method, c->request.path);
  if (!m.found) return turn_away(c, m);
  c->where = m.found;
  c->path = std::move(m.values);
  if (auto fault = body_fault(*c)) return c->finish(problem(*fault));
  let_in_then(c, begin);
}

} // namespace

front::front(services s) : house_(std::make_shared<house>(std::move(s))) {}

void front::beat() const { house_->streams.beat_all(); }

front::~front() { close(); }

void front::close() const {
  house_->sign_in.reckoning.close();
  house_->streams.close();
}

void front::accept(net::http_request request, net::http_responder answer) const {
  const auto c = std::make_shared<call>(house_, std::move(request), std::move(answer));
  guarded(c, [&] { receive(c); });
}

} // namespace kalends::api
