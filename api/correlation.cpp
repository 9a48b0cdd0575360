// SPDX-License-Identifier: Apache-2.0
#include "api/correlation.hpp"

#include <algorithm>

namespace kalends::api {

namespace {

constexpr std::size_t id_limit = 64;
constexpr std::size_t trace_id_at = 3, trace_id_size = 32, traceparent_least = 55;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"; an id of zeros is none.
std::string_view trace_id(std::string_view parent) {
  if (parent.size() < traceparent_least || parent[2] != '-' || parent[trace_id_at + trace_id_size] != '-')
    return {};
  const auto id = parent.substr(trace_id_at, trace_id_size);
  const bool zero = id.find_first_not_of('0') == std::string_view::npos;
  return !zero && std::all_of(id.begin(), id.end(), is_hex) ? id : std::string_view();
}

} // namespace

std::string correlation_id(const net::header_list& headers, const world& outside) {
  const auto given = net::find_header(headers, "X-Request-Id");
  if (!given.empty() && given.size() <= id_limit && std::all_of(given.begin(), given.end(), is_word))
    return std::string(given);
  if (const auto trace = trace_id(net::find_header(headers, "traceparent")); !trace.empty())
    return std::string(trace);
  return make_uuid(outside);
}

void tell_correlation(net::http_response& r, const std::string& id) {
  if (net::find_header(r.headers, "X-Request-Id").empty()) r.headers.emplace_back("X-Request-Id", id);
  const bool problem = net::find_header(r.headers, "Content-Type").starts_with("application/problem+json");
  if (!problem || r.body.size() < 3 || !r.body.ends_with('}')) return;
  r.body.pop_back();
  r.body += ",\"request_id\":\"" + id + "\"}";
}

} // namespace kalends::api
