// SPDX-License-Identifier: Apache-2.0
#include "doctor/report_text.hpp"

#include <boost/json.hpp>

namespace kalends::doctor {

namespace json = boost::json;

namespace {

json::value text_or_null(const std::string& text) { return text.empty() ? json::value() : json::value(text); }

json::object finding_json(const finding& f) {
  return {{"area", name_of(f.where)},
          {"check", f.check},
          {"subject", f.subject},
          {"state", name_of(f.state)},
          {"found", f.found},
          {"consequence", text_or_null(f.consequence)},
          {"remedy", text_or_null(f.remedy)},
          {"copy", text_or_null(f.copy)}};
}

} // namespace

json::object report_json(const report& r) {
  json::array items;
  for (const auto& f : r.findings) items.push_back(finding_json(f));
  json::object counts;
  for (const auto s :
       {finding_state::ok, finding_state::warning, finding_state::problem, finding_state::skipped})
    counts[name_of(s)] = count(r, s);
  return {{"state", name_of(worst(r))},
          {"counts", std::move(counts)},
          {"ran_at", to_rfc3339(r.began)},
          {"took_ms", r.took.count()},
          {"by", r.by_server ? "server" : "command"},
          {"items", std::move(items)}};
}

} // namespace kalends::doctor
