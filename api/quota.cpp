// SPDX-License-Identifier: Apache-2.0
#include "api/console.hpp"
#include "api/handling.hpp"

#include <charconv>

/// What is in use of what the vendors allow.
namespace kalends::api {
namespace json = boost::json;
namespace {

constexpr std::size_t quota_lines = 500;
/// Budgets that can be walked through: they are sorted anew for each page.
constexpr std::size_t quota_most = 10'000;

/// Where a page begins; its cursor is the number of budgets before it.
std::size_t read_place(query_reader& query) {
  const auto text = query.cursor();
  std::size_t place = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), place);
  if (!text.empty() && (bad != std::errc{} || end != text.data() + text.size() || place > quota_most))
    query.refuse("malformed_cursor", "Cursors come from next_cursor.", "cursor");
  return place;
}

const char* kind_of(actors::budget_line::kind k) {
  switch (k) {
  case actors::budget_line::kind::project:
    return "project";
  case actors::budget_line::kind::tenant:
    return "tenant";
  case actors::budget_line::kind::mailbox:
    return "mailbox";
  }
  return "mailbox";
}

json::object line_json(const actors::budget_line& l, instant now) {
  return {{"kind", kind_of(l.what)},
          {"vendor", name_of(l.type)},
          {"project", text_or_null(l.project)},
          {"mailbox", text_or_null(l.mailbox)},
          {"tenant_id", text_or_null(l.tenant.str())},
          {"limit", l.limit},
          {"window_seconds", std::chrono::duration_cast<std::chrono::seconds>(l.span).count()},
          {"used", l.used},
          {"in_flight", l.in_flight},
          {"waiting", l.waiting},
          {"paused_until",
           l.paused_for.count() > 0 ? json::value(to_rfc3339(now + l.paused_for)) : json::value()},
          {"pressure", l.pressure()}};
}

} // namespace

void get_quota(const call_ptr& c) {
  query_reader query(c->request.query);
  const auto limit = query.text("limit") ? query.limit() : quota_lines;
  const auto place = read_place(query);
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  const auto now = c->with().outside.now();
  const auto found = c->with().engine->budgets(place + limit);
  json::array items, circuits;
  for (auto i = place; i < found.lines.size(); ++i) items.push_back(line_json(found.lines[i], now));
  const auto next = place + items.size();
  const bool more = !items.empty() && next < static_cast<std::size_t>(found.total) && next <= quota_most;
  for (const auto& [type, open] : found.circuits)
    circuits.push_back(json::object{{"vendor", name_of(type)}, {"state", open ? "open" : "closed"}});
  c->finish(
      json_answer(200, json::object{{"items", std::move(items)},
                                    {"next_cursor", more ? json::value(std::to_string(next)) : json::value()},
                                    {"total", found.total},
                                    {"circuits", std::move(circuits)},
                                    {"nodes", found.nodes}}));
}

} // namespace kalends::api
