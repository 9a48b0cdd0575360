// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"
#include "sandbox/zone.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <set>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

constexpr std::size_t default_page = 250;
constexpr std::size_t largest_page = 2500;
/// Occurrences of an endless series when no timeMax is given.
constexpr std::size_t endless_series_limit = 730;
constexpr std::chrono::hours sync_token_life{28 * 24};
constexpr std::chrono::hours updated_min_reach{28 * 24};

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

/// What a listing asks for, checked.
struct question {
  bool single_events = false;
  bool show_deleted = false;
  std::optional<std::int64_t> since; ///< a delta: changes after this number
  window when;
  std::optional<instant> updated_min;
  std::string order, words, uid;
  std::vector<std::string> event_types, private_properties, shared_properties;
  std::string zone;
  std::string fingerprint;
};

bool flag(const call& c, std::string_view name) {
  const auto text = c.query_value(name);
  if (!text || *text == "false") return false;
  if (*text == "true") return true;
  throw refusal({400, "invalidParameter", "Invalid boolean value: '" + *text + "'.", "global", "parameter",
                 std::string(name)});
}

std::optional<std::int64_t> time_parameter(const call& c, std::string_view name) {
  const auto text = c.query_value(name);
  if (!text) return std::nullopt;
  const auto read = zone::parse_date_time(*text);
  if (!read || !read->offset)
    throw refusal({400, "badRequest", "Bad Request", "global", "parameter", std::string(name)});
  return read->wall - *read->offset;
}

std::size_t page_size(const call& c) {
  const auto text = c.query_value("maxResults");
  if (!text) return default_page;
  std::size_t n = 0;
  const auto [end, bad] = std::from_chars(text->data(), text->data() + text->size(), n);
  if (bad != std::errc() || end != text->data() + text->size() || n == 0)
    throw refusal({400, "invalidParameter", "Invalid integer value: '" + *text + "'.", "global", "parameter",
                   "maxResults"});
  return std::min(n, largest_page);
}

/// What must stay the same between the call that made a token and the one that uses it.
std::string fingerprint_of(const call& c, const calendar& in) {
  static constexpr std::array names{"singleEvents", "showHiddenInvitations", "eventTypes"};
  std::string text = in.id;
  for (const auto* name : names) {
    auto values = c.query_values(name);
    std::ranges::sort(values);
    for (auto& v : values)
      if (v != "false") text += std::string("\n") + name + "=" + v;
  }
  return base64url(sha256(text)).substr(0, 12);
}

// -- sync tokens: base64 of a protobuf message, as the real ones are: 1: watermark, 2: issued, 3: 5; ours
// adds a
//    fingerprint (4), so that a token used with other parameters is found out instead of answering at random
//    --

void put_varint(std::string& out, std::uint64_t n) {
  for (; n >= 128; n >>= 7U) out += static_cast<char>(n | 128U);
  out += static_cast<char>(n);
}

bool take_varint(std::string_view& in, std::uint64_t& n) {
  n = 0;
  for (unsigned shift = 0; !in.empty() && shift < 64; shift += 7) {
    const auto c = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    n |= static_cast<std::uint64_t>(c & 127U) << shift;
    if (c < 128) return true;
  }
  return false;
}

struct sync_token {
  std::int64_t watermark = 0;
  std::int64_t issued = 0;
  std::string fingerprint;
};

std::string base64(std::string_view bytes) {
  auto out = base64url(bytes);
  std::ranges::replace(out, '-', '+');
  std::ranges::replace(out, '_', '/');
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

std::optional<std::string> unbase64(std::string_view text) {
  static constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t held = 0;
  unsigned bits = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char c : text) {
    const auto value = letters.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    held = held << 6U | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(held >> bits & 255U);
  }
  return out;
}

std::string write_token(const sync_token& t) {
  std::string bytes;
  const auto field = [&](std::uint64_t tag, std::int64_t n) {
    put_varint(bytes, tag << 3U);
    put_varint(bytes, static_cast<std::uint64_t>(n));
  };
  field(1, t.watermark);
  field(2, t.issued);
  field(3, 5);
  put_varint(bytes, 4U << 3U | 2U);
  put_varint(bytes, t.fingerprint.size());
  return base64(bytes + t.fingerprint);
}

std::optional<sync_token> read_token(std::string_view text) {
  const auto bytes = unbase64(text);
  if (!bytes) return std::nullopt;
  std::string_view in = *bytes;
  std::array<std::uint64_t, 8> n{}; // tag and value of fields 1 to 3, then tag and size of field 4
  for (auto& one : n)
    if (!take_varint(in, one)) return std::nullopt;
  if (n[0] != 8 || n[2] != 16 || n[4] != 24 || n[6] != 34 || n[7] != in.size()) return std::nullopt;
  return sync_token{static_cast<std::int64_t>(n[1]), static_cast<std::int64_t>(n[3]), std::string(in)};
}

/// Refuses a token that is damaged, foreign, expired or forced out; else the change number to list from.
std::int64_t check_token(half& h, const call& c, const std::string& text, const std::string& fingerprint) {
  for (const auto* name : {"iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty",
                           "timeMin", "timeMax", "updatedMin"})
    if (c.query_value(name))
      refuse(400, "syncTokenWithRequestRestrictions",
             "Sync token cannot be used with other request restrictions.");
  if (c.query_value("showDeleted") == "false")
    refuse(400, "syncTokenWithNonDefaultOrdering", "showDeleted must be true when a sync token is given.");
  const auto token = read_token(text);
  if (!token || token->fingerprint != fingerprint)
    throw refusal({400, "invalid", "Invalid sync token value.", "global", "parameter", "syncToken"});
  const auto void_before = h.tokens_void_before.find(c.who->email);
  const bool forced = void_before != h.tokens_void_before.end() && token->issued <= void_before->second;
  const auto age = h.all.now().time_since_epoch() - std::chrono::microseconds(token->issued);
  if (forced || age > sync_token_life)
    throw refusal({410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.",
                   "calendar", "parameter", "syncToken"});
  return token->watermark;
}

question read_question(half& h, const call& c, const calendar& in) {
  question q;
  q.fingerprint = fingerprint_of(c, in);
  q.zone = response_zone(c, in);
  q.single_events = flag(c, "singleEvents");
  q.show_deleted = flag(c, "showDeleted");
  q.when = {time_parameter(c, "timeMin"), time_parameter(c, "timeMax")};
  if (q.when.from && q.when.to && *q.when.from >= *q.when.to)
    throw refusal(
        {400, "timeRangeEmpty", "The specified time range is empty.", "calendar", "parameter", "timeMax"});
  if (const auto t = time_parameter(c, "updatedMin")) {
    q.updated_min = instant(std::chrono::seconds(*t));
    if (h.all.now() - *q.updated_min > updated_min_reach)
      throw refusal({410, "updatedMinTooLongAgo",
                     "The requested minimum modification time lies too far in the past.", "calendar",
                     "parameter", "updatedMin"});
  }
  q.order = c.query_value("orderBy").value_or("");
  if (q.order != "" && q.order != "updated" && q.order != "startTime")
    throw refusal({400, "invalidParameter", "Invalid string value: '" + q.order + "'.", "global", "parameter",
                   "orderBy"});
  if (q.order == "startTime" && !q.single_events)
    refuse(400, "badRequest", "The requested ordering is not available for the particular query.");
  q.words = c.query_value("q").value_or("");
  q.uid = c.query_value("iCalUID").value_or("");
  q.event_types = c.query_values("eventTypes");
  q.private_properties = c.query_values("privateExtendedProperty");
  q.shared_properties = c.query_values("sharedExtendedProperty");
  if (const auto token = c.query_value("syncToken")) q.since = check_token(h, c, *token, q.fingerprint);
  return q;
}

// -- choosing rows --

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool has_words(const event& e, const std::string& words) {
  auto text = text_at(e.fields, "summary") + "\n" + text_at(e.fields, "description") + "\n" +
              text_at(e.fields, "location");
  for (const auto* people : {"attendees"})
    if (const auto* list = e.fields.if_contains(people))
      for (const auto& one : list->as_array())
        text += "\n" + text_at(one.as_object(), "email") + "\n" + text_at(one.as_object(), "displayName");
  if (const auto* o = e.fields.if_contains("organizer"))
    text += "\n" + text_at(o->as_object(), "email") + "\n" + text_at(o->as_object(), "displayName");
  return lower(text).find(lower(words)) != std::string::npos;
}

/// Every given "name=value" must hold.
bool has_properties(const event& e, const char* kind, const std::vector<std::string>& wanted) {
  return std::ranges::all_of(wanted, [&](const std::string& pair) {
    const auto equals = pair.find('=');
    const auto* all = e.fields.if_contains("extendedProperties");
    const auto* map = all ? all->as_object().if_contains(kind) : nullptr;
    return map && equals != std::string::npos &&
           text_at(map->as_object(), pair.substr(0, equals)) == pair.substr(equals + 1);
  });
}

bool passes_filters(const event& e, const question& q) {
  const auto type = text_at(e.fields, "eventType");
  if (!q.event_types.empty() &&
      std::ranges::find(q.event_types, type.empty() ? "default" : type) == q.event_types.end())
    return false;
  return (q.uid.empty() || text_at(e.fields, "iCalUID") == q.uid) &&
         (q.words.empty() || has_words(e, q.words)) && has_properties(e, "private", q.private_properties) &&
         has_properties(e, "shared", q.shared_properties) && (!q.updated_min || e.updated >= *q.updated_min);
}

bool has_live_master(const calendar& in, const event& e) {
  const auto it = in.events.find(e.series_id);
  return it != in.events.end() && !it->second.is_cancelled();
}

bool in_window(const calendar& in, const event& e, const question& q) {
  if (q.since || (!q.when.from && !q.when.to)) return true;
  return e.is_master() ? !instances(in, e, q.when, 1).empty() : overlaps(e, in, q.when);
}

/// Masters, single events and exceptions as they are stored.
void choose_rows(const calendar& in, const question& q, std::vector<event>& out) {
  for (const auto& [id, e] : in.events) {
    if (q.since && e.changed <= *q.since) continue;
    const bool tombstones = q.since || q.show_deleted || q.updated_min;
    if (e.is_cancelled() && !tombstones && (e.series_id.empty() || !has_live_master(in, e))) continue;
    if (in_window(in, e, q) && passes_filters(e, q)) out.push_back(e);
  }
}

/// Single events and occurrences. In a delta, a changed master brings all its occurrences again.
void choose_single(const calendar& in, const question& q, std::vector<event>& out) {
  std::set<std::string> taken;
  const auto add = [&](event e) {
    const bool tombstones = q.since || q.show_deleted || q.updated_min;
    if ((e.is_cancelled() && !tombstones) || !passes_filters(e, q)) return;
    if (taken.insert(e.id).second) out.push_back(std::move(e));
  };
  for (const auto& [id, e] : in.events) {
    const bool changed = !q.since || e.changed > *q.since;
    if (!e.is_master()) {
      if (changed && in_window(in, e, q) && (e.series_id.empty() || q.since)) add(e);
      continue;
    }
    if (!changed || (e.is_cancelled() && !q.since)) continue;
    const auto limit = q.when.to ? expansion_limit : endless_series_limit;
    for (auto& one : instances(in, e, q.since ? window{} : q.when, limit)) add(std::move(one));
  }
}

std::vector<event> choose(const calendar& in, const question& q) {
  std::vector<event> out;
  if (q.single_events)
    choose_single(in, q, out);
  else
    choose_rows(in, q, out);
  if (q.order == "startTime")
    std::ranges::stable_sort(out, [&](const event& a, const event& b) { return a.start.at < b.start.at; });
  else if (q.order == "updated")
    std::ranges::stable_sort(out, {}, &event::updated);
  else // unspecified but stable: neither by time nor by id
    std::ranges::sort(out, {}, [](const event& e) { return sha256(e.id); });
  return out;
}

json::object render_row(const event& e, const calendar& in, const question& q, std::size_t attendees) {
  const bool exception = !e.series_id.empty();
  if (e.is_cancelled() && (exception || !q.show_deleted)) return render_tombstone(e, q.zone);
  return render(e, in, q.zone, attendees);
}

bool can_sync(const call& c) {
  return std::ranges::none_of(std::array{"orderBy", "q", "iCalUID", "updatedMin", "privateExtendedProperty",
                                         "sharedExtendedProperty"},
                              [&](const char* name) { return c.query_value(name).has_value(); });
}

json::object envelope(const calendar& in) {
  return {{"kind", "calendar#events"},
          {"etag", "\"p" + base64url(sha256(in.id + std::to_string(in.changed))).substr(0, 15) + "\""},
          {"summary", in.summary},
          {"description", in.description},
          {"updated", to_rfc3339(instant(std::chrono::milliseconds(in.changed / 1000)))},
          {"timeZone", in.time_zone},
          {"accessRole", "owner"},
          {"defaultReminders", json::array{json::object{{"method", "popup"}, {"minutes", 10}}}}};
}

/// Keeps what did not fit on the page, under a token that the next request brings back.
std::string keep_listing(half& h, open_listing rest) {
  auto token = "E" + h.all.people.random_text(30);
  h.listings.emplace(token, std::move(rest));
  h.listing_order.push_back(token);
  if (h.listing_order.size() > open_listing_limit) {
    h.listings.erase(h.listing_order.front());
    h.listing_order.pop_front();
  }
  return token;
}

/// The rows of this request: of a first page chosen now, of a later one by the ids chosen then, as they are
/// now.
std::vector<event> rows_of(half& h, const call& c, const calendar& in, const question& q,
                           std::int64_t& watermark) {
  const auto token = c.query_value("pageToken");
  if (!token) {
    watermark = h.calendars.last_change();
    return choose(in, q);
  }
  const auto open = h.listings.find(*token);
  if (open == h.listings.end() || open->second.fingerprint != q.fingerprint)
    throw refusal({400, "invalid", "Invalid page token value.", "global", "parameter", "pageToken"});
  watermark = open->second.watermark;
  std::vector<event> out;
  for (const auto& id : open->second.ids) {
    auto e = find_event(in, id);
    const bool gone_since = e && e->is_cancelled() && e->changed > watermark && !q.since && !q.show_deleted;
    if (e && !gone_since) out.push_back(std::move(*e));
  }
  return out;
}

net::http_response list_page(half& h, const call& c, const calendar& in, const question& q) {
  std::int64_t watermark = 0;
  const auto rows = rows_of(h, c, in, q, watermark);
  const auto size = std::min(page_size(c), rows.size());
  const auto attendees = c.query_value("maxAttendees");
  std::size_t guests = 0;
  if (attendees) std::from_chars(attendees->data(), attendees->data() + attendees->size(), guests);
  json::array items;
  for (std::size_t i = 0; i < size; ++i) items.push_back(render_row(rows[i], in, q, guests));
  auto out = envelope(in);
  if (size < rows.size()) {
    open_listing rest{q.fingerprint, {}, watermark};
    for (std::size_t i = size; i < rows.size(); ++i) rest.ids.push_back(rows[i].id);
    out["nextPageToken"] = keep_listing(h, std::move(rest));
  } else if (can_sync(c)) {
    out["nextSyncToken"] = write_token({watermark, h.calendars.next_change(), q.fingerprint});
  }
  out["items"] = std::move(items);
  return json_answer(200, out);
}

net::http_response list_events(half& h, call& c) {
  const auto& in = calendar_of(h, c);
  return list_page(h, c, in, read_question(h, c, in));
}

net::http_response list_instances(half& h, call& c) {
  const auto& in = calendar_of(h, c);
  const auto master = in.events.find(c.param("event"));
  if (master == in.events.end()) refuse_not_found();
  const auto q = read_question(h, c, in);
  const auto original = c.query_value("originalStart");
  json::array items;
  const auto limit = q.when.to ? expansion_limit : endless_series_limit;
  auto all = master->second.is_master() ? instances(in, master->second, q.when, limit)
                                        : std::vector<event>{master->second};
  std::erase_if(all, [&](const event& e) {
    if (e.is_cancelled() && !q.show_deleted) return true;
    if (!original || !e.original_start) return false;
    const auto slot = render_moment(*e.original_start, q.zone);
    return text_at(slot, e.original_start->all_day ? "date" : "dateTime") != *original;
  });
  std::size_t from = 0;
  if (const auto token = c.query_value("pageToken")) {
    const auto [end, bad] = std::from_chars(token->data(), token->data() + token->size(), from);
    if (bad != std::errc() || from > all.size()) refuse_invalid("Invalid page token value.");
  }
  const auto to = std::min(from + page_size(c), all.size());
  for (auto i = from; i < to; ++i) items.push_back(render(all[i], in, q.zone));
  auto out = envelope(in);
  if (to < all.size()) out["nextPageToken"] = std::to_string(to);
  out["items"] = std::move(items);
  return json_answer(200, out);
}

} // namespace

void add_list_routes(half& h, router& routes) {
  add_api(routes, "GET", "calendars/{calendar}/events", "events.list", scopes_to_read_events(),
          [&h](call& c) { return list_events(h, c); });
  add_api(routes, "GET", "calendars/{calendar}/events/{event}/instances", "events.instances",
          scopes_to_read_events(), [&h](call& c) { return list_instances(h, c); });
}

} // namespace kalends::sandbox::google
