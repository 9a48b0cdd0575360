// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/calendar_model.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/support/held_calendar.hpp"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kalends::simulation {

class oracle;

/// An account at a vendor: its calendar, its tokens, its push channels.
struct account {
  account(tenant_id t, provider_id p, provider_type type, const std::string& name)
      : tenant(std::move(t)), provider(std::move(p)), calendar(name + "@example.org"), model(type, name) {}

  tenant_id tenant;
  provider_id provider;
  calendar_id calendar;
  calendar_model model;

  std::map<std::string, instant> access; ///< tokens that are valid, and until when
  std::set<std::string> refresh;         ///< refresh tokens that are valid
  bool revoked = false;
  int tokens = 0;

  struct push_channel {
    std::string secret;
    instant expires_at;
  };
  std::map<std::string, push_channel> channels;

  instant throttled_until{}; ///< 429 until then, whoever asks
  std::deque<instant> calls; ///< within the quota's window
  std::set<event_id> hidden; ///< a listing did not show them although it should have
};

/// A notice on its way to us.
struct notice {
  account* of;
  std::string secret; ///< the ticket, as it was told when the channel was opened
  instant due;
  int tries = 0;
};

/// Both vendors, their faults included. Every effect is told to the oracle.
class vendor {
public:
  vendor(chance& dice, trace& log, oracle& judge) : dice_(dice), log_(log), judge_(judge) {}

  using call_ptr = testing::held_calendar::call_ptr;

  account& open_account(const tenant_id& t, const provider_id& p, provider_type type,
                        const std::string& name);
  account& at(const provider_id& p) { return accounts_.at(p); }
  std::map<provider_id, account>& accounts() { return accounts_; }
  account* owner_of(const net::calendar_access& who);

  grant new_grant(account& a, instant now); ///< a person consents
  static void revoke(account& a);
  result<grant> refresh(account& a, const grant& current, instant now);

  /// Carries the call out and answers it, or not, as chance has it. Tells why it was not even looked at.
  std::optional<error> serve(const call_ptr& c, instant now);
  /// Nobody waits for the answer any more; the request may have been on its way.
  void abandon(const call_ptr& c, instant now);
  /// The caller's patience has ended.
  void time_out(const call_ptr& c, instant now);

  // ---- people ----
  void person_put(account& a, calendar_event e, instant now);
  /// `silently`: the listing does not say whose occurrence went (Graph, one that was cancelled).
  void person_puts_occurrences(account& a, calendar_event e, instant now, bool silently = false);
  void person_remove(account& a, const event_id& id, instant now);

  /// What reaches a vendor late, and notices of changes.
  void let_time_pass(instant now);
  std::vector<notice> due_notices(instant now);
  /// It was not accepted: again later, but not for ever.
  void repeat(notice n, instant now);
  bool quiet() const { return ghosts_.empty() && notices_.empty(); }

  /// Fault kinds that may happen, and how often: one call in so many. 0: none.
  std::set<std::string> faults;
  unsigned trouble = 0;
  std::size_t calls_served = 0;

private:
  struct ghost { ///< a request that arrives after its sender has given up
    instant due;
    std::function<void(instant)> effect;
  };
  using effect = std::function<void(instant)>;

  bool strikes(const char* kind, unsigned rarer = 1);
  std::optional<error> admission(account* a, const call_ptr& c, instant now);
  void act(account& a, const call_ptr& c, instant now);
  template <class T>
  void answer(const call_ptr& c, result<T> outcome);
  void listing(account& a, const call_ptr& c);
  effect effect_of(account* a, const call_ptr& c);
  result<calendar_event> insert(account& a, const net::new_event& e, instant now);
  result<calendar_event> update(account& a, const net::event_update& u, instant now);
  result<bool> erase(account& a, const testing::event_deletion& d, instant now);
  result<bool> write_occurrence(account& a, const net::occurrence_write& w, instant now);
  result<channel> open_channel(account& a, const net::channel_request& r, instant now);
  void changed(account& a, instant now);

  chance& dice_;
  trace& log_;
  oracle& judge_;
  std::map<provider_id, account> accounts_;
  std::vector<ghost> ghosts_;
  std::vector<notice> notices_;
};

} // namespace kalends::simulation
