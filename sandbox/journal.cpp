// SPDX-License-Identifier: Apache-2.0
#include "sandbox/journal.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <map>

namespace kalends::sandbox {

namespace json = boost::json;

namespace {

json::object to_json(const journal_entry& e) {
  json::object headers;
  for (const auto& [name, value] : e.headers) headers[name] = value;
  json::object o{{"sequence", e.sequence},
                 {"time", to_rfc3339(e.time)},
                 {"vendor", e.kind ? json::value(name_of(*e.kind)) : json::value(nullptr)},
                 {"account", e.account},
                 {"method", e.method},
                 {"verb", e.verb},
                 {"target", e.target},
                 {"headers", std::move(headers)},
                 {"body", e.body},
                 {"status", e.status},
                 {"wrote", e.wrote}};
  if (!e.fault.empty()) o["fault"] = e.fault;
  if (!e.error.empty()) o["error"] = e.error;
  return o;
}

} // namespace

bool method_matches(std::string_view pattern, std::string_view method) {
  if (pattern.empty()) return true;
  if (pattern.back() == '*') return method.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == method;
}

std::uint64_t journal::add(journal_entry e) {
  e.sequence = ++last_;
  if (e.body.size() > journal_body_limit) e.body.resize(journal_body_limit);
  entries_.push_back(std::move(e));
  if (entries_.size() > journal_limit) entries_.pop_front();
  return last_;
}

bool journal::matches(const journal_entry& e, const journal_filter& f) const {
  return e.sequence > f.after && (!f.kind || e.kind == f.kind) &&
         (f.account.empty() || e.account == f.account) && method_matches(f.method, e.method) &&
         (!f.status || e.status == *f.status) && (!f.wrote || e.wrote == *f.wrote);
}

json::object journal::report(const journal_filter& f) const {
  std::vector<const journal_entry*> found;
  std::map<std::string, std::uint64_t> by_method;
  for (const auto& e : entries_)
    if (matches(e, f)) {
      found.push_back(&e);
      ++by_method[e.method];
    }
  json::array items;
  for (std::size_t i = found.size() - std::min(f.limit, found.size()); i < found.size(); ++i)
    items.push_back(to_json(*found[i]));
  json::object counts;
  for (const auto& [method, n] : by_method) counts[method] = n;
  return {{"items", std::move(items)},
          {"count", found.size()},
          {"by_method", std::move(counts)},
          {"last_sequence", last_}};
}

std::size_t journal::count(const journal_filter& f) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [&](const journal_entry& e) { return matches(e, f); }));
}

} // namespace kalends::sandbox
