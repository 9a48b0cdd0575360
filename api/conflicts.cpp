// SPDX-License-Identifier: Apache-2.0
#include "persistence/conflicts.hpp"
#include "actors/plan_conflict.hpp"
#include "api/handling.hpp"

namespace kalends::api {
namespace json = boost::json;
namespace {

constexpr const char* not_found = "conflict_not_found";

result<std::string> path_conflict(const call& c) { return path_id<std::string>(c, 0, not_found); }

constexpr field_group all_groups[] = {
    field_group::time,       field_group::title,       field_group::notes,
    field_group::location,   field_group::privacy,     field_group::status,
    field_group::recurrence, field_group::occurrences, field_group::attendees};

std::string_view name_of_group(field_group g) {
  field_set s;
  s.add(g);
  return names_of(s).front();
}

/// {"choice": "merge", "fields": {"title": "external", "time": "local"}}.
conflict_resolution read_resolution(object_reader& body) {
  conflict_resolution how;
  const auto choice = body.choice<conflict_choice>("choice", true);
  how.choice = choice.value_or(conflict_choice::local);
  auto fields = body.object("fields", choice == conflict_choice::merge);
  if (!fields) return how;
  if (choice && *choice != conflict_choice::merge)
    body.refuse("fields_without_merge", "Fields are chosen one by one with choice=merge.", "fields");
  for (const auto g : all_groups) {
    const auto whose = fields->text(name_of_group(g), {.max_bytes = 16});
    if (!whose) continue;
    if (*whose == "external")
      how.from_calendar.add(g);
    else if (*whose != "local")
      fields->refuse("unknown_value", "A field is the entry's (local) or the calendar's (external).",
                     name_of_group(g));
  }
  (void)fields->close();
  return how;
}

/// Every disputed group has to be chosen, and no other.
result<void> check_fields(const json::object& body, const conflict& c) {
  const auto* fields = body.if_contains("fields");
  if (!fields || !fields->is_object()) return {};
  for (const auto g : all_groups) {
    const auto name = name_of_group(g);
    const bool said = fields->get_object().contains(json::string_view(name.data(), name.size()));
    if (said && !c.groups.has(g))
      return failure(errc::invalid, "field_not_disputed", "Both sides agree in this field.",
                     "fields." + std::string(name));
    if (!said && c.groups.has(g))
      return failure(errc::invalid, "field_not_chosen", "Say local or external for each disputed field.",
                     "fields." + std::string(name));
  }
  return {};
}

struct wanted_resolution {
  json::object body;
  conflict_resolution how;
};

result<wanted_resolution> read_wanted(const call& c) {
  const auto body = c.body();
  if (!body) return tl::unexpected(body.error());
  object_reader reader(*body);
  const auto how = read_resolution(reader);
  if (auto sound = reader.close(); !sound) return tl::unexpected(sound.error());
  return wanted_resolution{*body, how};
}

result<conflict> find_chosen(persistence::transaction& tx, const std::string& id, const json::object& body) {
  auto found = present(persistence::find_conflict(tx, id), not_found);
  if (!found) return found;
  if (auto sound = check_fields(body, *found); !sound) return tl::unexpected(sound.error());
  return found;
}

json::array groups_json(field_set groups) {
  json::array out;
  for (const auto name : names_of(groups)) out.emplace_back(json::string_view(name.data(), name.size()));
  return out;
}

/// What both sides would say, and what would change where. `written`: the calendar takes what was chosen.
json::object preview_json(const conflict& c, const conflict_resolution& how, bool written) {
  const auto taken = actors::taken_by(c, how);
  const auto after = actors::resolved_content(c, taken);
  const auto& there = written ? after : c.external;
  return {{"conflict_id", c.id},
          {"local", group_values(after, c.groups)},
          {"external", group_values(there, c.groups)},
          {"changes",
           {{"local", groups_json(difference(c.local, after) & c.groups)},
            {"external", groups_json(difference(c.external, there) & c.groups)}}}};
}

std::string who_of(const call& c) { return audit_of(c, "", "").actor; }

} // namespace

void list_conflicts(const call_ptr& c) {
  query_reader query(c->request.query);
  persistence::conflict_filter filter;
  if (const auto state = query.text("state", 16)) {
    if (*state == name_of(conflict_state::open))
      filter.state = conflict_state::open;
    else if (*state == name_of(conflict_state::resolved))
      filter.state = conflict_state::resolved;
    else
      query.refuse("unknown_value", "A conflict is open or resolved.", "state");
  }
  filter.provider = provider_id(query.uuid("provider_id"));
  filter.entry = entry_id(query.uuid("entry_id"));
  filter.of_person = c->who.user;
  const list_request wanted{query.cursor(), query.limit()};
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  answer_from(c, [filter, wanted](persistence::transaction& tx) {
    return list_answer(persistence::list_conflicts(tx, filter, wanted.cursor, wanted.limit));
  });
}

void get_conflict(const call_ptr& c) {
  const auto id = path_conflict(*c);
  if (!id) return c->fail(id.error());
  answer_from(c, [id = *id](persistence::transaction& tx) -> result<net::http_response> {
    const auto found = present(persistence::find_conflict(tx, id), not_found);
    if (!found) return tl::unexpected(found.error());
    return json_answer(200, to_json(*found));
  });
}

void preview_resolution(const call_ptr& c) {
  const auto id = path_conflict(*c);
  if (!id) return c->fail(id.error());
  const auto wanted = read_wanted(*c);
  if (!wanted) return c->fail(wanted.error());
  answer_from(c, [id = *id, wanted = *wanted](persistence::transaction& tx) -> result<net::http_response> {
    const auto found = find_chosen(tx, id, wanted.body);
    if (!found) return tl::unexpected(found.error());
    const auto where = persistence::find_provider(tx, found->provider);
    if (!where) return tl::unexpected(where.error());
    const bool written = *where && (*where)->direction != sync_direction::from_provider;
    return json_answer(200, preview_json(*found, wanted.how, written));
  });
}

void resolve_conflict(const call_ptr& c) {
  const auto id = path_conflict(*c);
  if (!id) return c->fail(id.error());
  const auto wanted = read_wanted(*c);
  if (!wanted) return c->fail(wanted.error());
  auto resolved = [c](const conflict& k) { c->finish(json_answer(200, to_json(k))); };
  ask<conflict>(
      c, c->who.tenant,
      [id = *id, body = wanted->body](persistence::transaction& tx) { return find_chosen(tx, id, body); },
      [c, id = *id, how = wanted->how, resolved](const conflict&) {
        c->with().engine->resolve_conflict(c->who.tenant, id, how, who_of(*c),
                                           carry_on<conflict>(c, resolved));
      });
}

void restore_losing_values(const call_ptr& c) {
  const auto id = path_conflict(*c);
  if (!id) return c->fail(id.error());
  const auto body = c->body();
  if (!body) return c->fail(body.error());
  object_reader reader(*body);
  if (auto sound = reader.close(); !sound) return c->fail(sound.error());
  auto restored = [c](const conflict& k) { c->finish(json_answer(200, to_json(k))); };
  c->with().engine->restore_losing(c->who.tenant, *id, who_of(*c), carry_on<conflict>(c, restored));
}

} // namespace kalends::api
