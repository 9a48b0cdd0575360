// SPDX-License-Identifier: Apache-2.0
#include "net/request_reader.hpp"

#include "net/http_rules.hpp"

#include <algorithm>

namespace kalends::net {
namespace http = boost::beast::http;

namespace {

// A lying Content-Length must not reserve memory that the peer never fills.
constexpr std::size_t largest_reservation = 64 * 1024;

bool decode_path(std::string_view raw, std::string& path) {
  if (raw.find('%') == std::string_view::npos) {
    path.assign(raw);
    return true;
  }
  path.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      path += raw[i];
      continue;
    }
    const auto byte = escaped_byte(raw.substr(i));
    if (!byte || *byte == '\0') return false;
    if (*byte == '/')
      path += "%2F";
    else
      path += *byte;
    i += 2;
  }
  return true;
}

} // namespace

bool split_target(std::string_view target, std::string& path, std::string& query) {
  query.clear();
  if (target == "*") {
    path = "*";
    return true;
  }
  if (!target.starts_with('/')) {
    const auto scheme = target.find("://");
    if (scheme == std::string_view::npos) return false;
    const auto name = target.substr(0, scheme);
    if (!same_name(name, "http") && !same_name(name, "https")) return false;
    target.remove_prefix(scheme + 3);
    const auto authority = std::min(target.find_first_of("/?"), target.size());
    if (authority == 0) return false;
    target.remove_prefix(authority);
  }
  if (target.find('#') != std::string_view::npos) return false;
  const auto mark = std::min(target.find('?'), target.size());
  if (mark < target.size()) query.assign(target.substr(mark + 1));
  const auto raw = target.substr(0, mark);
  return decode_path(raw.empty() ? std::string_view("/") : raw, path);
}

request_reader::request_reader(std::size_t most_header_bytes, std::size_t most_body_bytes) {
  eager(true);
  header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(most_header_bytes, 1u << 30)));
  body_limit(most_body_bytes);
  request_.headers.reserve(8);
}

std::optional<request_reader::objection> request_reader::finish() {
  if (version_ != 10 && version_ != 11)
    return objection{505, "http_version_not_supported", "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  if (hosts_ > 1 || (hosts_ == 0 && version_ == 11))
    return objection{400, "malformed_request", "A request names exactly one host."};
  if (!split_target(request_.target, request_.path, request_.query))
    return objection{400, "malformed_request", "The request target cannot be understood."};
  return std::nullopt;
}

void request_reader::on_request_impl(http::verb, string_view method, string_view target, int version,
                                     error_code&) {
  request_.method.assign(method.data(), method.size());
  request_.target.assign(target.data(), target.size());
  version_ = version;
}

void request_reader::on_field_impl(http::field field, string_view name, string_view value, error_code&) {
  if (field == http::field::host) ++hosts_;
  if (field == http::field::expect && same_name({value.data(), value.size()}, "100-continue"))
    expects_continue_ = version_ >= 11;
  request_.headers.emplace_back(std::piecewise_construct, std::forward_as_tuple(name.data(), name.size()),
                                std::forward_as_tuple(value.data(), value.size()));
}

void request_reader::on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) {
  if (length)
    request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, largest_reservation)));
}

std::size_t request_reader::on_body_impl(string_view bytes, error_code&) {
  request_.body.append(bytes.data(), bytes.size());
  return bytes.size();
}

std::size_t request_reader::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) {
  request_.body.append(bytes.data(), bytes.size());
  return bytes.size();
}

} // namespace kalends::net
