// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/chance.hpp"
#include "tests/simulation/node.hpp"
#include "tests/simulation/oracle.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/vendor.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kalends::simulation {

/// What one life of the world came to.
struct outcome {
  std::string violation; ///< empty: all invariants held
  int steps = 0;
  std::map<std::string, std::size_t> happened;
  std::vector<std::string> story; ///< the last steps, if they were to be told
  std::size_t fingerprint = 0;    ///< of all that was decided: the same seed gives the same
};

/// A seeded world: nodes over one database, tenants with people and calendars at two vendors, and chance,
/// which decides who moves next, what fails, and how. After every step the oracle has judged.
class world_of_seed {
public:
  world_of_seed(unsigned seed, bool in_words, unsigned nodes);
  ~world_of_seed();
  outcome live(int steps);

private:
  struct house {
    tenant_id id;
    std::string mark; ///< the beginning of all values of this tenant
    std::vector<user_id> users;
    std::vector<provider_id> calendars;
  };
  struct slot { ///< a machine, on which one node runs after the other
    std::unique_ptr<node> running;
    std::chrono::milliseconds skew{};
    std::optional<instant> restart_at, frozen_until;
    std::chrono::milliseconds asleep{};
  };

  // ---- setup (world.cpp) ----
  void build(unsigned nodes);
  void build_house(int n);
  provider& connect(house& h, int n, provider_type type, const user_id& who, provider_scope scope);
  void choose_faults();
  void comes_later(house& h, const provider_id& p);
  void start(slot& s);

  // ---- one step (world.cpp) ----
  void step();
  bool the_house_moves();
  void run_a_job(slot& s);
  void answer_a_question(slot& s);
  void serve_a_call(slot& s);
  void answer_a_refresh(slot& s);
  void look_at_calls(slot& s);
  void pass(std::chrono::milliseconds d);
  void deliver(const notice& n);
  bool failed() const { return !log_.violation().empty(); }

  // ---- people and hosts (acts.cpp) ----
  void person_acts();
  void person_writes(house& h, account& a);
  calendar_event changed(const house& h, calendar_event e);
  void person_changes_series(const house& h, account& a, calendar_event e);
  void person_splits_series(const house& h, account& a, calendar_event e, recurrence_id at);
  recurrence new_rule();
  void host_acts();
  void host_creates(house& h);
  void host_changes(house& h, const schedule_entry& e);
  void host_changes_series(house& h, const schedule_entry& e, actors::entry_order o);
  void send(house& h, actors::entry_order o);
  void note_scope(const entry_id& entry, const actors::entry_edit& edit, bool removed, bool heard);
  void person_withdraws_consent();
  void person_connects_again(const provider_id& p);
  void latecomers_act();

  // ---- what happens now and then, in every other world (rarer_acts.cpp) ----
  void enrich();
  void rarer_acts();
  std::string new_guest(const house& h, bool by_host);
  void person_invites(const house& h, account& a, calendar_event e);
  void guests_act();
  void host_invites(house& h, const schedule_entry& e);
  std::pair<calendar_time, calendar_time> moved_a_little(const appointment& occurrence);
  void person_changes_one();
  void host_changes_one();
  void both_change();
  void host_decides();
  void decide(house& h, const conflict& c);
  void host_replays();
  void host_approves();

  // ---- too much to go unasked (acts.cpp) ----
  void host_clears_up();
  void host_creates_for(house& h, std::vector<user_id> people);
  void person_approves(const house& h);

  std::string new_value(const house& h, bool by_host);
  std::pair<calendar_time, calendar_time> new_time(bool by_host);
  std::vector<user_id> some_users(const house& h);

  // ---- what goes wrong (faults.cpp) ----
  void something_goes_wrong();
  void crash(slot& s);
  void freeze(slot& s);
  void jump_clock(slot& s);
  void end_an_actor();
  testing::ledger_store::fate fate_of_question(slot& s, std::size_t which);

  // ---- the end (rest.cpp) ----
  void come_to_rest();
  void drain();
  bool at_rest();
  void expect_silence();

  house& house_of(const tenant_id& t);
  slot* awake_slot() { return awake_by(dice_); }
  slot* awake_by(chance& dice);
  instant now_at(const slot& s) const { return now_ + s.skew; }

  chance dice_;
  trace log_;
  std::shared_ptr<node::ledger> ledger_ = std::make_shared<node::ledger>();
  oracle judge_;
  vendor vendor_;
  settings configured_;
  instant now_ = instant(std::chrono::milliseconds(1'796'000'000'000));
  std::vector<house> houses_;
  std::vector<slot> slots_;
  std::set<std::string> faults_;
  bool faults_on_ = true;
  unsigned trouble_ = 0; ///< database questions fail once in so many
  // One world in four has calendars that are connected only when there are entries for them. Their own chance
  // keeps what the other worlds' seeds mean.
  struct cut {
    provider_id calendar;
    unsigned steps;
  };
  const bool has_latecomers_;
  chance latecomers_dice_;
  const bool is_rich_; ///< every other world
  chance rare_;
  // In one world in five the host fills one person's calendar and then deletes all that it has: too much to
  // go unasked.
  const bool clears_up_;
  std::size_t to_be_cleared_ = 0; ///< entries that were made for it
  chance clearing_dice_;
  std::vector<provider_id> latecomers_;
  std::optional<cut> to_be_cut_; ///< its first read, after so many steps
  int nodes_started_ = 0, made_ = 0, values_ = 0;
  unsigned minutes_used_ = 0;
};

} // namespace kalends::simulation
