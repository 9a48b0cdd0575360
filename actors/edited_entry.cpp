// SPDX-License-Identifier: Apache-2.0
#include "actors/edited_entry.hpp"

#include "actors/entry_changes.hpp"
#include "schema/recurrence.hpp"
#include "schema/text.hpp"

#include <algorithm>
#include <cctype>

namespace kalends::actors {
namespace {

using namespace std::chrono_literals;

result<void> check_times(const appointment& a) {
  const auto fault = fault_of_times(a);
  if (!fault) return {};
  return failure(errc::invalid, std::string(*fault),
                 *fault == "mixed_all_day" ? "Start and end are both dates or both times."
                                           : "The end has to lie after the start.",
                 "end");
}

std::string folded(std::string_view address) {
  std::string out(address);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Who organizes and what a guest has answered is not forgotten because an edit does not repeat it.
std::vector<attendee> invited(std::vector<attendee> wanted, const std::vector<attendee>& known) {
  for (auto& guest : wanted) {
    const auto same = [&](const attendee& k) { return folded(k.email) == folded(guest.email); };
    const auto at = std::find_if(known.begin(), known.end(), same);
    if (at == known.end()) continue;
    if (guest.response == attendee_response::needs_action) guest.response = at->response;
    guest.is_organizer = guest.is_organizer || at->is_organizer;
  }
  std::sort(wanted.begin(), wanted.end(),
            [](const attendee& a, const attendee& b) { return folded(a.email) < folded(b.email); });
  return wanted;
}

// ---- UNTIL

std::string padded(unsigned value, std::size_t digits) {
  auto text = std::to_string(value);
  return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

std::string write_until(std::chrono::local_seconds at, bool date_only) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  auto text = padded(static_cast<unsigned>(static_cast<int>(date.year())), 4) +
              padded(static_cast<unsigned>(date.month()), 2) + padded(static_cast<unsigned>(date.day()), 2);
  if (date_only) return text;
  const auto two = [](auto v) { return padded(static_cast<unsigned>(v.count()), 2); };
  return text + "T" + two(time.hours()) + two(time.minutes()) + two(time.seconds()) + "Z";
}

/// "20261222" or "20261222T080000Z", as a canonical rule has it.
std::optional<std::chrono::local_seconds> read_until(std::string_view text) {
  if (text.size() < 8) return std::nullopt;
  const std::string day = std::string(text.substr(0, 4)) + "-" + std::string(text.substr(4, 2)) + "-" +
                          std::string(text.substr(6, 2));
  if (text.size() < 15) return read_slot(day);
  return read_slot(day + "T" + std::string(text.substr(9, 2)) + ":" + std::string(text.substr(11, 2)) + ":" +
                   std::string(text.substr(13, 2)));
}

/// The bound goes along with the start by whole days, so that a series that is moved keeps its last
/// occurrence and gets no other: it lies at the end of its day, as a canonical rule has it.
void move_until(recurrence& r, const calendar_time& from, const calendar_time& to) {
  constexpr std::string_view word = "UNTIL=";
  const auto begin = r.rrule.find(word);
  if (begin == std::string::npos) return;
  const auto first = begin + word.size();
  const auto length = std::min(r.rrule.find(';', first), r.rrule.size()) - first;
  auto bound = read_until(std::string_view(r.rrule).substr(first, length));
  if (!bound) return;
  if (const auto* was = std::get_if<zoned_time>(&from)) {
    const auto local = at_zone(std::chrono::sys_seconds(bound->time_since_epoch()), was->time_zone);
    if (!local) return;
    bound = local->local;
  }
  const auto day_of = [](recurrence_id at) { return std::chrono::floor<std::chrono::days>(at); };
  *bound = day_of(*bound) + (day_of(slot_of(to)) - day_of(slot_of(from))) + 24h - 1s;
  if (const auto* is = std::get_if<zoned_time>(&to)) {
    const auto meant = read_zoned_time(write_slot(*bound, false), is->time_zone);
    if (!meant) return;
    bound = std::chrono::local_seconds(meant->utc.time_since_epoch());
  }
  r.rrule.replace(first, length, write_until(*bound, is_all_day(to)));
}

// ---- the series and its exceptions

/// The recurrence as the edit wants it; without a word about it the slots go along with the start.
void set_recurrence(appointment& a, const appointment& was, const entry_edit& edit) {
  if (a.repeats && a.start != was.start) {
    rename_slots(*a.repeats, was.start, a.start);
    move_until(*a.repeats, was.start, a.start);
  }
  if (!edit.repeats) return;
  const auto old = a.repeats.value_or(recurrence{});
  a.repeats = *edit.repeats;
  if (!a.repeats) return;
  if (edit.keeps_rrule) a.repeats->rrule = old.rrule;
  if (edit.keeps_rdates) a.repeats->rdates = old.rdates;
  if (edit.keeps_exdates) a.repeats->exdates = old.exdates;
  a.repeats->changed = old.changed;
  if (a.repeats->rrule.empty() && a.repeats->rdates.empty()) a.repeats.reset();
}

/// What the occurrence in `at` says as long as nobody changes it.
std::optional<occurrence> usual(appointment a, recurrence_id at) {
  a.repeats->changed.clear();
  std::erase(a.repeats->exdates, at);
  return occurrence_at(a, at);
}

/// What a changed occurrence had like its series it has like its series again. `now` bears the new names.
std::vector<changed_occurrence> following(const appointment& was, const appointment& now) {
  std::vector<changed_occurrence> out;
  if (!was.repeats || !now.repeats) return out;
  const auto shift = slot_of(now.start) - slot_of(was.start);
  for (auto c : now.repeats->changed) {
    const auto before = usual(was, c.at - shift);
    auto after = usual(now, c.at);
    if (!before || !after) continue;
    after->what.attendees.clear();
    c.what = take(c.what, after->what, field_set::all() - difference(c.what, before->what));
    c.what.attendees.clear();
    out.push_back(std::move(c));
  }
  return out;
}

/// Canonical, with the exceptions that still have a slot.
result<void> settle_series(schedule_entry& e, const appointment& was) {
  if (!e.what.repeats) {
    e.occurrences.clear();
    return {};
  }
  const bool canonical_before = was.repeats && difference(was, e.what).empty();
  if (canonical_before) return {};
  auto kept = std::exchange(e.what.repeats->changed, {});
  auto sound = canonical_series(std::move(e.what));
  if (!sound) return tl::unexpected(sound.error());
  e.what = std::move(*sound);
  std::erase_if(kept, [&](const changed_occurrence& c) { return !has_slot(e.what, c.at); });
  e.what.repeats->changed = std::move(kept);
  e.what.repeats->changed = following(was, e.what);
  sound = canonical_series(std::move(e.what));
  if (!sound) return tl::unexpected(sound.error());
  e.what = std::move(*sound);
  const auto shift = was.repeats ? slot_of(e.what.start) - slot_of(was.start) : 0s;
  for (auto& s : e.occurrences) s.at += shift;
  std::erase_if(e.occurrences,
                [&](const occurrence_status& s) { return !occurrence_at(e.what, s.at).has_value(); });
  return {};
}

result<schedule_entry> canonical(schedule_entry e) {
  auto sound = canonical_series(std::move(e.what));
  if (!sound) return tl::unexpected(sound.error());
  e.what = std::move(*sound);
  return e;
}

void set_values(appointment& a, const entry_edit& edit) {
  if (edit.title) a.title = clean_text(*edit.title);
  if (edit.notes) a.notes = clean_text(*edit.notes);
  if (edit.location) a.location = clean_text(*edit.location);
  if (edit.start) a.start = *edit.start;
  if (edit.end) a.end = *edit.end;
  if (edit.is_private) a.is_private = *edit.is_private;
  if (edit.status) a.is_tentative = *edit.status == entry_status::tentative;
}

} // namespace

std::vector<user_id> in_order(std::vector<user_id> people) {
  std::sort(people.begin(), people.end());
  people.erase(std::unique(people.begin(), people.end()), people.end());
  return people;
}

result<schedule_entry> edited(schedule_entry e, const entry_edit& edit) {
  const auto was = e.what;
  set_values(e.what, edit);
  if (edit.status) e.status = *edit.status;
  if (edit.work) e.work = *edit.work;
  if (edit.assigned) e.assigned = in_order(*edit.assigned);
  if (edit.attendees) e.what.attendees = invited(*edit.attendees, was.attendees);
  if (edit.start || edit.end)
    if (auto ok = check_times(e.what); !ok) return tl::unexpected(ok.error());
  set_recurrence(e.what, was, edit);
  if (auto ok = settle_series(e, was); !ok) return tl::unexpected(ok.error());
  return e;
}

result<appointment> edited_values(appointment a, const entry_edit& edit) {
  set_values(a, edit);
  if (edit.start || edit.end)
    if (auto ok = check_times(a); !ok) return tl::unexpected(ok.error());
  return a;
}

result<std::optional<schedule_entry>> without_occurrence(schedule_entry e, recurrence_id at) {
  auto& r = *e.what.repeats;
  std::erase_if(r.changed, [&](const changed_occurrence& c) { return c.at == at; });
  std::erase_if(e.occurrences, [&](const occurrence_status& s) { return s.at == at; });
  r.exdates.insert(std::lower_bound(r.exdates.begin(), r.exdates.end(), at), at);
  const auto left =
      occurrences_between(e.what, std::chrono::sys_days(std::chrono::year(earliest_year - 1) / 1 / 1),
                          std::chrono::sys_days(std::chrono::year(latest_year + 1) / 1 / 1), 1);
  if (left.items.empty()) return std::nullopt;
  auto sound = canonical(std::move(e));
  if (!sound) return tl::unexpected(sound.error());
  return std::move(*sound);
}

result<schedule_entry> with_occurrence(schedule_entry e, changed_occurrence c) {
  auto& r = *e.what.repeats;
  c.what.repeats.reset();
  c.what.attendees.clear();
  std::erase(r.exdates, c.at);
  std::erase_if(r.changed, [&](const changed_occurrence& one) { return one.at == c.at; });
  const auto place =
      std::find_if(r.changed.begin(), r.changed.end(), [&](const auto& one) { return one.at > c.at; });
  r.changed.insert(place, std::move(c));
  return canonical(std::move(e));
}

void put_status(schedule_entry& e, recurrence_id at, entry_status status) {
  std::erase_if(e.occurrences, [&](const occurrence_status& s) { return s.at == at; });
  if (status != entry_status::in_progress && status != entry_status::completed) return;
  const auto place = std::find_if(e.occurrences.begin(), e.occurrences.end(),
                                  [&](const occurrence_status& s) { return s.at > at; });
  e.occurrences.insert(place, {at, status});
}

entry_status status_of(const schedule_entry& e, recurrence_id at, const appointment& what) {
  if (e.status == entry_status::cancelled) return e.status;
  for (const auto& s : e.occurrences)
    if (s.at == at) return s.status;
  if (e.status == entry_status::in_progress || e.status == entry_status::completed) return e.status;
  return what.is_tentative ? entry_status::tentative : entry_status::scheduled;
}

} // namespace kalends::actors
