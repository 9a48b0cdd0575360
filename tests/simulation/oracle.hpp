// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/trace.hpp"
#include "tests/simulation/vendor.hpp"
#include "tests/support/ledger_store.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kalends::simulation {

/// Judges what the engine did by the design's invariants, from nothing but what host, people, vendors and
/// database saw. It shares no decision with the engine.
///
/// Every title, note, place and time that somebody writes is a value of its own, never used twice, so that
/// one can tell whose it is and what became of it (see oracle_values.cpp).
class oracle {
public:
  using rows = testing::ledger_store::tenant_rows;
  using ledger = testing::ledger_store::ledger;
  using call = testing::held_calendar::call;

  oracle(trace& log, std::shared_ptr<ledger> shared);

  void know(std::map<provider_id, account>& accounts) { accounts_ = &accounts; }
  /// The tenant's ids and values all contain this.
  void know(const tenant_id& t, std::string mark) { marks_[t] = std::move(mark); }

  // ---- vendors (oracle_vendor.cpp) ----
  /// A node's actor, in one life: the one that made the call, and hears its answer.
  struct caller {
    int node = 0;
    std::size_t actor = 0;
    friend auto operator<=>(const caller&, const caller&) = default;
  };
  void call_issued(caller who, account* a, const call& c, instant now);
  /// By a node of that id.
  void call_by(const std::string& node, const account& a, const call& c);
  void call_arrives(account* a, const call& c);
  void told_to_wait(caller who, instant until);
  void grant_refused(caller who);
  /// What was told before counts no longer: a person connected again.
  void forget_manners() { manners_.clear(); }
  void event_inserted(account& a, const net::new_event& asked, const calendar_event& made);
  void event_updated(account& a, const calendar_event& was, const net::event_update& asked,
                     const calendar_event& now);
  void event_erased(account& a, const model_event& was, const std::string& version);
  void unguarded(const std::string& what);

  // ---- guests, occurrences, what we do not map (oracle_parts.cpp) ----
  void guest_invited(const std::string& address, bool by_host);
  void guest_taken_off(const std::string& address);
  void guest_answered(const std::string& address, const event_id& e, attendee_response before,
                      attendee_response what);
  void check_guests_of_event(const account& a, const calendar_event& was, const calendar_event& now);
  void decorated(const account& a, const event_id& e, const std::string& extras);
  void check_extras(const account& a, const event_id& e);
  /// Somebody changed one occurrence, of an event (provider, event) or of an entry.
  struct slot_value {
    provider_id provider;
    event_id event;
    entry_id entry;
    recurrence_id at{};
    std::string text; ///< what its notes say since then; empty: another change
    bool whole_series = false;
  };
  void slot_set(slot_value v);
  void series_changed(const provider_id& p, const event_id& event, const entry_id& entry);

  // ---- host and people (oracle_values.cpp) ----
  void person_wrote(const appointment& before, const appointment& after);
  void host_writes(const std::string& value);
  void host_heard(const tenant_id& t, const entry_id& e, bool removed, const result<schedule_entry>& answer);
  /// `told`: the vendor's serial when the notice arrived. The answer may come after a read that covered it,
  /// and after changes of which it said nothing.
  void notice_accepted(account& a, std::uint64_t told);

  // ---- the database (oracle_commits.cpp) ----
  /// Texts that came with no commit of a tenant: runs, problems, facts of providers.
  void read_new_texts();
  void fact_told(int node, const fact& f);

  // ---- at rest (oracle_rest.cpp) ----
  /// Both sides agree, nothing waits, nothing is there twice.
  void expect_agreement();
  /// Deletions there are held until a person agrees.
  bool waits_for_a_yes(const provider_id& p) const;
  bool anything_to_do(const provider_id& p) const;

  std::size_t commits() const { return commits_; }
  std::size_t vendor_writes() const { return vendor_writes_; }
  std::size_t entry_writes() const { return entry_writes_; }

private:
  struct value {
    bool by_host = false;
    bool overwritten = false; ///< by somebody who saw it
    bool in_entry = false;    ///< an entry held it once
    bool lost = false;        ///< kept in the ledger as the losing side
  };
  static std::array<std::string, 4> values_of(const appointment& a);
  value* find(const std::string& text);
  void see_taken_values(const decision& d);
  void learn_losing_values(const decision& d);

  void before_commit(const rows& t, const tenant_changes& c);
  void after_commit(const rows& t, const tenant_changes& c);
  void check_needless(const rows& t, const tenant_changes& c);
  void check_values(const rows& t, const tenant_changes& c);
  void check_explained(const rows& t, const tenant_changes& c);
  void check_removals(const rows& t, const tenant_changes& c);
  void check_cursor(const rows& t, const cursor_move& m, const tenant_changes& c);
  void check_marks(const rows& t, const provider_id& p);
  void check_guests(const rows& t, const tenant_changes& c);
  void expect_guests(const rows& t, const account& a, const provider& calendar, const mapping& link,
                     const calendar_event& event);
  void expect_answer(const rows& t, const account& a, const schedule_entry& entry, const event_id& event,
                     const attendee& shown);
  void expect_slots();
  void expect_slots(const rows& t, const entry_id& entry, const std::vector<const slot_value*>& said);
  void check_lease(const tenant_changes& c);
  void check_brake(const rows& t, const tenant_changes& c);
  void check_outbox(const rows& t, const tenant_changes& c, const std::set<provider_id>& filled);
  field_set disputed(const rows& t, const mapping& link);
  /// What the calendar showed in the version that the link knows. Its base may be older: what is in dispute
  /// stays there as it was.
  static const appointment& last_seen(const account& a, const mapping& link);
  static bool lacks(const rows& t, const provider& p, const entry_id& id);
  void check_text(const tenant_id& t, const std::string& text, const char* where);
  void expect_agreement(const rows& t, const account& a, const provider& calendar);
  std::string story(const rows& t, const entry_id& e) const;

  trace& log_;
  std::shared_ptr<ledger> ledger_;
  std::map<provider_id, account>* accounts_ = nullptr;
  std::map<tenant_id, std::string> marks_;
  std::map<std::string, value> values_;
  struct guest {
    bool by_host = false, in_entry = false, taken_off = false, lost = false;
    std::map<event_id, std::vector<attendee_response>> answered; ///< what he said in each event, in order
  };
  std::map<std::string, guest> guests_; ///< by address
  std::map<std::pair<provider_id, event_id>, std::string> extras_;
  std::vector<slot_value> slots_;
  std::map<provider_id, std::vector<std::uint64_t>> accepted_; ///< vendor serials of accepted notices
  std::set<provider_id> read_once_;
  std::map<std::pair<provider_id, event_id>, int> imported_;
  struct manners { ///< what one actor was told by its vendor
    std::optional<instant> wait_until;
    bool grant_gone = false;
  };
  std::map<caller, manners> manners_;
  std::map<std::pair<int, tenant_id>, std::int64_t> told_;
  struct read_texts {
    std::size_t facts = 0, decisions = 0, runs = 0;
  };
  std::map<tenant_id, read_texts> texts_;
  std::size_t commits_ = 0, vendor_writes_ = 0, entry_writes_ = 0;
};

} // namespace kalends::simulation
