// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"
#include "observe/prometheus_meter.hpp"

namespace kalends::api {
namespace json = boost::json;

namespace {

json::object check_json(const std::string& reason) {
  return {{"ready", reason.empty()}, {"reason", reason.empty() ? json::value(nullptr) : json::value(reason)}};
}

/// 200 with all checks, or a problem that bears them: whoever only knows problems understands it too.
net::http_response readiness_answer(const json::object& checks, const std::string& reasons) {
  if (reasons.empty()) return json_answer(200, json::object{{"status", "ready"}, {"checks", checks}});
  auto answer = problem({errc::retry_later, "not_ready", reasons, {}, std::chrono::seconds(1)});
  auto body = json::parse(answer.body).as_object();
  body["checks"] = checks;
  answer.body = json::serialize(body);
  return answer;
}

} // namespace

void get_health(const call_ptr& c) { c->finish(json_answer(200, json::object{{"status", "ok"}})); }

void get_readiness(const call_ptr& c) {
  const bool database = c->with().db.ready();
  c->with().engine->status([c, database](const result<actors::engine_status>& engine) {
    guarded(c, [&] {
      std::vector<readiness_check> held{{"database", database ? "" : "The database cannot be reached."},
                                        {"engine", engine ? std::string() : engine.error().code}};
      if (c->with().more_checks)
        for (auto& check : c->with().more_checks()) held.push_back(std::move(check));
      json::object checks;
      std::string reasons;
      for (const auto& check : held) {
        auto& line = checks[check.name];
        if (line.is_object() && !line.at("ready").as_bool()) continue; // the first reason stands
        line = check_json(check.reason);
        if (!check.reason.empty())
          reasons += (reasons.empty() ? "" : "; ") + check.name + ": " + check.reason;
      }
      if (engine)
        checks["engine"].as_object()["counts"] = {{"tenants", engine->tenants},
                                                  {"providers", engine->providers},
                                                  {"provider_actors", engine->provider_actors},
                                                  {"failed_providers", engine->failed_providers}};
      c->finish(readiness_answer(checks, reasons));
    });
  });
}

void get_metrics(const call_ptr& c) {
  const auto unavailable = [c] {
    c->finish(problem(
        {errc::retry_later, "not_ready", "There are no figures just now.", {}, std::chrono::seconds(1)}));
  };
  if (!c->with().scrape) return unavailable();
  c->with().scrape([c, unavailable](std::string text) {
    if (text.empty()) return unavailable();
    c->finish(
        {200, {{"Content-Type", std::string(observe::prometheus_meter::content_type)}}, std::move(text)});
  });
}

} // namespace kalends::api
