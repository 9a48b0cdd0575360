// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// What Exchange makes of the body of an event. Pure.
namespace kalends::sandbox::microsoft {

/// Text becomes HTML in Exchange's wrapper: line breaks as `<br>`, CRLF; empty text becomes `&nbsp;`.
std::string html_from_text(std::string_view text);
/// Scripts, style sheets, frames and event handlers go; a fragment gets a document around it.
std::string sanitise_html(std::string_view html);
/// Tags go, blocks end lines, entities are read. Ends in CRLF unless empty.
std::string text_from_html(std::string_view html);
/// At most 255 bytes of the text, whole UTF-8 characters, trimmed.
std::string preview_of(std::string_view text);

} // namespace kalends::sandbox::microsoft
