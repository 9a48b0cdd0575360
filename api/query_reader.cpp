// SPDX-License-Identifier: Apache-2.0
#include "api/query_reader.hpp"

#include "net/http_message.hpp"
#include "schema/calendar_time.hpp"
#include "schema/ids.hpp"

#include <algorithm>
#include <charconv>

namespace kalends::api {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

} // namespace

query_reader::query_reader(std::string_view query) : values_(net::parse_query(query)) {}

void query_reader::refuse(std::string code, std::string detail, std::string_view name) {
  if (!first_) first_ = error{errc::invalid, std::move(code), std::move(detail), std::string(name), {}};
}

std::optional<std::string> query_reader::text(std::string_view name, std::size_t max_bytes) {
  asked_.emplace_back(name);
  const auto is_it = [&](const auto& v) { return v.first == name; };
  const auto found = std::find_if(values_.begin(), values_.end(), is_it);
  if (found == values_.end()) return std::nullopt;
  if (std::count_if(values_.begin(), values_.end(), is_it) > 1)
    refuse("malformed_parameter", "This parameter may stand only once.", name);
  if (found->second.size() > max_bytes) refuse("malformed_parameter", "This value is too long.", name);
  return found->second;
}

std::string query_reader::uuid(std::string_view name) {
  auto value = text(name);
  if (value && !is_uuid(*value)) refuse("malformed_id", "Ids are lower-case UUIDs.", name);
  return value.value_or("");
}

std::optional<instant> query_reader::time(std::string_view name) {
  const auto value = text(name);
  if (!value) return std::nullopt;
  const auto read = read_zoned_time(*value, "");
  if (!read) {
    refuse("malformed_parameter", "A time is RFC 3339 with an offset: 2026-12-01T09:00:00Z.", name);
    return std::nullopt;
  }
  return instant(read->utc);
}

std::size_t query_reader::limit() {
  const auto value = text("limit");
  if (!value) return list_default;
  const auto number = whole_number(*value);
  if (!number || *number < 1 || *number > static_cast<std::int64_t>(list_limit)) {
    refuse("malformed_parameter", "A limit is a whole number from 1 to " + std::to_string(list_limit) + ".",
           "limit");
    return list_default;
  }
  return static_cast<std::size_t>(*number);
}

std::string query_reader::cursor() { return text("cursor", cursor_bytes).value_or(""); }

std::int64_t query_reader::sequence(std::string_view name) {
  const auto value = text(name);
  if (!value) return 0;
  const auto number = whole_number(*value);
  if (!number) refuse("malformed_parameter", "This is a whole number, not below 0.", name);
  return number.value_or(0);
}

result<void> query_reader::close() {
  for (const auto& [name, value] : values_)
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end())
      refuse("unknown_parameter", "There is no such parameter.", std::string_view(name).substr(0, 100));
  if (first_) return tl::unexpected(*first_);
  return {};
}

} // namespace kalends::api
