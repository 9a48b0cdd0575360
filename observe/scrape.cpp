// SPDX-License-Identifier: Apache-2.0
#include "observe/scrape.hpp"

#include "schema/sync.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace kalends::observe {

family_maker::family_maker(const char* name, const char* help, bool counts) {
  family_.name = name;
  family_.help = help;
  family_.type = counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
}

void family_maker::add(double value, std::vector<std::pair<std::string, std::string>> labels) {
  prometheus::ClientMetric m;
  for (auto& [name, text] : labels) m.label.push_back({std::move(name), std::move(text)});
  if (family_.type == prometheus::MetricType::Counter)
    m.counter.value = value;
  else
    m.gauge.value = value;
  family_.metric.push_back(std::move(m));
}

namespace {

using series_key = std::pair<std::string, std::string>; // tenant, type

/// Counts add up, ages do not: the oldest one speaks for all.
void join(calendar_figures& into, const calendar_figures& from) {
  for (const auto& [status, n] : from.by_status) into.by_status[status] += n;
  for (auto member :
       {&calendar_figures::parked, &calendar_figures::outbox_rows, &calendar_figures::stale_marks,
        &calendar_figures::channels_standing, &calendar_figures::channels_expiring,
        &calendar_figures::channels_missing, &calendar_figures::channels_failing,
        &calendar_figures::channels_silent, &calendar_figures::dead_letters, &calendar_figures::approvals})
    into.*member += from.*member;
  for (auto member : {&calendar_figures::outbox_oldest_age, &calendar_figures::stale_oldest_age,
                      &calendar_figures::last_sync_age, &calendar_figures::last_reconcile_age,
                      &calendar_figures::renewal_overdue})
    into.*member = std::max(into.*member, from.*member);
}

/// A figure of a tenant's calendars at a vendor that is one number.
struct plain_figure {
  const char* name;
  const char* help;
  double (*value)(const calendar_figures&);
};

constexpr std::array<plain_figure, 11> plain_figures{{
    {"kalends_parked_calendars", "Calendars that failed repeatedly and rest.",
     [](const calendar_figures& f) { return double(f.parked); }},
    {"kalends_outbox_rows", "Changes of entries on their way to a calendar.",
     [](const calendar_figures& f) { return double(f.outbox_rows); }},
    {"kalends_outbox_oldest_age_seconds", "Since the oldest of them was committed.",
     [](const calendar_figures& f) { return f.outbox_oldest_age; }},
    {"kalends_stale_marks", "Calendars with a notice that no read has covered.",
     [](const calendar_figures& f) { return double(f.stale_marks); }},
    {"kalends_stale_oldest_age_seconds", "Since the oldest such notice.",
     [](const calendar_figures& f) { return f.stale_oldest_age; }},
    {"kalends_last_sync_age_seconds", "Since the active calendar that was read longest ago was read.",
     [](const calendar_figures& f) { return f.last_sync_age; }},
    {"kalends_last_reconcile_age_seconds",
     "Since the active calendar compared longest ago was compared in full.",
     [](const calendar_figures& f) { return f.last_reconcile_age; }},
    {"kalends_silent_channels", "Channels that stand and yet did not tell what a poll found.",
     [](const calendar_figures& f) { return double(f.channels_silent); }},
    {"kalends_renewal_overdue_seconds", "Since a channel should have been renewed.",
     [](const calendar_figures& f) { return f.renewal_overdue; }},
    {"kalends_dead_letters", "Changes that were set aside and wait for a person.",
     [](const calendar_figures& f) { return double(f.dead_letters); }},
    {"kalends_approvals", "Deletions that wait for a person's approval.",
     [](const calendar_figures& f) { return double(f.approvals); }},
}};

} // namespace

std::vector<prometheus::MetricFamily>
row_families(const row_figures& rows, const std::function<std::string(const tenant_id&)>& tenant_name) {
  std::map<series_key, calendar_figures> sums;
  for (const auto& line : rows.lines)
    join(sums[{tenant_name(line.tenant), std::string(kalends::name_of(line.type))}], line);

  std::vector<prometheus::MetricFamily> out;
  family_maker tenants("kalends_tenants", "Tenants that there are.");
  tenants.add(static_cast<double>(rows.tenants));
  out.push_back(tenants.take());

  family_maker calendars("kalends_calendars", "Connected calendars by status.");
  family_maker channels("kalends_channels", "Push channels of active calendars, by state.");
  for (const auto& [key, f] : sums) {
    for (auto status :
         {provider_status::pending_authorization, provider_status::active, provider_status::action_required,
          provider_status::paused, provider_status::leaving}) {
      const std::string name(kalends::name_of(status));
      const auto at = f.by_status.find(name);
      calendars.add(at == f.by_status.end() ? 0 : double(at->second),
                    {{"tenant", key.first}, {"type", key.second}, {"status", name}});
    }
    if (const auto at = f.by_status.find("stopped"); at != f.by_status.end())
      calendars.add(double(at->second), {{"tenant", key.first}, {"type", key.second}, {"status", "stopped"}});
    auto channel = [&, k = key](const char* state, std::int64_t n) {
      channels.add(double(n), {{"tenant", k.first}, {"type", k.second}, {"state", state}});
    };
    channel("standing", f.channels_standing);
    channel("expiring", f.channels_expiring);
    channel("missing", f.channels_missing);
    channel("failing", f.channels_failing);
  }
  out.push_back(calendars.take());
  out.push_back(channels.take());
  for (const auto& figure : plain_figures) {
    family_maker made(figure.name, figure.help);
    for (const auto& [key, f] : sums)
      made.add(figure.value(f), {{"tenant", key.first}, {"type", key.second}});
    out.push_back(made.take());
  }
  return out;
}

std::vector<prometheus::MetricFamily> house_families(const house_figures& house) {
  std::vector<prometheus::MetricFamily> out;
  auto one = [&out](const char* name, const char* help, double value) {
    family_maker made(name, help);
    made.add(value);
    out.push_back(made.take());
  };
  one("kalends_database_up", "1 while the database answers.", house.database_up ? 1 : 0);
  one("kalends_rows_up", "1 when the figures that are counted in rows are in this scrape.",
      house.rows ? 1 : 0);
  one("kalends_rows_seconds", "What counting the rows took.", house.rows_took);
  one("kalends_database_queue_length", "Work that waits for a connection.", double(house.database_waiting));
  family_maker connections("kalends_database_connections", "Connections to the database by state.");
  connections.add(double(house.database_connections), {{"state", "wanted"}});
  connections.add(double(house.database_connections_up), {{"state", "up"}});
  connections.add(double(house.database_connections_busy), {{"state", "busy"}});
  out.push_back(connections.take());
  one("kalends_http_connections", "Open connections of clients.", double(house.http_connections));
  one("kalends_io_lag_seconds", "What a thing to do waited for the I/O thread just now.", house.loop_lag);
  return out;
}

} // namespace kalends::observe
