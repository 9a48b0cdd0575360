// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"

#include <ctime>
#include <string>
#include <string_view>

namespace kalends::net {

/// RFC 9457 problem+json for what the server itself refuses.
http_response problem(int status, std::string_view code, std::string_view detail);

/// The Date field (RFC 9110 section 5.6.7), made once a second.
class date_line {
public:
  std::string_view now();

private:
  std::time_t made_ = -1;
  std::string text_;
};

/// How the body's end is marked on the wire.
enum class framing {
  counted, ///< Content-Length
  chunked,
  until_close, ///< an open answer to an HTTP/1.0 peer
};

/// Appends status line and header fields. Fields that the server owns are taken from nobody else, and a value
/// cannot break out of its line. `connection` and `date` are whole lines or empty.
void append_head(std::string& out, const http_response& answer, framing end, std::string_view connection,
                 std::string_view date);

void append_chunk(std::string& out, std::string_view bytes);
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

} // namespace kalends::net
