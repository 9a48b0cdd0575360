// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"
#include "api/occurrence_query.hpp"
#include "persistence/own_things.hpp"

#include <algorithm>

namespace kalends::api {
namespace json = boost::json;
namespace {

result<entry_id> path_entry(const call& c) { return path_id<entry_id>(c, 0, "entry_not_found"); }

std::string place_of(const schedule_entry& e) { return "/v1/schedule-entries/" + e.id.str(); }

net::http_response shown(const schedule_entry& e) {
  auto answer = json_answer(200, to_json(e));
  answer.headers.emplace_back("ETag", entity_tag(e.version));
  return answer;
}

net::http_response shown_as_new(const schedule_entry& e) {
  auto answer = created(place_of(e), to_json(e));
  answer.headers.emplace_back("ETag", entity_tag(e.version));
  return answer;
}

/// Refuses the first of `wanted` that is no user of this tenant.
result<bool> check_users(persistence::transaction& tx, const std::vector<user_id>& wanted) {
  const auto known = persistence::existing_users(tx, wanted);
  if (!known) return tl::unexpected(known.error());
  for (const auto& id : wanted)
    if (std::find(known->begin(), known->end(), id) == known->end())
      return failure(errc::invalid, "unknown_user", "There is no user " + id.str() + ".",
                     "assigned_user_ids");
  return true;
}

/// Goes on when everybody whom the edit assigns exists.
void with_users_checked(const call_ptr& c, const actors::entry_edit& edit, std::function<void(bool)> then) {
  if (!edit.assigned || edit.assigned->empty()) return then(true);
  ask<bool>(
      c, c->who.tenant,
      [wanted = *edit.assigned](persistence::transaction& tx) { return check_users(tx, wanted); },
      std::move(then));
}

result<std::optional<std::int64_t>> expected_version(const call& c) {
  return read_if_match(net::find_header(c.request.headers, "If-Match"));
}

result<actors::entry_edit> read_edit(const call& c, entry_body kind) {
  const auto body = c.body();
  if (!body) return tl::unexpected(body.error());
  return read_entry(*body, kind);
}

/// A person's entries are their own: they assign themselves, and nobody else.
result<void> check_own(const call& c, actors::entry_edit& edit, entry_body kind) {
  if (!c.who.person()) return {};
  const std::vector<user_id> oneself{c.who.user};
  if (kind == entry_body::creation && !edit.assigned) edit.assigned = oneself;
  if (edit.assigned && (kind == entry_body::change || *edit.assigned != oneself))
    return failure(errc::forbidden, "not_yours", "You assign nobody but yourself.", "assigned_user_ids");
  return {};
}

/// Goes on unless a person would take away what others have, too.
void if_nobody_elses(const call_ptr& c, const entry_id& id, std::function<void()> then) {
  if (!c->who.person()) return then();
  ask<bool>(
      c, c->who.tenant,
      [id](persistence::transaction& tx) -> result<bool> {
        const auto found = present(persistence::find_entry(tx, id), "entry_not_found");
        if (!found) return tl::unexpected(found.error());
        if (found->assigned.size() > 1)
          return failure(errc::forbidden, "not_yours",
                         "Others are assigned to it, too: it is deleted by somebody who looks after "
                         "everybody's schedule.");
        return true;
      },
      [then = std::move(then)](bool) { then(); });
}

/// A create whose first attempt was kept although its answer was lost: the entry as it is now.
void answer_existing(const call_ptr& c, const entry_id& id) {
  answer_from(c, [id](persistence::transaction& tx) -> result<net::http_response> {
    return present(persistence::find_entry(tx, id), "entry_not_found").map(shown_as_new);
  });
}

/// The answer to a change: the entry that holds now what was changed, and where that is if it is another one.
net::http_response shown_after(const entry_id& asked, const schedule_entry& e) {
  if (e.id == asked) return shown(e);
  auto body = to_json(e);
  body["detached_entry_id"] = e.id.str();
  auto answer = json_answer(200, body);
  answer.headers.emplace_back("ETag", entity_tag(e.version));
  answer.headers.emplace_back("Location", place_of(e));
  return answer;
}

} // namespace

void create_entry(const call_ptr& c) {
  auto edit = read_edit(*c, entry_body::creation);
  if (!edit) return c->fail(edit.error());
  if (auto own = check_own(*c, *edit, entry_body::creation); !own) return c->fail(own.error());
  const entry_id id(c->new_id());
  auto answer = [c, id](result<schedule_entry> made) {
    guarded(c, [&] {
      if (made) return c->finish(shown_as_new(*made));
      if (made.error().code == "entry_exists" && c->claim && c->claim->repeated)
        return answer_existing(c, id);
      c->fail(made.error());
    });
  };
  with_users_checked(c, *edit, [c, id, edit = *edit, answer](bool) {
    c->with().engine->create_entry(c->who.tenant, id, edit, answer);
  });
}

void get_entry(const call_ptr& c) {
  const auto id = path_entry(*c);
  if (!id) return c->fail(id.error());
  const std::string known(net::find_header(c->request.headers, "If-None-Match"));
  answer_from(c, [id = *id, known](persistence::transaction& tx) -> result<net::http_response> {
    const auto found = present(persistence::find_entry(tx, id), "entry_not_found");
    if (!found) return tl::unexpected(found.error());
    if (known == entity_tag(found->version)) return net::http_response{304, {{"ETag", known}}, {}};
    return shown(*found);
  });
}

void change_entry(const call_ptr& c) {
  const auto id = path_entry(*c);
  if (!id) return c->fail(id.error());
  auto edit = read_edit(*c, entry_body::change);
  if (!edit) return c->fail(edit.error());
  if (auto own = check_own(*c, *edit, entry_body::change); !own) return c->fail(own.error());
  const auto expected = expected_version(*c);
  if (!expected) return c->fail(expected.error());
  edit->expected_version = *expected;
  const auto chosen = read_occurrence_query(*c);
  if (!chosen) return c->fail(chosen.error());
  if (chosen->scope != actors::edit_scope::all) edit->makes = entry_id(c->new_id());
  auto changed = [c, id = *id](const schedule_entry& e) { c->finish(shown_after(id, e)); };
  with_occurrence(c, *id, *chosen, *edit, [c, id = *id, changed](actors::entry_edit which) {
    with_users_checked(c, which, [c, id, which, changed](bool) {
      c->with().engine->change_entry(c->who.tenant, id, which, carry_on<schedule_entry>(c, changed));
    });
  });
}

void remove_entry(const call_ptr& c) {
  const auto id = path_entry(*c);
  if (!id) return c->fail(id.error());
  const auto expected = expected_version(*c);
  if (!expected) return c->fail(expected.error());
  const auto chosen = read_occurrence_query(*c);
  if (!chosen) return c->fail(chosen.error());
  actors::entry_edit edit;
  edit.expected_version = *expected;
  if_nobody_elses(c, *id, [c, id = *id, chosen = *chosen, edit] {
    with_occurrence(c, id, chosen, edit, [c, id](actors::entry_edit which) {
      auto removed = [c](bool) { c->finish(no_content()); };
      c->with().engine->remove_entry(c->who.tenant, id, which, carry_on<bool>(c, removed));
    });
  });
}

void get_sync_status(const call_ptr& c) {
  const auto id = path_entry(*c);
  if (!id) return c->fail(id.error());
  answer_from(c, [id = *id, who = c->who](persistence::transaction& tx) -> result<net::http_response> {
    const auto entry = present(persistence::find_entry(tx, id), "entry_not_found");
    if (!entry) return tl::unexpected(entry.error());
    const auto lines = persistence::sync_status(tx, id);
    if (!lines) return tl::unexpected(lines.error());
    const auto own = who.person() ? persistence::own_providers(tx, who.user)
                                  : result<std::set<std::string>>(std::set<std::string>());
    if (!own) return tl::unexpected(own.error());
    json::array providers;
    for (const auto& l : *lines)
      if (!who.person() || own->contains(l.provider.str())) providers.push_back(to_json(l));
    return json_answer(200, json::object{{"entry_id", id.str()},
                                         {"version", entry->version},
                                         {"providers", std::move(providers)}});
  });
}

} // namespace kalends::api
