// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/channel_directory.hpp"
#include "actors/governor.hpp"
#include "actors/lease_book.hpp"
#include "actors/protocol.hpp"
#include "actors/visible_to_tsan.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace kalends::actors {

/// What the actors below the supervisor are made with.
struct staff_parts {
  persistence::engine_store& store;
  net::calendar_client& google;
  net::calendar_client& microsoft;
  token_refresh refresh;
  settings configured;
  world outside;
  std::shared_ptr<channel_directory> channels;
  observe::meter& meter;
  std::shared_ptr<lease_book> leases = nullptr; ///< none: the supervisor makes one, by the world's clock
  node_identity node = {};
  std::shared_ptr<governor> vendors_leave = nullptr; ///< who may call next; none: the supervisor opens one
};

/// How often something died lately, and what follows.
struct mortality {
  std::vector<instant> deaths; ///< within the restart window
  bool parked = false;         ///< died too often; gets no messages but a person's
  bool on_probation = false;   ///< back after being parked: one more death parks it again at once
  int times_parked = 0;        ///< in a row: pauses grow
  instant back_at{};           ///< from being parked
};
/// How long it stays away after dying `now`; sets `parked`.
std::chrono::milliseconds pause_after_death(mortality& m, instant now);

struct supervisor_state {
  supervisor_state() = default; // no aggregate: CAF would put the actor's pointer into the first member
  static constexpr const char* name = "supervisor";

  /// One provider as the clock sees it. An actor exists from its first message on.
  struct provider_line {
    provider_actor actor;
    std::optional<instant> next_poll_at, outbox_due, renewal_due, reconcile_due, respawn_at;
    std::optional<instant> overdue; ///< the renewal whose time was seen to have gone by
    mortality health;
    std::optional<instant> queued_at; ///< its place in `due`
    std::uint64_t orders_sent = 0;    ///< to this actor
    std::optional<instant> sleepy_at; ///< its place in `sleepy`: idle since
  };
  /// A tenant that this node holds.
  struct tenant_line {
    tenant_actor actor;
    std::map<provider_id, provider_line> providers;
    std::int64_t epoch = 0;
    std::uint64_t tenure = 0; ///< what its actors decide is committed in this one or not at all
    bool resting = false;     ///< comes to rest to be given away: takes nothing new
    bool stopped = false;     ///< by an operator: no calendar is awake; commands are taken
    mortality health;
    std::optional<instant> respawn_at; ///< it died, and its calendars with it
    std::size_t awake = 0;             ///< of its calendars
    instant used_at{};
    bool going_to_rest = false;
    std::vector<std::function<void()>> after_rest; ///< orders that came while it was going to rest
  };
  using key = std::pair<tenant_id, provider_id>;

  std::map<tenant_id, tenant_line> tenants;
  std::set<std::pair<instant, key>> due;
  std::set<std::pair<instant, key>> sleepy; ///< awake and idle, with nothing on its way to them; since when
  std::map<caf::actor_addr, key> names; ///< who a down message speaks of; a tenant has an empty provider id
  event_bus_actor bus;
  bool shut = false; ///< nobody is spawned or woken any more
  std::vector<answer_to<bool>> closing;
  std::size_t resting = 0; ///< tenants that have not come to rest yet
  std::optional<instant> next_look, next_rest_round;
  bool looking = false;

  // ---- leases; times are the lease book's ----
  using milliseconds = std::chrono::milliseconds;
  bool asking = false;    ///< a round is under way
  bool ask_again = false; ///< something moved since it began
  bool arriving = true;   ///< no round has succeeded yet
  bool leaving = false;   ///< the last round
  milliseconds next_round{0};
  std::size_t nodes_alive = 1;
  std::set<tenant_id>
      unopened;               ///< held, but their last holder's runs are not closed yet: no calendar is woken
  std::set<tenant_id> giving; ///< at rest; told with the next round
  std::map<tenant_id, milliseconds> dismissed; ///< being erased: not taken up again before then
  std::vector<answer_to<bool>> awaiting_round; ///< answered after the round that begins next
  bool opening = false;                        ///< arrivals are being opened
  answer_to<bool> house_opened;                ///< null once it was told
};

/// The directory of tenants and providers: spawns on the first message, respawns what died (backoff; too many
/// deaths: parked with an alert), and keeps the clock of polls, retries and renewals. One timer for all of
/// them.
class supervisor : public actor_with<supervisor_actor, supervisor_state> {
public:
  supervisor(caf::actor_config& cfg, staff_parts parts, event_bus_actor bus);
  behavior_type make_behavior() override;

private:
  using key = supervisor_state::key;

  void open_house(const house_opened& o);
  void look_around();
  void take_schedule(const std::vector<persistence::schedule_line>& lines);
  void plan_sleeper(supervisor_state::provider_line& p, const persistence::schedule_line& line);
  void look_for_overdue(const key& who, supervisor_state::provider_line& p,
                        const persistence::schedule_line& line);
  void tick();
  void wake_due(const key& who, supervisor_state::provider_line& p, instant now);
  void arm(const key& who, supervisor_state::provider_line& p);

  supervisor_state::tenant_line* find_tenant(const tenant_id& id);
  /// Null while it waits for its respawn.
  tenant_actor tenant_of(const tenant_id& id, supervisor_state::tenant_line& t);
  /// Null while it is parked or waits for its respawn.
  provider_actor provider_of(const key& who);
  template <class Message>
  void tell(const key& who, const Message& m);
  void tell_tenant(const for_tenant& m);

  // ---- supervisor_deaths.cpp: what died comes back, what keeps dying is parked ----
  void someone_died(const caf::down_msg& m);
  void provider_died(const key& who, supervisor_state::provider_line& p);
  void tenant_died(const tenant_id& id, supervisor_state::tenant_line& t);
  void tenant_is_back(supervisor_state::tenant_line& t);
  void provider_comes_back(const key& who, supervisor_state::provider_line& p);
  void let_out(const key& who);
  void recovered(const key& who, supervisor_state::provider_line& p);
  void show_problem(const key& who, std::optional<provider_problem> problem, std::vector<fact> facts);

  // ---- supervisor_sleep.cpp: what has nothing to do costs nothing ----
  void becomes_sleepy(const key& who, supervisor_state::provider_line& p, const provider_idle& m);
  void not_sleepy(const key& who, supervisor_state::provider_line& p);
  void put_to_sleep(instant now);
  void forget_actor(const key& who, supervisor_state::tenant_line& t, supervisor_state::provider_line& p);
  void rest_tenants(instant now);
  void tenant_rested(supervisor_state::tenant_line& t);
  bool wait_for_rest(supervisor_state::tenant_line& t, std::function<void()> then);

  void idle(const provider_idle& m);
  void forget_provider(const provider_gone& m);
  void dismiss(const tenant_leaving& m);
  void close_house(const house_closing& m);
  void leave_house(const caf::exit_msg& m);
  void count(const count_house& m);

  // ---- supervisor_leases.cpp: which tenants are ours ----
  void keep_leases();
  struct lease_question {
    std::chrono::milliseconds asked_at{};
    std::set<tenant_id> given;
    std::vector<answer_to<bool>> waiting;
  };
  void begin_round();
  void end_round(const lease_question& asked, const result<persistence::lease_news>& news);
  void round_failed(const error& e);
  void take_news(const persistence::lease_news& news);
  void take_up(const persistence::lease& l);
  void arrive(const tenant_arrived& m);
  void open_arrivals();
  void take_arrivals(const std::vector<persistence::lease>& arrivals,
                     const result<std::vector<persistence::schedule_line>>& lines);
  /// An operator stopped its work, or lets it go on.
  void switch_work(const tenant_id& id, bool stop);
  void bring_to_rest(const tenant_id& id);
  void rested(const tenant_id& id);
  /// Whatever runs for it ends now, in the middle of its step.
  void let_go(const tenant_id& id);
  void let_all_go();
  void end_providers(const tenant_id& id, supervisor_state::tenant_line& t);
  void stop_providers(const tenant_id& id, supervisor_state::tenant_line& t);
  void fenced(const lease_fenced& m);
  void give_everything_back();

  std::shared_ptr<const staff_parts> staff_; ///< one for all that it spawns
  const staff_parts& parts_;
};

} // namespace kalends::actors
