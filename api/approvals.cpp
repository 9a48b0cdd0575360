// SPDX-License-Identifier: Apache-2.0
#include "persistence/approvals.hpp"
#include "actors/plan_brake.hpp"
#include "api/handling.hpp"

namespace kalends::api {
namespace json = boost::json;
namespace {

constexpr std::size_t most_samples = 10;
constexpr std::int64_t most_counted = 1'000'000'000;

std::string_view kind_of(const held_removals& h) {
  return h.from_calendar ? "entries_would_go" : "events_would_go";
}

json::array samples_json(const std::vector<mapping>& links) {
  json::array samples;
  for (const auto& m : links)
    samples.emplace_back(json::object{{"entry_id", m.entry.str()},
                                      {"event_id", m.event.str()},
                                      {"title", m.base_entry.title},
                                      {"start", to_json(m.base_entry.start)}});
  return samples;
}

json::object item_json(const held_removals& h, json::array samples) {
  return {{"kind", kind_of(h)},           {"count", h.count},       {"of", h.of},
          {"since", to_rfc3339(h.since)}, {"approved", h.approved}, {"sample", std::move(samples)}};
}

result<net::http_response> shown(persistence::transaction& tx, const provider_id& id, int status) {
  const auto found = present(persistence::find_provider(tx, id), "provider_not_found");
  if (!found) return tl::unexpected(found.error());
  json::array waiting;
  if (found->held) waiting.emplace_back(item_json(*found->held, {}));
  if (found->held_events) {
    const auto links = persistence::held_links(tx, id, most_samples);
    if (!links) return tl::unexpected(links.error());
    waiting.emplace_back(item_json(*found->held_events, samples_json(*links)));
  }
  return json_answer(status, json::object{{"provider_id", id.str()}, {"items", std::move(waiting)}});
}

removal_answer read_answer(object_reader& body) {
  removal_answer answer;
  const auto word = body.text("decision", {.max_bytes = 16, .required = true});
  answer.yes = word == "approve";
  if (word && !answer.yes && *word != "refuse")
    body.refuse("unknown_value", "A decision is approve or refuse.", "decision");
  if (const auto kind = body.text("kind", {.max_bytes = 32})) {
    answer.from_calendar = *kind == "entries_would_go";
    if (!*answer.from_calendar && *kind != "events_would_go")
      body.refuse("unknown_value", "A kind is entries_would_go or events_would_go.", "kind");
  }
  if (const auto count = body.count("count", most_counted)) answer.count = static_cast<int>(*count);
  return answer;
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
  const auto answer = read_answer(reader);
  if (auto sound = reader.close(); !sound) return c->fail(sound.error());
  auto answered = [c, id = *id, yes = answer.yes](bool) {
    answer_from(c, [c, id, yes](persistence::transaction& tx) -> result<net::http_response> {
      const auto line = audit_of(*c, yes ? "provider.removals_approved" : "provider.removals_refused",
                                 "provider:" + id.str());
      if (auto kept = persistence::append_audit(tx, line); !kept) return tl::unexpected(kept.error());
      return shown(tx, id, 200);
    });
  };
  auto check = [id = *id, answer](persistence::transaction& tx) -> result<bool> {
    const auto found = present(persistence::find_provider(tx, id), "provider_not_found");
    if (!found) return tl::unexpected(found.error());
    return actors::meant_by(answer, *found).map([](const auto&) { return true; });
  };
  ask<bool>(c, c->who.tenant, std::move(check), [c, id = *id, answer, answered](bool) {
    c->with().engine->approve_removals(c->who.tenant, id, answer, carry_on<bool>(c, answered));
  });
}

} // namespace kalends::api
