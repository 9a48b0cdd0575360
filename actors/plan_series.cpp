// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_series.hpp"

#include "actors/edited_entry.hpp"
#include "actors/entry_changes.hpp"
#include "schema/recurrence.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

bool same(const schedule_entry& a, const schedule_entry& b) {
  return difference(a.what, b.what).empty() && a.status == b.status && a.work == b.work &&
         a.assigned == b.assigned && a.occurrences == b.occurrences;
}

result<schedule_entry> commit_if_changed(tenant_picture& p, const schedule_entry& before,
                                         schedule_entry after) {
  if (same(before, after)) return before;
  return commit_change(p, before, std::move(after), provider_id());
}

tl::unexpected<error> missing_occurrence(const appointment& a, recurrence_id at) {
  return failure(errc::not_found, "occurrence_not_found",
                 "The series has no occurrence in " + write_slot(at, is_all_day(a.start)) +
                     ", or it is cancelled; its occurrences say their recurrence_id.",
                 "occurrence");
}

entry_id id_for_new(tenant_picture& p, const entry_edit& edit) {
  return edit.makes.empty() ? entry_id(make_uuid(p.outside())) : edit.makes;
}

/// What one occurrence cannot have for itself.
result<void> check_of_one(const entry_edit& edit, bool leaves) {
  const char* field = nullptr;
  if (edit.repeats) field = "recurrence";
  if (edit.attendees && !leaves) field = "attendees";
  if (edit.work && !leaves) field = "work_item";
  if (field == nullptr) return {};
  return failure(errc::invalid, "not_of_one_occurrence",
                 "One occurrence has no such thing of its own; change it with scope=future or scope=all.",
                 field);
}

/// The occurrence leaves the series: other people do it.
result<schedule_entry> detach(tenant_picture& p, const schedule_entry& before, const appointment& what,
                              const entry_edit& edit) {
  schedule_entry own = before;
  own.id = id_for_new(p, edit);
  own.version = 0;
  own.what = what;
  own.what.repeats.reset();
  own.what.attendees = before.what.attendees;
  own.status = status_of(before, edit.occurrence, what);
  own.occurrences.clear();
  auto made = edited(std::move(own), edit);
  if (!made) return tl::unexpected(made.error());
  auto rest = without_occurrence(before, edit.occurrence);
  if (!rest) return tl::unexpected(rest.error());
  if (*rest)
    commit_change(p, before, std::move(**rest), provider_id());
  else
    commit_deletion(p, before, provider_id());
  const auto id = made->id;
  commit_new_entry(p, std::move(*made), provider_id());
  return *p.entry(id);
}

/// The last occurrence cannot be taken out of a series: the series is cancelled.
result<schedule_entry> cancel_occurrence(tenant_picture& p, const schedule_entry& before, recurrence_id at) {
  auto rest = without_occurrence(before, at);
  if (!rest) return tl::unexpected(rest.error());
  if (*rest) return commit_change(p, before, std::move(**rest), provider_id());
  auto cancelled = before;
  cancelled.status = entry_status::cancelled;
  cancelled.what.is_tentative = false;
  return commit_if_changed(p, before, std::move(cancelled));
}

struct halves {
  schedule_entry before;
  schedule_entry from_there; ///< without an id and version of its own
};
/// Nothing if the series begins there.
result<std::optional<halves>> halves_of(const schedule_entry& e, recurrence_id at) {
  auto split = split_series(e.what, at);
  if (!split && split.error().code == "series_begins_there") return std::nullopt;
  if (!split && split.error().code == "occurrence_not_found") return missing_occurrence(e.what, at);
  if (!split) return tl::unexpected(split.error());
  halves h{e, e};
  h.before.what = std::move(split->before);
  h.from_there.what = std::move(split->from_there);
  std::erase_if(h.before.occurrences, [&](const occurrence_status& s) { return s.at >= at; });
  std::erase_if(h.from_there.occurrences, [&](const occurrence_status& s) { return s.at < at; });
  return h;
}

bool reopens(std::optional<entry_status> s) {
  return s == entry_status::scheduled || s == entry_status::tentative;
}

} // namespace

result<schedule_entry> change_whole(tenant_picture& p, const schedule_entry& before, const entry_edit& edit) {
  auto after = edited(before, edit);
  if (!after) return tl::unexpected(after.error());
  return commit_if_changed(p, before, std::move(*after));
}

result<schedule_entry> change_occurrence(tenant_picture& p, const schedule_entry& before,
                                         const entry_edit& edit) {
  const auto at = edit.occurrence;
  const bool leaves = edit.assigned && in_order(*edit.assigned) != before.assigned;
  if (auto ok = check_of_one(edit, leaves); !ok) return tl::unexpected(ok.error());
  auto series = before;
  if (reopens(edit.status)) std::erase(series.what.repeats->exdates, at);
  const auto found = occurrence_at(series.what, at);
  if (!found) return missing_occurrence(before.what, at);
  if (leaves) return detach(p, before, found->what, edit);
  if (edit.status == entry_status::cancelled) return cancel_occurrence(p, before, at);

  auto what = edited_values(found->what, edit);
  if (!what) return tl::unexpected(what.error());
  auto after = with_occurrence(std::move(series), {at, std::move(*what)});
  if (!after) return tl::unexpected(after.error());
  if (edit.status) put_status(*after, at, *edit.status);
  if (after->occurrences.size() > limits::occurrences)
    return failure(errc::invalid, "too_many_exceptions",
                   "So many occurrences of one series cannot have a status; split it with scope=future.",
                   "status");
  return commit_if_changed(p, before, std::move(*after));
}

result<schedule_entry> change_following(tenant_picture& p, const schedule_entry& before,
                                        const entry_edit& edit) {
  auto split = halves_of(before, edit.occurrence);
  if (!split) return tl::unexpected(split.error());
  if (!*split) return change_whole(p, before, edit);
  auto& h = **split;
  auto second = edited(h.from_there, edit);
  if (!second) return tl::unexpected(second.error());
  if (same(h.from_there, *second)) return before;
  second->id = id_for_new(p, edit);
  second->version = 0;
  commit_change(p, before, std::move(h.before), provider_id());
  const auto id = second->id;
  commit_new_entry(p, std::move(*second), provider_id());
  return *p.entry(id);
}

result<void> remove_occurrence(tenant_picture& p, const schedule_entry& before, recurrence_id at) {
  if (!occurrence_at(before.what, at)) return missing_occurrence(before.what, at);
  auto rest = without_occurrence(before, at);
  if (!rest) return tl::unexpected(rest.error());
  if (*rest)
    commit_change(p, before, std::move(**rest), provider_id());
  else
    commit_deletion(p, before, provider_id());
  return {};
}

result<void> remove_following(tenant_picture& p, const schedule_entry& before, recurrence_id at) {
  auto split = halves_of(before, at);
  if (!split) return tl::unexpected(split.error());
  if (*split)
    commit_change(p, before, std::move((**split).before), provider_id());
  else
    commit_deletion(p, before, provider_id());
  return {};
}

} // namespace kalends::actors
