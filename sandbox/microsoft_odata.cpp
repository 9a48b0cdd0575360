// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_odata.hpp"

#include "sandbox/microsoft_time.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;

constexpr std::size_t greatest_top = 1'000;
constexpr std::size_t expression_depth = 32;

constexpr std::array<std::string_view, 47> event_properties{"id",
                                                            "changeKey",
                                                            "createdDateTime",
                                                            "lastModifiedDateTime",
                                                            "categories",
                                                            "subject",
                                                            "body",
                                                            "bodyPreview",
                                                            "start",
                                                            "end",
                                                            "originalStartTimeZone",
                                                            "originalEndTimeZone",
                                                            "originalStart",
                                                            "isAllDay",
                                                            "showAs",
                                                            "sensitivity",
                                                            "importance",
                                                            "isReminderOn",
                                                            "reminderMinutesBeforeStart",
                                                            "location",
                                                            "locations",
                                                            "attendees",
                                                            "organizer",
                                                            "isOrganizer",
                                                            "responseStatus",
                                                            "responseRequested",
                                                            "allowNewTimeProposals",
                                                            "hideAttendees",
                                                            "isCancelled",
                                                            "isDraft",
                                                            "isOnlineMeeting",
                                                            "onlineMeetingProvider",
                                                            "onlineMeeting",
                                                            "onlineMeetingUrl",
                                                            "recurrence",
                                                            "type",
                                                            "seriesMasterId",
                                                            "iCalUId",
                                                            "uid",
                                                            "occurrenceId",
                                                            "cancelledOccurrences",
                                                            "exceptionOccurrences",
                                                            "transactionId",
                                                            "hasAttachments",
                                                            "webLink",
                                                            "singleValueExtendedProperties",
                                                            "extensions"};

constexpr std::array<std::string_view, 15> filterable{
    "subject",        "start/dateTime", "end/dateTime",         "iCalUId",         "isAllDay", "type",
    "seriesMasterId", "isCancelled",    "lastModifiedDateTime", "createdDateTime", "showAs",   "sensitivity",
    "importance",     "isOrganizer",    "transactionId"};

bool event_property(std::string_view name) {
  return std::find(event_properties.begin(), event_properties.end(), name) != event_properties.end();
}

bool same_text(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

refusal syntax_error(std::string_view text) {
  return {400,
          "RequestBroker--ParseUri",
          "Invalid filter clause: syntax error in '" + std::string(text) + "'.",
          {},
          {}};
}
refusal bad_request(std::string message) { return {400, "BadRequest", std::move(message), {}, {}}; }
refusal unknown_selection(std::string_view name) {
  return bad_request("Parsing OData Select and Expand failed: Could not find a property named '" +
                     std::string(name) + "' on type 'microsoft.graph.event'.");
}

struct token {
  enum kind { word, text, punctuation, end } what = end;
  std::string value;
};

/// Words keep their slashes: "start/dateTime", "ep/id", "singleValueExtendedProperties/Any".
std::optional<std::vector<token>> split_filter(std::string_view text) {
  std::vector<token> out;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == ' ') {
      ++i;
    } else if (c == '(' || c == ')' || c == ',' ||
               (c == ':' && (out.empty() || out.back().what == token::word))) {
      out.push_back({token::punctuation, std::string(1, c)});
      ++i;
    } else if (c == '\'') {
      token t{token::text, ""};
      for (++i;; ++i) {
        if (i >= text.size()) return std::nullopt;
        if (text[i] == '\'' && (i + 1 >= text.size() || text[i + 1] != '\'')) break;
        if (text[i] == '\'') ++i; // doubled quote
        t.value += text[i];
      }
      ++i;
      out.push_back(std::move(t));
    } else {
      // A literal instant has colons in it, a lambda's variable ends in one.
      token t{token::word, ""};
      const bool number = std::isdigit(static_cast<unsigned char>(c)) != 0;
      while (i < text.size() && std::string_view(" (),'").find(text[i]) == std::string_view::npos &&
             (number || text[i] != ':'))
        t.value += text[i++];
      out.push_back(std::move(t));
    }
  }
  out.push_back({});
  return out;
}

} // namespace

struct event_filter::node {
  enum kind { both, either, negated, compare, starts, contains, category, extended } what = compare;
  std::shared_ptr<const node> left, right;
  std::string path, op, value;
};

namespace {

using node = event_filter::node;
using node_ptr = std::shared_ptr<const node>;

/// Recursive descent over: or, and, not, ( ), comparisons, startswith, contains, categories/any,
/// extended/Any.
class filter_parser {
public:
  explicit filter_parser(std::vector<token> tokens, std::string_view text)
      : tokens_(std::move(tokens)), text_(text) {}

  expected<node_ptr> whole() {
    auto root = disjunction(0);
    if (root && peek().what != token::end) return tl::unexpected(syntax_error(text_));
    return root;
  }

private:
  const token& peek() const { return tokens_[at_]; }
  token take() { return peek().what == token::end ? token{} : tokens_[at_++]; }
  bool take_word(std::string_view word) {
    if (peek().what != token::word || !same_text(peek().value, word)) return false;
    ++at_;
    return true;
  }
  bool take_mark(char mark) {
    if (peek().what != token::punctuation || peek().value[0] != mark) return false;
    ++at_;
    return true;
  }

  static node_ptr join(node::kind what, node_ptr left, node_ptr right) {
    auto n = std::make_shared<node>();
    n->what = what;
    n->left = std::move(left);
    n->right = std::move(right);
    return n;
  }

  expected<node_ptr> disjunction(std::size_t depth) {
    auto left = conjunction(depth);
    while (left && take_word("or")) {
      auto right = conjunction(depth);
      if (!right) return right;
      left = join(node::either, *left, *right);
    }
    return left;
  }

  expected<node_ptr> conjunction(std::size_t depth) {
    auto left = factor(depth);
    while (left && take_word("and")) {
      auto right = factor(depth);
      if (!right) return right;
      left = join(node::both, *left, *right);
    }
    return left;
  }

  expected<node_ptr> factor(std::size_t depth) {
    if (depth > expression_depth) return tl::unexpected(syntax_error(text_));
    if (take_word("not")) {
      auto inner = factor(depth + 1);
      return inner ? expected<node_ptr>(join(node::negated, *inner, nullptr)) : inner;
    }
    if (take_mark('(')) {
      auto inner = disjunction(depth + 1);
      if (inner && !take_mark(')')) return tl::unexpected(syntax_error(text_));
      return inner;
    }
    return primary();
  }

  expected<node_ptr> primary() {
    auto name = take();
    if (name.what != token::word) return tl::unexpected(syntax_error(text_));
    if (same_text(name.value, "startswith")) return function(node::starts);
    if (same_text(name.value, "contains")) return function(node::contains);
    if (same_text(name.value, "categories/any")) return category();
    if (same_text(name.value, "singleValueExtendedProperties/any")) return extended();
    return comparison(std::move(name.value));
  }

  static expected<std::string> checked_path(std::string path) {
    if (std::find(filterable.begin(), filterable.end(), path) != filterable.end()) return path;
    if (event_property(path.substr(0, path.find('/'))))
      return refuse(400, "UnsupportedEntityExpression",
                    "The property '" + path + "' does not support filtering.");
    return tl::unexpected(
        bad_request("Could not find a property named '" + path + "' on type 'microsoft.graph.event'."));
  }

  expected<node_ptr> comparison(std::string path) {
    auto checked = checked_path(std::move(path));
    if (!checked) return tl::unexpected(checked.error());
    auto n = std::make_shared<node>();
    n->path = *checked;
    n->op = take().value;
    constexpr std::array<std::string_view, 6> operators{"eq", "ne", "gt", "ge", "lt", "le"};
    if (std::find(operators.begin(), operators.end(), n->op) == operators.end())
      return tl::unexpected(syntax_error(text_));
    auto value = take();
    if (value.what != token::text && value.what != token::word) return tl::unexpected(syntax_error(text_));
    n->value = std::move(value.value);
    return n;
  }

  expected<node_ptr> function(node::kind what) {
    auto n = std::make_shared<node>();
    n->what = what;
    if (!take_mark('(')) return tl::unexpected(syntax_error(text_));
    auto path = checked_path(take().value);
    if (!path) return tl::unexpected(path.error());
    n->path = *path;
    if (!take_mark(',') || peek().what != token::text) return tl::unexpected(syntax_error(text_));
    n->value = take().value;
    if (!take_mark(')')) return tl::unexpected(syntax_error(text_));
    return n;
  }

  /// "(c:" of a lambda; returns the variable.
  std::optional<std::string> variable() {
    if (!take_mark('(') || peek().what != token::word) return std::nullopt;
    auto name = take().value;
    return take_mark(':') ? std::optional(name) : std::nullopt;
  }

  std::optional<std::string> equal_text(const std::string& path) {
    if (!take_word(path) || !take_word("eq") || peek().what != token::text) return std::nullopt;
    return take().value;
  }

  expected<node_ptr> category() {
    auto n = std::make_shared<node>();
    n->what = node::category;
    const auto name = variable();
    const auto value = name ? equal_text(*name) : std::nullopt;
    if (!value || !take_mark(')')) return tl::unexpected(syntax_error(text_));
    n->value = *value;
    return n;
  }

  expected<node_ptr> extended() {
    auto n = std::make_shared<node>();
    n->what = node::extended;
    const auto name = variable();
    const auto id = name ? equal_text(*name + "/id") : std::nullopt;
    if (!id || !take_word("and")) return tl::unexpected(syntax_error(text_));
    const auto value = equal_text(*name + "/value");
    if (!value || !take_mark(')')) return tl::unexpected(syntax_error(text_));
    n->path = *id;
    n->value = *value;
    return n;
  }

  std::vector<token> tokens_;
  std::string text_;
  std::size_t at_ = 0;
};

/// The member at "a/b" as text; nothing for null and for what is missing.
std::optional<std::string> text_at(const json::object& event, std::string_view path) {
  const auto slash = path.find('/');
  const auto* v = event.if_contains(path.substr(0, slash));
  if (v != nullptr && slash != std::string_view::npos)
    v = v->is_object() ? v->get_object().if_contains(path.substr(slash + 1)) : nullptr;
  if (v == nullptr || v->is_null()) return std::nullopt;
  if (v->is_string()) return std::string(v->get_string());
  if (v->is_bool()) return v->get_bool() ? "true" : "false";
  return std::nullopt;
}

bool holds(const std::string& op, int order) {
  if (op == "eq") return order == 0;
  if (op == "ne") return order != 0;
  if (op == "gt") return order > 0;
  if (op == "ge") return order >= 0;
  if (op == "lt") return order < 0;
  return order <= 0;
}

bool compare_matches(const node& n, const json::object& event) {
  const auto have = text_at(event, n.path);
  if (n.value == "null") return n.op == "eq" ? !have : have.has_value();
  if (!have) return n.op == "ne";
  if (n.path.find("ateTime") != std::string::npos) {
    const auto a = parse_instant(*have);
    const auto b = parse_instant(n.value);
    return a && b && holds(n.op, *a < *b ? -1 : *a > *b ? 1 : 0);
  }
  if (same_text(*have, n.value)) return holds(n.op, 0);
  return holds(n.op, have->compare(n.value) < 0 ? -1 : 1);
}

bool category_matches(const node& n, const json::object& event) {
  const auto* all = event.if_contains("categories");
  return all != nullptr && all->is_array() &&
         std::any_of(all->get_array().begin(), all->get_array().end(), [&](const json::value& v) {
           return v.is_string() && std::string_view(v.get_string()) == n.value;
         });
}

bool node_matches(const node& n, const filter_row& row) {
  switch (n.what) {
  case node::both:
    return node_matches(*n.left, row) && node_matches(*n.right, row);
  case node::either:
    return node_matches(*n.left, row) || node_matches(*n.right, row);
  case node::negated:
    return !node_matches(*n.left, row);
  case node::compare:
    return compare_matches(n, *row.event);
  case node::starts: {
    const auto have = text_at(*row.event, n.path).value_or("");
    return have.size() >= n.value.size() && same_text(have.substr(0, n.value.size()), n.value);
  }
  case node::contains:
    return text_at(*row.event, n.path).value_or("").find(n.value) != std::string::npos;
  case node::category:
    return category_matches(n, *row.event);
  case node::extended: {
    // The name is case-sensitive, the value is not.
    const auto found = row.extended->find(n.path);
    return found != row.extended->end() && same_text(found->second, n.value);
  }
  }
  return false;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  int depth = 0;
  std::string one;
  for (const char c : text) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == ',' && depth == 0)
      out.push_back(std::exchange(one, {}));
    else if (c != ' ' || depth > 0)
      one += c;
  }
  if (!one.empty()) out.push_back(std::move(one));
  return out;
}

std::optional<refusal> read_count(std::string_view name, std::string_view value, std::size_t least,
                                  std::size_t& out) {
  const auto read = std::from_chars(value.data(), value.data() + value.size(), out);
  if (read.ec != std::errc() || read.ptr != value.data() + value.size() || out < least)
    return bad_request("Invalid value '" + std::string(value) + "' for " + std::string(name) +
                       " query option found.");
  return std::nullopt;
}

/// "id eq 'x' or id eq 'y'" inside $expand.
std::optional<std::vector<std::string>> ids_of(std::string_view text) {
  auto tokens = split_filter(text);
  if (!tokens) return std::nullopt;
  std::vector<std::string> out;
  for (std::size_t i = 0; i + 3 < tokens->size() + 1; i += 4) {
    const auto& t = *tokens;
    if (i + 3 >= t.size() || t[i].value != "id" || t[i + 1].value != "eq" || t[i + 2].what != token::text)
      return std::nullopt;
    out.push_back(t[i + 2].value);
    if (t[i + 3].what == token::end) return out;
    if (t[i + 3].value != "or") return std::nullopt;
  }
  return std::nullopt;
}

std::optional<refusal> read_expand(std::string_view value, query_options& out) {
  for (const auto& one : split_list(value)) {
    const auto open = one.find('(');
    const auto name = one.substr(0, open);
    if (name == "exceptionOccurrences") {
      out.exception_occurrences = true;
      continue;
    }
    if (name != "singleValueExtendedProperties") return unknown_selection(name);
    constexpr std::string_view head = "($filter=";
    if (open == std::string::npos || one.substr(open, head.size()) != head || one.back() != ')')
      return refusal{400,
                     "ErrorInvalidParameter",
                     "Expanding singleValueExtendedProperties needs a filter on id.",
                     {},
                     {}};
    auto ids = ids_of(std::string_view(one).substr(open + head.size(), one.size() - open - head.size() - 1));
    if (!ids) return syntax_error(one);
    out.extended_ids = std::move(*ids);
  }
  return std::nullopt;
}

std::optional<refusal> read_order(std::string_view value, query_options& out) {
  const auto space = value.find(' ');
  out.order_by = std::string(value.substr(0, space));
  const auto direction = space == std::string_view::npos ? std::string_view("asc") : value.substr(space + 1);
  if (direction != "asc" && direction != "desc") return syntax_error(value);
  out.descending = direction == "desc";
  if (std::find(filterable.begin(), filterable.end(), out.order_by) == filterable.end())
    return unknown_selection(out.order_by);
  return std::nullopt;
}

std::optional<refusal> read_option(const std::string& name, const std::string& value, query_options& out) {
  if (name == "$select") {
    out.select = split_list(value);
    for (const auto& property : out.select)
      if (!event_property(property)) return unknown_selection(property);
    return std::nullopt;
  }
  if (name == "$filter") {
    auto filter = event_filter::parse(value);
    if (!filter) return filter.error();
    out.filter = std::move(*filter);
    return std::nullopt;
  }
  if (name == "$top") {
    auto refused = read_count(name, value, 1, out.top);
    if (!refused && out.top > greatest_top) return bad_request("The value of $top must not exceed 1000.");
    return refused;
  }
  if (name == "$skip") return read_count(name, value, 0, out.skip);
  if (name == "$orderby") return read_order(value, out);
  if (name == "$expand") return read_expand(value, out);
  if (name == "$count") return std::nullopt;
  if (name.starts_with('$')) return bad_request("The query parameter '" + name + "' is not supported.");
  return std::nullopt;
}

} // namespace

expected<event_filter> event_filter::parse(std::string_view text) {
  auto tokens = split_filter(text);
  if (!tokens) return tl::unexpected(syntax_error(text));
  auto root = filter_parser(std::move(*tokens), text).whole();
  if (!root) return tl::unexpected(root.error());
  event_filter out;
  out.root_ = std::move(*root);
  return out;
}

bool event_filter::matches(const filter_row& row) const { return node_matches(*root_, row); }

expected<query_options> read_options(const std::vector<std::pair<std::string, std::string>>& query) {
  query_options out;
  for (const auto& [name, value] : query)
    if (auto refused = read_option(name, value, out)) return tl::unexpected(std::move(*refused));
  return out;
}

json::object select_from(json::object event, const std::vector<std::string>& select) {
  if (select.empty()) return event;
  json::object out;
  for (const auto& member : event) {
    const std::string_view name = member.key();
    const bool kept = name == "id" || name.find('@') != std::string_view::npos ||
                      name == "singleValueExtendedProperties" ||
                      std::find(select.begin(), select.end(), name) != select.end();
    if (kept) out[name] = member.value();
  }
  return out;
}

bool ordered_before(const query_options& options, const json::object& a, const json::object& b) {
  const auto x = text_at(a, options.order_by).value_or("");
  const auto y = text_at(b, options.order_by).value_or("");
  return options.descending ? y < x : x < y;
}

} // namespace kalends::sandbox::microsoft
