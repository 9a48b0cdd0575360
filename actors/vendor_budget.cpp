// SPDX-License-Identifier: Apache-2.0
#include "actors/vendor_budget.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace kalends::actors {

using namespace std::chrono_literals;
using observe::vendor_verb;

// ---------------------------------------------------------------- window

std::int64_t sliding_window::slot_of(instant t, std::chrono::milliseconds span) {
  const auto width = std::max<std::int64_t>(1, span.count() / slots);
  return t.time_since_epoch().count() / width;
}

void sliding_window::move_to(instant now, std::chrono::milliseconds span) {
  const auto slot = slot_of(now, span);
  if (slot <= newest_) return;
  const auto steps = std::min<std::int64_t>(slot - newest_, slots + 1);
  for (std::int64_t i = 0; i < steps; ++i) {
    auto& gone = counts_[static_cast<std::size_t>((slot - i) % (slots + 1))];
    sum_ -= std::exchange(gone, 0);
  }
  newest_ = slot;
}

std::uint32_t sliding_window::used(instant now, std::chrono::milliseconds span) {
  move_to(now, span);
  return sum_;
}

void sliding_window::add(instant now, std::chrono::milliseconds span, std::uint32_t calls) {
  move_to(now, span);
  counts_[static_cast<std::size_t>(newest_ % (slots + 1))] += calls;
  sum_ += calls;
}

void sliding_window::take_back(instant at, std::chrono::milliseconds span, std::uint32_t calls) {
  const auto slot = slot_of(at, span);
  if (slot > newest_ || slot < newest_ - slots) return;
  auto& counted = counts_[static_cast<std::size_t>(slot % (slots + 1))];
  const auto back = std::min(counted, calls);
  counted -= back;
  sum_ -= back;
}

instant sliding_window::free_at(instant now, std::chrono::milliseconds span, std::uint32_t most) {
  move_to(now, span);
  auto left = sum_;
  if (left <= most) return now;
  const auto width = std::max<std::int64_t>(1, span.count() / slots);
  for (auto slot = newest_ - slots; slot <= newest_; ++slot) {
    left -= counts_[static_cast<std::size_t>(slot % (slots + 1))];
    // A slot leaves when the one that takes its place begins.
    if (left <= most) return instant(std::chrono::milliseconds((slot + slots + 1) * width));
  }
  return now;
}

// ---------------------------------------------------------------- what a call costs and what its answer says

call_cost cost_of(provider_type type, vendor_verb verb) {
  const bool google = type == provider_type::google;
  switch (verb) {
  case vendor_verb::insert_event: // a repeated one looks at what stands there, and may have to revive it
    return {3, 1};
  case vendor_verb::update_event: // Google: PATCH counts three; Graph: a look at the meeting's link first
    return google ? call_cost{3, 3} : call_cost{2, 2};
  case vendor_verb::write_occurrence: // Graph: the occurrence's id has to be looked up first
    return google ? call_cost{3, 3} : call_cost{3, 2};
  case vendor_verb::delete_event: // a refused one is followed by a look at the event
    return {2, 1};
  case vendor_verb::get_event: // of a series: its exceptions, too
    return {2, 1};
  case vendor_verb::list_calendars: // pages
    return {4, 2};
  case vendor_verb::list_changes:
  case vendor_verb::open_channel:
  case vendor_verb::renew_channel:
  case vendor_verb::close_channel:
  case vendor_verb::refresh_token:
    break;
  }
  return {1, 1};
}

answer_scope scope_of(const error& e) {
  if (e.kind == errc::stopped) return answer_scope::unknown;
  if (e.code == "vendor_rate_limited" || e.code == "vendor_quota_exceeded") return answer_scope::mailbox;
  if (e.code == "vendor_daily_limit") return answer_scope::project;
  for (const std::string_view code : {"vendor_unavailable", "timeout", "connect_failed", "connection_lost",
                                      "tls_failed", "vendor_call_stuck"})
    if (e.code == code) return answer_scope::down;
  return answer_scope::fine;
}

bool never_asked(const error& e) {
  for (const std::string_view code :
       {"vendor_circuit_open", "vendor_asked_to_wait", "vendor_queue_full", "vendor_budget_spent"})
    if (e.code == code) return true;
  return false;
}

// ---------------------------------------------------------------- circuit breaker

std::optional<std::chrono::milliseconds> circuit_breaker::closed_for(const provider_id& who,
                                                                     instant now) const {
  if (!opened_until_) return std::nullopt;
  if (now < *opened_until_) return *opened_until_ - now;
  if (probe_since_ && now < *probe_since_ + probe_patience) return first_pause;
  if (who == failed_probe_ && now < *opened_until_ + pause_) return *opened_until_ + pause_ - now;
  return std::nullopt;
}

void circuit_breaker::passed(instant now) {
  if (opened_until_) probe_since_ = now;
}

void circuit_breaker::failed(const provider_id& who, instant now) {
  if (opened_until_) {
    if (now < *opened_until_) return; // began before it opened
    probe_since_.reset();
    failed_probe_ = who;
    pause_ = std::min<std::chrono::milliseconds>(pause_ * 2, longest_pause);
    opened_until_ = now + pause_;
    return;
  }
  if (failures_.count(who) >= static_cast<std::size_t>(most_of_one_caller)) return;
  failures_.insert(who);
  if (failures_.size() >= static_cast<std::size_t>(failures_to_open)) opened_until_ = now + pause_;
}

void circuit_breaker::worked() {
  failures_.clear();
  opened_until_.reset();
  probe_since_.reset();
  failed_probe_ = {};
  pause_ = first_pause;
}

void circuit_breaker::unheard() { probe_since_.reset(); }

} // namespace kalends::actors
