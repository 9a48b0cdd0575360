// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/protocol.hpp"
#include "actors/visible_to_tsan.hpp"

#include <map>
#include <utility>
#include <vector>

namespace kalends::actors {

struct intake_state {
  intake_state() = default; // no aggregate: CAF would put the actor's pointer into the first member
  static constexpr const char* name = "intake";
  struct waiting {
    int count = 0;
    wake_reason why = wake_reason::notice;
    std::vector<answer_to<bool>> answers;
  };
  std::map<std::pair<tenant_id, provider_id>, waiting>
      arrived; ///< since the last group was sent to the database
  bool writing = false;
  supervisor_actor supervisor;
};

/// Makes notices durable: whatever arrived while the last group was being written goes out as one group, one
/// mark per provider. Answers after the commit; only then are the providers told. A failure inside ends the
/// notices that are here (their senders hear `answer_lost` and repeat them) and nothing else.
class intake : public actor_with<intake_actor, intake_state> {
public:
  intake(caf::actor_config& cfg, persistence::engine_store& store, supervisor_actor supervisor,
         observe::meter& meter = observe::no_meter());
  behavior_type make_behavior() override;

private:
  void start_over();
  void collect(const notice_proven& n);
  void write_group();
  void group_written(std::map<std::pair<tenant_id, provider_id>, intake_state::waiting>& group,
                     const result<std::vector<std::int64_t>>& counters);

  persistence::engine_store& store_;
  observe::meter& meter_;
};

} // namespace kalends::actors
