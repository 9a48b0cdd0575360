// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"
#include "net/address_rules.hpp"
#include "net/webhook_signature.hpp"
#include "persistence/schedule.hpp"
#include "persistence/webhooks.hpp"

/// Where the host wants to be told of facts. What is written here the sender reads again at once.
namespace kalends::api {
namespace json = boost::json;
namespace {

constexpr auto not_found = "webhook_endpoint_not_found";

struct endpoint_fields {
  std::optional<std::string> url, description;
  std::optional<std::set<fact_type>> types;
  std::optional<bool> enabled;
};

/// Null and an empty list mean all types.
std::optional<std::set<fact_type>> read_types(object_reader& body) {
  const auto* value = body.any("event_types");
  if (value == nullptr) return std::nullopt;
  std::set<fact_type> types;
  if (value->is_null()) return types;
  const auto* list = value->if_array();
  if (list == nullptr) {
    body.refuse("wrong_type", "This field is a list of event types, or null for all.", "event_types");
    return std::nullopt;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto* one = (*list)[i].if_string();
    const auto type =
        one != nullptr ? read_name<fact_type>(std::string_view(one->data(), one->size())) : std::nullopt;
    if (!type) {
      body.refuse("unknown_value", "This is not one of the event types of /v1/events.",
                  "event_types[" + std::to_string(i) + "]");
      return std::nullopt;
    }
    types.insert(*type);
  }
  return types;
}

endpoint_fields read_fields(object_reader& body, bool needed) {
  endpoint_fields out;
  out.url =
      body.text("url", {.max_bytes = limits::webhook_url_bytes, .required = needed, .may_be_empty = false});
  out.description = body.text("description", {.null_is_empty = true});
  out.types = read_types(body);
  out.enabled = body.flag("enabled");
  for (const auto* name : {"id", "created_at", "state", "secret", "position"}) body.read_only(name);
  return out;
}

result<endpoint_fields> read_endpoint(const call& c, bool needed) {
  const auto body = c.body();
  if (!body) return tl::unexpected(body.error());
  object_reader reader(*body);
  auto fields = read_fields(reader, needed);
  if (auto sound = reader.close(); !sound) return tl::unexpected(sound.error());
  if (!fields.url) return fields;
  auto fit = net::check_webhook_url(net::webhook_rules(c.with().configured), *fields.url);
  if (!fit) return tl::unexpected(fit.error());
  return fields;
}

json::value time_or_null(const std::optional<instant>& t) {
  return t ? json::value(to_rfc3339(*t)) : json::value();
}

const char* state_of(const webhook_endpoint& e) {
  if (e.stopped) return "disabled";
  if (!e.enabled) return "paused";
  return e.attempts > 0 ? "failing" : "active";
}

json::object shown(const webhook_endpoint& e, std::int64_t last_sequence) {
  json::value types, stopped, failing;
  if (!e.types.empty()) {
    auto& list = types.emplace_array();
    for (const auto t : e.types) list.emplace_back(name_of(t));
  }
  if (e.stopped)
    stopped = {
        {"code", e.stopped->code}, {"detail", e.stopped->detail}, {"since", to_rfc3339(e.stopped->since)}};
  if (e.runs() && e.attempts > 0)
    failing = {{"since", time_or_null(e.failing_since)},
               {"attempts", e.attempts},
               {"code", e.last_code},
               {"next_attempt_at", time_or_null(e.next_attempt_at)}};
  return {{"id", e.id.str()},
          {"url", e.url},
          {"description", e.description},
          {"event_types", types},
          {"enabled", e.enabled},
          {"state", state_of(e)},
          {"disabled", stopped},
          {"failing", failing},
          {"position", {{"sequence", e.position}, {"last_sequence", std::max(e.position, last_sequence)}}},
          {"last_delivered_at", time_or_null(e.last_delivered_at)},
          {"old_secret_until", time_or_null(e.old_secret_until)},
          {"created_at", to_rfc3339(e.created_at)}};
}

json::object shown(const webhook_delivery& d) {
  return {{"id", d.id},
          {"cause", name_of(d.cause)},
          {"outcome", name_of(d.outcome)},
          {"message_id", text_or_null(d.message)},
          {"type", text_or_null(d.type)},
          {"sequence", d.sequence > 0 ? json::value(d.sequence) : json::value()},
          {"attempt", d.attempt},
          {"http_status", d.status > 0 ? json::value(d.status) : json::value()},
          {"code", text_or_null(d.code)},
          {"duration_ms", d.took.count()},
          {"attempted_at", to_rfc3339(d.at)},
          {"next_attempt_at", time_or_null(d.next_attempt_at)}};
}

template <class T, class Show>
json::object list_of(const page_of<T>& page, Show show) {
  json::array items;
  for (const auto& one : page.items) items.push_back(show(one));
  return {{"items", std::move(items)}, {"next_cursor", text_or_null(page.next_cursor)}};
}

result<json::object> show_with_position(persistence::transaction& tx, const webhook_endpoint& e) {
  return persistence::last_sequence(tx).map([&](std::int64_t last) { return shown(e, last); });
}

using answer_parts = json::object;

/// Writes, and answers with what it returned when the sender knows.
void write_and_tell(const call_ptr& c, transaction_work<answer_parts> work,
                    std::function<void(const answer_parts&)> then) {
  ask<answer_parts>(c, c->who.tenant, std::move(work),
                    [c, then = std::move(then)](const answer_parts& shown) {
                      c->with().engine->webhooks_changed(c->who.tenant);
                      then(shown);
                    });
}

result<void> note(persistence::transaction& tx, const call& c, const char* what, const webhook_id& id,
                  const json::object& detail = {}) {
  return persistence::append_audit(
      tx, audit_of(c, std::string("webhook_endpoint.") + what, "webhook_endpoint:" + id.str(), detail));
}

/// What a change makes of it, and whether it begins anew: it was switched, or its address is another one.
bool apply(const endpoint_fields& wanted, webhook_endpoint& e) {
  const bool moved = wanted.url && *wanted.url != e.url;
  const bool switched = wanted.enabled && *wanted.enabled != e.runs();
  e.url = wanted.url.value_or(e.url);
  e.description = wanted.description.value_or(e.description);
  e.types = wanted.types.value_or(e.types);
  e.enabled = wanted.enabled.value_or(e.enabled);
  return moved || switched;
}

/// Sends one message now and answers with what came of it.
void try_now(const call_ptr& c, const webhook_id& id, std::int64_t sequence, const char* noted) {
  ask<bool>(
      c, c->who.tenant,
      [c, id, sequence, noted](persistence::transaction& tx) -> result<bool> {
        auto there = present(persistence::find_webhook(tx, id), not_found);
        if (!there) return tl::unexpected(there.error());
        return note(tx, *c, noted, id, {{"sequence", sequence}}).map([] { return true; });
      },
      [c, id, sequence](bool) {
        c->with().engine->try_webhook(c->who.tenant, id, sequence,
                                      carry_on<webhook_delivery>(c, [c](const webhook_delivery& d) {
                                        c->finish(json_answer(200, shown(d)));
                                      }));
      });
}

/// From this fact on, in order.
void replay_from(const call_ptr& c, const webhook_id& id, std::int64_t sequence) {
  auto work = [c, id, sequence](persistence::transaction& tx) -> result<answer_parts> {
    auto last = persistence::last_sequence(tx);
    if (!last) return tl::unexpected(last.error());
    if (sequence > *last + 1)
      return failure(errc::invalid, "unknown_value",
                     "The newest fact of this tenant has the sequence " + std::to_string(*last) + ".",
                     "from_sequence");
    if (auto kept = persistence::check_facts_kept(tx, sequence - 1); !kept) {
      auto forgotten = kept.error();
      if (!forgotten.field.empty()) forgotten.field = "from_sequence";
      return tl::unexpected(std::move(forgotten));
    }
    if (auto moved = present(persistence::move_webhook(tx, id, sequence - 1), not_found); !moved)
      return tl::unexpected(moved.error());
    if (auto noted = note(tx, *c, "replayed", id, {{"from_sequence", sequence}}); !noted)
      return tl::unexpected(noted.error());
    auto e = present(persistence::find_webhook(tx, id), not_found);
    if (!e) return tl::unexpected(e.error());
    return shown(*e, *last);
  };
  write_and_tell(c, work, [c](const answer_parts& e) { c->finish(json_answer(202, e)); });
}

struct replay_wish {
  std::optional<std::int64_t> from;
  std::optional<std::string> delivery;
};

replay_wish read_replay(object_reader& body) {
  replay_wish out;
  out.from = body.count("from_sequence", std::int64_t{1} << 60);
  out.delivery = body.uuid("delivery_id");
  if (out.from && *out.from == 0) body.refuse("wrong_type", "Sequences begin with 1.", "from_sequence");
  if (out.from.has_value() == out.delivery.has_value())
    body.refuse("missing_field", "Say either from_sequence or delivery_id.", "from_sequence");
  return out;
}

} // namespace

void create_webhook_endpoint(const call_ptr& c) {
  const auto wanted = read_endpoint(*c, true);
  if (!wanted) return c->fail(wanted.error());
  auto work = [c, wanted = *wanted](persistence::transaction& tx) -> result<answer_parts> {
    webhook_endpoint e;
    e.id = webhook_id(make_uuid(c->with().outside));
    e.created_at = c->with().outside.now();
    e.enabled = true;
    apply(wanted, e);
    const auto secret = net::make_webhook_secret(c->with().outside);
    auto made = persistence::insert_webhook(tx, c->with().vault, e, secret);
    if (!made) return tl::unexpected(made.error());
    if (auto noted = note(tx, *c, "created", e.id); !noted) return tl::unexpected(noted.error());
    auto out = shown(*made, made->position);
    out["secret"] = secret; // the only time it is shown
    return out;
  };
  write_and_tell(c, work, [c](const answer_parts& e) {
    c->finish(created("/v1/webhook-endpoints/" + std::string(e.at("id").as_string()), e));
  });
}

void list_webhook_endpoints(const call_ptr& c) {
  const auto wanted = read_list_request(*c);
  if (!wanted) return c->fail(wanted.error());
  answer_from(c, [wanted = *wanted](persistence::transaction& tx) -> result<net::http_response> {
    auto page = persistence::list_webhooks(tx, wanted.cursor, wanted.limit);
    if (!page) return tl::unexpected(page.error());
    return persistence::last_sequence(tx).map([&](std::int64_t last) {
      return json_answer(200, list_of(*page, [last](const webhook_endpoint& e) { return shown(e, last); }));
    });
  });
}

void get_webhook_endpoint(const call_ptr& c) {
  const auto id = path_id<webhook_id>(*c, 0, not_found);
  if (!id) return c->fail(id.error());
  answer_from(c, [id = *id](persistence::transaction& tx) -> result<net::http_response> {
    auto e = present(persistence::find_webhook(tx, id), not_found);
    if (!e) return tl::unexpected(e.error());
    return show_with_position(tx, *e).map([](const json::object& o) { return json_answer(200, o); });
  });
}

void change_webhook_endpoint(const call_ptr& c) {
  const auto id = path_id<webhook_id>(*c, 0, not_found);
  if (!id) return c->fail(id.error());
  const auto wanted = read_endpoint(*c, false);
  if (!wanted) return c->fail(wanted.error());
  auto work = [c, id = *id, wanted = *wanted](persistence::transaction& tx) -> result<answer_parts> {
    auto e = present(persistence::find_webhook(tx, id), not_found);
    if (!e) return tl::unexpected(e.error());
    const bool anew = apply(wanted, *e);
    auto now = present(persistence::update_webhook(tx, *e, anew), not_found);
    if (!now) return tl::unexpected(now.error());
    if (auto noted = note(tx, *c, "changed", id, {{"enabled", now->enabled}, {"switched", anew}}); !noted)
      return tl::unexpected(noted.error());
    return show_with_position(tx, *now);
  };
  write_and_tell(c, work, [c](const answer_parts& e) { c->finish(json_answer(200, e)); });
}

void delete_webhook_endpoint(const call_ptr& c) {
  const auto id = path_id<webhook_id>(*c, 0, not_found);
  if (!id) return c->fail(id.error());
  auto work = [c, id = *id](persistence::transaction& tx) -> result<answer_parts> {
    if (auto gone = present(persistence::delete_webhook(tx, id), not_found); !gone)
      return tl::unexpected(gone.error());
    if (auto noted = note(tx, *c, "deleted", id); !noted) return tl::unexpected(noted.error());
    return answer_parts();
  };
  write_and_tell(c, work, [c](const answer_parts&) { c->finish(no_content()); });
}

void rotate_webhook_secret(const call_ptr& c) {
  const auto id = path_id<webhook_id>(*c, 0, not_found);
  if (!id) return c->fail(id.error());
  auto work = [c, id = *id](persistence::transaction& tx) -> result<answer_parts> {
    const auto& with = c->with();
    const auto secret = net::make_webhook_secret(with.outside);
    auto done = present(
        persistence::rotate_webhook_secret(tx, with.vault, id, secret, with.outside.now() + old_secret_signs),
        not_found);
    if (!done) return tl::unexpected(done.error());
    if (auto noted = note(tx, *c, "secret_rotated", id); !noted) return tl::unexpected(noted.error());
    auto e = present(persistence::find_webhook(tx, id), not_found);
    if (!e) return tl::unexpected(e.error());
    return show_with_position(tx, *e).map([&](json::object o) {
      o["secret"] = secret; // the only time it is shown
      return o;
    });
  };
  write_and_tell(c, work, [c](const answer_parts& e) { c->finish(json_answer(200, e)); });
}

void list_webhook_deliveries(const call_ptr& c) {
  const auto id = path_id<webhook_id>(*c, 0, not_found);
  if (!id) return c->fail(id.error());
  query_reader query(c->request.query);
  const auto word = query.text("outcome", 16);
  const auto only = word ? read_name<delivery_outcome>(*word) : std::nullopt;
  if (word && !only) query.refuse("unknown_value", "It is delivered or failed.", "outcome");
  const list_request wanted{query.cursor(), query.limit()};
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  answer_from(c, [id = *id, only, wanted](persistence::transaction& tx) -> result<net::http_response> {
    if (auto e = present(persistence::find_webhook(tx, id), not_found); !e) return tl::unexpected(e.error());
    return persistence::list_deliveries(tx, id, only, wanted.cursor, wanted.limit).map([](const auto& page) {
      return json_answer(200, list_of(page, [](const webhook_delivery& d) { return shown(d); }));
    });
  });
}

void replay_webhook(const call_ptr& c) {
  const auto id = path_id<webhook_id>(*c, 0, not_found);
  if (!id) return c->fail(id.error());
  const auto wish = read_body(*c, read_replay);
  if (!wish) return c->fail(wish.error());
  if (wish->from) return replay_from(c, *id, *wish->from);
  ask<webhook_delivery>(
      c, c->who.tenant,
      [id = *id, delivery = *wish->delivery](persistence::transaction& tx) -> result<webhook_delivery> {
        if (auto e = present(persistence::find_webhook(tx, id), not_found); !e)
          return tl::unexpected(e.error());
        return present(persistence::find_delivery(tx, id, delivery), "delivery_not_found");
      },
      [c, id = *id](const webhook_delivery& d) {
        try_now(c, id, d.sequence, d.sequence > 0 ? "message_replayed" : "tested");
      });
}

void test_webhook(const call_ptr& c) {
  const auto id = path_id<webhook_id>(*c, 0, not_found);
  if (!id) return c->fail(id.error());
  try_now(c, *id, 0, "tested");
}

} // namespace kalends::api
