// SPDX-License-Identifier: Apache-2.0
#include "observe/prometheus_meter.hpp"

#include "observe/scrape.hpp"
#include "observe/series.hpp"

#include <prometheus/gauge.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <sstream>

namespace kalends::observe {

namespace {

/// Error codes are a closed list of ours, but their number is nobody's promise.
constexpr std::size_t codes_limit = 64;

double seconds(std::chrono::milliseconds t) { return static_cast<double>(t.count()) / 1e3; }
double seconds(std::chrono::microseconds t) { return static_cast<double>(t.count()) / 1e6; }

std::string text_of(provider_type type) { return std::string(name_of(type)); }

family<counter>& counters(prometheus::Registry& r, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(r);
}
/// Families whose series have a code, and so none before the first failure; their names are told from the
/// start.
constexpr std::array<std::pair<const char*, const char*>, 6> by_code{{
    {"kalends_push_retries_by_code_total", "Writes to be tried again, by code."},
    {"kalends_dead_letters_by_code_total", "Writes that were set aside, by code."},
    {"kalends_sync_failures_by_code_total", "Sync runs that failed, by code."},
    {"kalends_vendor_failures_by_code_total", "Calls of vendors that failed, by code."},
    {"kalends_notices_refused_total", "Notices that proved nothing, by code."},
    {"kalends_webhook_failures_by_code_total", "Messages that an endpoint of a host did not take, by code."},
}};
family<counter>& counters(prometheus::Registry& r, std::size_t of) {
  return counters(r, by_code[of].first, by_code[of].second);
}
family<histogram>& histograms(prometheus::Registry& r, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(r);
}
family<prometheus::Gauge>& gauges(prometheus::Registry& r, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(r);
}

constexpr std::size_t status_classes = 6; ///< 1xx … 5xx; [0]: anything else

struct route_series {
  std::array<counter*, status_classes> by_status{};
  histogram* took = nullptr;
};

} // namespace

/// What belongs to a vendor and to no tenant.
struct vendor_series {
  std::array<histogram*, vendor_verbs> calls{};
  std::array<histogram*, run_causes> runs{};
  histogram* waited = nullptr;
  prometheus::Gauge* circuit = nullptr;
};

struct prometheus_meter::impl {
  explicit impl(prometheus_options o);
  vendor_series& at(provider_type type) { return vendors[static_cast<std::size_t>(type)]; }
  void count_code(family<counter>& of, provider_type type, std::string_view code);
  const route_series& route_of(std::string_view method, std::string_view route);

  prometheus_options options;
  prometheus::Registry registry;
  mutable calendar_board calendars;
  bounded_label codes{codes_limit};
  family<counter>&refusals, &retry_codes, &dead_codes, &run_codes, &call_codes, &deaths;
  prometheus::Gauge& held;
  family<counter>& sent;
  counter &taken, &not_taken;
  family<counter>&sent_codes, &stops;
  histogram& sent_seconds;
  prometheus::Gauge &endpoints, &endpoints_failing, &behind;
  std::array<vendor_series, provider_types> vendors;
  family<counter>& requests;
  family<histogram>& request_seconds;
  std::shared_mutex routes_mutex;
  std::unordered_map<const char*, std::unordered_map<std::string_view, route_series>> routes;
  histogram &transaction_seconds, &wait_seconds, &commit_seconds;
  counter &committed, &rolled_back;
  family<counter>& refused_work;
  family<counter>& mails;
};

prometheus_meter::impl::impl(prometheus_options o)
    : options(std::move(o)), calendars(registry, options.tenant_limit), refusals(counters(registry, 4)),
      retry_codes(counters(registry, 0)), dead_codes(counters(registry, 1)), run_codes(counters(registry, 2)),
      call_codes(counters(registry, 3)),
      deaths(counters(registry, "kalends_actor_deaths_total", "Actors that died and were started again.")),
      held(gauges(registry, "kalends_tenants_held", "Tenants that this node runs.").Add({})),
      sent(counters(registry, "kalends_webhook_deliveries_total",
                    "Messages to endpoints of hosts, by outcome.")),
      taken(sent.Add({{"outcome", "delivered"}})), not_taken(sent.Add({{"outcome", "failed"}})),
      sent_codes(counters(registry, 5)),
      stops(counters(registry, "kalends_webhook_endpoints_disabled_total", "Endpoints that were given up.")),
      sent_seconds(histograms(registry, "kalends_webhook_seconds", "From a message to its answer.")
                       .Add({}, call_buckets())),
      endpoints(gauges(registry, "kalends_webhook_endpoints", "Endpoints that this node sends to.").Add({})),
      endpoints_failing(
          gauges(registry, "kalends_webhook_endpoints_failing", "Those that did not take the last message.")
              .Add({})),
      behind(gauges(registry, "kalends_webhook_backlog_age_seconds",
                    "Age of the oldest fact that an endpoint waits for.")
                 .Add({})),
      requests(counters(registry, "kalends_http_requests_total", "Requests that were answered.")),
      request_seconds(
          histograms(registry, "kalends_http_request_seconds", "From the whole request to its answer.")),
      transaction_seconds(histograms(registry, "kalends_database_transaction_seconds",
                                     "A transaction, from its connection to its end.")
                              .Add({}, database_buckets())),
      wait_seconds(
          histograms(registry, "kalends_database_wait_seconds", "What a transaction waited for a connection.")
              .Add({}, database_buckets())),
      commit_seconds(
          histograms(registry, "kalends_database_commit_seconds", "The last exchange of a transaction.")
              .Add({}, database_buckets())),
      committed(counters(registry, "kalends_database_transactions_total", "Transactions that ended.")
                    .Add({{"outcome", "committed"}})),
      rolled_back(counters(registry, "kalends_database_transactions_total", "Transactions that ended.")
                      .Add({{"outcome", "rolled_back"}})),
      refused_work(
          counters(registry, "kalends_database_refusals_total", "Work that was refused before it began.")),
      mails(counters(registry, "kalends_mails_total", "Attempts to mail a notice, by what came of them.")) {
  // The first of its kind only counts as an increase where a nought stood before.
  for (const auto* code : {"endpoint_gone", "endpoint_failing"}) stops.Add({{"code", codes.of(code)}});
  auto& call_seconds = histograms(registry, "kalends_vendor_call_seconds", "A call of a vendor.");
  auto& waits = histograms(registry, "kalends_vendor_wait_seconds", "What a call waited for its turn.");
  auto& run_seconds = histograms(registry, "kalends_sync_run_seconds", "A sync run, from begin to end.");
  auto& circuits =
      gauges(registry, "kalends_vendor_circuit_open", "1 while a vendor is left alone because it fails.");
  for (std::size_t t = 0; t < provider_types; ++t) {
    const auto type = text_of(static_cast<provider_type>(t));
    auto& v = vendors[t];
    for (std::size_t i = 0; i < vendor_verbs; ++i)
      v.calls[i] = &call_seconds.Add(
          {{"type", type}, {"verb", std::string(name_of(static_cast<vendor_verb>(i)))}}, call_buckets());
    for (std::size_t i = 0; i < run_causes; ++i)
      v.runs[i] = &run_seconds.Add(
          {{"type", type}, {"cause", std::string(kalends::name_of(static_cast<run_cause>(i)))}},
          freshness_buckets());
    v.waited = &waits.Add({{"type", type}}, call_buckets());
    v.circuit = &circuits.Add({{"type", type}});
  }
  // What alerts count has to be there before it happens: a series that is born with 1 has not increased.
  for (const char* code : {"notice_refused", "notice_headers_missing", "notice_ticket_malformed",
                           "notice_body_malformed", "too_many_items"})
    refusals.Add({{"code", codes.of(code)}});
  for (const char* outcome : {"sent", "retried", "given_up"}) mails.Add({{"outcome", outcome}});
  for (const char* code : {"endpoint_gone", "endpoint_failing"}) stops.Add({{"code", code}});
  for (const char* kind : {"provider", "tenant", "intake", "event_bus", "delivery"})
    deaths.Add({{"kind", kind}});
  for (const char* code : {"database_busy", "database_away"}) refused_work.Add({{"code", code}});
}

void prometheus_meter::impl::count_code(family<counter>& of, provider_type type, std::string_view code) {
  of.Add({{"type", text_of(type)}, {"code", codes.of(code)}}).Increment();
}

const route_series& prometheus_meter::impl::route_of(std::string_view method, std::string_view route) {
  {
    const std::shared_lock lock(routes_mutex);
    if (auto at = routes.find(route.data()); at != routes.end())
      if (auto m = at->second.find(method); m != at->second.end()) return m->second;
  }
  const std::unique_lock lock(routes_mutex);
  auto& s = routes[route.data()][method];
  if (s.took != nullptr) return s;
  static constexpr std::array<const char*, status_classes> names{"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 2; i < status_classes; ++i)
    s.by_status[i] =
        &requests.Add({{"method", std::string(method)}, {"route", std::string(route)}, {"status", names[i]}});
  s.by_status[0] = s.by_status[1] = s.by_status[5]; // nothing answers so
  s.took =
      &request_seconds.Add({{"method", std::string(method)}, {"route", std::string(route)}}, call_buckets());
  return s;
}

prometheus_meter::prometheus_meter(prometheus_options o) : impl_(std::make_unique<impl>(std::move(o))) {}
prometheus_meter::~prometheus_meter() = default;

std::string prometheus_meter::text(const house_figures& house) const {
  // Whoever has calendars has series: the first failure of a calendar must be an increase, not a birth.
  if (house.rows)
    for (const auto& line : house.rows->lines) impl_->calendars.of(line.tenant, line.type);
  auto all = impl_->registry.Collect();
  for (const auto& [name, help] : by_code)
    if (std::none_of(all.begin(), all.end(), [n = name](const auto& f) { return f.name == n; }))
      all.push_back({name, help, prometheus::MetricType::Counter, {}});
  auto add = [&all](std::vector<prometheus::MetricFamily> more) {
    for (auto& f : more) all.push_back(std::move(f));
  };
  add(house_families(house));
  if (house.rows)
    add(row_families(*house.rows, [this](const tenant_id& t) { return impl_->calendars.name_of(t); }));
  add(process_families(impl_->options.version));
  return prometheus::TextSerializer().Serialize(all);
}

void prometheus_meter::notices_accepted(const tenant_id& tenant, provider_type type, int count) {
  impl_->calendars.of(tenant, type).notices->Increment(count);
}
void prometheus_meter::notice_refused(std::string_view code) {
  impl_->refusals.Add({{"code", impl_->codes.of(code)}}).Increment();
}
void prometheus_meter::fresh_in(calendar_label of, milliseconds took) {
  impl_->calendars.of(of.tenant, of.type).fresh_in->Observe(std::max(0.0, seconds(took)));
}
void prometheus_meter::fresh_out(calendar_label of, milliseconds took) {
  impl_->calendars.of(of.tenant, of.type).fresh_out->Observe(std::max(0.0, seconds(took)));
}
void prometheus_meter::push_retried(calendar_label of, std::string_view code) {
  impl_->calendars.of(of.tenant, of.type).retried->Increment();
  impl_->count_code(impl_->retry_codes, of.type, code);
}
void prometheus_meter::dead_letter(calendar_label of, std::string_view code) {
  impl_->calendars.of(of.tenant, of.type).dead_letters->Increment();
  impl_->count_code(impl_->dead_codes, of.type, code);
}

void prometheus_meter::run_ended(calendar_label of, const sync_run& run) {
  const auto cause = static_cast<std::size_t>(run.cause);
  const auto& s = impl_->calendars.of(of.tenant, of.type);
  const bool failed = run.outcome == run_outcome::failed;
  (failed ? s.runs[cause].failed : s.runs[cause].ok)->Increment();
  if (failed) impl_->count_code(impl_->run_codes, of.type, run.error_code);
  s.pulled->Increment(run.counts.pulled);
  s.changed->Increment(run.counts.entries_changed);
  s.pushed->Increment(run.counts.pushed);
  s.refused->Increment(run.counts.refused);
  if (run.finished_at)
    impl_->at(of.type).runs[cause]->Observe(std::max(0.0, seconds(*run.finished_at - run.started_at)));
}

void prometheus_meter::conflict(calendar_label of, reason why) {
  const auto& s = impl_->calendars.of(of.tenant, of.type);
  if (why == reason::pull_conflict_local)
    s.conflict_local->Increment();
  else if (why == reason::pull_conflict_external)
    s.conflict_external->Increment();
  else
    s.conflict_newest->Increment();
}
void prometheus_meter::drift_found(calendar_label of, int items) {
  impl_->calendars.of(of.tenant, of.type).drift->Increment(items);
}

void prometheus_meter::vendor_called(calendar_label of, vendor_verb verb, milliseconds waited,
                                     milliseconds took, const error* failed) {
  impl_->calendars.of(of.tenant, of.type).calls[outcome_of(failed)]->Increment();
  auto& v = impl_->at(of.type);
  v.calls[static_cast<std::size_t>(verb)]->Observe(seconds(took));
  v.waited->Observe(seconds(waited));
  if (failed != nullptr) impl_->count_code(impl_->call_codes, of.type, failed->code);
}
void prometheus_meter::circuit(provider_type type, bool open) { impl_->at(type).circuit->Set(open ? 1 : 0); }
void prometheus_meter::channel_renewed(calendar_label of, const error* failed) {
  impl_->calendars.of(of.tenant, of.type).renewals.count(failed);
}
/// How many are silent is counted in the rows, which outlive a restart.
void prometheus_meter::channel_silent(calendar_label, bool) {}
void prometheus_meter::token_refreshed(calendar_label of, const error* failed) {
  impl_->calendars.of(of.tenant, of.type).refreshes.count(failed);
}
void prometheus_meter::webhook_sent(std::string_view code, milliseconds took) {
  (code.empty() ? impl_->taken : impl_->not_taken).Increment();
  if (!code.empty()) impl_->sent_codes.Add({{"code", impl_->codes.of(code)}}).Increment();
  impl_->sent_seconds.Observe(seconds(took));
}
void prometheus_meter::webhook_stopped(std::string_view code) {
  impl_->stops.Add({{"code", impl_->codes.of(code)}}).Increment();
}
void prometheus_meter::webhooks_stand(std::size_t running, std::size_t failing, milliseconds behind) {
  impl_->endpoints.Set(static_cast<double>(running));
  impl_->endpoints_failing.Set(static_cast<double>(failing));
  impl_->behind.Set(seconds(behind));
}
void prometheus_meter::actor_died(std::string_view kind) {
  impl_->deaths.Add({{"kind", impl_->codes.of(kind)}}).Increment();
}
void prometheus_meter::provider_parked(calendar_label of, bool parked) {
  if (parked) impl_->calendars.of(of.tenant, of.type).parkings->Increment();
}
void prometheus_meter::tenants_held(std::size_t count) { impl_->held.Set(static_cast<double>(count)); }
void prometheus_meter::fenced(const tenant_id& tenant) { impl_->calendars.fenced(tenant).Increment(); }

void prometheus_meter::mail_settled(std::string_view outcome) {
  impl_->mails.Add({{"outcome", std::string(outcome)}}).Increment();
}

void prometheus_meter::request_answered(std::string_view method, std::string_view route, int status,
                                        microseconds took) {
  const auto& s = impl_->route_of(method, route);
  const auto klass = status >= 100 && status < 600 ? static_cast<std::size_t>(status / 100) : 0;
  s.by_status[klass]->Increment();
  s.took->Observe(seconds(took));
}

void prometheus_meter::transaction_ended(microseconds waited, microseconds took, microseconds commit,
                                         std::string_view code) {
  (code.empty() ? impl_->committed : impl_->rolled_back).Increment();
  impl_->wait_seconds.Observe(seconds(waited));
  impl_->transaction_seconds.Observe(seconds(took));
  if (code.empty()) impl_->commit_seconds.Observe(seconds(commit));
}
void prometheus_meter::work_refused(std::string_view code) {
  impl_->refused_work.Add({{"code", impl_->codes.of(code)}}).Increment();
}

} // namespace kalends::observe
