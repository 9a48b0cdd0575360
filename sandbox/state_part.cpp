// SPDX-License-Identifier: Apache-2.0
#include "sandbox/state_part.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <stdexcept>

namespace kalends::sandbox {

namespace json = boost::json;

namespace {

/// A record more or less on a line does not matter; it bounds what the reader holds at once.
constexpr std::size_t records_per_line = 256;
/// A request body may be nested 32 levels deep, and lies a few levels down in its record.
constexpr std::size_t depth_limit = 64;

} // namespace

void state_writer::put(std::string_view kind, std::string_view key, const json::object& value) {
  add(kind, key, json::serialize(value));
}

void state_writer::drop(std::string_view kind, std::string_view key) {
  if (!everything_) add(kind, key, "null");
}

void state_writer::add(std::string_view kind, std::string_view key, std::string_view value) {
  // What changed together is one line, so that a torn one loses all of it or nothing.
  if (everything_ && in_line_ == records_per_line) {
    lines_ += "]\n";
    in_line_ = 0;
  }
  lines_ += in_line_++ == 0 ? '[' : ',';
  lines_ += '[';
  lines_ += json::serialize(json::string(kind));
  lines_ += ',';
  lines_ += json::serialize(json::string(key));
  lines_ += ',';
  lines_ += value;
  lines_ += ']';
}

std::string state_writer::take() {
  if (in_line_ > 0) lines_ += "]\n";
  in_line_ = 0;
  return std::move(lines_);
}

void state_reader::read(std::string_view line) {
  json::parse_options lenient;
  lenient.allow_invalid_utf8 = true; // what came percent-encoded may be any bytes
  lenient.max_depth = depth_limit;
  const auto parsed = json::parse(line, {}, lenient);
  for (const auto& one : parsed.as_array()) {
    const auto& record = one.as_array();
    auto& kind = kinds_[std::string(record.at(0).as_string())];
    std::string key(record.at(1).as_string());
    if (record.at(2).is_null())
      kind.erase(key);
    else
      kind.insert_or_assign(std::move(key), record.at(2).as_object());
  }
}

void state_reader::each(std::string_view kind,
                        const std::function<void(const std::string&, const json::object&)>& take) {
  asked_.emplace(kind);
  const auto found = kinds_.find(kind);
  if (found == kinds_.end()) return;
  for (const auto& [key, value] : found->second) {
    try {
      take(key, value);
    } catch (const std::exception& e) {
      throw std::runtime_error("a record of kind " + std::string(kind) + " is malformed: " + e.what());
    }
  }
}

std::string state_reader::unknown_kind() const {
  for (const auto& [kind, records] : kinds_)
    if (!asked_.contains(kind)) return kind;
  return {};
}

} // namespace kalends::sandbox
