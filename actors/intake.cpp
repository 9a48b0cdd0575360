// SPDX-License-Identifier: Apache-2.0
#include "actors/intake.hpp"

#include "actors/last_words.hpp"

namespace kalends::actors {

namespace {

wake_reason reason_of(net::unproven_notice::kind k) {
  using kind = net::unproven_notice::kind;
  switch (k) {
  case kind::reauthorization_required:
    return wake_reason::reauthorize;
  case kind::subscription_removed:
    return wake_reason::channel_lost;
  case kind::missed:
    return wake_reason::missed;
  case kind::changed:
  case kind::opened:
    break;
  }
  return wake_reason::notice;
}

/// Of several notices in one group, the one that asks for most: a lost channel is opened anew and the gap is
/// read.
int urgency(wake_reason why) {
  switch (why) {
  case wake_reason::channel_lost:
    return 3;
  case wake_reason::reauthorize:
    return 2;
  case wake_reason::missed:
    return 1;
  default:
    return 0;
  }
}

} // namespace

intake::intake(caf::actor_config& cfg, persistence::engine_store& store, supervisor_actor supervisor,
               observe::meter& meter)
    : actor_with<intake_actor, intake_state>(cfg), store_(store), meter_(meter) {
  state.supervisor = std::move(supervisor);
  report_last_words(*this, "intake");
}

intake::behavior_type intake::make_behavior() {
  return {[this](const notice_proven& n) {
    survive(
        intake_state::name, meter_, [&] { collect(n); }, [this] { start_over(); });
  }};
}

void intake::start_over() {
  state.arrived.clear();
  state.writing = false;
}

void intake::collect(const notice_proven& n) {
  auto& slot = state.arrived[{n.tenant, n.provider}];
  ++slot.count;
  if (auto why = reason_of(n.what); urgency(why) > urgency(slot.why)) slot.why = why;
  slot.answers.push_back(n.done);
  if (!state.writing) write_group();
}

void intake::write_group() {
  if (state.arrived.empty()) return;
  state.writing = true;
  auto group = std::make_shared<std::map<std::pair<tenant_id, provider_id>, intake_state::waiting>>();
  group->swap(state.arrived);
  std::vector<persistence::notice_mark> marks;
  marks.reserve(group->size());
  for (const auto& [key, slot] : *group) marks.push_back({key.first, key.second, slot.count});
  store_.mark(std::move(marks),
              ask<std::vector<std::int64_t>>(this, [this, group](result<std::vector<std::int64_t>> counters) {
                const auto go_on = [&] {
                  state.writing = false;
                  group_written(*group, counters);
                  write_group();
                };
                survive(intake_state::name, meter_, go_on, [this] { start_over(); });
              }));
}

void intake::group_written(std::map<std::pair<tenant_id, provider_id>, intake_state::waiting>& group,
                           const result<std::vector<std::int64_t>>& counters) {
  providers_stale stale;
  std::size_t at = 0;
  for (auto& [key, slot] : group) {
    auto counter = counters ? (*counters)[at++] : 0;
    for (auto& answer : slot.answers) {
      if (counters)
        answer(true);
      else
        answer(tl::unexpected(counters.error()));
    }
    if (counter > 0) stale.lines.push_back({key.first, key.second, wake{slot.why, counter}});
  }
  if (!stale.lines.empty()) send(state.supervisor, std::move(stale));
}

} // namespace kalends::actors
