// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"

namespace kalends::api {
namespace json = boost::json;
namespace {

json::object approvals_json(const provider& p) {
  json::array waiting;
  if (p.held)
    waiting.emplace_back(
        json::object{{"kind", p.held->from_calendar ? "entries_would_go" : "events_would_go"},
                     {"count", p.held->count},
                     {"of", p.held->of},
                     {"since", to_rfc3339(p.held->since)},
                     {"approved", p.held->approved}});
  return {{"provider_id", p.id.str()}, {"items", std::move(waiting)}};
}

result<net::http_response> shown(persistence::transaction& tx, const provider_id& id, int status) {
  const auto found = present(persistence::find_provider(tx, id), "provider_not_found");
  if (!found) return tl::unexpected(found.error());
  return json_answer(status, approvals_json(*found));
}

struct approval_answer {
  bool yes = false;
  std::optional<std::int64_t> count; ///< what the person was shown
};

approval_answer read_answer(object_reader& body) {
  approval_answer a;
  const auto word = body.text("decision", {.max_bytes = 16, .required = true});
  a.yes = word == "approve";
  if (word && !a.yes && word != "refuse")
    body.refuse("unknown_value", "A decision is approve or refuse.", "decision");
  if (const auto* count = body.any("count")) {
    if (count->is_int64())
      a.count = count->get_int64();
    else
      body.refuse("wrong_type", "This field is a whole number.", "count");
  }
  return a;
}

/// That there is something to answer, and that it is what the person was shown.
result<bool> check_held(persistence::transaction& tx, const provider_id& id, const approval_answer& given) {
  const auto found = present(persistence::find_provider(tx, id), "provider_not_found");
  if (!found) return tl::unexpected(found.error());
  if (!found->held) return failure(errc::not_found, "nothing_held", "No removals wait for approval.");
  if (given.count && *given.count != found->held->count)
    return failure(errc::conflict, "approval_stale",
                   "It is " + std::to_string(found->held->count) + " now; look again.", "count");
  return true;
}

} // namespace

void get_approvals(const call_ptr& c) {
  const auto id = path_id<provider_id>(*c, 0, "provider_not_found");
  if (!id) return c->fail(id.error());
  answer_from(c, [id = *id](persistence::transaction& tx) { return shown(tx, id, 200); });
}

void answer_approval(const call_ptr& c) {
  const auto id = path_id<provider_id>(*c, 0, "provider_not_found");
  if (!id) return c->fail(id.error());
  const auto body = c->body();
  if (!body) return c->fail(body.error());
  object_reader reader(*body);
  const auto given = read_answer(reader);
  if (auto sound = reader.close(); !sound) return c->fail(sound.error());
  auto answered = [c, id = *id, yes = given.yes](bool) {
    answer_from(c, [c, id, yes](persistence::transaction& tx) -> result<net::http_response> {
      const auto line = audit_of(*c, yes ? "provider.removals_approved" : "provider.removals_refused",
                                 "provider:" + id.str());
      if (auto kept = persistence::append_audit(tx, line); !kept) return tl::unexpected(kept.error());
      return shown(tx, id, 200);
    });
  };
  ask<bool>(
      c, c->who.tenant, [id = *id, given](persistence::transaction& tx) { return check_held(tx, id, given); },
      [c, id = *id, yes = given.yes, answered](bool) {
        c->with().engine->approve_removals(c->who.tenant, id, yes, carry_on<bool>(c, answered));
      });
}

} // namespace kalends::api
