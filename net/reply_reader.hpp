// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_client.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace kalends::net {

/// Inflates gzip piece by piece (RFC 1952, several members allowed), never beyond a limit.
class gunzip {
public:
  gunzip();
  ~gunzip();
  enum class outcome { good, too_large, broken };
  /// Appends what `bytes` inflate to, while `out` stays within `limit`.
  outcome feed(std::string_view bytes, std::string& out, std::size_t limit);
  /// True when the last member was whole, or nothing came at all.
  bool complete() const noexcept { return complete_; }

private:
  struct state;
  std::unique_ptr<state> state_;
  bool complete_ = true;
};

/// Turns bytes into one http_reply, without I/O. The limit holds for the decoded body while it is being
/// decoded.
class reply_reader final : public boost::beast::http::basic_parser<false> {
public:
  reply_reader(bool answers_head, std::size_t most_body_bytes);

  /// Whether a complete reply is also usable; its encoding headers are gone then.
  bool finish();
  bool too_large() const noexcept { return too_large_; }
  http_reply& reply() noexcept { return reply_; }

private:
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(boost::beast::http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int status, string_view, int, error_code&) override { reply_.status = status; }
  void on_field_impl(boost::beast::http::field field, string_view name, string_view value,
                     error_code&) override;
  void on_header_impl(error_code&) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view bytes, error_code&) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override;
  void on_finish_impl(error_code&) override {}

  http_reply reply_;
  std::size_t limit_;
  bool answers_head_;
  std::unique_ptr<gunzip> gunzip_;
  bool too_large_ = false;
};

} // namespace kalends::net
