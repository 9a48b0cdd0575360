// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"
#include "api/tenant_work.hpp"
#include "persistence/provider_rows.hpp"

namespace kalends::api {
namespace json = boost::json;
namespace {

constexpr std::size_t calendar_id_bytes = 1024;

struct provider_fields {
  std::optional<provider_status> status; ///< paused or active
  std::optional<provider_type> type;
  std::optional<provider_scope> scope;
  std::optional<std::string> user, calendar;
  std::optional<sync_direction> direction;
  std::optional<conflict_policy> on_conflict;
  std::optional<deletion_policy> on_deletion;
  std::optional<import_policy> imports;
  std::optional<guest_mail> mails;
  std::optional<bool> rehearsal;
};

/// What may be said at any time.
void read_common(object_reader& body, provider_fields& out) {
  out.direction = body.choice<sync_direction>("direction");
  out.on_conflict = body.choice<conflict_policy>("conflict_policy");
  out.on_deletion = body.choice<deletion_policy>("deletion_policy");
  out.imports = body.choice<import_policy>("import_policy");
  out.mails = body.choice<guest_mail>("guest_mail");
  out.calendar = body.text("calendar_id", {.max_bytes = calendar_id_bytes, .null_is_empty = true});
  for (const auto* name :
       {"id", "problem", "account", "calendar_name", "calendar_time_zone", "created_at", "last_sync_at",
        "next_poll_at", "channel_expires_at", "channel", "reconciled", "held_removals", "events_left"})
    body.read_only(name);
}

provider_fields read_new(object_reader& body) {
  provider_fields out;
  out.type = body.choice<provider_type>("type", true);
  out.user = body.uuid("user_id", true);
  out.scope = body.choice<provider_scope>("scope");
  out.rehearsal = body.flag("rehearsal");
  body.read_only("status");
  read_common(body, out);
  return out;
}

provider_fields read_change(object_reader& body) {
  provider_fields out;
  out.user = body.uuid("user_id");
  body.read_only("type");
  body.read_only("scope");
  body.read_only("rehearsal");
  out.status = body.choice<provider_status>("status");
  read_common(body, out);
  return out;
}

void apply(const provider_fields& from, provider& to) {
  if (from.user) to.user = user_id(*from.user);
  to.direction = from.direction.value_or(to.direction);
  to.on_conflict = from.on_conflict.value_or(to.on_conflict);
  to.on_deletion = from.on_deletion.value_or(to.on_deletion);
  to.imports = from.imports.value_or(to.imports);
  to.mails = from.mails.value_or(to.mails);
  if (from.calendar) to.calendar = calendar_id(*from.calendar);
}

result<void> check_user(persistence::transaction& tx, const user_id& id) {
  auto found = persistence::find_user(tx, id);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return failure(errc::invalid, "unknown_user", "There is no such user.", "user_id");
  return {};
}

result<void> check_mail(persistence::transaction& tx, std::optional<guest_mail> wanted) {
  if (wanted != guest_mail::guests) return {};
  return check_feature(tx, feature::guest_mail);
}

sync_mode read_sync_mode(object_reader& body) {
  return body.choice<sync_mode>("mode").value_or(sync_mode::changes);
}

/// A person may switch a connected calendar off and on; the other states are not theirs to set.
result<void> switch_to(persistence::transaction& tx, provider_status wanted, provider& p) {
  const bool pausing = wanted == provider_status::paused;
  const auto from = pausing ? provider_status::active : provider_status::paused;
  if (wanted == p.status) return {};
  if ((!pausing && wanted != provider_status::active) || p.status != from)
    return failure(errc::conflict, "provider_not_connected",
                   "A connected calendar can be paused, and a paused one be made active.", "status");
  auto done = persistence::switch_provider(tx, p.id, from, wanted);
  if (!done) return tl::unexpected(done.error());
  if (!*done)
    return tl::unexpected(
        error{errc::retry_later, "serialization_failure", "The calendar changed meanwhile.", {}, {}});
  p.status = wanted;
  return {};
}

std::string place_of(const provider_id& id) { return "/v1/calendar-providers/" + id.str(); }

/// A person connects calendars for themselves alone, and gives none away.
result<void> check_own(const call& c, const provider_fields& f) {
  if (!c.who.person()) return {};
  if ((f.user && *f.user != c.who.user.str()) || f.scope == provider_scope::tenant)
    return failure(errc::forbidden, "not_yours", "You connect calendars for yourself.", "user_id");
  return {};
}

} // namespace

void create_provider(const call_ptr& c) {
  const auto wanted = read_body(*c, read_new);
  if (!wanted) return c->fail(wanted.error());
  if (auto own = check_own(*c, *wanted); !own) return c->fail(own.error());
  provider made;
  made.id = provider_id(c->new_id());
  made.type = *wanted->type;
  made.scope = wanted->scope.value_or(provider_scope::user);
  made.calendar_zone = "UTC";
  made.created_at = c->with().outside.now();
  apply(*wanted, made);
  answer_from(c,
              [c, made, asked = wanted->rehearsal](
                  persistence::transaction& tx) mutable -> result<net::http_response> {
                if (c->claim && c->claim->repeated) { // the first attempt may have been kept
                  auto before = persistence::find_provider(tx, made.id);
                  if (!before) return tl::unexpected(before.error());
                  if (*before) return created(place_of(made.id), to_json(**before));
                }
                if (auto known = check_user(tx, made.user); !known) return tl::unexpected(known.error());
                const auto needed =
                    made.type == provider_type::google ? feature::connect_google : feature::connect_microsoft;
                if (auto may = check_feature(tx, needed); !may) return tl::unexpected(may.error());
                if (auto may = check_mail(tx, made.mails); !may) return tl::unexpected(may.error());
                const auto tenant = present(persistence::find_tenant(tx), "tenant_not_found");
                if (!tenant) return tl::unexpected(tenant.error());
                made.rehearsing = asked.value_or(tenant->rehearses);
                if (auto r = persistence::insert_provider(tx, made); !r) return tl::unexpected(r.error());
                if (auto a = persistence::append_audit(tx, audit_of(*c, "provider.created",
                                                                    "provider:" + made.id.str(),
                                                                    {{"type", name_of(made.type)}}));
                    !a)
                  return tl::unexpected(a.error());
                return created(place_of(made.id), to_json(made));
              });
}

void list_providers(const call_ptr& c) {
  query_reader query(c->request.query);
  user_id of_user(query.uuid("user_id"));
  const list_request wanted{query.cursor(), query.limit()};
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  const bool own = c->who.person();
  if (own) of_user = c->who.user;
  answer_from(c, [of_user, own, wanted](persistence::transaction& tx) {
    const auto stopped = work_stopped_since(tx);
    if (!stopped) return result<net::http_response>(tl::unexpected(stopped.error()));
    auto page = persistence::list_providers(tx, of_user, wanted.cursor, wanted.limit);
    if (page && own)
      std::erase_if(page->items, [](const provider& p) { return p.scope != provider_scope::user; });
    if (page)
      for (auto& p : page->items) show_stop(p, *stopped);
    return list_answer(page);
  });
}

void get_provider(const call_ptr& c) {
  const auto id = path_id<provider_id>(*c, 0, "provider_not_found");
  if (!id) return c->fail(id.error());
  answer_from(c, [id = *id](persistence::transaction& tx) -> result<net::http_response> {
    const auto stopped = work_stopped_since(tx);
    if (!stopped) return tl::unexpected(stopped.error());
    return present(persistence::find_provider(tx, id), "provider_not_found").map([&](provider p) {
      show_stop(p, *stopped);
      return json_answer(200, to_json(p));
    });
  });
}

void change_provider(const call_ptr& c) {
  const auto id = path_id<provider_id>(*c, 0, "provider_not_found");
  if (!id) return c->fail(id.error());
  const auto wanted = read_body(*c, read_change);
  if (!wanted) return c->fail(wanted.error());
  if (auto own = check_own(*c, *wanted); !own) return c->fail(own.error());
  auto work = [c, id = *id, wanted = *wanted](persistence::transaction& tx) -> result<provider> {
    auto found = present(persistence::find_provider(tx, id), "provider_not_found");
    if (!found) return tl::unexpected(found.error());
    if (wanted.calendar && calendar_id(*wanted.calendar) != found->calendar && found->last_sync_at)
      return failure(errc::conflict, "calendar_already_synced",
                     "Remove this provider and connect another one to sync another calendar.", "calendar_id");
    if (wanted.user)
      if (auto known = check_user(tx, user_id(*wanted.user)); !known) return tl::unexpected(known.error());
    if (auto may = check_mail(tx, wanted.mails); !may) return tl::unexpected(may.error());
    if (wanted.status)
      if (auto switched = switch_to(tx, *wanted.status, *found); !switched)
        return tl::unexpected(switched.error());
    const auto direction = found->direction;
    apply(wanted, *found);
    // Who may write what has changed: everything is looked at once, and open conflicts that one side has no
    // say in any more come to their end.
    if (found->direction != direction && found->last_sync_at)
      if (auto soon = persistence::put_next_reconcile(tx, id, c->with().outside.now()); !soon)
        return tl::unexpected(soon.error());
    if (auto kept = present(persistence::update_provider(tx, *found), "provider_not_found"); !kept)
      return tl::unexpected(kept.error());
    if (auto a = persistence::append_audit(tx, audit_of(*c, "provider.changed", "provider:" + id.str())); !a)
      return tl::unexpected(a.error());
    return found;
  };
  const bool resumed = wanted->status == provider_status::active;
  ask<provider>(c, c->who.tenant, std::move(work), [c, resumed](const provider& p) {
    if (resumed)
      c->with().engine->provider_resumed(c->who.tenant, p.id);
    else
      c->with().engine->provider_changed(c->who.tenant, p.id, false);
    c->finish(json_answer(200, to_json(p)));
  });
}

void resume_provider(const call_ptr& c) {
  const auto id = path_id<provider_id>(*c, 0, "provider_not_found");
  if (!id) return c->fail(id.error());
  auto work = [c, id = *id](persistence::transaction& tx) -> result<provider> {
    auto found = present(persistence::find_provider(tx, id), "provider_not_found");
    if (!found) return tl::unexpected(found.error());
    if (auto switched = switch_to(tx, provider_status::active, *found); !switched)
      return tl::unexpected(switched.error());
    if (auto a = persistence::append_audit(tx, audit_of(*c, "provider.resumed", "provider:" + id.str())); !a)
      return tl::unexpected(a.error());
    return found;
  };
  ask<provider>(c, c->who.tenant, std::move(work), [c](const provider& p) {
    c->with().engine->provider_resumed(c->who.tenant, p.id);
    c->finish(json_answer(200, to_json(p)));
  });
}

void list_calendars(const call_ptr& c) {
  const auto id = path_id<provider_id>(*c, 0, "provider_not_found");
  if (!id) return c->fail(id.error());
  auto show = [c](const std::vector<calendar_listing>& found) {
    json::array items;
    for (const auto& one : found) items.push_back(to_json(one));
    c->finish(json_answer(200, json::object{{"items", std::move(items)}, {"next_cursor", nullptr}}));
  };
  c->with().engine->list_calendars(c->who.tenant, *id, carry_on<std::vector<calendar_listing>>(c, show));
}

void sync_provider(const call_ptr& c) {
  const auto id = path_id<provider_id>(*c, 0, "provider_not_found");
  if (!id) return c->fail(id.error());
  const auto mode =
      c->request.body.empty() ? result<sync_mode>(sync_mode::changes) : read_body(*c, read_sync_mode);
  if (!mode) return c->fail(mode.error());
  auto begun = [c](const sync_run& run) {
    auto answer = json_answer(202, to_json(run));
    answer.headers.emplace_back("Location", "/v1/sync-runs/" + run.id.str());
    c->finish(std::move(answer));
  };
  c->with().engine->sync_now(c->who.tenant, *id, *mode, carry_on<sync_run>(c, begun));
}

void renew_channel(const call_ptr& c) {
  const auto id = path_id<provider_id>(*c, 0, "provider_not_found");
  if (!id) return c->fail(id.error());
  auto renewed = [c](const channel& now) {
    c->finish(json_answer(200, json::object{{"id", now.id}, {"expires_at", to_rfc3339(now.expires_at)}}));
  };
  c->with().engine->renew_channel(c->who.tenant, *id, carry_on<channel>(c, renewed));
}

} // namespace kalends::api
