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

std::optional<bool> read_answer(object_reader& body) {
  const auto word = body.text("decision", {.max_bytes = 16, .required = true});
  if (!word) return std::nullopt;
  if (*word == "approve") return true;
  if (*word != "refuse") body.refuse("unknown_value", "A decision is approve or refuse.", "decision");
  return false;
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
  const auto yes = read_answer(reader);
  if (auto sound = reader.close(); !sound) return c->fail(sound.error());
  auto answered = [c, id = *id, yes = *yes](bool) {
    answer_from(c, [c, id, yes](persistence::transaction& tx) -> result<net::http_response> {
      const auto line = audit_of(*c, yes ? "provider.removals_approved" : "provider.removals_refused",
                                 "provider:" + id.str());
      if (auto kept = persistence::append_audit(tx, line); !kept) return tl::unexpected(kept.error());
      return shown(tx, id, 200);
    });
  };
  c->with().engine->approve_removals(c->who.tenant, *id, *yes, carry_on<bool>(c, answered));
}

} // namespace kalends::api
