// SPDX-License-Identifier: Apache-2.0
#include "api/pages.hpp"

#include "api/resources.hpp"

#include <algorithm>

namespace kalends::api {
namespace {

constexpr const char* page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors ";

/// The pages' own addresses; a name in braces stands for one segment.
constexpr std::string_view page_paths[] = {
    "/",
    "/sign-in",
    "/calendars",
    "/calendars/{id}",
    "/schedule",
    "/conflicts",
    "/conflicts/{id}",
    "/activity",
    "/console",
    "/console/tenants",
    "/console/tenants/{id}",
    "/console/runs",
    "/console/dead-letters",
    "/console/decisions",
    "/console/quota",
    "/console/approvals",
    "/console/audit",
    "/console/webhooks",
    "/console/doctor",
    "/console/oauth-clients",
};

} // namespace

bool is_page(std::string_view path) {
  return std::any_of(std::begin(page_paths), std::end(page_paths), [&](std::string_view known) {
    const auto brace = known.find('{');
    if (brace == std::string_view::npos) return path == known;
    return path.size() > brace && path.substr(0, brace) == known.substr(0, brace) &&
           path.find('/', brace) == std::string_view::npos;
  });
}

net::http_response serve(const asset& a, const net::http_request& r, const std::string& frame_ancestors) {
  net::http_response out;
  out.headers = {{"ETag", std::string(a.etag)},
                 {"Cache-Control", a.hashed ? "public, max-age=31536000, immutable" : "no-cache"}};
  // With a 304, too: its headers replace those that the browser kept, and the policy of the API would block
  // the page.
  if (a.type.starts_with("text/html"))
    out.headers.emplace_back("Content-Security-Policy",
                             page_policy + (frame_ancestors.empty() ? "'none'" : frame_ancestors));
  if (net::find_header(r.headers, "If-None-Match") == a.etag) {
    out.status = 304;
    return out;
  }
  out.headers.emplace_back("Content-Type", a.type);
  out.body = a.content;
  return out;
}

std::optional<net::http_response> asset_answer(const net::http_request& r,
                                               const std::string& frame_ancestors) {
  if (r.method != "GET" && r.method != "HEAD") return std::nullopt;
  const std::string_view wanted = is_page(r.path) ? "/index.html" : std::string_view(r.path);
  for (const auto& a : page_assets())
    if (a.path == wanted) return serve(a, r, frame_ancestors);
  return std::nullopt;
}

void get_openapi(const call_ptr& c) { c->finish(serve(openapi_asset(), c->request)); }

} // namespace kalends::api
