// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace kalends::net {

/// Turns bytes into one http_request, without I/O. Fields go straight into the request, so nothing is stored
/// twice. Feed it with `put`; framing, chunks and both limits are Beast's.
class request_reader final : public boost::beast::http::basic_parser<true> {
public:
  request_reader(std::size_t most_header_bytes, std::size_t most_body_bytes);

  int version() const noexcept { return version_; } ///< 10 or 11
  bool expects_continue() const noexcept { return expects_continue_; }
  /// What a complete request still can be wrong with; nothing when it is fine. Fills in path and query.
  struct objection {
    int status;
    const char* code;
    const char* detail;
  };
  std::optional<objection> finish();
  http_request& request() noexcept { return request_; }

private:
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int version,
                       error_code&) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field field, string_view name, string_view value,
                     error_code&) override;
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override;
  std::size_t on_body_impl(string_view bytes, error_code&) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override;
  void on_finish_impl(error_code&) override {}

  http_request request_;
  int version_ = 0;
  int hosts_ = 0;
  bool expects_continue_ = false;
};

/// Splits an origin-form, absolute-form or "*" target (RFC 9112 section 3.2) into path and query, the path
/// decoded per segment except "%2F". False when it is none of these, or holds a broken escape or a NUL.
bool split_target(std::string_view target, std::string& path, std::string& query);

} // namespace kalends::net
