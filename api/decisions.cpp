// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_words.hpp"
#include "api/handling.hpp"
#include "persistence/ledger.hpp"

namespace kalends::api {
namespace json = boost::json;
namespace {

/// Decisions weighed again in one request: the newest.
constexpr std::size_t replay_limit = 200;
constexpr std::size_t title_bytes = 200;

json::string word(std::string_view name) { return json::string(name.data(), name.size()); }

result<entry_id> path_entry(const call& c) { return path_id<entry_id>(c, 0, "entry_not_found"); }

/// The fields of `groups` as that side had them, as far as the ledger kept them.
json::object values_of(const json::object& side, field_set groups) {
  json::object out;
  const auto add = [&](field_group g, const char* field) {
    if (const auto* value = side.if_contains(field); groups.has(g) && value != nullptr) out[field] = *value;
  };
  add(field_group::time, "start");
  add(field_group::time, "end");
  add(field_group::title, "title");
  add(field_group::notes, "notes");
  add(field_group::location, "location");
  add(field_group::privacy, "is_private");
  add(field_group::status, "is_tentative");
  return out;
}

json::object side_of(const json::value& inputs, const char* name) {
  const auto* o = inputs.if_object();
  const auto* side = o != nullptr ? o->if_contains(name) : nullptr;
  return side != nullptr && side->is_object() ? side->as_object() : json::object();
}

json::object replayed_json(const persistence::decision_line& d, const actors::replayed& r) {
  const auto inputs = parse_or_text(d.what.inputs);
  json::array groups;
  for (const auto name : names_of(r.differs)) groups.emplace_back(word(name));
  auto would_be = values_of(side_of(inputs, "event"), r.from_calendar);
  for (auto& field : values_of(side_of(inputs, "entry"), r.differs - r.from_calendar))
    would_be[field.key()] = field.value();
  return {{"decision_id", d.what.id},
          {"time", to_rfc3339(d.time)},
          {"provider_id", text_or_null(d.what.provider.str())},
          {"reason", word(name_of(d.what.why))},
          {"reason_then", word(name_of(r.why))},
          {"differs", std::move(groups)},
          {"entry_would_say", std::move(would_be)}};
}

/// Only what would have come out otherwise is shown; the rest is counted.
net::http_response replay_answer(const entry_id& id, conflict_policy policy,
                                 const page_of<persistence::decision_line>& page) {
  json::array items;
  int same = 0, weighed_nothing = 0;
  for (const auto& d : page.items) {
    const auto r = actors::replay_decision(d.what, policy);
    if (!r)
      ++weighed_nothing;
    else if (r->differs.empty())
      ++same;
    else
      items.push_back(replayed_json(d, *r));
  }
  return json_answer(200, json::object{{"entry_id", id.str()},
                                       {"conflict_policy", word(name_of(policy))},
                                       {"items", std::move(items)},
                                       {"same", same},
                                       {"weighed_nothing", weighed_nothing},
                                       {"older_left_out", !page.next_cursor.empty()}});
}

json::object ledger_json(const persistence::ledger_line& d) {
  auto out = to_json(static_cast<const persistence::decision_line&>(d));
  out["entry_title"] = d.title ? json::value(*d.title) : json::value();
  return out;
}

std::optional<reason> asked_reason(query_reader& query) {
  const auto name = query.text("reason", 64);
  if (!name) return std::nullopt;
  const auto why = read_name<reason>(*name);
  if (!why) query.refuse("unknown_value", "There is no such reason code.", "reason");
  return why;
}

} // namespace

void list_decisions(const call_ptr& c) {
  const auto id = path_entry(*c);
  if (!id) return c->fail(id.error());
  query_reader query(c->request.query);
  persistence::decision_filter filter;
  filter.of_person = c->who.user;
  filter.entry = *id;
  filter.provider = provider_id(query.uuid("provider_id"));
  filter.why = asked_reason(query);
  const list_request wanted{query.cursor(), query.limit()};
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  // The ledger outlives its entry: what became of a deleted one can still be asked.
  answer_from(c, [filter, wanted](persistence::transaction& tx) -> result<net::http_response> {
    const auto page = persistence::list_decisions(tx, filter, wanted.cursor, wanted.limit);
    if (page && page->items.empty() && wanted.cursor.empty())
      if (auto entry = present(persistence::find_entry(tx, filter.entry), "entry_not_found"); !entry)
        return tl::unexpected(entry.error());
    return list_answer(page);
  });
}

void list_all_decisions(const call_ptr& c) {
  query_reader query(c->request.query);
  persistence::decision_filter filter;
  filter.of_person = c->who.user;
  filter.event = event_id(query.text("event_id", 1'024).value_or(""));
  filter.provider = provider_id(query.uuid("provider_id"));
  filter.why = asked_reason(query);
  const list_request wanted{query.cursor(), query.limit()};
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  answer_from(c, [filter, wanted](persistence::transaction& tx) {
    return list_answer(persistence::list_decisions(tx, filter, wanted.cursor, wanted.limit));
  });
}

void list_ledger(const call_ptr& c) {
  query_reader query(c->request.query);
  persistence::ledger_filter filter;
  filter.of_person = c->who.user;
  filter.entry = entry_id(query.uuid("entry_id"));
  filter.event = event_id(query.text("event_id", 1'024).value_or(""));
  filter.provider = provider_id(query.uuid("provider_id"));
  filter.why = asked_reason(query);
  filter.title = query.text("title", title_bytes).value_or("");
  if (filter.title.find('\0') != std::string::npos || filter.event.str().find('\0') != std::string::npos)
    query.refuse("malformed_parameter", "A text holds no NUL.", "title");
  filter.from = query.time("from");
  filter.to = query.time("to");
  const list_request wanted{query.cursor(), query.limit()};
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  answer_from(c, [filter, wanted](persistence::transaction& tx) -> result<net::http_response> {
    const auto page = persistence::list_ledger(tx, filter, wanted.cursor, wanted.limit);
    if (!page) return tl::unexpected(page.error());
    json::array items;
    for (const auto& d : page->items) items.push_back(ledger_json(d));
    return json_answer(
        200, json::object{{"items", std::move(items)}, {"next_cursor", text_or_null(page->next_cursor)}});
  });
}

void replay_decisions(const call_ptr& c) {
  const auto id = path_entry(*c);
  if (!id) return c->fail(id.error());
  const auto body = c->body();
  if (!body) return c->fail(body.error());
  object_reader reader(*body);
  const auto policy = reader.choice<conflict_policy>("conflict_policy", true);
  persistence::decision_filter filter;
  filter.of_person = c->who.user;
  filter.entry = *id;
  filter.provider = provider_id(reader.uuid("provider_id").value_or(""));
  if (auto sound = reader.close(); !sound) return c->fail(sound.error());
  answer_from(c, [filter, policy = *policy](persistence::transaction& tx) -> result<net::http_response> {
    const auto page = persistence::list_decisions(tx, filter, {}, replay_limit);
    if (!page) return tl::unexpected(page.error());
    if (page->items.empty())
      if (auto entry = present(persistence::find_entry(tx, filter.entry), "entry_not_found"); !entry)
        return tl::unexpected(entry.error());
    return replay_answer(filter.entry, policy, *page);
  });
}

} // namespace kalends::api
