// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/oracle.hpp"

#include <algorithm>

namespace kalends::simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t calls_a_minute = 600; ///< Google, for one user; Graph's limit per mailbox is higher

} // namespace

// ---------------------------------------------------------------- manners: quotas, Retry-After, grants

void oracle::call_issued(caller who, account* a, const call& c, instant now) {
  if (a == nullptr) return log_.violation(1, c.verb + " with a token that was never given");
  a->calls.push_back(now);
  while (a->calls.front() < now - 1min) a->calls.pop_front();
  if (a->calls.size() > calls_a_minute) log_.violation(17, "more than 600 calls a minute of one user");
  auto m = manners_.find(who);
  if (m == manners_.end()) return;
  if (m->second.grant_gone) log_.violation(16, c.verb + " although the grant is known to be gone");
  if (m->second.wait_until && now < *m->second.wait_until)
    log_.violation(17, c.verb + " before the time that Retry-After named");
}

void oracle::call_by(const std::string& node, const account& a, const call& c) {
  if (const auto l = ledger_->leases.find(a.tenant); l == ledger_->leases.end() || l->second.node != node)
    log_.violation(21, c.verb + " of " + a.calendar.str() + " by a node that does not run its tenant");
}

void oracle::call_arrives(account* a, const call& c) {
  if (a == nullptr) return log_.violation(1, c.verb + " with a token that was never given");
  const bool of_the_account = c.verb == "list_calendars" || c.verb == "renew_channel" ||
                              c.verb == "close_channel" || c.who.calendar == a->calendar;
  if (!of_the_account) log_.violation(1, c.verb + " of another account's calendar");
}

void oracle::told_to_wait(caller who, instant until) {
  auto& m = manners_[who];
  m.wait_until = std::max(m.wait_until.value_or(instant{}), until);
}

void oracle::grant_refused(caller who) { manners_[who].grant_gone = true; }

// ---------------------------------------------------------------- what becomes of events

void oracle::event_inserted(account& a, const net::new_event& asked, const calendar_event& made) {
  ++vendor_writes_;
  int standing = 0;
  for (const auto& [id, e] : a.model.events)
    if (e.ours && !e.now.removed && e.now.tag == asked.tag) ++standing;
  if (standing > 1) log_.violation(6, "entry " + asked.tag.str() + " stands twice in " + a.calendar.str());
  for (const auto& text : values_of(made.what))
    if (!marks_[a.tenant].empty() && find(text) != nullptr && text.find(marks_[a.tenant]) != 0 &&
        text[0] != '2')
      log_.violation(1, "a value of another tenant in " + a.calendar.str());
}

/// A push never overwrites what it has not seen: whatever it replaces was in the entry once, was overwritten
/// by somebody who saw it, or is kept as the losing side.
void oracle::event_updated(account& a, const calendar_event& was, const net::event_update& asked,
                           const calendar_event& now) {
  ++vendor_writes_;
  if (difference(was.what, now.what).empty())
    log_.violation(7, "a push that changes nothing, of " + was.id.str() + " in " + a.calendar.str());
  const auto before = values_of(was.what);
  const auto after = values_of(now.what);
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == after[i]) continue;
    const auto* v = find(before[i]);
    if (v != nullptr && !v->overwritten && !v->in_entry && !v->lost)
      log_.violation(8, "'" + before[i] + "' was overwritten in " + a.calendar.str() + " by '" + after[i] +
                            "' unseen (event " + asked.event.str() + ")");
  }
}

/// Only what leaves that calendar by the host's will is erased there.
void oracle::event_erased(account& a, const model_event& was, const std::string& version) {
  ++vendor_writes_;
  if (version.empty() && !was.ours) log_.violation(8, "a deletion without a version");
  const auto& t = ledger_->tenants.at(a.tenant);
  for (const auto& [key, m] : t.mappings)
    if (key.provider == a.provider && m.event == was.now.id) {
      auto entry = t.entries.find(key.entry);
      if (entry == t.entries.end() || m.removing) continue;
      log_.count("erased_while_wanted_again");
    }
}

void oracle::unguarded(const std::string& what) { log_.violation(8, what); }

} // namespace kalends::simulation
