// SPDX-License-Identifier: Apache-2.0
#include "persistence/schedule_rows.hpp"

#include "persistence/row_codec.hpp"
#include "schema/recurrence.hpp"

#include <algorithm>

namespace kalends::persistence {
namespace {

/// "{a,b}": UUIDs are never quoted.
std::vector<user_id> read_users(std::string_view text) {
  std::vector<user_id> users;
  if (text.size() < 2 || text.front() != '{' || text.back() != '}')
    throw std::domain_error("not an array of users");
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    users.emplace_back(std::string(text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return users;
}

int small(const rows& found, std::size_t row, int column) {
  return static_cast<int>(found.integer(row, column));
}

channel_health read_channel_health(const rows& found, std::size_t row, int first) {
  channel_health h;
  h.attempted_at = found.optional_time(row, first);
  if (!found.is_null(row, first + 1)) h.cause = read_enum<renewal_cause>(found.view(row, first + 1));
  h.error_code = found.text(row, first + 2);
  h.error_detail = found.text(row, first + 3);
  h.failures = small(found, row, first + 4);
  h.renews_at = found.optional_time(row, first + 5);
  h.silent_since = found.optional_time(row, first + 6);
  return h;
}

} // namespace

instant earliest_start(const appointment& a) {
  auto first = instant_of(a.start);
  if (a.repeats)
    for (const auto& c : a.repeats->changed) first = std::min(first, instant_of(c.what.start));
  return first;
}

instant latest_end(const appointment& a) {
  using namespace std::chrono;
  constexpr sys_days never = year(latest_year) / December / 31;
  if (!a.repeats) return instant_of(a.end);
  return std::min<sys_seconds>(end_of_series(a).value_or(never), never);
}

schedule_entry read_entry(const rows& found, std::size_t row) {
  schedule_entry e;
  e.id = found.as<entry_id>(row, 1);
  e.version = found.integer(row, 2);
  e.what.title = found.text(row, 3);
  e.what.notes = found.text(row, 4);
  e.what.location = found.text(row, 5);
  e.what.start = read_time(found.view(row, 6));
  e.what.end = read_time(found.view(row, 7));
  e.what.is_private = found.boolean(row, 8);
  e.what.is_tentative = found.boolean(row, 9);
  e.status = read_number(found.integer(row, 10), entry_status::cancelled);
  e.work.type = found.text(row, 11);
  e.work.id = found.optional_text(row, 12);
  e.assigned = read_users(found.view(row, 13));
  e.origin = found.as<provider_id>(row, 14);
  e.created_at = found.time(row, 15);
  e.updated_at = found.time(row, 16);
  e.what.repeats = read_recurrence(found.view(row, 17));
  e.what.attendees = read_attendees(found.view(row, 18));
  e.occurrences = read_occurrences(found.view(row, 19));
  return e;
}

mapping read_mapping(const rows& found, std::size_t row) {
  mapping m;
  m.provider = found.as<provider_id>(row, 1);
  m.entry = found.as<entry_id>(row, 2);
  m.event = found.as<event_id>(row, 3);
  m.transaction_id = found.text(row, 4);
  m.linked = found.boolean(row, 5);
  m.removing = found.boolean(row, 6);
  m.event_version = found.text(row, 7);
  m.entry_version = found.integer(row, 8);
  m.base_entry = read_base(found.view(row, 9));
  m.base_event = found.is_null(row, 10) ? m.base_entry : read_base(found.view(row, 10));
  if (!found.is_null(row, 11)) m.superseded = read_bases(found.view(row, 11));
  m.guest_copy = found.boolean(row, 12);
  m.masked = found.boolean(row, 13);
  m.disputed = field_set::from_bits(static_cast<std::uint16_t>(found.integer(row, 14)));
  m.gate = read_number(found.integer(row, 15), removal_gate::refused);
  m.held_since = found.optional_time(row, 16);
  return m;
}

provider read_provider(const rows& found, std::size_t row) {
  provider p;
  p.id = found.as<provider_id>(row, 0);
  p.type = read_enum<provider_type>(found.view(row, 1));
  p.scope = read_enum<provider_scope>(found.view(row, 2));
  p.user = found.as<user_id>(row, 3);
  p.direction = read_enum<sync_direction>(found.view(row, 4));
  p.on_conflict = read_enum<conflict_policy>(found.view(row, 5));
  p.on_deletion = read_enum<deletion_policy>(found.view(row, 6));
  p.status = read_enum<provider_status>(found.view(row, 7));
  if (!found.is_null(row, 8))
    p.problem = provider_problem{found.text(row, 8), found.text(row, 9), found.time(row, 10)};
  p.account = found.text(row, 11);
  p.subject = found.text(row, 12);
  p.calendar = found.as<calendar_id>(row, 13);
  p.calendar_name = found.text(row, 14);
  p.calendar_zone = found.text(row, 15);
  p.created_at = found.time(row, 16);
  p.last_sync_at = found.optional_time(row, 17);
  p.next_poll_at = found.optional_time(row, 18);
  p.channel_expires_at = found.optional_time(row, 19);
  p.push = read_channel_health(found, row, 20);
  if (!found.is_null(row, 27))
    p.reconciled = reconciliation{found.time(row, 27),
                                  {small(found, row, 28), small(found, row, 29), small(found, row, 30)}};
  p.next_reconcile_at = found.optional_time(row, 31);
  p.recovering = found.boolean(row, 32);
  p.imports = read_enum<import_policy>(found.view(row, 33));
  p.mails = read_enum<guest_mail>(found.view(row, 34));
  p.rehearsing = found.boolean(row, 35);
  if (!found.is_null(row, 36))
    p.held = held_removals{found.boolean(row, 36), small(found, row, 37), small(found, row, 38),
                           found.time(row, 39), found.boolean(row, 40)};
  const int links = small(found, row, 43);
  if (const int waiting = small(found, row, 41); waiting > 0)
    p.held_events = held_removals{false, waiting, links, found.time(row, 42), false};
  if (p.status == provider_status::leaving) p.links_left = links;
  return p;
}

sync_run read_run(const rows& found, std::size_t row) {
  sync_run r;
  r.id = found.as<run_id>(row, 0);
  r.provider = found.as<provider_id>(row, 1);
  r.cause = read_enum<run_cause>(found.view(row, 2));
  r.outcome = read_enum<run_outcome>(found.view(row, 3));
  r.counts = {small(found, row, 4), small(found, row, 5),
              small(found, row, 6), small(found, row, 7),
              small(found, row, 8), {small(found, row, 13), small(found, row, 14), small(found, row, 15)}};
  r.error_code = found.text(row, 9);
  r.error_detail = found.text(row, 10);
  r.started_at = found.time(row, 11);
  r.finished_at = found.optional_time(row, 12);
  return r;
}

fact read_fact(const rows& found, std::size_t row) {
  fact f;
  f.tenant = found.as<tenant_id>(row, 0);
  f.sequence = found.integer(row, 1);
  f.id = found.text(row, 2);
  f.type = read_number(found.integer(row, 3), last_fact_type);
  f.time = found.time(row, 4);
  f.data = found.text(row, 5);
  return f;
}

decision_line read_decision(const rows& found, std::size_t row) {
  decision_line d;
  d.what.id = found.text(row, 0);
  d.what.provider = found.as<provider_id>(row, 1);
  if (found.view(row, 2) != lowest_uuid) d.what.entry = found.as<entry_id>(row, 2);
  d.what.event = found.as<event_id>(row, 3);
  d.what.why = read_number(found.integer(row, 4), last_reason);
  d.what.inputs = found.text(row, 5);
  d.time = found.time(row, 6);
  return d;
}

channel read_channel(const rows& found, std::size_t row, int first) {
  return {found.text(row, first), found.text(row, first + 1), found.time(row, first + 2),
          found.bytes(row, first + 3), found.text(row, first + 4)};
}

} // namespace kalends::persistence
