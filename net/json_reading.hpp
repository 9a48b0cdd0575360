// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simdjson.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kalends::net {

/// One parsed JSON text. Stays on the thread that made it; every view into it dies with it. Texts of usual
/// size share the thread's parser and its memory; larger ones bring their own, so that one huge page does not
/// stay allocated. Nesting deeper than 64 is refused.
class json_document {
public:
  explicit json_document(const std::string& body);
  ~json_document();
  json_document(const json_document&) = delete;
  json_document& operator=(const json_document&) = delete;

  /// Nothing if the text is no JSON object.
  const std::optional<simdjson::dom::object>& object() const { return object_; }

private:
  std::unique_ptr<simdjson::dom::parser> own_;
  std::optional<simdjson::dom::object> object_;
};

/// The value, or an empty one if it is of another type: vendors write null, and new types, where they like.
inline std::string_view text_of(const simdjson::dom::element& e) {
  std::string_view value;
  return e.get_string().get(value) == simdjson::SUCCESS ? value : std::string_view{};
}
inline bool flag_of(const simdjson::dom::element& e) {
  bool value = false;
  return e.get_bool().get(value) == simdjson::SUCCESS && value;
}
inline std::optional<simdjson::dom::object> object_of(const simdjson::dom::element& e) {
  simdjson::dom::object value;
  if (e.get_object().get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}
inline std::optional<simdjson::dom::array> array_of(const simdjson::dom::element& e) {
  simdjson::dom::array value;
  if (e.get_array().get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}
/// The member `key`, or nothing.
inline std::optional<simdjson::dom::element> member(const simdjson::dom::object& o, std::string_view key) {
  simdjson::dom::element value;
  if (o.at_key(key).get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}
inline std::string_view text_member(const simdjson::dom::object& o, std::string_view key) {
  const auto value = member(o, key);
  return value ? text_of(*value) : std::string_view{};
}

} // namespace kalends::net
