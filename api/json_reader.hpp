// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"
#include "schema/sync.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace kalends::api {

inline constexpr std::size_t json_depth = 32;
inline constexpr std::size_t name_bytes = 200;

/// The JSON object in `body`. Errors: `malformed_json` (not JSON, not UTF-8, nested deeper than
/// `json_depth`), `body_not_object`.
result<boost::json::object> read_object(std::string_view body);

/// RFC 5321 4.5.3.1.3, without the brackets.
inline constexpr std::size_t email_bytes = 254;
/// Something before and after one "@", no blanks: what more there is to an address, only its server knows.
bool looks_like_email(std::string_view text);

struct text_rule {
  std::size_t max_bytes = name_bytes;
  bool required = false;
  bool may_be_empty = true;
  bool null_is_empty = false; ///< null means "", as a PATCH takes a text away
};

/// Reads one object strictly: every field has a type and a limit, and what nobody asked for is refused. The
/// first failure is kept with the path of its field ("start.time_zone") and told by `close`; after it the
/// values read are worthless. Objects within share the failure with the reader they came from and must be
/// closed too. The JSON must outlive the reader.
class object_reader {
public:
  explicit object_reader(const boost::json::object& o);

  /// Normalised as `clean_text` says; the limit counts after that.
  std::optional<std::string> text(std::string_view name, text_rule rule = {});
  std::optional<bool> flag(std::string_view name);
  /// A whole number from 0 to `most`.
  std::optional<std::int64_t> count(std::string_view name, std::int64_t most);
  std::optional<std::string> uuid(std::string_view name, bool required = false);
  std::optional<std::vector<std::string>> uuids(std::string_view name, std::size_t limit);
  std::optional<object_reader> object(std::string_view name, bool required = false);
  /// A list of objects, each to be closed; null is an empty list.
  std::optional<std::vector<object_reader>> objects(std::string_view name, std::size_t limit);
  template <class Enum>
  std::optional<Enum> choice(std::string_view name, bool required = false) {
    auto word = text(name, {.max_bytes = 64, .required = required});
    if (!word) return std::nullopt;
    auto value = read_name<Enum>(*word);
    if (!value) refuse("unknown_value", "\"" + *word + "\" is not a known value.", name);
    return value;
  }
  /// The value as it stands, null included; nothing when the field is absent.
  const boost::json::value* any(std::string_view name);
  /// Refuses the field if it is there: it is the server's to say.
  void read_only(std::string_view name);
  /// Keeps this failure (kind invalid) if it is the first; `name` is a field of this object.
  void refuse(std::string code, std::string detail, std::string_view name);

  /// Refuses what was not asked for. The first failure of all, if any.
  result<void> close();

private:
  object_reader(const boost::json::object& o, std::string prefix,
                std::shared_ptr<std::optional<error>> first);
  const boost::json::value* find(std::string_view name, bool required);

  const boost::json::object* object_;
  std::string prefix_;
  std::shared_ptr<std::optional<error>> first_;
  std::vector<std::string> asked_;
};

} // namespace kalends::api
