// SPDX-License-Identifier: Apache-2.0
#include "actors/run_facts.hpp"

#include <boost/json.hpp>

namespace kalends::actors {

namespace {

fact make_fact(fact_type type, const boost::json::object& data, const world& w) {
  fact f;
  f.id = make_uuid(w);
  f.type = type;
  f.time = w.now();
  f.data = boost::json::serialize(data);
  return f;
}

fact_type type_of(run_outcome o) {
  switch (o) {
  case run_outcome::running:
    return fact_type::calendar_sync_started;
  case run_outcome::succeeded:
    return fact_type::calendar_sync_completed;
  case run_outcome::failed:
    break;
  }
  return fact_type::calendar_sync_failed;
}

} // namespace

bool is_news(const sync_run& run) {
  if (run.outcome == run_outcome::failed) return true;
  if (run.cause == run_cause::manual || run.cause == run_cause::connect || run.cause == run_cause::reconcile)
    return true;
  return run.counts.entries_changed > 0 || run.counts.pushed > 0;
}

fact fact_of(const sync_run& run, const world& w) {
  boost::json::object data{
      {"provider_id", run.provider.str()}, {"run_id", run.id.str()}, {"cause", name_of(run.cause)}};
  if (run.outcome != run_outcome::running) {
    data["pulled"] = run.counts.pulled;
    data["entries_changed"] = run.counts.entries_changed;
    data["pushed"] = run.counts.pushed;
    data["refused"] = run.counts.refused;
  }
  if (run.outcome == run_outcome::failed) {
    data["error_code"] = run.error_code;
    data["error_detail"] = run.error_detail;
  }
  return make_fact(type_of(run.outcome), data, w);
}

fact provider_fact(fact_type type, const provider_id& provider,
                   const std::vector<std::pair<std::string, std::string>>& more, const world& w) {
  boost::json::object data{{"provider_id", provider.str()}};
  for (const auto& [key, value] : more) data[key] = value;
  return make_fact(type, data, w);
}

} // namespace kalends::actors
