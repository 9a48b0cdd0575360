// SPDX-License-Identifier: Apache-2.0
#include "api/json_reader.hpp"

#include "schema/text.hpp"

#include <algorithm>

namespace kalends::api {
namespace json = boost::json;

result<json::object> read_object(std::string_view body) {
  json::parse_options strict;
  strict.max_depth = json_depth;
  json::error_code failed;
  auto value = json::parse(json::string_view(body.data(), body.size()), failed, {}, strict);
  if (failed)
    return failure(errc::invalid, "malformed_json", "The body is not JSON: " + failed.message() + ".");
  if (!value.is_object()) return failure(errc::invalid, "body_not_object", "The body must be a JSON object.");
  return std::move(value.as_object());
}

bool looks_like_email(std::string_view text) {
  const auto at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == text.npos &&
         std::none_of(text.begin(), text.end(), [](unsigned char ch) { return ch <= ' ' || ch == 0x7f; });
}

object_reader::object_reader(const json::object& o)
    : object_reader(o, {}, std::make_shared<std::optional<error>>()) {}

object_reader::object_reader(const json::object& o, std::string prefix,
                             std::shared_ptr<std::optional<error>> first)
    : object_(&o), prefix_(std::move(prefix)), first_(std::move(first)) {}

void object_reader::refuse(std::string code, std::string detail, std::string_view name) {
  if (*first_) return;
  *first_ = error{errc::invalid, std::move(code), std::move(detail), prefix_ + std::string(name), {}};
}

const json::value* object_reader::any(std::string_view name) {
  asked_.emplace_back(name);
  return object_->if_contains(json::string_view(name.data(), name.size()));
}

const json::value* object_reader::find(std::string_view name, bool required) {
  const auto* value = any(name);
  if (!value && required) refuse("missing_field", "This field is required.", name);
  return value;
}

std::optional<std::string> object_reader::text(std::string_view name, text_rule rule) {
  const auto* value = find(name, rule.required);
  if (!value) return std::nullopt;
  if (value->is_null() && rule.null_is_empty) return std::string();
  const auto* raw = value->if_string();
  if (!raw) {
    refuse("wrong_type", "This field is a text.", name);
    return std::nullopt;
  }
  auto clean = clean_text(std::string_view(raw->data(), raw->size()));
  if (clean.size() > rule.max_bytes)
    refuse("field_too_long", "At most " + std::to_string(rule.max_bytes) + " bytes of UTF-8.", name);
  if (clean.empty() && !rule.may_be_empty) refuse("field_empty", "This text must not be empty.", name);
  return clean;
}

std::optional<bool> object_reader::flag(std::string_view name) {
  const auto* value = find(name, false);
  if (!value) return std::nullopt;
  if (!value->is_bool()) {
    refuse("wrong_type", "This field is true or false.", name);
    return std::nullopt;
  }
  return value->get_bool();
}

std::optional<std::int64_t> object_reader::count(std::string_view name, std::int64_t most) {
  const auto* value = find(name, false);
  if (!value) return std::nullopt;
  if (!value->is_int64() || value->get_int64() < 0 || value->get_int64() > most) {
    refuse("wrong_type", "This field is a whole number from 0 to " + std::to_string(most) + ".", name);
    return std::nullopt;
  }
  return value->get_int64();
}

std::optional<std::string> object_reader::uuid(std::string_view name, bool required) {
  auto word = text(name, {.max_bytes = 64, .required = required});
  if (word && !is_uuid(*word)) refuse("malformed_id", "Ids are lower-case UUIDs.", name);
  return word;
}

std::optional<std::vector<std::string>> object_reader::uuids(std::string_view name, std::size_t limit) {
  const auto* value = find(name, false);
  if (!value) return std::nullopt;
  const auto* list = value->if_array();
  if (!list) {
    refuse("wrong_type", "This field is a list of ids.", name);
    return std::nullopt;
  }
  if (list->size() > limit) {
    refuse("too_many_values", "At most " + std::to_string(limit) + " ids.", name);
    return std::nullopt;
  }
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto* one = (*list)[i].if_string();
    if (!one || !is_uuid(std::string_view(one->data(), one->size()))) {
      refuse("malformed_id", "Ids are lower-case UUIDs.", std::string(name) + "[" + std::to_string(i) + "]");
      return std::nullopt;
    }
    ids.emplace_back(one->data(), one->size());
  }
  return ids;
}

std::optional<object_reader> object_reader::object(std::string_view name, bool required) {
  const auto* value = find(name, required);
  if (!value) return std::nullopt;
  if (!value->is_object()) {
    refuse("wrong_type", "This field is an object.", name);
    return std::nullopt;
  }
  return object_reader(value->get_object(), prefix_ + std::string(name) + ".", first_);
}

std::optional<std::vector<object_reader>> object_reader::objects(std::string_view name, std::size_t limit) {
  const auto* value = find(name, false);
  if (!value) return std::nullopt;
  std::vector<object_reader> out;
  if (value->is_null()) return out;
  const auto* list = value->if_array();
  if (!list) {
    refuse("wrong_type", "This field is a list of objects.", name);
    return std::nullopt;
  }
  if (list->size() > limit) {
    refuse("too_many_values", "At most " + std::to_string(limit) + " of them.", name);
    return std::nullopt;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto* one = (*list)[i].if_object();
    const auto place = std::string(name) + "[" + std::to_string(i) + "]";
    if (!one) {
      refuse("wrong_type", "This is an object.", place);
      return std::nullopt;
    }
    out.push_back(object_reader(*one, prefix_ + place + ".", first_));
  }
  return out;
}

void object_reader::read_only(std::string_view name) {
  if (any(name)) refuse("read_only_field", "This field is set by the server.", name);
}

result<void> object_reader::close() {
  for (const auto& field : *object_) {
    const std::string_view key(field.key().data(), field.key().size());
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end())
      refuse("unknown_field", "There is no such field.", key.substr(0, name_bytes));
  }
  if (*first_) return tl::unexpected(**first_);
  return {};
}

} // namespace kalends::api
