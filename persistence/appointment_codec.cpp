// SPDX-License-Identifier: Apache-2.0
#include "persistence/row_codec.hpp"

#include <boost/json.hpp>

/// Appointments as compact JSON, written by hand because a group writes thousands of them. What is empty or
/// false is left out, and read as such.
namespace kalends::persistence {
namespace {

namespace json = boost::json;

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

/// The members of one object, each after a comma but the first.
class object_text {
public:
  explicit object_text(std::string& out) : out_(out) { out_ += '{'; }
  object_text(const object_text&) = delete;
  object_text& operator=(const object_text&) = delete;
  ~object_text() { out_ += '}'; }

  std::string& member(const char* key) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += key;
    out_ += "\":";
    return out_;
  }
  void text(const char* key, std::string_view value) {
    if (!value.empty()) append_quoted(member(key), value);
  }
  void flag(const char* key, bool value) {
    if (value) member(key) += "true";
  }
  template <class T, class Append>
  void list(const char* key, const std::vector<T>& items, Append append) {
    if (!items.empty()) append_list(member(key), items, append);
  }
  template <class T, class Append>
  static void append_list(std::string& out, const std::vector<T>& items, Append append) {
    out += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ',';
      append(out, items[i]);
    }
    out += ']';
  }

private:
  std::string& out_;
  bool first_ = true;
};

/// "2026-12-01T09:00:00"
std::string slot_text(recurrence_id at) { return write_local({at, {}, {}}); }
void append_slot(std::string& out, recurrence_id at) { append_quoted(out, slot_text(at)); }

void append_appointment(std::string& out, const appointment& a);

void append_changed(std::string& out, const changed_occurrence& c) {
  object_text o(out);
  append_slot(o.member("at"), c.at);
  append_appointment(o.member("what"), c.what);
}

void append_recurrence(std::string& out, const recurrence& r) {
  object_text o(out);
  o.text("rrule", r.rrule);
  o.list("rdates", r.rdates, append_slot);
  o.list("exdates", r.exdates, append_slot);
  o.list("changed", r.changed, append_changed);
}

void append_attendee(std::string& out, const attendee& a) {
  object_text o(out);
  o.text("email", a.email);
  o.text("name", a.name);
  if (a.response != attendee_response::needs_action) o.text("response", name_of(a.response));
  o.flag("optional", a.is_optional);
  o.flag("organizer", a.is_organizer);
}

void append_appointment(std::string& out, const appointment& a) {
  object_text o(out);
  o.text("start", write_time(a.start));
  o.text("end", write_time(a.end));
  o.text("title", a.title);
  o.text("notes", a.notes);
  o.text("location", a.location);
  o.flag("private", a.is_private);
  o.flag("tentative", a.is_tentative);
  if (a.repeats) append_recurrence(o.member("repeats"), *a.repeats);
  o.list("attendees", a.attendees, append_attendee);
}

void append_status(std::string& out, const occurrence_status& s) {
  object_text o(out);
  append_slot(o.member("at"), s.at);
  o.text("status", name_of(s.status));
}

// ---- reading ----

json::value parsed(std::string_view text) { return json::parse({text.data(), text.size()}); }

std::string text_at(const json::object& o, const char* key) {
  const auto* found = o.if_contains(key);
  return found ? std::string(found->as_string()) : std::string();
}

template <class T, class Read>
std::vector<T> list_at(const json::object& o, const char* key, Read read) {
  std::vector<T> all;
  const auto* found = o.if_contains(key);
  if (!found) return all;
  for (const auto& item : found->as_array()) all.push_back(read(item));
  return all;
}

recurrence_id slot_of(const json::value& v) {
  const auto& text = v.as_string();
  return read_clock({text.data(), text.size()});
}

appointment appointment_of(const json::object& o);

changed_occurrence changed_of(const json::value& v) {
  const auto& o = v.as_object();
  return {slot_of(o.at("at")), appointment_of(o.at("what").as_object())};
}

recurrence recurrence_of(const json::object& o) {
  return {text_at(o, "rrule"), list_at<recurrence_id>(o, "rdates", slot_of),
          list_at<recurrence_id>(o, "exdates", slot_of),
          list_at<changed_occurrence>(o, "changed", changed_of)};
}

attendee attendee_of(const json::value& v) {
  const auto& o = v.as_object();
  attendee a{text_at(o, "email"), text_at(o, "name"), attendee_response::needs_action, o.contains("optional"),
             o.contains("organizer")};
  if (o.contains("response")) a.response = read_enum<attendee_response>(text_at(o, "response"));
  return a;
}

appointment appointment_of(const json::object& o) {
  appointment a{text_at(o, "title"),          text_at(o, "notes"),
                text_at(o, "location"),       read_time(text_at(o, "start")),
                read_time(text_at(o, "end")), o.contains("private"),
                o.contains("tentative")};
  if (const auto* r = o.if_contains("repeats")) a.repeats = recurrence_of(r->as_object());
  a.attendees = list_at<attendee>(o, "attendees", attendee_of);
  return a;
}

template <class T, class Read>
std::vector<T> read_list(std::string_view text, Read read) {
  std::vector<T> all;
  if (text.empty()) return all;
  const auto value = parsed(text);
  for (const auto& item : value.as_array()) all.push_back(read(item));
  return all;
}

template <class T, class Append>
std::string write_list(const std::vector<T>& items, Append append) {
  std::string out;
  if (!items.empty()) object_text::append_list(out, items, append);
  return out;
}

} // namespace

/// Before the first agreement there is no base: an empty text.
std::string write_base(const appointment& a) {
  if (a == appointment{}) return {};
  std::string out;
  out.reserve(160 + a.title.size() + a.notes.size() + a.location.size());
  append_appointment(out, a);
  return out;
}

appointment read_base(std::string_view text) {
  if (text.empty()) return {};
  return appointment_of(parsed(text).as_object());
}

std::string write_bases(const std::vector<appointment>& all) {
  std::string out;
  object_text::append_list(out, all, append_appointment);
  return out;
}

std::vector<appointment> read_bases(std::string_view text) {
  return read_list<appointment>(text, [](const json::value& v) { return appointment_of(v.as_object()); });
}

std::string write_recurrence(const std::optional<recurrence>& r) {
  std::string out;
  if (r) append_recurrence(out, *r);
  return out;
}

std::optional<recurrence> read_recurrence(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return recurrence_of(parsed(text).as_object());
}

std::string write_attendees(const std::vector<attendee>& all) { return write_list(all, append_attendee); }

std::vector<attendee> read_attendees(std::string_view text) { return read_list<attendee>(text, attendee_of); }

std::string write_occurrences(const std::vector<occurrence_status>& all) {
  return write_list(all, append_status);
}

std::vector<occurrence_status> read_occurrences(std::string_view text) {
  return read_list<occurrence_status>(text, [](const json::value& v) {
    const auto& o = v.as_object();
    return occurrence_status{slot_of(o.at("at")), read_enum<entry_status>(text_at(o, "status"))};
  });
}

} // namespace kalends::persistence
