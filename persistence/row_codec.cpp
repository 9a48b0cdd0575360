// SPDX-License-Identifier: Apache-2.0
#include "persistence/row_codec.hpp"

#include <boost/json.hpp>

#include <charconv>

namespace kalends::persistence {
namespace {

using namespace std::chrono;

[[noreturn]] void malformed(const char* what) { throw std::domain_error(what); }

template <class Number>
Number read_digits(std::string_view text) {
  Number value{};
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc{} || end != text.data() + text.size()) malformed("not a time of ours");
  return value;
}

/// "2026-12-01"
year_month_day read_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') malformed("not a day of ours");
  const year_month_day day{year(read_digits<int>(text.substr(0, 4))),
                           month(read_digits<unsigned>(text.substr(5, 2))),
                           std::chrono::day(read_digits<unsigned>(text.substr(8, 2)))};
  if (!day.ok()) malformed("not a day of ours");
  return day;
}

/// "2026-12-01T09:00:00"
local_seconds read_local(std::string_view text) {
  if (text.size() != 19 || text[10] != 'T' || text[13] != ':' || text[16] != ':')
    malformed("not a time of ours");
  return local_days(read_day(text.substr(0, 10))) + hours(read_digits<int>(text.substr(11, 2))) +
         minutes(read_digits<int>(text.substr(14, 2))) + seconds(read_digits<int>(text.substr(17, 2)));
}

/// RFC 8259 section 7: only what must be escaped.
void append_quoted(std::string& out, std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += hex[static_cast<unsigned char>(c) >> 4];
      out += hex[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_text(std::string& out, const char* key, std::string_view text) {
  if (text.empty()) return;
  out += ",\"";
  out += key;
  out += "\":";
  append_quoted(out, text);
}

std::string text_at(const boost::json::object& o, const char* key) {
  const auto* found = o.if_contains(key);
  return found ? std::string(found->as_string()) : std::string();
}

appointment read_object(const boost::json::object& o) {
  return appointment{text_at(o, "title"),          text_at(o, "notes"),
                     text_at(o, "location"),       read_time(text_at(o, "start")),
                     read_time(text_at(o, "end")), o.contains("private"),
                     o.contains("tentative")};
}

} // namespace

std::string write_time(const calendar_time& t) {
  if (const auto* date = std::get_if<calendar_date>(&t)) return write_date(*date);
  const auto& zoned = std::get<zoned_time>(t);
  return write_local(zoned) + "|" + std::to_string(zoned.utc.time_since_epoch().count()) + "|" +
         zoned.time_zone;
}

calendar_time read_time(std::string_view text) {
  if (text.size() == 10) return calendar_date{read_day(text)};
  const auto first = text.find('|');
  const auto second = first == std::string_view::npos ? first : text.find('|', first + 1);
  if (second == std::string_view::npos) malformed("not a time of ours");
  return zoned_time{
      read_local(text.substr(0, first)), std::string(text.substr(second + 1)),
      sys_seconds(seconds(read_digits<std::int64_t>(text.substr(first + 1, second - first - 1))))};
}

/// Before the first agreement there is no base: an empty text.
std::string write_base(const appointment& a) {
  if (a == appointment{}) return {};
  std::string out;
  out.reserve(160 + a.title.size() + a.notes.size() + a.location.size());
  out += "{\"start\":";
  append_quoted(out, write_time(a.start));
  append_text(out, "end", write_time(a.end));
  append_text(out, "title", a.title);
  append_text(out, "notes", a.notes);
  append_text(out, "location", a.location);
  if (a.is_private) out += ",\"private\":true";
  if (a.is_tentative) out += ",\"tentative\":true";
  out += '}';
  return out;
}

appointment read_base(std::string_view text) {
  if (text.empty()) return {};
  return read_object(boost::json::parse({text.data(), text.size()}).as_object());
}

std::string write_bases(const std::vector<appointment>& all) {
  std::string out = "[";
  for (const auto& a : all) {
    if (out.size() > 1) out += ',';
    out += write_base(a);
  }
  return out + "]";
}

std::vector<appointment> read_bases(std::string_view text) {
  std::vector<appointment> all;
  const auto parsed = boost::json::parse({text.data(), text.size()});
  for (const auto& o : parsed.as_array()) all.push_back(read_object(o.as_object()));
  return all;
}

result<std::string> continue_from(const std::string& cursor, const char* start) {
  if (cursor.empty()) return std::string(start);
  if (!is_uuid(cursor))
    return failure(errc::invalid, "malformed_cursor", "This cursor was not made by this list.", "cursor");
  return cursor;
}

} // namespace kalends::persistence
