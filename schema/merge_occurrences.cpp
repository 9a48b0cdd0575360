// SPDX-License-Identifier: Apache-2.0
#include "schema/recurrence.hpp"
#include "schema/sync.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace kalends {
namespace {

/// What a series says about one slot: nothing, that it is cancelled, or what it is now.
struct slot_state {
  bool cancelled = false;
  const appointment* changed = nullptr;
};

using slot_states = std::map<recurrence_id, slot_state>;

slot_states states_of(const recurrence& r) {
  slot_states states;
  for (const auto& c : r.changed) states[c.at].changed = &c.what;
  for (const auto at : r.exdates) states[at] = {true, nullptr};
  return states;
}

slot_state state_at(const slot_states& states, recurrence_id at) {
  const auto found = states.find(at);
  return found == states.end() ? slot_state{} : found->second;
}

bool same(const slot_state& a, const slot_state& b) {
  if (a.cancelled != b.cancelled || (a.changed == nullptr) != (b.changed == nullptr)) return false;
  return a.changed == nullptr || difference(*a.changed, *b.changed).empty();
}

} // namespace

void rename_slots(recurrence& r, const calendar_time& from, const calendar_time& to) {
  const auto shift = slot_of(to) - slot_of(from);
  for (auto& at : r.rdates) at += shift;
  for (auto& at : r.exdates) at += shift;
  for (auto& c : r.changed) c.at += shift;
}

merged_occurrences merge_occurrences(const recurrence& base, const recurrence& local,
                                     const recurrence& external, bool external_wins) {
  const auto before = states_of(base);
  const auto ours = states_of(local);
  const auto theirs = states_of(external);
  std::set<recurrence_id> slots;
  for (const auto* states : {&before, &ours, &theirs})
    for (const auto& [at, state] : *states) slots.insert(at);

  merged_occurrences out;
  out.merged.rrule = local.rrule;
  out.merged.rdates = local.rdates;
  for (const auto at : slots) {
    const auto b = state_at(before, at);
    const auto l = state_at(ours, at);
    const auto e = state_at(theirs, at);
    const bool overlap = !same(b, l) && !same(b, e) && !same(l, e);
    if (overlap) out.overlaps.push_back(at);
    const bool take_theirs = overlap ? external_wins : same(b, l);
    const auto& chosen = take_theirs ? e : l;
    if (chosen.cancelled) out.merged.exdates.push_back(at);
    if (chosen.changed != nullptr) out.merged.changed.push_back({at, *chosen.changed});
  }
  return out;
}

} // namespace kalends
