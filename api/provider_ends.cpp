// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"
#include "persistence/approvals.hpp"

/// How a calendar comes in by a rehearsal, and how it goes.
namespace kalends::api {
namespace json = boost::json;

namespace {

using persistence::transaction;

result<void> note(transaction& tx, const call_ptr& c, const char* action, const provider_id& id) {
  return persistence::append_audit(tx, audit_of(*c, action, "provider:" + id.str()));
}

/// Rows only; people's calendars and entries stay as they are.
void disconnect(const call_ptr& c, const provider_id& id) {
  auto gone = [c](bool) { c->finish(no_content()); };
  auto remove = [c, id, gone](bool) {
    c->with().engine->remove_provider(c->who.tenant, id, carry_on<bool>(c, gone));
  };
  ask<bool>(
      c, c->who.tenant,
      [c, id](transaction& tx) -> result<bool> {
        auto found = present(persistence::find_provider(tx, id), "provider_not_found");
        if (!found) return tl::unexpected(found.error());
        return note(tx, c, "provider.removal_requested", id).map([] { return true; });
      },
      remove);
}

/// What we made in the calendar goes first. Asked for again while it is under way, nothing new begins.
void take_copies_along(const call_ptr& c, const provider_id& id) {
  auto work = [c, id](transaction& tx) -> result<provider> {
    auto found = present(persistence::find_provider(tx, id), "provider_not_found");
    if (!found || found->status == provider_status::leaving) return found;
    auto sent = persistence::send_away(tx, id);
    if (!sent) return tl::unexpected(sent.error());
    if (!*sent)
      return failure(errc::conflict, "provider_not_connected",
                     "Its events cannot be reached. Connect the calendar again, or remove it without them.",
                     "remove_events");
    found->status = provider_status::leaving;
    found->problem.reset();
    if (auto a = note(tx, c, "provider.removal_with_events_requested", id); !a)
      return tl::unexpected(a.error());
    return found;
  };
  ask<provider>(c, c->who.tenant, std::move(work), [c](const provider& p) {
    c->with().engine->provider_changed(c->who.tenant, p.id, false);
    c->finish(json_answer(202, to_json(p)));
  });
}

} // namespace

void remove_provider(const call_ptr& c) {
  const auto id = path_id<provider_id>(*c, 0, "provider_not_found");
  if (!id) return c->fail(id.error());
  query_reader query(c->request.query);
  const auto events = query.text("remove_events");
  if (events && *events != "true" && *events != "false")
    query.refuse("malformed_parameter", "Either true or false.", "remove_events");
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  if (events == "true") return take_copies_along(c, *id);
  disconnect(c, *id);
}

void get_rehearsal(const call_ptr& c) {
  const auto id = path_id<provider_id>(*c, 0, "provider_not_found");
  if (!id) return c->fail(id.error());
  answer_from(c, [id = *id](transaction& tx) -> result<net::http_response> {
    auto found = present(persistence::find_provider(tx, id), "provider_not_found");
    if (!found) return tl::unexpected(found.error());
    if (!found->rehearsing)
      return failure(errc::not_found, "rehearsal_not_found", "This calendar does not rehearse.");
    auto seen = persistence::find_rehearsal(tx, id);
    if (!seen) return tl::unexpected(seen.error());
    const auto& r = *seen;
    return json_answer(200,
                       json::object{{"finished_at", r ? json::value(to_rfc3339(r->finished_at)) : nullptr},
                                    {"report", r ? parse_or_text(r->report) : nullptr}});
  });
}

void approve_rehearsal(const call_ptr& c) {
  const auto id = path_id<provider_id>(*c, 0, "provider_not_found");
  if (!id) return c->fail(id.error());
  auto work = [c, id = *id](transaction& tx) -> result<provider> {
    auto found = present(persistence::find_provider(tx, id), "provider_not_found");
    if (!found) return tl::unexpected(found.error());
    auto ended = persistence::end_rehearsal(tx, id);
    if (!ended) return tl::unexpected(ended.error());
    if (!*ended) return failure(errc::not_found, "rehearsal_not_found", "This calendar does not rehearse.");
    found->rehearsing = false;
    if (auto a = note(tx, c, "provider.rehearsal_approved", id); !a) return tl::unexpected(a.error());
    return found;
  };
  ask<provider>(c, c->who.tenant, std::move(work), [c](const provider& p) {
    c->with().engine->provider_resumed(c->who.tenant, p.id);
    c->finish(json_answer(200, to_json(p)));
  });
}

} // namespace kalends::api
