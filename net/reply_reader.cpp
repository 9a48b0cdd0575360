// SPDX-License-Identifier: Apache-2.0
#include "net/reply_reader.hpp"

#include "net/http_rules.hpp"

#include <algorithm>

#include <boost/beast/http/error.hpp>
#include <zlib.h>

namespace kalends::net {
namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t header_limit_bytes = 64 * 1024;
// gzip may make a body a little larger than it was; beyond that, bytes that inflate to nothing are an attack.
constexpr std::size_t encoding_overhead = 64 * 1024;
constexpr std::size_t largest_reservation = 256 * 1024;
constexpr int gzip_window = 15 + 16; // zlib: largest window, gzip wrapper only

} // namespace

struct gunzip::state {
  z_stream z{};
  bool usable = false;
  char piece[16 * 1024];
};

gunzip::gunzip() : state_(std::make_unique<state>()) {
  state_->usable = inflateInit2(&state_->z, gzip_window) == Z_OK;
}

gunzip::~gunzip() {
  if (state_->usable) inflateEnd(&state_->z);
}

gunzip::outcome gunzip::feed(std::string_view bytes, std::string& out, std::size_t limit) {
  if (!state_->usable) return outcome::broken;
  auto& z = state_->z;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size()); // a piece of the read buffer, so far below 4 GiB
  while (z.avail_in > 0) {
    if (complete_ && inflateReset(&z) != Z_OK) return outcome::broken;
    complete_ = false;
    do {
      z.next_out = reinterpret_cast<Bytef*>(state_->piece);
      z.avail_out = sizeof state_->piece;
      const int code = inflate(&z, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return outcome::broken;
      const auto got = sizeof state_->piece - z.avail_out;
      if (got > limit - std::min(limit, out.size())) return outcome::too_large;
      out.append(state_->piece, got);
      complete_ = code == Z_STREAM_END;
    } while (z.avail_out == 0 && !complete_);
  }
  return outcome::good;
}

reply_reader::reply_reader(bool answers_head, std::size_t most_body_bytes)
    : limit_(most_body_bytes), answers_head_(answers_head) {
  eager(true);
  skip(answers_head);
  header_limit(header_limit_bytes);
  body_limit(std::uint64_t{most_body_bytes} + encoding_overhead);
  reply_.headers.reserve(16);
}

bool reply_reader::finish() {
  if (!gunzip_) return true;
  if (!gunzip_->complete()) return false;
  std::erase_if(reply_.headers, [](const auto& h) {
    return same_name(h.first, "Content-Encoding") || same_name(h.first, "Content-Length");
  });
  return true;
}

void reply_reader::on_field_impl(http::field, string_view name, string_view value, error_code&) {
  reply_.headers.emplace_back(std::piecewise_construct, std::forward_as_tuple(name.data(), name.size()),
                              std::forward_as_tuple(value.data(), value.size()));
}

void reply_reader::on_header_impl(error_code& ec) {
  if (answers_head_ || bodiless(reply_.status)) return;
  const auto encoding = find_header(reply_.headers, "Content-Encoding");
  if (same_name(encoding, "gzip") || same_name(encoding, "x-gzip")) gunzip_ = std::make_unique<gunzip>();
  const auto length = content_length();
  if (!length || gunzip_) return;
  too_large_ = *length > limit_;
  if (too_large_)
    ec = http::error::body_limit;
  else
    reply_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, largest_reservation)));
}

std::size_t reply_reader::on_body_impl(string_view bytes, error_code& ec) {
  auto outcome = gunzip::outcome::good;
  if (gunzip_)
    outcome = gunzip_->feed({bytes.data(), bytes.size()}, reply_.body, limit_);
  else if (bytes.size() > limit_ - reply_.body.size())
    outcome = gunzip::outcome::too_large;
  else
    reply_.body.append(bytes.data(), bytes.size());
  too_large_ = outcome == gunzip::outcome::too_large;
  if (too_large_) ec = http::error::body_limit;
  if (outcome == gunzip::outcome::broken) ec = http::error::bad_value;
  return bytes.size();
}

std::size_t reply_reader::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& ec) {
  return on_body_impl(bytes, ec);
}

} // namespace kalends::net
