// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "sandbox/microsoft_mailbox.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <optional>
#include <string>

/// Events as Graph answers them.
namespace kalends::sandbox::microsoft {

/// The `Prefer` headers of one request; nothing is remembered from one to the next.
struct preferences {
  bool immutable_ids = false;
  std::string zone = "UTC"; ///< as spelled in the header
  std::string iana = "UTC";
  std::optional<bool> text_body; ///< nothing: not asked for, HTML
  std::optional<std::size_t> page_size;

  /// `Preference-Applied`, when there is something to say.
  std::string applied() const;
};
expected<preferences> read_preferences(const net::header_list& headers);

struct viewer {
  const mailbox& box;
  preferences prefer;
};

std::string id_of(const viewer& v, const event_item& item, const std::optional<local_days>& date);
std::string calendar_id_of(const viewer& v, const calendar_item& calendar);
/// `W/"…"`: of the item, or the other form for plain occurrences.
std::string etag_of(const viewer& v, const occurrence& o);

/// All fields of v1.0, in Graph's order.
boost::json::object render_event(const viewer& v, const occurrence& o);
/// The seven members of an occurrence in a delta.
boost::json::object render_stub(const viewer& v, const occurrence& o);
boost::json::object render_calendar(const viewer& v, const calendar_item& calendar);
/// "OID.{master}.{date}" of every cancelled instance.
boost::json::array cancelled_occurrences(const viewer& v, const event_item& master);

} // namespace kalends::sandbox::microsoft
