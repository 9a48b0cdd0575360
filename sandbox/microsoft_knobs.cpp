// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_knobs.hpp"

namespace kalends::sandbox::microsoft {

namespace {

constexpr std::int64_t greatest_value = 10'000'000;

/// Calls `flag(name, member)` or `number(name, member)` for every knob.
template <class Knobs, class Flag, class Number>
void each(Knobs& k, Flag flag, Number number) {
  flag("calendar_ids_follow_header", k.calendar_ids_follow_header);
  number("duplicate_transaction_status", k.duplicate_transaction_status);
  flag("time_change_wipes_exceptions", k.time_change_wipes_exceptions);
  flag("omit_uid", k.omit_uid);
  flag("null_ical_uid", k.null_ical_uid);
  flag("ignore_body_preference", k.ignore_body_preference);
  flag("custom_zones", k.custom_zones);
  flag("poor_exceptions", k.poor_exceptions);
  number("unreadable_seconds", k.unreadable_seconds);
  number("guest_copy_seconds", k.guest_copy_seconds);
  number("exceptions_page_size", k.exceptions_page_size);
  flag("events_delta", k.events_delta);
  flag("deleted_instance_tombstones", k.deleted_instance_tombstones);
  flag("omit_master_later", k.omit_master_later);
  flag("repeat_items", k.repeat_items);
  flag("reverse_items", k.reverse_items);
  flag("empty_first_page", k.empty_first_page);
  flag("endless_paging", k.endless_paging);
  flag("resync_location", k.resync_location);
  number("lag_seconds", k.lag_seconds);
  number("page_size", k.page_size);
  number("token_days", k.token_days);
  number("extra_updates", k.extra_updates);
  flag("delete_as_updated", k.delete_as_updated);
  number("notice_seconds", k.notice_seconds);
  number("longest_subscription_minutes", k.longest_subscription_minutes);
  number("concurrent_requests", k.concurrent_requests);
  number("service_milliseconds", k.service_milliseconds);
  number("requests_per_window", k.requests_per_window);
  flag("strict_batch_concurrency", k.strict_batch_concurrency);
}

} // namespace

boost::json::object knobs::report() const {
  boost::json::object out;
  each(
      *this, [&](const char* name, bool v) { out[name] = v; },
      [&](const char* name, std::int64_t v) { out[name] = v; });
  return out;
}

std::optional<refusal> knobs::set(const boost::json::object& values) {
  auto next = *this;
  std::size_t known = 0;
  bool typed = true;
  each(
      next,
      [&](const char* name, bool& member) {
        const auto* v = values.if_contains(name);
        if (v == nullptr) return;
        ++known;
        if (v->is_bool())
          member = v->get_bool();
        else
          typed = false;
      },
      [&](const char* name, std::int64_t& member) {
        const auto* v = values.if_contains(name);
        if (v == nullptr) return;
        ++known;
        if (v->is_int64() && v->get_int64() >= 0 && v->get_int64() <= greatest_value)
          member = v->get_int64();
        else
          typed = false;
      });
  if (known != values.size()) return refusal{400, "unknown_knob", "There is no knob of this name.", {}, {}};
  if (!typed) return refusal{400, "malformed_knob", "A knob is true, false or a number from 0 on.", {}, {}};
  *this = next;
  return std::nullopt;
}

} // namespace kalends::sandbox::microsoft
