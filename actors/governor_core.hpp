// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/budget_line.hpp"
#include "actors/vendor_budget.hpp"

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace kalends::actors {

/// What may wait for the others: imports, backfills, polls and reconciliations give way to what people and
/// notices brought about.
enum class urgency { urgent, bulk };

/// Who calls, on whose budgets.
struct vendor_caller {
  tenant_id tenant;
  provider_id provider;
  provider_type type = provider_type::google;
  std::string mailbox; ///< the account's subject
  std::string project; ///< the OAuth client's id
};

struct governor_limits {
  vendor_grants granted;
  /// To one vendor at once; as many connections as net::http_client keeps to one host, so that nobody waits
  /// there, where nobody takes turns.
  std::uint32_t calls_at_once = 64;
  std::size_t waiting = 50'000; ///< calls; above: `vendor_queue_full`
  /// Longer than any budget takes to free itself.
  std::chrono::milliseconds patience = std::chrono::minutes(12);
  /// A vendor's pause that is longer is told at once, so that the calendar rests instead of waiting.
  std::chrono::milliseconds longest_pause_waited_for = std::chrono::seconds(30);
};

/// Who may call a vendor next. Keeps every budget at every moment; where calls have to wait, tenants take
/// turns (a turn is worth the same however dear a call is), a tenant's urgent calls go before its bulk but
/// leave it every fourth, and its calendars are served in the order in which they asked (each has one call at
/// a time, so they take turns too).
///
/// A tenant that uses more than its fair share of a project's budget or of the connections gets only 80 % of
/// it all, so that there is room for those that use little: they do not wait for it. Bulk gets 90 %, of its
/// account's budget too, until it has waited for a minute.
///
/// Pure: no CAF, no I/O, one thread, the clock passed in; a clock that is set back stands still.
class governor_core {
public:
  using ticket = std::uint64_t; ///< grows; 0: none

  explicit governor_core(governor_limits limits = {}) : limits_(limits) {}

  struct wish {
    vendor_caller who;
    observe::vendor_verb verb{};
    urgency how = urgency::urgent;
  };
  struct verdict {
    ticket id = 0;               ///< granted or waiting
    bool granted = false;        ///
    std::optional<error> denied; ///< retry_later: `vendor_circuit_open`, `vendor_asked_to_wait`,
                                 ///< `vendor_queue_full`, `vendor_budget_spent` (waited too long)
  };
  /// Granted, denied, or to wait for `turn` to name it.
  verdict request(wish w, instant now);
  /// Ends a call, or the wait for one; tells who may go instead. `extraordinary`: it cost all that it can
  /// cost.
  std::vector<verdict> end(ticket id, answer_scope said, std::optional<std::chrono::milliseconds> retry_after,
                           bool extraordinary, instant now);
  /// Those whose time has come: they may go, or have waited in vain. To be asked several times a second
  /// while somebody waits.
  std::vector<verdict> turn(instant now);

  /// This node's part of all budgets is one of so many.
  void share_with(std::size_t nodes) { nodes_ = static_cast<std::uint32_t>(std::max<std::size_t>(1, nodes)); }
  bool circuit_open(provider_type type) const;
  std::size_t waiting() const { return waits_.size(); }
  std::size_t in_flight() const { return calls_.size(); }
  /// For tests and for those who watch: calls in the window.
  std::uint32_t mailbox_used(const vendor_caller& who, instant now);
  std::uint32_t project_used(const vendor_caller& who, instant now);
  /// How all budgets stand, the tightest `most` first. Walks over all that is kept and waits.
  budget_report report(std::size_t most, instant now);
  std::size_t accounts_kept() const { return mailboxes_.size() + projects_.size(); }

private:
  struct pause {
    std::optional<instant> until;
    int in_a_row = 0;
  };
  struct mailbox_account {
    sliding_window window;
    std::uint32_t in_flight = 0;
    pause resting;
    std::deque<ticket> waiting[2]; ///< by urgency; for this mailbox's budget
    std::uint32_t uses = 0;        ///< calls and waits that point here
    instant touched{};
  };
  struct tenant_use {
    sliding_window window;
    std::uint32_t in_flight = 0;
    instant touched{};
  };
  struct project_account {
    sliding_window window;
    pause resting;
    std::map<tenant_id, tenant_use> tenants; ///< with anything in the window or in flight
    std::uint32_t uses = 0;
    instant touched{};
    std::string limited_mailbox; ///< the last one that called too often, and when
    std::optional<instant> limited_at;
  };
  using mailbox_ptr = mailbox_account*;
  using project_ptr = project_account*;

  struct call {
    wish what;
    call_cost cost;
    std::string mailbox_key, project_key;
    mailbox_ptr mailbox = nullptr;
    project_ptr project = nullptr;
    instant since{}; ///< granted; while it waits: asked
    bool at_the_mailbox = false;
  };
  struct lane { ///< a tenant's calls that wait for what tenants share
    std::deque<ticket> waiting[2];
    std::uint32_t deficit = 0;
    int urgent_in_a_row = 0;
    bool empty() const { return waiting[0].empty() && waiting[1].empty(); }
  };
  struct vendor { ///< what all calls to one vendor share
    std::uint32_t in_flight = 0;
    std::map<tenant_id, lane> lanes; ///< only those with somebody in them
    std::deque<tenant_id> turns;
    circuit_breaker api, tokens;
    std::set<mailbox_ptr> blocked; ///< with somebody waiting
  };

  instant steady(instant now);
  vendor& vendor_of(provider_type t) { return vendors_[t == provider_type::google ? 0 : 1]; }
  const vendor_limits& limits_of(provider_type t) const {
    return t == provider_type::google ? limits_.granted.google : limits_.granted.microsoft;
  }
  circuit_breaker& circuit_of(const wish& w);
  const circuit_breaker& circuit_of(const wish& w) const;
  std::uint32_t part(std::uint32_t whole) const { return std::max<std::uint32_t>(1, whole / nodes_); }

  std::optional<error> refusal(const call& c, instant now) const;
  /// Of a call that waited.
  verdict let_go(ticket id, call c, instant now);
  bool mailbox_lets(call& c, instant now);
  bool house_lets(call& c, instant now);
  std::uint32_t house_share(const call& c, std::uint32_t whole, std::uint32_t own, std::size_t tenants,
                            instant now) const;
  static bool gives_way(const call& c, instant now);
  void grant(ticket id, call c, instant now);
  void queue_at_mailbox(ticket id, call& c);
  void queue_in_lane(ticket id, call& c);
  void withdraw(ticket id, call& c);
  void call_ended(const call& c, answer_scope said, std::optional<std::chrono::milliseconds> retry_after,
                  bool extraordinary, instant now);
  void hear(const call& c, answer_scope said, std::optional<std::chrono::milliseconds> retry_after,
            instant now);
  void rest(pause& p, std::optional<std::chrono::milliseconds> asked, instant now);
  void release_mailbox(vendor& v, mailbox_account& box, instant now, std::vector<verdict>& out);
  void serve_lanes(vendor& v, instant now, std::vector<verdict>& out);
  bool serve_one(lane& l, instant now, std::vector<verdict>& out);
  void give_up_late(instant now, std::vector<verdict>& out);
  void forget_idle(instant now);

  governor_limits limits_;
  std::uint32_t nodes_ = 1;
  instant clock_{}, told_{};
  instant next_cleaning_{};
  ticket last_ = 0;
  std::array<vendor, 2> vendors_;
  std::unordered_map<std::string, std::unique_ptr<mailbox_account>> mailboxes_;
  std::unordered_map<std::string, std::unique_ptr<project_account>> projects_;
  std::unordered_map<ticket, call> calls_; ///< under way
  std::map<ticket, call> waits_;           ///< in the order in which they asked
};

} // namespace kalends::actors
