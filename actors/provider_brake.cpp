// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_brake.hpp"
#include "actors/provider.hpp"

#include <algorithm>

/// Deletions that are too many to be made unasked. Weighed when a pass has planned some, by all that wait and
/// by those of the last minutes; what is held is so in the tenant's rows, and everything else of the pass
/// goes on.
namespace kalends::actors {

void connected_calendar::weigh_removals() {
  state.may_go.clear();
  std::set<entry_id> unasked;
  for (const auto& group : state.pushing) {
    try {
      if (goes_unasked(plan_push(*state.picture, id_, group.entry))) unasked.insert(group.entry);
    } catch (const std::exception&) { // said when it is its turn
    }
  }
  if (unasked.empty()) return push_next();
  auto weighed = [this, unasked = std::move(unasked)](const result<removal_tally>& t) mutable {
    if (!t) return push_done(t.error());
    if (has_to_be_held(*t)) return hold_events(*t, unasked);
    state.may_go = std::move(unasked);
    push_next();
  };
  parts_.store.count_removals(tenant_id_, id_, now(), ask<removal_tally>(this, std::move(weighed)));
}

void connected_calendar::hold_events(const removal_tally& t, const std::set<entry_id>& unasked) {
  hold_order order;
  order.provider = id_;
  order.with = told_of(t, now());
  order.news = t.held == 0;
  for (const auto& group : state.pushing) {
    if (!unasked.contains(group.entry)) continue;
    auto& line = order.lines.emplace_back(hold_order::line{group.entry, {}});
    for (const auto& r : group.rows) line.rows.push_back(r.id);
  }
  order.done = ask<int>(this, [this, unasked](const result<int>& held) {
    if (!held) return push_done(held.error());
    // Others came back meanwhile: what they need now is in their rows.
    if (*held < static_cast<int>(unasked.size())) state.push = true;
    std::erase_if(state.pushing, [&](const push_group& g) { return unasked.contains(g.entry); });
    push_next();
  });
  send(state.tenant, std::move(order));
}

} // namespace kalends::actors
