// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_occurrences.hpp"

#include "schema/recurrence.hpp"
#include "schema/text.hpp"

#include <algorithm>
#include <functional>
#include <set>

namespace kalends::actors {
namespace {

/// What a slot says: like the series (neither), cancelled, or something of its own.
struct slot_state {
  bool cancelled = false;
  const appointment* what = nullptr;
};

slot_state state_of(const appointment& series, recurrence_id at) {
  if (!series.repeats) return {};
  const auto& r = *series.repeats;
  if (std::binary_search(r.exdates.begin(), r.exdates.end(), at)) return {true, nullptr};
  const auto found = std::find_if(r.changed.begin(), r.changed.end(),
                                  [&](const changed_occurrence& c) { return c.at == at; });
  return {false, found == r.changed.end() ? nullptr : &found->what};
}

bool same(const slot_state& a, const slot_state& b) {
  if (a.cancelled != b.cancelled || (a.what == nullptr) != (b.what == nullptr)) return false;
  return a.what == nullptr || difference(*a.what, *b.what).empty();
}

void put_state(appointment& series, recurrence_id at, const slot_state& s) {
  if (!series.repeats) return;
  auto& r = *series.repeats;
  std::erase(r.exdates, at);
  std::erase_if(r.changed, [&](const changed_occurrence& c) { return c.at == at; });
  if (s.cancelled) r.exdates.insert(std::upper_bound(r.exdates.begin(), r.exdates.end(), at), at);
  if (s.what == nullptr) return;
  const auto place = std::find_if(r.changed.begin(), r.changed.end(),
                                  [&](const changed_occurrence& c) { return c.at > at; });
  r.changed.insert(place, {at, *s.what});
}

void add_slots(std::set<recurrence_id>& slots, const appointment& series) {
  if (!series.repeats) return;
  slots.insert(series.repeats->exdates.begin(), series.repeats->exdates.end());
  for (const auto& c : series.repeats->changed) slots.insert(c.at);
}

/// The occurrence as the series has it, without exceptions; like a changed one without guests.
std::optional<appointment> plain_at(const appointment& series, recurrence_id at) {
  if (!series.repeats) return std::nullopt;
  auto plain = series;
  plain.repeats->exdates.clear();
  plain.repeats->changed.clear();
  plain.attendees.clear();
  auto found = occurrence_at(plain, at);
  if (!found) return std::nullopt;
  return std::move(found->what);
}

std::string plain_text(const std::string& text) {
  auto plain = clean_text(text);
  plain.erase(plain.find_last_not_of(" \n\t") + 1);
  return plain;
}

/// A vendor may re-wrap a text, or name a zone in other words.
bool spells_the_same(const slot_state& shown, const slot_state& said, bool masked) {
  if (shown.what == nullptr || said.what == nullptr) return same(shown, said);
  const auto& a = *shown.what;
  const auto& b = *said.what;
  const bool times = is_all_day(a.start) == is_all_day(b.start) &&
                     instant_of(a.start) == instant_of(b.start) && instant_of(a.end) == instant_of(b.end);
  if (!times || masked) return times;
  return plain_text(a.title) == plain_text(b.title) && plain_text(a.location) == plain_text(b.location) &&
         plain_text(a.notes) == plain_text(b.notes) && a.is_private == b.is_private &&
         a.is_tentative == b.is_tentative;
}

class occurrence_planner {
public:
  occurrence_planner(const appointment& wanted, const appointment& actual, provider_type vendor, bool masked)
      : wanted_(wanted), actual_(actual), vendor_(vendor) {
    may_ = field_set::all();
    if (!masked) return;
    may_ = field_set();
    may_.add(field_group::time);
  }

  void plan(recurrence_id at, const slot_state& want, const slot_state& has) {
    if (want.cancelled) return add(occurrence_step::kind::cancel, at, {}, {});
    if (has.cancelled) return bring_back(at, want);
    if (want.what != nullptr) {
      const auto from = has.what != nullptr ? std::optional(*has.what) : plain_at(actual_, at);
      if (from) change(at, *want.what, *from);
      return;
    }
    if (!plain_at(wanted_, at)) return add(occurrence_step::kind::cancel, at, {}, {});
    // Like the series that stands there: what is in dispute of it is not carried over by its occurrences.
    if (const auto plain = plain_at(actual_, at)) change(at, *plain, *has.what);
  }

  /// A vendor may keep occurrences in their order at every moment: whoever makes room goes first. Those that
  /// move later go from the last to the first, and then the others from the first to the last.
  std::vector<occurrence_step> in_order() && {
    const auto is_change = [](const occurrence_step& s) { return s.how == occurrence_step::kind::change; };
    const auto changes = std::stable_partition(steps_.begin(), steps_.end(), std::not_fn(is_change));
    const auto others = std::stable_partition(
        changes, steps_.end(), [&](const occurrence_step& s) { return moved_later_.contains(s.at); });
    std::reverse(changes, others);
    return std::move(steps_);
  }

private:
  void add(occurrence_step::kind how, recurrence_id at, field_set changed, appointment what) {
    steps_.push_back({how, at, changed, std::move(what), {}});
  }

  void change(recurrence_id at, const appointment& to, const appointment& from) {
    const auto changed = difference(to, from) & may_;
    if (changed.empty()) return;
    if (instant_of(to.start) > instant_of(from.start)) moved_later_.insert(at);
    add(occurrence_step::kind::change, at, changed, to);
  }

  void bring_back(recurrence_id at, const slot_state& want) {
    const auto plain = plain_at(actual_, at);
    if (!plain) return;
    add(occurrence_step::kind::restore, at, {}, *plain);
    if (vendor_ == provider_type::microsoft) {
      steps_.back().refused = "occurrence_not_restorable";
      return;
    }
    if (want.what != nullptr) change(at, *want.what, *plain);
  }

  const appointment& wanted_;
  const appointment& actual_;
  provider_type vendor_;
  field_set may_;
  std::vector<occurrence_step> steps_;
  std::set<recurrence_id> moved_later_;
};

field_set only(field_group g) {
  field_set s;
  s.add(g);
  return s;
}

} // namespace

std::vector<occurrence_step> plan_occurrences(const appointment& wanted, const appointment& actual,
                                              provider_type vendor, const agreed_series& agreed,
                                              bool masked) {
  if (!wanted.repeats || !actual.repeats) return {};
  std::set<recurrence_id> slots;
  add_slots(slots, wanted);
  add_slots(slots, actual);
  occurrence_planner planner(wanted, actual, vendor, masked);
  for (const auto at : slots) {
    const auto want = state_of(wanted, at);
    const auto has = state_of(actual, at);
    if (same(want, has)) continue;
    const bool as_agreed = agreed.entry != nullptr && agreed.event != nullptr &&
                           same(want, state_of(*agreed.entry, at)) && same(has, state_of(*agreed.event, at));
    if (!as_agreed) planner.plan(at, want, has);
  }
  return std::move(planner).in_order();
}

agreed_sides agree_on_master(const mapping& link, const appointment& wanted, field_set written,
                             const appointment& answer) {
  agreed_sides agreed{take(link.base_entry, wanted, written - only(field_group::occurrences)),
                      take(answer, link.base_event, only(field_group::occurrences))};
  const bool pattern = written.has(field_group::recurrence) || written.has(field_group::time);
  if (!pattern || !agreed.entry.repeats || !agreed.event.repeats) return agreed;
  std::set<recurrence_id> slots;
  add_slots(slots, agreed.entry);
  add_slots(slots, agreed.event);
  for (const auto at : slots) {
    const auto want = state_of(wanted, at);
    if (!want.cancelled && want.what == nullptr) continue;
    put_state(agreed.entry, at, {});
    put_state(agreed.event, at, {});
  }
  return agreed;
}

series_outcome agree_on_occurrences(const mapping& link, const appointment& wanted, const appointment& before,
                                    const std::vector<occurrence_step>& steps,
                                    const std::vector<recurrence_id>& undone, const appointment& now) {
  const auto occurrences = only(field_group::occurrences);
  series_outcome out;
  out.entry = take(link.base_entry, wanted, occurrences);
  for (const auto at : undone) put_state(out.entry, at, state_of(link.base_entry, at));
  out.event = take(before, now, occurrences);
  out.moved = !(difference(before, now) - occurrences).empty();
  std::set<recurrence_id> written;
  for (const auto& s : steps) written.insert(s.at);
  for (const auto at : undone) written.erase(at);
  std::set<recurrence_id> slots = written;
  add_slots(slots, before);
  add_slots(slots, now);
  for (const auto at : slots) {
    const auto expected = written.contains(at) ? state_of(wanted, at) : state_of(before, at);
    if (spells_the_same(state_of(now, at), expected, link.masked)) continue;
    out.moved = true;
    put_state(out.event, at, expected);
  }
  return out;
}

} // namespace kalends::actors
