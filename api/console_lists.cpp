// SPDX-License-Identifier: Apache-2.0
#include "persistence/console_lists.hpp"
#include "api/console.hpp"
#include "api/handling.hpp"

/// What happened and what waits, over all tenants. What is in entries and events is not shown here; with
/// X-Kalends-Tenant the tenant's own lists say more.
namespace kalends::api {
namespace json = boost::json;
namespace {

using persistence::of_tenant;

constexpr int hours_default = 24;
constexpr std::size_t action_bytes = 64;

/// What all these lists take.
struct wide_request : list_request {
  tenant_id tenant;
  std::string state;  ///< what is asked for, of two words
  std::string narrow; ///< code or action
};

/// `state`: the parameter's name, the word that is its default, the word for all; empty: there is none.
result<wide_request> read_wide(const call& c, std::string_view state, std::string_view usual,
                               std::string_view narrow) {
  query_reader query(c.request.query);
  wide_request out{{query.cursor(), query.limit()}, tenant_id(query.uuid("tenant_id")), {}, {}};
  if (!state.empty()) {
    out.state = query.text(state, 16).value_or(std::string(usual));
    if (out.state != usual && out.state != "all")
      query.refuse("unknown_value", "It is " + std::string(usual) + " or all.", state);
  }
  if (!narrow.empty()) out.narrow = query.text(narrow, action_bytes).value_or("");
  if (out.narrow.find('\0') != std::string::npos)
    query.refuse("malformed_parameter", "A text holds no NUL.", narrow);
  if (auto sound = query.close(); !sound) return tl::unexpected(sound.error());
  return out;
}

json::object short_json(const conflict& c) {
  json::array fields;
  for (const auto name : names_of(c.groups)) fields.emplace_back(json::string_view(name.data(), name.size()));
  return {{"id", c.id},
          {"provider_id", c.provider.str()},
          {"entry_id", c.entry.str()},
          {"fields", std::move(fields)},
          {"state", name_of(c.state)},
          {"choice", c.choice ? json::value(name_of(*c.choice)) : json::value()},
          {"decided_by", text_or_null(c.decided_by)},
          {"opened_at", to_rfc3339(c.opened_at)},
          {"resolved_at", c.resolved_at ? json::value(to_rfc3339(*c.resolved_at)) : json::value()}};
}
json::object short_json(const dead_letter& l) { return to_json(l); }
json::object short_json(const sync_run& r) { return to_json(r); }
json::object short_json(const audit_line& a) { return to_json(a); }

json::object short_json(const persistence::waiting_approval& w) {
  json::value held;
  if (w.held)
    held = {
        {"side", w.held->from_calendar ? "entries" : "events"}, {"count", w.held->count}, {"of", w.held->of}};
  return {{"provider_id", w.provider.str()},
          {"type", name_of(w.type)},
          {"account", text_or_null(w.account)},
          {"calendar_name", text_or_null(w.calendar_name)},
          {"kind", w.held ? "removals" : "rehearsal"},
          {"held_removals", std::move(held)},
          {"since", to_rfc3339(w.since)}};
}

template <class T>
json::array items_json(const std::vector<of_tenant<T>>& found) {
  json::array items;
  for (const auto& line : found) {
    auto item = short_json(line.what);
    item["tenant"] = tenant_ref(line.tenant, line.tenant_name);
    items.push_back(std::move(item));
  }
  return items;
}

template <class T>
void answer_page(const call_ptr& c, transaction_work<page_of<of_tenant<T>>> work) {
  look<page_of<of_tenant<T>>>(c, std::move(work), [c](const page_of<of_tenant<T>>& page) {
    c->finish(json_answer(200, json::object{{"items", items_json(page.items)},
                                            {"next_cursor", text_or_null(page.next_cursor)}}));
  });
}

} // namespace

void list_all_dead_letters(const call_ptr& c) {
  const auto wanted = read_wide(*c, "state", "open", "code");
  if (!wanted) return c->fail(wanted.error());
  answer_page<dead_letter>(c, [w = *wanted](persistence::transaction& tx) {
    return persistence::list_all_letters(tx, w.tenant, w.state == "open", w.narrow, w.cursor, w.limit);
  });
}

void list_all_conflicts(const call_ptr& c) {
  const auto wanted = read_wide(*c, "state", "open", "");
  if (!wanted) return c->fail(wanted.error());
  answer_page<conflict>(c, [w = *wanted](persistence::transaction& tx) {
    return persistence::list_all_conflicts(tx, w.tenant, w.state == "open", w.cursor, w.limit);
  });
}

void list_all_runs(const call_ptr& c) {
  const auto wanted = read_wide(*c, "outcome", "failed", "");
  if (!wanted) return c->fail(wanted.error());
  answer_page<sync_run>(c, [w = *wanted](persistence::transaction& tx) {
    return persistence::list_all_runs(tx, w.tenant, w.state == "failed", w.cursor, w.limit);
  });
}

void list_all_audit(const call_ptr& c) {
  const auto wanted = read_wide(*c, "", "", "action");
  if (!wanted) return c->fail(wanted.error());
  answer_page<audit_line>(c, [w = *wanted](persistence::transaction& tx) {
    return persistence::list_all_audit(tx, w.tenant, w.narrow, w.cursor, w.limit);
  });
}

void list_all_approvals(const call_ptr& c) {
  const auto wanted = read_wide(*c, "", "", "");
  if (!wanted) return c->fail(wanted.error());
  constexpr std::string_view order = "approvals";
  const auto after = read_cursor(order, wanted->cursor);
  if (!after) return c->fail(after.error());
  using page = persistence::sorted_page<of_tenant<persistence::waiting_approval>>;
  look<page>(
      c,
      [w = *wanted, after = *after](persistence::transaction& tx) {
        return persistence::list_all_approvals(tx, w.tenant, after, w.limit);
      },
      [c, order](const page& found) {
        c->finish(json_answer(
            200, json::object{{"items", items_json(found.items)},
                              {"next_cursor",
                               found.next ? json::value(write_cursor(order, *found.next)) : json::value()}}));
      });
}

void get_timeline(const call_ptr& c) {
  query_reader query(c->request.query);
  const tenant_id of(query.uuid("tenant_id"));
  auto hours = query.sequence("hours");
  if (hours == 0) hours = hours_default;
  if (hours > persistence::timeline_hours) query.refuse("malformed_parameter", "At most 168 hours.", "hours");
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  using lines = std::vector<persistence::hour_line>;
  look<lines>(
      c,
      [of, hours, now = c->with().outside.now()](persistence::transaction& tx) {
        return persistence::count_hours(tx, of, static_cast<int>(hours), now);
      },
      [c](const lines& found) {
        json::array items;
        for (const auto& h : found)
          items.push_back(json::object{{"begins_at", to_rfc3339(h.begins)},
                                       {"runs_succeeded", h.runs_succeeded},
                                       {"runs_failed", h.runs_failed},
                                       {"notices", h.notices},
                                       {"events_read", h.events_read},
                                       {"events_applied", h.events_applied},
                                       {"writes", h.writes},
                                       {"conflicts", h.conflicts}});
        c->finish(json_answer(200, json::object{{"items", std::move(items)}, {"next_cursor", nullptr}}));
      });
}

} // namespace kalends::api
