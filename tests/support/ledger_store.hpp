// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/engine_store.hpp"
#include "persistence/held_leases.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::testing {

/// The engine's store in memory, played by the test. It keeps the contract of engine_store (all or nothing,
/// guarded versions, gapless sequences, marks cleared only up to what was seen) and writes down what a
/// correct engine would never ask for. One thread. Several stores may share one ledger, as several nodes
/// share one database: each has questions and trouble of its own.
class ledger_store final : public persistence::engine_store {
public:
  struct provider_rows {
    provider calendar;
    std::optional<cursor> read_from;
    std::int64_t mark = 0;
    bool stale = false;
    std::map<std::string, channel> channels;
    std::map<std::string, std::string> secrets;
    std::optional<grant> tokens;
    std::optional<std::string> rehearsed; ///< the last rehearsal's report
    removals_made removed;                ///< in the window that began at `at`
  };
  struct tenant_rows {
    std::map<entry_id, schedule_entry> entries;
    std::map<mapping_key, mapping> mappings;
    std::map<std::string, outbox_row> outbox;
    std::vector<dead_letter> letters; ///< in the order of their opening
    std::vector<decision> decisions;
    std::vector<fact> facts;
    std::vector<sync_run> runs; ///< in the order of their first writing
    std::map<provider_id, provider_rows> providers;
    std::map<provider_type, oauth_app> apps;
    std::map<std::string, entry_id> meetings;
    std::map<std::string, user_id> people; ///< by address, in lower case
    std::map<std::string, conflict> conflicts;

    const sync_run* run(const run_id& id) const;
  };
  struct lease_row {
    std::string node, incarnation; ///< empty: nobody's
    std::int64_t epoch = 0;        ///< a tenant is fenced from its first lease on
  };
  struct node_row {
    std::string incarnation, url;
    instant expires_at{};
  };
  /// The rows, and what a correct engine would not have done to them.
  struct ledger {
    std::map<tenant_id, tenant_rows> tenants;
    std::map<tenant_id, lease_row> leases;
    std::map<std::string, node_row> nodes;
    std::function<instant()> clock; ///< the database's; unset: its time stands still
    std::vector<std::string> wrongs;
    std::string writer; ///< the node whose commit is carried out
    /// Each commit that is possible, before and after it is carried out.
    std::function<void(const tenant_rows&, const tenant_changes&)> before_commit, after_commit;
  };

  explicit ledger_store(std::shared_ptr<ledger> shared = std::make_shared<ledger>())
      : tenants(shared->tenants), wrongs(shared->wrongs), rows(*shared), ledger_(std::move(shared)) {}

  std::map<tenant_id, tenant_rows>& tenants;
  /// Refuses a commit for what it says, as a constraint would.
  std::function<std::optional<error>(const tenant_changes&)> objection;

  /// Whose question is asked now, if somebody can tell: then it is judged that nobody commits under one
  /// lease what was loaded under another.
  std::function<std::size_t()> asker;

  /// What a correct engine would not have done.
  std::vector<std::string>& wrongs;
  ledger& rows;

  /// What was asked, in order: "commit", "load", …
  std::vector<std::string> asked;
  std::size_t times(std::string_view what) const;

  std::set<tenant_id> stopped; ///< whose work an operator has stopped

  // ---- pace: held questions are carried out and answered when the test says so ----
  bool held = false;
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t waiting(std::string_view what) const;
  void answer(std::size_t which = 0);
  /// The oldest of that kind. Throws if there is none.
  void answer(std::string_view what);
  void answer_all();
  /// How a held question may end.
  enum class fate {
    answered,      ///< carried out and answered
    refused,       ///< not carried out: the database is away
    answer_lost,   ///< carried out, and the answer says that the outcome is unknown
    dropped,       ///< not carried out, and nobody hears of it
    dropped_after, ///< carried out, and nobody hears of it
  };
  void end(std::size_t which, fate how);
  /// "commit", "load", …: the held question at this place.
  const std::string& held_question(std::size_t which) const { return waiting_.at(which).what; }
  /// Holds this kind only.
  void hold(std::string_view what) { held_kinds_.emplace_back(what); }
  void hold_nothing() { held_kinds_.clear(); }
  /// Drops what is held, unanswered.
  void forget_questions() { waiting_.clear(); }

  // ---- trouble, for the next `count` questions of a kind ----
  void fail(std::string_view what, error e, int count = 1);
  /// Carried out, but the answer says retry_later: as when the connection breaks during the commit.
  void lose_answer(std::string_view what);
  /// Throws from within the call, which ends the actor that asked.
  void blow_up(std::string_view what, int count = 1);
  void forget_trouble() { trouble_.clear(); }

  void load(persistence::load_request what, persistence::store_done<persistence::loaded> done) override;
  void commit(tenant_changes changes, persistence::store_done<std::vector<fact>> done) override;
  void mark(std::vector<persistence::notice_mark> marks,
            persistence::store_done<std::vector<std::int64_t>> done) override;
  void load_provider(tenant_id tenant, provider_id provider,
                     persistence::store_done<persistence::provider_state> done) override;
  void load_outbox(tenant_id tenant, provider_id provider, instant now, std::size_t limit,
                   persistence::store_done<std::vector<outbox_row>> done) override;
  void load_links(tenant_id tenant, provider_id provider, entry_id after, std::size_t limit,
                  persistence::store_done<std::vector<mapping>> done) override;
  void load_entries(tenant_id tenant, user_id assignee, instant from, entry_id after, std::size_t limit,
                    persistence::store_done<std::vector<schedule_entry>> done) override;
  void save_run(tenant_id tenant, sync_run run, std::vector<fact> facts,
                persistence::store_done<std::vector<fact>> done) override;
  void end_interrupted_runs(std::vector<tenant_id> tenants, provider_id provider,
                            persistence::store_done<bool> done) override;
  void save_health(tenant_id tenant, provider_id provider, provider_status status,
                   std::optional<provider_problem> problem, std::optional<instant> last_sync_at,
                   std::optional<instant> next_poll_at, std::vector<fact> facts,
                   persistence::store_done<std::vector<fact>> done) override;
  void save_channel_health(tenant_id tenant, provider_id provider, channel_health health,
                           std::optional<provider_problem> problem, std::vector<fact> facts,
                           persistence::store_done<std::vector<fact>> done) override;
  void save_held(tenant_id tenant, provider_id provider, std::optional<held_removals> waiting_for,
                 std::vector<fact> facts, persistence::store_done<std::vector<fact>> done) override;
  void count_removals(tenant_id tenant, provider_id provider, instant now,
                      persistence::store_done<removal_tally> done) override;
  void load_held(tenant_id tenant, provider_id provider, entry_id after, std::size_t limit,
                 persistence::store_done<std::vector<entry_id>> done) override;
  void save_rehearsal(tenant_id tenant, provider_id provider, std::string report,
                      persistence::store_done<bool> done) override;
  void plan_reconcile(tenant_id tenant, provider_id provider, std::optional<instant> at,
                      persistence::store_done<bool> done) override;
  void load_unsettled(tenant_id tenant, provider_id provider, user_id assignee, instant from, entry_id after,
                      std::size_t limit, persistence::store_done<std::vector<entry_id>> done) override;
  void drop_cursor(tenant_id tenant, provider_id provider, persistence::store_done<bool> done) override;
  void save_calendar(tenant_id tenant, provider_id provider, calendar_listing chosen,
                     persistence::store_done<bool> done) override;
  void load_grant(tenant_id tenant, provider_id provider, persistence::store_done<grant> done) override;
  void save_grant(tenant_id tenant, provider_id provider, grant g,
                  persistence::store_done<bool> done) override;
  void load_oauth_app(tenant_id tenant, provider_type type,
                      persistence::store_done<std::optional<oauth_app>> done) override;
  void save_channel(tenant_id tenant, provider_id provider, channel c, std::string secret,
                    std::string replaces, persistence::store_done<bool> done) override;
  void delete_channel(tenant_id tenant, provider_id provider, std::string channel_id,
                      persistence::store_done<bool> done) override;
  void find_channels(tenant_id tenant, provider_id provider,
                     persistence::store_done<std::vector<channel>> done) override;
  void delete_provider(tenant_id tenant, provider_id provider, std::vector<fact> facts,
                       persistence::store_done<std::vector<fact>> done) override;
  void list_tenants(persistence::store_done<std::vector<tenant_id>> done) override;
  void load_schedule(std::vector<tenant_id> ids,
                     persistence::store_done<std::vector<persistence::schedule_line>> done) override;
  void load_providers(tenant_id tenant, persistence::store_done<std::vector<provider>> done) override;
  void load_open_letters(tenant_id tenant, letter_kind kind, std::size_t limit,
                         persistence::store_done<std::vector<letter_key>> done) override;
  void load_facts(tenant_id tenant, std::int64_t after, std::size_t limit,
                  persistence::store_done<std::vector<fact>> done) override;
  void last_sequence(tenant_id tenant, persistence::store_done<std::int64_t> done) override;
  void keep_leases(persistence::lease_round round,
                   persistence::store_done<persistence::lease_news> done) override;
  std::uint64_t hold(tenant_id tenant, std::int64_t epoch) override;
  void on_fenced(std::function<void(const tenant_id&, std::int64_t)> told) override;
  void find_owner(tenant_id tenant,
                  persistence::store_done<std::optional<persistence::node_line>> done) override;

private:
  struct question {
    std::string what;
    std::function<void(fate)> run;
  };
  struct trouble {
    int fails = 0, blows = 0, losses = 0;
    error with;
  };

  template <class T>
  void ask(const char* what, std::function<result<T>()> work, persistence::store_done<T> done);
  /// A write of the tenant's rows, under the epoch that this store holds now.
  template <class T>
  void ask_fenced(const char* what, const tenant_id& tenant, std::function<result<T>()> work,
                  persistence::store_done<T> done);
  bool fenced(const tenant_id& tenant, std::int64_t epoch);
  result<persistence::lease_news> round_of(const persistence::lease_round& r);
  void leave(const persistence::lease_round& r);
  void give(const persistence::lease_round& r, const tenant_id& tenant);
  bool lives(const lease_row& l) const;
  instant now() const { return rows.clock ? rows.clock() : instant{}; }
  template <class T>
  result<T> outcome(const std::string& what, const std::function<result<T>()>& work);
  void check(const tenant_rows& before, const tenant_changes& c);
  void check_entries(const tenant_rows& before, const tenant_changes& c);
  void check_keys(const tenant_rows& after);
  result<std::vector<fact>> carry_out(const tenant_changes& c);
  static result<void> possible(const tenant_rows& t, const tenant_changes& c);
  static void write(tenant_rows& t, const tenant_changes& c);
  static void write_letters(tenant_rows& t, const tenant_changes& c);
  static void write_meetings(tenant_rows& t, const tenant_changes& c);
  static void add_people(const tenant_rows& t, const persistence::load_request& what,
                         persistence::loaded& found);
  static persistence::loaded find(const tenant_rows& t, const persistence::load_request& what);
  void put_run(tenant_rows& t, const sync_run& r);
  std::vector<fact> append(const tenant_id& tenant, tenant_rows& t, std::vector<fact> facts);
  result<std::vector<fact>> with_provider(const tenant_id& tenant, const provider_id& provider,
                                          std::vector<fact> facts,
                                          const std::function<void(tenant_rows&)>& write);

  std::shared_ptr<ledger> ledger_;
  persistence::held_leases leases_;
  std::string node_; ///< who asks through this store, as its last round of leases said
  std::function<void(const tenant_id&, std::int64_t)> told_fenced_;
  std::map<std::pair<std::size_t, tenant_id>, std::int64_t> loaded_under_;
  std::deque<question> waiting_;
  std::vector<std::string> held_kinds_;
  std::map<std::string, trouble, std::less<>> trouble_;
};

} // namespace kalends::testing
