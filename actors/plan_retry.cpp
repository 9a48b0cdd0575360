// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_inputs.hpp"
#include "actors/entry_changes.hpp"

#include <algorithm>
#include <charconv>

namespace kalends::actors {
namespace {

bool refused(const error& e) {
  return e.kind == errc::invalid || e.kind == errc::forbidden || e.code == "event_not_mergeable";
}

const outbox_row& most_tried(std::span<const outbox_row> rows) {
  return *std::max_element(rows.begin(), rows.end(),
                           [](const outbox_row& a, const outbox_row& b) { return a.attempts < b.attempts; });
}

/// A row that came later says something new and gets its own tries.
int fewest_strikes(std::span<const outbox_row> rows) {
  return std::min_element(rows.begin(), rows.end(),
                          [](const outbox_row& a, const outbox_row& b) { return a.strikes < b.strikes; })
      ->strikes;
}

instant failing_since(std::span<const outbox_row> rows, instant now) {
  auto first = now;
  for (const auto& r : rows) first = std::min(first, r.failing_since.value_or(now));
  return first;
}

} // namespace

retry_plan plan_retry(std::span<const outbox_row> rows, const error& e,
                      std::optional<instant> others_got_through, const world& w) {
  const auto now = w.now();
  const auto& oldest = most_tried(rows);
  const auto failed_before = oldest.due_at - oldest.waited;
  retry_plan plan;
  plan.refused = refused(e);
  // A vendor that names its pace means everybody.
  const bool alone =
      !e.retry_after && oldest.attempts > 0 && others_got_through && *others_got_through > failed_before;
  plan.strike = plan.refused || alone;
  const int strikes = fewest_strikes(rows) + (plan.strike ? 1 : 0);
  const bool too_long =
      now - failing_since(rows, now) >= tries_in_an_outage && oldest.attempts + 1 >= least_tries_in_an_outage;
  plan.set_aside = (plan.strike && strikes >= (plan.refused ? tries_if_refused : tries_alone)) || too_long;
  plan.wait = std::max<std::chrono::milliseconds>(e.retry_after.value_or(std::chrono::milliseconds{}),
                                                  backoff(oldest.waited, w));
  return plan;
}

dead_letter make_letter(std::span<const outbox_row> rows, const error& e, const event_id& event,
                        const world& w) {
  dead_letter l;
  l.id = make_uuid(w);
  l.kind = letter_kind::push;
  l.provider = rows.back().provider;
  l.entry = rows.back().entry;
  l.event = event;
  l.action = rows.back().action;
  l.attempts = most_tried(rows).attempts + 1;
  l.code = e.code;
  l.detail = cut_text(e.detail, most_letter_detail);
  l.last_failed_at = w.now();
  l.first_failed_at = failing_since(rows, l.last_failed_at);
  return l;
}

std::optional<instant> committed_at(const outbox_row& row) {
  // RFC 9562 section 5.7: 48 bits of milliseconds.
  if (!is_uuid(row.id)) return std::nullopt;
  const auto digits = row.id.substr(0, 8) + row.id.substr(9, 4);
  std::int64_t ms = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), ms, 16);
  if (read.ec != std::errc{}) return std::nullopt;
  return instant(std::chrono::milliseconds(ms));
}

bool replay_letter(tenant_picture& p, const dead_letter& letter) {
  p.end_letter({key_of(letter), letter_state::replayed});
  p.explain(letter.provider, letter.entry, letter.event, reason::push_replayed, letter_inputs(letter));
  const auto* calendar = p.calendar(letter.provider);
  const auto* entry = p.entry(letter.entry);
  const auto* link = p.link(letter.provider, letter.entry);
  if (calendar == nullptr || !takes_pushes(*calendar)) return false;
  if (link != nullptr && (link->gate == removal_gate::held || link->gate == removal_gate::refused))
    return false;
  if (link != nullptr && (link->removing || entry == nullptr)) {
    p.enqueue(letter.provider, letter.entry, link->entry_version, push_action::remove);
    return true;
  }
  if (entry == nullptr || !belongs_in(*entry, *calendar)) return false;
  if (link == nullptr)
    bring_anew(p, *entry, *calendar);
  else
    p.enqueue(letter.provider, letter.entry, entry->version, push_action::upsert);
  return true;
}

} // namespace kalends::actors
