// SPDX-License-Identifier: Apache-2.0
#include "persistence/transaction.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <stdexcept>

namespace kalends::persistence {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

void append_hex(std::string& out, std::string_view raw) {
  out.reserve(out.size() + raw.size() * 2);
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15];
  }
}

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  throw std::domain_error("not a bytea in hex");
}

/// Whether an array element means itself without quotes: no delimiter, no blank, and not the word NULL.
bool plain(std::string_view text) {
  auto harmless = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.' || c == ':' || c == '+';
  };
  if (text.empty() || !std::all_of(text.begin(), text.end(), harmless)) return false;
  constexpr std::string_view null = "null";
  return !std::equal(text.begin(), text.end(), null.begin(), null.end(),
                     [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

int number(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  if (at + digits > text.size()) throw std::domain_error("not a timestamptz in UTC");
  const auto [end, bad] = std::from_chars(text.data() + at, text.data() + at + digits, value);
  if (bad != std::errc{} || end != text.data() + at + digits)
    throw std::domain_error("not a timestamptz in UTC");
  return value;
}

/// "2026-12-01 08:00:00.123456+00", as a session with TimeZone UTC and DateStyle ISO writes it; cut to
/// milliseconds.
instant parse_time(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 22 || text.substr(text.size() - 3) != "+00")
    throw std::domain_error("not a timestamptz in UTC");
  const year_month_day day{year(number(text, 0, 4)), month(static_cast<unsigned>(number(text, 5, 2))),
                           std::chrono::day(static_cast<unsigned>(number(text, 8, 2)))};
  auto time = sys_time<milliseconds>(sys_days(day)) + hours(number(text, 11, 2)) +
              minutes(number(text, 14, 2)) + seconds(number(text, 17, 2));
  if (text[19] == '.') {
    const auto digits = std::min<std::size_t>(text.size() - 3 - 20, 3);
    constexpr int scale[] = {0, 100, 10, 1};
    time += milliseconds(number(text, 20, digits) * scale[digits]);
  }
  return time;
}

} // namespace

sql_value sql_bytes(std::string_view raw) {
  std::string text = "\\x";
  append_hex(text, raw);
  return text;
}

void sql_array::add(const sql_value& v) {
  if (v.text) return add_text(*v.text);
  add_null();
}

void sql_array::add_null() {
  if (size_++ > 0) text_ += ',';
  text_ += "NULL";
}

void sql_array::add_text(std::string_view text) {
  if (size_++ > 0) text_ += ',';
  if (plain(text)) {
    text_ += text;
    return;
  }
  text_ += '"';
  while (!text.empty()) {
    const auto clean = std::min(text.find_first_of("\"\\"), text.size());
    text_ += text.substr(0, clean);
    text.remove_prefix(clean);
    if (text.empty()) break;
    text_ += '\\';
    text_ += text.front();
    text.remove_prefix(1);
  }
  text_ += '"';
}

void sql_array::add_bytes(std::string_view raw) {
  if (size_++ > 0) text_ += ',';
  text_ += "\"\\\\x";
  append_hex(text_, raw);
  text_ += '"';
}

sql_array::operator sql_value() const { return "{" + text_ + "}"; }

void rows::clear::operator()(pg_result* r) const { PQclear(r); }

rows::rows(pg_result* r) : result_(r) {}

std::size_t rows::size() const noexcept { return static_cast<std::size_t>(PQntuples(result_.get())); }

bool rows::is_null(std::size_t row, int column) const {
  if (row >= size() || column < 0 || column >= PQnfields(result_.get()))
    throw std::out_of_range("no such row or column");
  return PQgetisnull(result_.get(), static_cast<int>(row), column) == 1;
}

std::string_view rows::view(std::size_t row, int column) const {
  if (is_null(row, column)) return {};
  const int at = static_cast<int>(row);
  return {PQgetvalue(result_.get(), at, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), at, column))};
}

std::optional<std::string> rows::optional_text(std::size_t row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  return text(row, column);
}

std::int64_t rows::integer(std::size_t row, int column) const {
  const auto text = view(row, column);
  std::int64_t value = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc{} || end != text.data() + text.size()) throw std::domain_error("not an integer");
  return value;
}

bool rows::boolean(std::size_t row, int column) const {
  const auto text = view(row, column);
  if (text != "t" && text != "f") throw std::domain_error("not a boolean");
  return text == "t";
}

instant rows::time(std::size_t row, int column) const { return parse_time(view(row, column)); }

std::optional<instant> rows::optional_time(std::size_t row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  return time(row, column);
}

std::string rows::bytes(std::size_t row, int column) const {
  const auto text = view(row, column);
  if (text.size() < 2 || text.size() % 2 != 0 || text.substr(0, 2) != "\\x")
    throw std::domain_error("not a bytea in hex");
  std::string raw;
  raw.reserve(text.size() / 2 - 1);
  for (std::size_t i = 2; i < text.size(); i += 2)
    raw += static_cast<char>(nibble(text[i]) << 4 | nibble(text[i + 1]));
  return raw;
}

std::size_t rows::affected() const {
  const std::string_view text = PQcmdTuples(result_.get());
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

} // namespace kalends::persistence
