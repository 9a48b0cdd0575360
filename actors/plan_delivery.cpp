// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_delivery.hpp"

#include "actors/plan_sync.hpp"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

namespace kalends::actors {
namespace json = boost::json;
namespace {

/// Whoever hears it has to find the endpoint; the URL may hold a secret.
json::object stop_words(const webhook_endpoint& e) {
  return {{"endpoint_id", e.id.str()}, {"code", e.stopped->code}, {"last_code", e.last_code}};
}

void stop(webhook_endpoint& e, const char* code, std::string detail, instant now) {
  e.stopped = webhook_stop{code, std::move(detail), now};
  e.next_attempt_at.reset();
}

} // namespace

std::string delivery_body(const fact& f) {
  // Ids, types and times need no escaping, and the data is JSON already.
  const auto time = to_rfc3339(f.time);
  std::string out;
  out.reserve(f.data.size() + 256);
  out += "{\"id\":\"" + f.id + "\",\"type\":\"";
  out += name_of(f.type);
  out += "\",\"tenant_id\":\"" + f.tenant.str() + "\",\"sequence\":" + std::to_string(f.sequence) +
         ",\"time\":\"" + time + "\",\"timestamp\":\"" + time + "\",\"data\":";
  out += f.data;
  out += '}';
  return out;
}

std::string trial_body(const tenant_id& tenant, const webhook_endpoint& e, const std::string& id,
                       instant now) {
  const auto time = to_rfc3339(now);
  return json::serialize(json::object{{"id", id},
                                      {"type", "TEST"},
                                      {"tenant_id", tenant.str()},
                                      {"time", time},
                                      {"timestamp", time},
                                      {"data", {{"endpoint_id", e.id.str()}}}});
}

std::string failure_of(const attempt_outcome& o) {
  if (o.status >= 200 && o.status < 300) return {};
  if (o.status == 0) return o.code.empty() ? "no_answer" : o.code;
  if (o.status == 410) return "endpoint_gone";
  if (o.status >= 300 && o.status < 400) return "redirect_refused";
  return "http_" + std::to_string(o.status);
}

webhook_endpoint plan_attempt(webhook_endpoint e, std::int64_t sequence, const attempt_outcome& o,
                              const world& w) {
  const auto now = w.now();
  e.last_code = failure_of(o);
  if (e.last_code.empty()) {
    e.position = sequence;
    e.attempts = 0;
    e.waited = {};
    e.next_attempt_at.reset();
    e.failing_since.reset();
    e.last_delivered_at = now;
    return e;
  }
  ++e.attempts;
  if (!e.failing_since) e.failing_since = now;
  if (o.status == 410) {
    stop(e, "endpoint_gone", "The endpoint answered 410 Gone: it wants no more messages.", now);
    return e;
  }
  if (now - *e.failing_since >= endpoint_patience && e.attempts >= least_failures_to_stop) {
    stop(e, "endpoint_failing",
         "No message got through for " + std::to_string(endpoint_patience.count()) +
             " days; the last attempt failed with " + e.last_code + ".",
         now);
    return e;
  }
  e.waited = backoff(e.waited, w);
  const auto asked = o.retry_after.value_or(std::chrono::milliseconds{});
  e.next_attempt_at =
      now + std::max(e.waited, std::min<std::chrono::milliseconds>(asked, longest_asked_pause));
  return e;
}

fact stop_fact(const tenant_id& tenant, const webhook_endpoint& e, const world& w) {
  fact f;
  f.id = make_uuid(w);
  f.type = fact_type::webhook_endpoint_disabled;
  f.tenant = tenant;
  f.time = w.now();
  f.data = json::serialize(stop_words(e));
  return f;
}

audit_line stop_audit(const webhook_endpoint& e, const world& w) {
  return {make_uuid(w),
          w.now(),
          "engine",
          "webhook_endpoint.disabled",
          "webhook_endpoint:" + e.id.str(),
          json::serialize(stop_words(e)),
          ""};
}

} // namespace kalends::actors
