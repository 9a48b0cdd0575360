// SPDX-License-Identifier: Apache-2.0
#include "api/pages.hpp"

#include "api/resources.hpp"

namespace kalends::api {
namespace {

constexpr const char* page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

} // namespace

net::http_response serve(const asset& a, const net::http_request& r) {
  net::http_response out;
  out.headers = {{"ETag", std::string(a.etag)},
                 {"Cache-Control", a.hashed ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (net::find_header(r.headers, "If-None-Match") == a.etag) {
    out.status = 304;
    return out;
  }
  out.headers.emplace_back("Content-Type", a.type);
  if (a.type.starts_with("text/html")) out.headers.emplace_back("Content-Security-Policy", page_policy);
  out.body = a.content;
  return out;
}

std::optional<net::http_response> asset_answer(const net::http_request& r) {
  if (r.method != "GET" && r.method != "HEAD") return std::nullopt;
  const std::string_view wanted = r.path == "/" ? "/index.html" : std::string_view(r.path);
  for (const auto& a : page_assets())
    if (a.path == wanted) return serve(a, r);
  return std::nullopt;
}

void get_openapi(const call_ptr& c) { c->finish(serve(openapi_asset(), c->request)); }

} // namespace kalends::api
