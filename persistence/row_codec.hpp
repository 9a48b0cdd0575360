// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/directory.hpp"
#include "schema/schedule_entry.hpp"
#include "schema/sync.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// How values of the vocabulary look in a column. Reading what we did not write throws, as `rows` does: the
/// work is rolled back and answered with `work_threw`.
namespace kalends::persistence {

/// "2026-12-01", or "2026-12-01T09:00:00|1796112000|Europe/Berlin": wall clock, instant in seconds, zone.
std::string write_time(const calendar_time& t);
calendar_time read_time(std::string_view text);
/// "2026-12-01T09:00:00"
std::chrono::local_seconds read_clock(std::string_view text);

/// The fields of an appointment as compact JSON; empty and false ones are left out.
std::string write_base(const appointment& a);
appointment read_base(std::string_view text);
/// Several, as one JSON array.
std::string write_bases(const std::vector<appointment>& all);
std::vector<appointment> read_bases(std::string_view text);

/// What an entry's row has besides, as compact JSON; empty texts for nothing.
std::string write_recurrence(const std::optional<recurrence>& r);
std::optional<recurrence> read_recurrence(std::string_view text);
std::string write_attendees(const std::vector<attendee>& all);
std::vector<attendee> read_attendees(std::string_view text);
std::string write_occurrences(const std::vector<occurrence_status>& all);
std::vector<occurrence_status> read_occurrences(std::string_view text);

/// A closed set of values kept as text by its names.
template <class Enum>
Enum read_enum(std::string_view name) {
  const auto value = read_name<Enum>(name);
  if (!value) throw std::domain_error("not a value of this kind");
  return *value;
}

/// A closed set of values kept as smallint; `last` is its last enumerator.
template <class Enum>
Enum read_number(std::int64_t value, Enum last) {
  if (value < 0 || value > static_cast<std::int64_t>(last))
    throw std::domain_error("not a value of this kind");
  return static_cast<Enum>(value);
}
template <class Enum>
int number_of(Enum v) {
  return static_cast<int>(v);
}

/// NULL for an empty text.
inline sql_value text_or_null(const std::string& s) { return s.empty() ? sql_value() : sql_value(s); }
/// NULL for an empty byte string.
inline sql_value bytes_or_null(const std::string& s) { return s.empty() ? sql_value() : sql_bytes(s); }

/// What comes before and after every UUID of ours.
inline constexpr const char* lowest_uuid = "00000000-0000-0000-0000-000000000000";
inline constexpr const char* highest_uuid = "ffffffff-ffff-ffff-ffff-ffffffffffff";
/// The lowest UUIDv7 of that time (RFC 9562 section 5.7).
std::string first_uuid(instant t);

/// Rows for `unnest`: one array per column.
template <std::size_t Columns>
class row_set {
public:
  template <class... Values>
  void add(const Values&... values) {
    static_assert(sizeof...(Values) == Columns);
    std::size_t i = 0;
    (put(columns_[i++], values), ...);
  }
  std::size_t size() const noexcept { return columns_[0].size(); }
  bool empty() const noexcept { return size() == 0; }
  std::vector<sql_value> values() const { return std::vector<sql_value>(columns_.begin(), columns_.end()); }

private:
  /// Texts and ids are most of a group: they go in without a copy of their own.
  template <class Value>
  static void put(sql_array& column, const Value& v) {
    if constexpr (std::is_convertible_v<const Value&, std::string_view>) {
      column.add_text(v);
    } else {
      column.add(sql_value(v));
    }
  }
  template <class Tag>
  static void put(sql_array& column, const id<Tag>& v) {
    if (v.empty()) return column.add_null();
    column.add_text(v.str());
  }

  std::array<sql_array, Columns> columns_;
};

// ---- lists: pages of at most 200, continued from the last id ----

inline constexpr std::size_t page_limit = 200;
inline std::size_t page_size(std::size_t asked) { return std::clamp<std::size_t>(asked, 1, page_limit); }

/// The id a list continues from: `cursor`, or `start` if it is empty. Error invalid `malformed_cursor`.
result<std::string> continue_from(const std::string& cursor, const char* start);

/// Reads a page from rows that were asked for with limit `size` + 1.
template <class T, class Read, class Id>
page_of<T> read_page(const rows& found, std::size_t size, Read read, Id id_of) {
  page_of<T> page;
  page.items.reserve(std::min(found.size(), size));
  for (std::size_t i = 0; i < found.size() && i < size; ++i) page.items.push_back(read(found, i));
  if (found.size() > size) page.next_cursor = id_of(page.items.back());
  return page;
}

template <class T, class Read>
std::vector<T> read_all(const rows& found, Read read) {
  std::vector<T> all;
  all.reserve(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) all.push_back(read(found, i));
  return all;
}

} // namespace kalends::persistence
