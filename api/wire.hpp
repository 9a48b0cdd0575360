// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"
#include "persistence/schedule.hpp"
#include "schema/conflict.hpp"
#include "schema/dead_letter.hpp"
#include "schema/directory.hpp"
#include "schema/recurrence.hpp"

#include <string>
#include <string_view>

#include <boost/json.hpp>

/// The vocabulary as JSON, as openapi.yaml describes it. Pure.
namespace kalends::api {

boost::json::object to_json(const schedule_entry& e);
/// One occurrence of `e`, with the status that it has.
boost::json::object occurrence_json(const schedule_entry& e, const occurrence& o);
boost::json::object to_json(const calendar_time& t);
boost::json::object to_json(const tenant& t);
boost::json::object to_json(const user& u);
boost::json::object to_json(const provider& p);
boost::json::object to_json(const api_key& k);
boost::json::object to_json(const sync_run& r);
boost::json::object to_json(const audit_line& a);
boost::json::object to_json(const calendar_listing& c);
boost::json::object to_json(const persistence::entry_sync_line& l);
/// With `sentence`, what happened in words.
boost::json::object to_json(const persistence::decision_line& d);
boost::json::object to_json(const dead_letter& l);
/// With the values of its groups on each side.
boost::json::object to_json(const conflict& c);
/// The values of some groups, named as an entry's fields.
boost::json::object group_values(const appointment& a, field_set groups);

boost::json::value text_or_null(std::string_view text);
/// JSON that a row holds as text; the text itself if it is none.
boost::json::value parse_or_text(const std::string& text);

template <class T>
boost::json::object list_json(const page_of<T>& page) {
  boost::json::array items;
  items.reserve(page.items.size());
  for (const auto& one : page.items) items.push_back(to_json(one));
  return {{"items", std::move(items)}, {"next_cursor", text_or_null(page.next_cursor)}};
}

/// Reads the body of a new entry, or of a change (nothing is required then, and null takes notes, location or
/// work item away).
enum class entry_body { creation, change };
result<actors::entry_edit> read_entry(const boost::json::object& body, entry_body kind);

/// The ETag of an entry's version: "\"3\"".
std::string entity_tag(std::int64_t version);
/// What If-Match asks for: nothing ("" and "*"), or a version; a tag that can match no version gives -1.
/// Error `malformed_if_match`.
result<std::optional<std::int64_t>> read_if_match(std::string_view header);

} // namespace kalends::api
