// SPDX-License-Identifier: Apache-2.0
#include "sandbox/router.hpp"

#include <boost/json/serialize.hpp>

#include <stdexcept>

namespace kalends::sandbox {

namespace {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    if (path.front() == '/') path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    out.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

} // namespace

struct router::compiled {
  struct segment {
    std::string before, name, after; // without a name: `before` is the whole text
  };
  route to;
  std::vector<segment> segments;

  static segment parse(const std::string& text) {
    const auto open = text.find('{');
    const auto close = text.find('}');
    if (open == std::string::npos) return {text, "", ""};
    return {text.substr(0, open), text.substr(open + 1, close - open - 1), text.substr(close + 1)};
  }

  /// Literal characters matched, or nothing. A route of more literal text wins.
  std::optional<std::size_t> match(const std::vector<std::string>& path,
                                   std::map<std::string, std::string, std::less<>>& params) const {
    if (path.size() != segments.size()) return std::nullopt;
    std::size_t literal = 0;
    for (std::size_t i = 0; i < path.size(); ++i) {
      const auto& s = segments[i];
      literal += s.before.size() + s.after.size();
      if (s.name.empty()) {
        if (path[i] != s.before) return std::nullopt;
        continue;
      }
      if (path[i].size() <= s.before.size() + s.after.size() || !path[i].starts_with(s.before) ||
          !path[i].ends_with(s.after))
        return std::nullopt;
      params[s.name] = path[i].substr(s.before.size(), path[i].size() - s.before.size() - s.after.size());
    }
    return literal;
  }
};

void router::add(route r) {
  auto c = std::make_shared<compiled>();
  for (const auto& text : split_path(r.pattern)) c->segments.push_back(compiled::parse(text));
  c->to = std::move(r);
  routes_.push_back(std::move(c));
}

bool router::match(call& c) const {
  const std::string_view target = c.request.target;
  std::vector<std::string> path;
  for (const auto& text : split_path(target.substr(0, target.find('?'))))
    path.push_back(percent_decode(text));
  c.query = net::parse_query(c.request.query);
  const auto instead = c.header("X-HTTP-Method-Override");
  const std::string verb(c.request.method == "POST" && !instead.empty() ? instead : c.request.method);
  std::optional<std::size_t> best;
  for (const auto& candidate : routes_) {
    if (candidate->to.verb != verb) continue;
    std::map<std::string, std::string, std::less<>> params;
    const auto literal = candidate->match(path, params);
    if (!literal || (best && *best >= *literal)) continue;
    best = literal;
    c.to = &candidate->to;
    c.params = std::move(params);
  }
  c.method = c.to ? c.to->name : "unknown";
  return c.to != nullptr;
}

const std::string& call::param(std::string_view name) const {
  const auto it = params.find(name);
  if (it == params.end()) throw std::logic_error("no such path parameter: " + std::string(name));
  return it->second;
}

std::optional<std::string> call::query_value(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

std::vector<std::string> call::query_values(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [key, value] : query)
    if (key == name) out.push_back(value);
  return out;
}

std::optional<std::string> call::form_value(std::string_view name) const {
  for (const auto& [key, value] : net::parse_query(request.body))
    if (key == name) return value;
  return std::nullopt;
}

net::http_response json_answer(int status, const boost::json::value& body) {
  return {status, {{"Content-Type", "application/json; charset=UTF-8"}}, boost::json::serialize(body) + "\n"};
}

net::http_response text_answer(int status, std::string body, std::string content_type) {
  return {status, {{"Content-Type", std::move(content_type)}}, std::move(body)};
}

net::http_response redirect(std::string location) { return {302, {{"Location", std::move(location)}}, ""}; }

net::http_request make_request(std::string verb, std::string target, net::header_list headers,
                               std::string body) {
  net::http_request r;
  r.method = std::move(verb);
  r.target = std::move(target);
  const auto mark = r.target.find('?');
  r.path = r.target.substr(0, mark);
  if (mark != std::string::npos) r.query = r.target.substr(mark + 1);
  r.headers = std::move(headers);
  r.body = std::move(body);
  r.peer = "127.0.0.1";
  return r;
}

} // namespace kalends::sandbox
