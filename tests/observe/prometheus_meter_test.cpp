// SPDX-License-Identifier: Apache-2.0
#include "observe/prometheus_meter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

namespace kalends::observe {
namespace {

using namespace std::chrono_literals;

const tenant_id first("11111111-1111-7111-8111-111111111111");
const tenant_id second("22222222-2222-7222-8222-222222222222");
const tenant_id third("33333333-3333-7333-8333-333333333333");

/// The value of the series that is spelled so; -1 when there is none.
double value_in(const std::string& text, const std::string& series) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
  return -1;
}

std::size_t series_with(const std::string& text, const std::string& part) {
  std::istringstream lines(text);
  std::size_t n = 0;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("#") && line.find(part) != std::string::npos) ++n;
  return n;
}

std::string labels(const tenant_id& t, const std::string& more = {}) {
  return "{tenant=\"" + t.str() + "\",type=\"google\"" + more + "}";
}

class prometheus_meter_test : public testing::Test {
protected:
  prometheus_meter meter{{2, "1.2.3"}};
  house_figures house;
  std::string text() const { return meter.text(house); }
  double value(const std::string& series) const { return value_in(text(), series); }
};

TEST_F(prometheus_meter_test, counts_what_it_is_told) {
  const error failed{errc::retry_later, "rate_limited", "", {}, {}};
  const calendar_label of{first, provider_type::google};

  meter.notices_accepted(first, provider_type::google, 3);
  meter.dead_letter(of, "invalid_argument");
  meter.push_retried(of, "timeout");
  meter.drift_found(of, 4);
  meter.conflict(of, reason::pull_conflict_local);
  meter.channel_renewed(of, &failed);
  meter.token_refreshed(of, nullptr);
  meter.provider_parked(of, true);
  meter.provider_parked(of, false);
  meter.fenced(first);
  meter.notice_refused("notice_refused");
  meter.actor_died("provider");
  meter.tenants_held(7);
  meter.circuit(provider_type::microsoft, true);

  EXPECT_EQ(value("kalends_notices_total" + labels(first)), 3);
  EXPECT_EQ(value("kalends_dead_letters_total" + labels(first)), 1);
  EXPECT_EQ(value(R"(kalends_dead_letters_by_code_total{code="invalid_argument",type="google"})"), 1);
  EXPECT_EQ(value("kalends_push_retries_total" + labels(first)), 1);
  EXPECT_EQ(value("kalends_drift_items_total" + labels(first)), 4);
  EXPECT_EQ(value("kalends_conflicts_total{policy=\"local\",tenant=\"" + first.str() + "\",type=\"google\"}"),
            1);
  EXPECT_EQ(value("kalends_channel_renewals_total{outcome=\"failed\",tenant=\"" + first.str() +
                  "\",type=\"google\"}"),
            1);
  EXPECT_EQ(
      value("kalends_token_refreshes_total{outcome=\"ok\",tenant=\"" + first.str() + "\",type=\"google\"}"),
      1);
  EXPECT_EQ(value("kalends_parkings_total" + labels(first)), 1);
  EXPECT_EQ(value("kalends_fenced_writes_total{tenant=\"" + first.str() + "\"}"), 1);
  EXPECT_EQ(value(R"(kalends_notices_refused_total{code="notice_refused"})"), 1);
  EXPECT_EQ(value(R"(kalends_actor_deaths_total{kind="provider"})"), 1);
  EXPECT_EQ(value("kalends_tenants_held"), 7);
  EXPECT_EQ(value(R"(kalends_vendor_circuit_open{type="microsoft"})"), 1);
  EXPECT_EQ(value(R"(kalends_vendor_circuit_open{type="google"})"), 0);
}

TEST_F(prometheus_meter_test, counts_runs_by_cause_and_outcome) {
  sync_run run;
  run.cause = run_cause::poll;
  run.outcome = run_outcome::failed;
  run.error_code = "rate_limited";
  run.counts = {5, 2, 1, 1, 3};
  run.finished_at = run.started_at + 700ms;

  meter.run_ended({first, provider_type::google}, run);

  const auto t = text();
  EXPECT_EQ(value_in(t, "kalends_sync_runs_total{cause=\"poll\",outcome=\"failed\",tenant=\"" + first.str() +
                            "\",type=\"google\"}"),
            1);
  EXPECT_EQ(value_in(t, "kalends_sync_runs_total{cause=\"poll\",outcome=\"succeeded\",tenant=\"" +
                            first.str() + "\",type=\"google\"}"),
            0);
  EXPECT_EQ(
      value_in(t, "kalends_sync_items_total{kind=\"pulled\",tenant=\"" + first.str() + "\",type=\"google\"}"),
      5);
  EXPECT_EQ(value_in(t, R"(kalends_sync_failures_by_code_total{code="rate_limited",type="google"})"), 1);
  EXPECT_EQ(value_in(t, R"(kalends_sync_run_seconds_bucket{cause="poll",type="google",le="0.5"})"), 0);
  EXPECT_EQ(value_in(t, R"(kalends_sync_run_seconds_bucket{cause="poll",type="google",le="1"})"), 1);
}

TEST_F(prometheus_meter_test, sorts_vendor_calls_by_verb_and_outcome) {
  const error refused{errc::forbidden, "insufficient_scope", "", {}, {}};
  const calendar_label of{first, provider_type::google};

  meter.vendor_called(of, vendor_verb::list_changes, 2s, 300ms, nullptr);
  meter.vendor_called(of, vendor_verb::insert_event, 0ms, 20ms, &refused);

  const auto t = text();
  auto calls = [&](const std::string& outcome) {
    return value_in(t, "kalends_vendor_calls_total{outcome=\"" + outcome + "\",tenant=\"" + first.str() +
                           "\",type=\"google\"}");
  };
  EXPECT_EQ(calls("ok"), 1);
  EXPECT_EQ(calls("forbidden"), 1);
  EXPECT_EQ(calls("broken"), 0);
  EXPECT_EQ(value_in(t, R"(kalends_vendor_call_seconds_count{type="google",verb="list_changes"})"), 1);
  EXPECT_EQ(value_in(t, R"(kalends_vendor_wait_seconds_sum{type="google"})"), 2);
  EXPECT_EQ(value_in(t, R"(kalends_vendor_failures_by_code_total{code="insufficient_scope",type="google"})"),
            1);
}

TEST_F(prometheus_meter_test, gives_freshness_the_buckets_that_matter) {
  meter.fresh_in({first, provider_type::google}, 120ms);
  meter.fresh_out({first, provider_type::google}, 3'000s);
  meter.fresh_out({first, provider_type::google}, -5ms); // a vendor's clock that goes ahead of ours

  const auto t = text();
  EXPECT_EQ(value_in(t, "kalends_freshness_in_seconds_bucket" + labels(first, ",le=\"0.1\"")), 0);
  EXPECT_EQ(value_in(t, "kalends_freshness_in_seconds_bucket" + labels(first, ",le=\"0.25\"")), 1);
  EXPECT_EQ(value_in(t, "kalends_freshness_out_seconds_bucket" + labels(first, ",le=\"900\"")), 1);
  EXPECT_EQ(value_in(t, "kalends_freshness_out_seconds_bucket" + labels(first, ",le=\"3600\"")), 2);
  EXPECT_EQ(value_in(t, "kalends_freshness_out_seconds_sum" + labels(first)), 3'000);
}

TEST_F(prometheus_meter_test, names_no_more_tenants_than_it_may) {
  for (const auto& t : {first, second, third, tenant_id("44444444-4444-7444-8444-444444444444")})
    meter.notices_accepted(t, provider_type::google, 1);

  const auto t = text();
  EXPECT_EQ(value_in(t, "kalends_notices_total" + labels(first)), 1);
  EXPECT_EQ(value_in(t, "kalends_notices_total" + labels(second)), 1);
  EXPECT_EQ(value_in(t, R"(kalends_notices_total{tenant="other",type="google"})"), 2);
  EXPECT_EQ(series_with(t, third.str()), 0u);
}

TEST_F(prometheus_meter_test, names_no_more_codes_than_it_may) {
  for (int i = 0; i < 500; ++i) meter.notice_refused("code_" + std::to_string(i));

  const auto t = text();
  EXPECT_LE(series_with(t, "kalends_notices_refused_total"), 65u);
  EXPECT_GT(value_in(t, R"(kalends_notices_refused_total{code="other"})"), 400);
}

TEST_F(prometheus_meter_test, answers_by_route_and_class) {
  static constexpr std::string_view route = "/v1/users/{user_id}";
  meter.request_answered("GET", route, 200, 1'500us);
  meter.request_answered("GET", route, 404, 1ms);
  meter.request_answered("GET", route, 204, 1ms);

  const auto t = text();
  EXPECT_EQ(
      value_in(t, R"(kalends_http_requests_total{method="GET",route="/v1/users/{user_id}",status="2xx"})"),
      2);
  EXPECT_EQ(
      value_in(t, R"(kalends_http_requests_total{method="GET",route="/v1/users/{user_id}",status="4xx"})"),
      1);
  EXPECT_EQ(value_in(t, R"(kalends_http_request_seconds_count{method="GET",route="/v1/users/{user_id}"})"),
            3);
}

TEST_F(prometheus_meter_test, adds_up_the_rows_of_tenants_without_a_name) {
  house.rows.emplace();
  house.rows->tenants = 4;
  for (const auto& t : {first, second, third, tenant_id("44444444-4444-7444-8444-444444444444")}) {
    calendar_figures f;
    f.tenant = t;
    f.type = provider_type::google;
    f.by_status["active"] = 2;
    f.outbox_rows = 3;
    f.outbox_oldest_age = t == third ? 90 : 10;
    house.rows->lines.push_back(f);
  }

  const auto t = text();
  EXPECT_EQ(value_in(t, "kalends_tenants"), 4);
  EXPECT_EQ(value_in(t, "kalends_outbox_rows" + labels(first)), 3);
  EXPECT_EQ(value_in(t, R"(kalends_outbox_rows{tenant="other",type="google"})"), 6);
  EXPECT_EQ(value_in(t, R"(kalends_outbox_oldest_age_seconds{tenant="other",type="google"})"), 90);
  EXPECT_EQ(value_in(t, R"(kalends_calendars{tenant="other",type="google",status="active"})"), 4);
  EXPECT_EQ(value_in(t, "kalends_rows_up"), 1);
}

TEST_F(prometheus_meter_test, begins_the_series_of_a_tenant_at_zero) {
  house.rows.emplace();
  house.rows->lines.emplace_back();
  house.rows->lines.back().tenant = first;

  EXPECT_EQ(value("kalends_dead_letters_total" + labels(first)), 0);
  EXPECT_EQ(value("kalends_fenced_writes_total{tenant=\"" + first.str() + "\"}"), 0);
}

TEST_F(prometheus_meter_test, leaves_out_rows_that_could_not_be_read) {
  EXPECT_EQ(value("kalends_rows_up"), 0);
  EXPECT_EQ(value("kalends_database_up"), 0);
  EXPECT_EQ(series_with(text(), "kalends_outbox_rows"), 0u);
}

TEST_F(prometheus_meter_test, tells_about_the_process) {
  const auto t = text();
  EXPECT_GT(value_in(t, "process_resident_memory_bytes"), 1e6);
  EXPECT_GT(value_in(t, "process_open_fds"), 2);
  EXPECT_GT(value_in(t, "process_start_time_seconds"), 1.6e9);
  EXPECT_EQ(series_with(t, "kalends_build_info{version=\"1.2.3\""), 1u);
}

TEST_F(prometheus_meter_test, loses_nothing_when_many_tell_at_once) {
  std::vector<std::thread> tellers;
  for (int n = 0; n < 4; ++n)
    tellers.emplace_back([this, n] {
      const tenant_id mine("tenant-" + std::to_string(n));
      for (int i = 0; i < 2'000; ++i) {
        meter.notices_accepted(mine, provider_type::microsoft, 1);
        meter.fenced(mine);
        if (i % 500 == 0) (void)text();
      }
    });
  for (auto& t : tellers) t.join();

  double sum = 0, fenced = 0;
  std::istringstream lines(text());
  for (std::string line; std::getline(lines, line);) {
    const auto number = [&] { return std::stod(line.substr(line.rfind(' '))); };
    if (line.starts_with("kalends_notices_total{")) sum += number();
    if (line.starts_with("kalends_fenced_writes_total{")) fenced += number();
  }
  EXPECT_EQ(sum, 8'000);
  EXPECT_EQ(fenced, 8'000);
}

} // namespace
} // namespace kalends::observe
