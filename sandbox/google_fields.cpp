// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"

#include <cctype>

namespace kalends::sandbox::google {

namespace json = boost::json;

namespace {

/// What a selector wants of one object; without parts: everything.
struct selection {
  std::map<std::string, selection, std::less<>> parts;
};

/// selector = path *("," path); path = name *("/" name) ["(" selector ")"]; name may be "*".
/// https://developers.google.com/workspace/calendar/api/guides/performance
class selector_reader {
public:
  explicit selector_reader(std::string_view text) : text_(text) {}

  selection read() {
    selection out;
    read_list(out, 0);
    if (at_ != text_.size()) fail();
    return out;
  }

private:
  static constexpr int depth_limit = 16;

  [[noreturn]] void fail() const {
    throw refusal({400, "invalidParameter", "Invalid field selection " + std::string(text_), "global",
                   "parameter", "fields"});
  }

  void read_list(selection& into, int depth) {
    if (depth > depth_limit) fail();
    do read_path(into, depth);
    while (take(','));
  }

  void read_path(selection& into, int depth) {
    auto* here = &into;
    do {
      std::string name;
      while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) ||
                                    text_[at_] == '*' || text_[at_] == '_' || text_[at_] == '-'))
        name += text_[at_++];
      if (name.empty()) fail();
      here = &here->parts[name];
    } while (take('/'));
    if (!take('(')) return;
    read_list(*here, depth + 1);
    if (!take(')')) fail();
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

json::value apply(const json::value& from, const selection& s) {
  if (s.parts.empty() || s.parts.contains("*")) return from;
  if (from.is_array()) {
    json::array out;
    for (const auto& one : from.get_array()) out.push_back(apply(one, s));
    return out;
  }
  if (!from.is_object()) return from;
  json::object out;
  for (const auto& [key, value] : from.get_object())
    if (const auto it = s.parts.find(key); it != s.parts.end()) out[key] = apply(value, it->second);
  return out;
}

} // namespace

json::value select_fields(const json::value& from, std::string_view selector) {
  return apply(from, selector_reader(selector).read());
}

} // namespace kalends::sandbox::google
