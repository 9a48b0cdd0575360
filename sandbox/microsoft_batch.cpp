// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_graph.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <set>

namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;

constexpr std::size_t batch_limit = 20;

std::string text_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

net::header_list headers_of(const json::object& part) {
  net::header_list out;
  if (const auto* given = part.if_contains("headers"); given != nullptr && given->is_object())
    for (const auto& field : given->get_object())
      if (field.value().is_string())
        out.emplace_back(std::string(field.key()), std::string(field.value().get_string()));
  return out;
}

json::object response_of(const std::string& id, const net::http_response& answer) {
  json::object headers;
  for (const auto& [name, value] : answer.headers) headers[name] = value;
  json::object out{{"id", id}, {"status", answer.status}, {"headers", std::move(headers)}};
  boost::system::error_code failed;
  auto body = json::parse(answer.body, failed);
  if (!failed) out["body"] = std::move(body);
  return out;
}

} // namespace

/// One $batch on its way: parts run one after another, so that a dependent part sees what went before.
struct graph::batch_run {
  std::shared_ptr<call> envelope;
  finish done;
  json::array parts;
  std::size_t next = 0;
  json::array responses;
  std::set<std::string> failed; ///< ids of parts that did not answer 2xx
};

void graph::add_other_routes(router& routes) {
  add_late_route(routes, "POST", "/v1.0/subscriptions", "graph.subscriptions.insert",
                 &graph::create_subscription);
  add_late_route(routes, "PATCH", "/v1.0/subscriptions/{subscription}", "graph.subscriptions.update",
                 &graph::change_subscription);
  add_late_route(routes, "POST", "/v1.0/$batch", "graph.batch", &graph::batch);
  const auto add = [&](const std::string& verb, const std::string& pattern, const std::string& name,
                       handler h) {
    routes.add({verb,
                pattern,
                name,
                vendor::microsoft,
                true,
                {},
                nullptr,
                [this, h](const std::shared_ptr<call>& c, const finish& done) { serve(c, done, h); }});
  };
  add("GET", "/v1.0/subscriptions", "graph.subscriptions.list", &graph::list_subscriptions);
  add("GET", "/v1.0/subscriptions/{subscription}", "graph.subscriptions.get", &graph::get_subscription);
  add("DELETE", "/v1.0/subscriptions/{subscription}", "graph.subscriptions.delete",
      &graph::delete_subscription);
  add("POST", "/v1.0/subscriptions/{subscription}/reauthorize", "graph.subscriptions.reauthorize",
      &graph::reauthorize_subscription);
  const auto own = [&](const std::string& verb, const std::string& pattern,
                       net::http_response (graph::*h)(call&)) {
    routes.add({verb,
                pattern,
                "sandbox.microsoft",
                std::nullopt,
                false,
                {},
                [this, h](call& c) { return (this->*h)(c); },
                nullptr});
  };
  own("GET", "/_sandbox/microsoft/knobs", &graph::show_knobs);
  own("PATCH", "/_sandbox/microsoft/knobs", &graph::set_knobs);
  own("GET", "/_sandbox/microsoft/{account}/{action}", &graph::act);
  own("POST", "/_sandbox/microsoft/{account}/{action}", &graph::act);
}

void graph::create_subscription(const std::shared_ptr<call>& c, finish done) {
  const auto prefer = read_preferences(c->request.headers);
  const auto body = body_of(*c);
  if (!prefer || !body) return done(refusal_answer(prefer ? body.error() : prefer.error()));
  subs.create(*c, *body, prefer->immutable_ids, [this, c, done](expected<json::object> made) {
    if (!made) return done(refusal_answer(made.error()));
    c->wrote = true;
    json::object out{{"@odata.context", core_.base_url + "/v1.0/$metadata#subscriptions/$entity"}};
    for (const auto& member : *made) out[member.key()] = member.value();
    auto answer = graph_answer(201, out);
    answer.headers.emplace_back("Location",
                                core_.base_url + "/v1.0/subscriptions('" + text_of(*made, "id") + "')");
    done(std::move(answer));
  });
}

void graph::change_subscription(const std::shared_ptr<call>& c, finish done) {
  const auto body = body_of(*c);
  if (!body) return done(refusal_answer(body.error()));
  subs.change(*c, *body, [this, c, done](expected<json::object> changed) {
    if (!changed) return done(refusal_answer(changed.error()));
    c->wrote = true;
    done(graph_answer(200, *changed));
  });
}

net::http_response graph::list_subscriptions(call& c, mailbox&) {
  return graph_answer(
      200, {{"@odata.context", core_.base_url + "/v1.0/$metadata#subscriptions"}, {"value", subs.list(c)}});
}

net::http_response graph::get_subscription(call& c, mailbox&) {
  const auto found = subs.get(c);
  return found ? graph_answer(200, *found) : refusal_answer(found.error());
}

net::http_response graph::delete_subscription(call& c, mailbox&) {
  if (auto refused = subs.remove(c)) return refusal_answer(*refused);
  c.wrote = true;
  return {204, {}, ""};
}

net::http_response graph::reauthorize_subscription(call& c, mailbox&) {
  if (auto refused = subs.reauthorize(c)) return refusal_answer(*refused);
  return {204, {}, ""};
}

void graph::batch(const std::shared_ptr<call>& c, finish done) {
  const auto body = body_of(*c);
  if (!body) return done(refusal_answer(body.error()));
  const auto* requests = body->if_contains("requests");
  const auto refuse_with = [&](std::string message) {
    done(refusal_answer({400, "BadRequest", std::move(message), {}, {}}));
  };
  if (requests == nullptr || !requests->is_array()) return refuse_with("Invalid batch payload format.");
  if (requests->get_array().size() > batch_limit)
    return refuse_with("Number of batch request steps exceeds the maximum value of 20.");
  std::set<std::string> ids;
  for (const auto& part : requests->get_array()) {
    const auto id = part.is_object() ? text_of(part.get_object(), "id") : std::string();
    if (id.empty() || !ids.insert(id).second)
      return refuse_with("Every request of a batch needs an id of its own.");
    if (text_of(part.get_object(), "url").find("$batch") != std::string::npos)
      return refuse_with("Batches cannot be nested.");
  }
  auto run = std::make_shared<batch_run>();
  run->envelope = c;
  run->done = std::move(done);
  run->parts = requests->get_array();
  step(run);
}

void graph::step(const std::shared_ptr<batch_run>& run) {
  if (run->next == run->parts.size()) {
    std::reverse(run->responses.begin(), run->responses.end()); // no order is promised
    return run->done(graph_answer(200, {{"responses", run->responses}}));
  }
  run_part(run, run->parts[run->next++].get_object());
}

void graph::run_part(const std::shared_ptr<batch_run>& run, const json::object& part) {
  const auto id = text_of(part, "id");
  auto target = text_of(part, "url");
  if (!target.starts_with('/')) target.insert(target.begin(), '/');
  auto headers = headers_of(part);
  headers.emplace_back("Authorization", run->envelope->header("Authorization"));
  const auto* content = part.if_contains("body");
  auto c = std::make_shared<call>();
  c->request = make_request(text_of(part, "method"), "/v1.0" + target, std::move(headers),
                            content == nullptr ? std::string() : json::serialize(*content));
  auto plan = std::make_shared<std::optional<fault_plan>>();
  const auto answered = [this, run, id, c, plan](net::http_response answer) {
    if (*plan && ((*plan)->status != 0 || !(*plan)->reason.empty() || (*plan)->cut)) {
      answer = !(*plan)->reason.empty()
                   ? refusal_answer(named_refusal((*plan)->reason, (*plan)->status))
                   : net::http_response{(*plan)->cut ? 504 : (*plan)->status, {}, (*plan)->body};
      answer.headers.insert(answer.headers.end(), (*plan)->headers.begin(), (*plan)->headers.end());
    }
    journal_entry e;
    e.time = core_.now();
    e.kind = vendor::microsoft;
    e.account = run->envelope->who->email;
    e.method = c->method;
    e.verb = c->request.method;
    e.target = c->request.target;
    e.body = c->request.body;
    e.status = answer.status;
    e.wrote = c->wrote;
    if (*plan) e.fault = (*plan)->id;
    core_.log.add(std::move(e));
    if (answer.status >= 300) run->failed.insert(id);
    run->responses.push_back(response_of(id, answer));
    step(run);
  };
  bool blocked = false;
  const auto* needs = part.if_contains("dependsOn");
  if (needs != nullptr && needs->is_array())
    for (const auto& other : needs->get_array())
      blocked |= other.is_string() && run->failed.count(std::string(other.get_string())) != 0;
  if (blocked)
    return answered(
        refusal_answer({424, "FailedDependency", "A request this one depends on has failed.", {}, {}}));
  if (settings.strict_batch_concurrency && needs == nullptr &&
      run->next > static_cast<std::size_t>(settings.concurrent_requests)) {
    auto r = named_refusal("ApplicationThrottled", 0);
    r.headers.emplace_back("Retry-After", "1");
    return answered(refusal_answer(r));
  }
  if (!core_.routes.match(*c) || !c->to->start || !c->to->kind)
    return answered(refusal_answer({400, "BadRequest", "Resource not found for the segment.", {}, {}}));
  if (auto refused = authorize(*c)) return answered(std::move(*refused));
  *plan = core_.faults.strike(vendor::microsoft, c->who->email, c->method);
  if (*plan && !(*plan)->after_effect && ((*plan)->status != 0 || (*plan)->cut || !(*plan)->reason.empty()))
    return answered({});
  in_batch_ = true;
  c->to->start(c, answered);
  in_batch_ = false;
}

net::http_response graph::show_knobs(call&) { return json_answer(200, settings.report()); }

net::http_response graph::set_knobs(call& c) {
  const auto body = body_of(c);
  if (!body) return refusal_answer(body.error());
  if (auto refused = settings.set(*body)) return refusal_answer(*refused);
  return json_answer(200, settings.report());
}

/// What only Exchange or Outlook does: `move` and `touch` an event, `calendar` with rights, the `mails` sent.
net::http_response graph::act(call& c) {
  auto* box = box_of(c.param("account"));
  if (box == nullptr) return refusal_answer({404, "no_such_account", "There is no such mailbox.", {}, {}});
  const auto& action = c.param("action");
  if (action == "mails" && c.request.method == "GET") {
    json::array out;
    for (const auto& m : box->mails())
      out.push_back(
          json::object{{"time", to_rfc3339(m.time)}, {"to", m.to}, {"kind", m.kind}, {"subject", m.subject}});
    return json_answer(200, {{"items", std::move(out)}});
  }
  const auto body = body_of(c);
  if (!body) return refusal_answer(body.error());
  const auto event = text_of(*body, "event");
  std::optional<refusal> refused;
  if (action == "move")
    refused = box->move(event, text_of(*body, "calendar"), core_.now());
  else if (action == "touch")
    refused = box->touch(event, core_.now());
  else if (action == "calendar") {
    const auto* may = body->if_contains("can_edit");
    const auto& made =
        box->add_calendar(text_of(*body, "name"), may == nullptr || !may->is_bool() || may->get_bool());
    return json_answer(201, {{"id", made.id}, {"immutable_id", made.short_id}});
  } else {
    refused = refusal{404, "no_such_action", "There is no such action.", {}, {}};
  }
  if (refused) return refusal_answer(*refused);
  return json_answer(200, {{"done", true}});
}

} // namespace kalends::sandbox::microsoft
