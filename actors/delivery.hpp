// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/lease_book.hpp"
#include "actors/plan_delivery.hpp"
#include "actors/protocol.hpp"
#include "actors/visible_to_tsan.hpp"
#include "net/webhook_sender.hpp"
#include "observe/meter.hpp"
#include "persistence/webhook_store.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kalends::actors {

/// What the sender works with. All of it outlives it.
struct delivery_parts {
  persistence::webhook_store& store;
  webhook_post post;
  std::shared_ptr<lease_book> leases;
  world outside;
  observe::meter& meter;
  event_bus_actor bus; ///< hears of the facts that are committed here
  /// Whether anybody here wants to hear of facts: whoever tells them may ask on any thread.
  std::shared_ptr<std::atomic<bool>> wanted = std::make_shared<std::atomic<bool>>(false);
};

struct delivery_state {
  delivery_state() = default; // no aggregate: CAF would put the actor's pointer into the first member
  static constexpr const char* name = "delivery";
  using key = std::pair<tenant_id, webhook_id>;
  /// One endpoint.
  struct line {
    webhook_endpoint endpoint; ///< as it is, ahead of its row by what is being saved
    webhook_secrets secrets;
    std::uint64_t life = 0;         ///< answers to an earlier one do not count
    std::int64_t last_sequence = 0; ///< the newest fact that was heard of
    std::int64_t read_to = 0;       ///< facts up to here are settled or in `facts`
    std::deque<fact> facts;         ///< next to be sent
    bool reading = false;
    std::uint64_t reads = 0; ///< readings that were given up
    bool posting = false;
    bool queued = false; ///< waits for a place among those that post
    net::call_token call;
    // What the row lacks.
    std::int64_t saved_position = 0;
    std::vector<webhook_delivery> unsaved;
    bool dirty = false;
    bool saving = false;
    instant save_at{};                     ///< not before, after a failure or when nothing was sent
    int since_tidy = 0;                    ///< deliveries written since the oldest went
    std::optional<instant> oldest_waiting; ///< when the rows were last looked at
  };
  std::map<key, line> lines;
  std::deque<key> queue; ///< ready to post, but too many are at it
  std::size_t posting = 0, posting_again = 0;
  struct trial {
    endpoint_trial asked;
    net::call_token call;
  };
  std::map<std::uint64_t, trial> trials;
  std::uint64_t lives = 0;
  std::set<tenant_id> to_load;
  bool loading = false;
  std::uint64_t seen_leases = 0; ///< version of the lease book
  instant next_look{};
};

/// What an attempt's answer says, as the plans want it.
attempt_outcome outcome_of(const result<net::webhook_answer>& a);

/// Sends the facts of the tenants that this node runs to their endpoints. Of an endpoint one message is on
/// its way at a time, in the order of the sequence; the next goes out when it was taken. The rows are the
/// truth and what the bus tells only hurries: an endpoint's position moves after its answer, so that whatever
/// ends in between, the fact is sent again. A failure inside makes it read everything anew.
///
/// All endpoints share one mailbox: a turn costs some microseconds, waiting is done by the clients and the
/// database. Many that fail take at most half of the places among those that post, so that they keep none
/// waiting that works.
class delivery : public actor_with<delivery_actor, delivery_state> {
public:
  delivery(caf::actor_config& cfg, delivery_parts parts);
  behavior_type make_behavior() override;

private:
  using key = delivery_state::key;
  using line = delivery_state::line;
  line* find(const key& k, std::uint64_t life);
  void guard(const std::function<void()>& work);
  void start_over();

  void tick();
  void look();
  void load_next();
  void loaded(const std::vector<tenant_id>& asked,
              const result<std::vector<persistence::webhook_line>>& found);
  void take_up(const persistence::webhook_line& found);
  void renew(line& l, const persistence::webhook_line& found);
  void drop(std::map<key, line>::iterator at);
  void heard_of(const facts_waiting& m);

  void advance(const key& k, line& l);
  void read(const key& k, line& l);
  void facts_read(const key& k, std::uint64_t life, std::uint64_t n,
                  result<persistence::webhook_facts> found);
  void post(const key& k, line& l);
  void posted(const key& k, std::uint64_t life, instant began, const result<net::webhook_answer>& answer);
  void settle(const key& k, line& l, const attempt_outcome& o, webhook_delivery d);
  bool has_place(const key& k, line& l);
  void give_place(bool again);
  void save(const key& k, line& l);
  void saved(const key& k, std::uint64_t life, const persistence::webhook_progress& sent,
             const result<persistence::webhook_saved>& saved);

  // ---- delivery_trials.cpp ----
  using trial_key = std::uint64_t;
  void begin_trial(const endpoint_trial& t);
  void post_trial(trial_key n, const persistence::webhook_store::one& found);
  void end_trial(trial_key n, webhook_delivery d, const result<net::webhook_answer>& answer);
  void answer_trial(trial_key n, result<webhook_delivery> with);

  const delivery_parts parts_;
};

} // namespace kalends::actors
