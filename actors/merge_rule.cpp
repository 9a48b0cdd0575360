// SPDX-License-Identifier: Apache-2.0
#include "actors/merge_rule.hpp"

namespace kalends::actors {

bool calendar_wins(const merge_weights& w) {
  if (w.direction == sync_direction::from_provider) return true;
  switch (w.policy) {
  case conflict_policy::local:
  case conflict_policy::manual:
    return false;
  case conflict_policy::external:
    return true;
  case conflict_policy::newest:
    return w.event_newer;
  }
  return false;
}

merge_plan weigh(const merge_weights& w) {
  merge_plan m;
  m.changed = w.changed;
  const auto news = (w.changed & w.differs) - w.own - w.disputed;
  m.local = w.local - (w.changed - (w.changed & w.differs));
  if (w.direction == sync_direction::to_provider) {
    m.refused = news - w.parts;
    m.taken = news & w.parts;
    m.rule = name_of(w.direction);
    return m;
  }
  m.conflict = (news & w.local) - w.hosts_own - w.parts;
  m.external_wins = calendar_wins(w);
  m.refused = news & w.hosts_own;
  if (w.policy == conflict_policy::manual && !m.external_wins)
    m.disputed = m.conflict;
  else if (!m.external_wins)
    m.refused = m.refused | m.conflict;
  m.taken = news - m.refused - m.disputed;
  m.rule = m.conflict.empty() ? "status_is_the_hosts" : name_of(w.policy);
  if (!m.conflict.empty() && w.direction == sync_direction::from_provider) m.rule = name_of(w.direction);
  return m;
}

reason reason_of(const merge_plan& m, sync_direction direction, conflict_policy policy) {
  if (m.conflict.empty()) {
    if (!m.refused.empty()) return reason::pull_conflict_local;
    return m.local.empty() ? reason::pull_updated : reason::pull_merged;
  }
  if (direction == sync_direction::from_provider) return reason::pull_conflict_external;
  switch (policy) {
  case conflict_policy::newest:
    return reason::pull_conflict_newest;
  case conflict_policy::local:
    return reason::pull_conflict_local;
  case conflict_policy::external:
    return reason::pull_conflict_external;
  case conflict_policy::manual:
    return reason::pull_conflict_manual;
  }
  return reason::pull_conflict_local;
}

} // namespace kalends::actors
