// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"

namespace kalends::api {
namespace json = boost::json;

void get_health(const call_ptr& c) { c->finish(json_answer(200, json::object{{"status", "ok"}})); }

void get_readiness(const call_ptr& c) {
  const bool database = c->with().db.ready();
  c->with().engine->status([c, database](const result<actors::engine_status>& engine) {
    guarded(c, [&] {
      json::object checks;
      checks["database"] = {{"ready", database},
                            {"reason", database ? json::value(nullptr) : "The database cannot be reached."}};
      checks["engine"] = {{"ready", engine.has_value()},
                          {"reason", engine ? json::value(nullptr) : json::value(engine.error().code)}};
      if (engine)
        checks["engine"].as_object()["counts"] = {{"tenants", engine->tenants},
                                                  {"providers", engine->providers},
                                                  {"provider_actors", engine->provider_actors},
                                                  {"failed_providers", engine->failed_providers}};
      const bool ready = database && engine;
      auto answer = json_answer(ready ? 200 : 503,
                                json::object{{"status", ready ? "ready" : "not_ready"}, {"checks", checks}});
      if (!ready) answer.headers.emplace_back("Retry-After", "1");
      c->finish(std::move(answer));
    });
  });
}

} // namespace kalends::api
