// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"
#include "schema/world.hpp"

#include <string>
#include <string_view>

/// Mail as it goes over the wire: RFC 5322 headers, a plain and an HTML part (multipart/alternative, RFC
/// 2046), both UTF-8 in quoted-printable. Pure.
namespace kalends::net {

struct mail_message {
  std::string from_name, from, to; ///< addresses in ASCII
  std::string subject;             ///< any text
  std::string text, html;          ///< UTF-8, lines ended by "\n"; the HTML loads nothing
  std::string id;                  ///< tells this mail from others: the part before "@" of its Message-ID
  instant date{};
};

/// With CRLF, no line above 998 bytes and none of ours above 78. Whatever the texts are, they add no header:
/// line ends and other controls within a header become blanks. Errors: invalid `malformed_address`.
result<std::string> compose(const mail_message& m);

/// One mailbox in ASCII that can stand in a header and in SMTP as it is.
bool is_mail_address(std::string_view text);

/// RFC 2047: as it is if that can stand in a header, else encoded words of at most 75 characters, each on a
/// line of its own.
std::string encode_header(std::string_view text);
/// RFC 2045 section 6.7, for text: at most 76 characters a line, CRLF.
std::string quoted_printable(std::string_view text);

} // namespace kalends::net
