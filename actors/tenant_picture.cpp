// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_inputs.hpp"
#include "actors/import_projector.hpp"
#include "actors/plan_sync.hpp"

#include <utility>

namespace kalends::actors {

calendar_index::calendar_index(std::map<provider_id, provider> calendars) : all(std::move(calendars)) {
  for (const auto& [id, calendar] : all)
    if (calendar.scope == provider_scope::tenant)
      tenant_wide.push_back(id);
    else
      by_user[calendar.user].push_back(id);
  for (const auto& [id, calendar] : all)
    if (calendar.scope == provider_scope::user && !calendar.account.empty())
      accounts.emplace(*addresses[calendar.user].insert(lower_case(calendar.account)).first, calendar.user);
}

tenant_picture::tenant_picture(tenant_id tenant, calendar_index_ptr calendars, world w)
    : tenant_(std::move(tenant)), calendars_(std::move(calendars)), world_(std::move(w)) {}

tenant_picture::tenant_picture(tenant_id tenant, std::map<provider_id, provider> calendars, world w)
    : tenant_picture(std::move(tenant), std::make_shared<const calendar_index>(std::move(calendars)),
                     std::move(w)) {}

void tenant_picture::know(schedule_entry e) {
  auto id = e.id;
  entries_.insert_or_assign(std::move(id), std::move(e));
}

void tenant_picture::know(mapping m) {
  const mapping_key key{m.provider, m.entry};
  forget_link(key);
  index_link(m);
  links_.emplace(key, std::move(m));
}

void tenant_picture::know(meeting_line m) {
  meetings_.insert_or_assign(std::move(m.ical_uid), std::move(m.entry));
}

const schedule_entry* tenant_picture::entry(const entry_id& id) const {
  const auto at = entries_.find(id);
  return at == entries_.end() ? nullptr : &at->second;
}

const mapping* tenant_picture::link(const provider_id& p, const entry_id& e) const {
  const auto at = links_.find({p, e});
  return at == links_.end() ? nullptr : &at->second;
}

const mapping* tenant_picture::link_of(const provider_id& p, const calendar_event& event) const {
  if (const auto at = by_event_.find({p, event.id}); at != by_event_.end()) return &links_.at(at->second);
  if (!event.transaction_id.empty())
    if (const auto at = by_transaction_.find({p, event.transaction_id}); at != by_transaction_.end())
      if (const auto& found = links_.at(at->second); !found.linked) return &found;
  if (event.removed || event.tag.empty()) return nullptr;
  const auto* tagged = link(p, event.tag);
  if (tagged == nullptr || tagged->linked) return nullptr;
  // An insert is known by what we chose for it: another event with our tag is a copy that a person made.
  const bool chosen = !tagged->event.empty() || !tagged->transaction_id.empty();
  return chosen ? nullptr : tagged;
}

std::vector<const mapping*> tenant_picture::links_of(const entry_id& e) const {
  std::vector<const mapping*> found;
  if (const auto at = by_entry_.find(e); at != by_entry_.end())
    for (const auto& p : at->second) found.push_back(&links_.at({p, e}));
  return found;
}

const schedule_entry* tenant_picture::meeting(const std::string& ical_uid) const {
  const auto at = meetings_.find(ical_uid);
  return at == meetings_.end() ? nullptr : entry(at->second);
}

void tenant_picture::know(const person_line& l) {
  people_.insert_or_assign(l.address, l.user);
  addresses_[l.user].insert(l.address);
}

std::vector<std::string> tenant_picture::addresses_of(const std::vector<user_id>& people) const {
  std::vector<std::string> found;
  for (const auto& user : people)
    for (const auto* all : {&calendars_->addresses, &addresses_})
      if (const auto at = all->find(user); at != all->end())
        found.insert(found.end(), at->second.begin(), at->second.end());
  return found;
}

const user_id* tenant_picture::user_of(const std::string& address) const {
  const auto folded = lower_case(address);
  if (const auto own = people_.find(folded); own != people_.end()) return &own->second;
  const auto account = calendars_->accounts.find(folded);
  return account == calendars_->accounts.end() ? nullptr : &account->second;
}

const provider* tenant_picture::calendar(const provider_id& id) const {
  const auto at = calendars_->all.find(id);
  return at == calendars_->all.end() ? nullptr : &at->second;
}

std::set<provider_id> tenant_picture::calendars_near(const entry_id& id, const schedule_entry* e) const {
  std::set<provider_id> near;
  if (const auto at = by_entry_.find(id); at != by_entry_.end()) near = at->second;
  if (e == nullptr) return near;
  near.insert(calendars_->tenant_wide.begin(), calendars_->tenant_wide.end());
  for (const auto& user : e->assigned)
    if (const auto at = calendars_->by_user.find(user); at != calendars_->by_user.end())
      near.insert(at->second.begin(), at->second.end());
  return near;
}

std::int64_t tenant_picture::next_version(const entry_id& id) const {
  const auto* known = entry(id);
  if (known == nullptr) return 1;
  return known->version + 1;
}

void tenant_picture::put_entry(schedule_entry e) {
  const auto* stored = entry(e.id);
  touched_entries_.try_emplace(e.id, stored != nullptr ? stored->version : 0);
  ++entry_changes_;
  know(std::move(e));
}

void tenant_picture::delete_entry(const entry_id& id) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  touched_entries_.try_emplace(id, at->second.version);
  ++entry_changes_;
  entries_.erase(at);
}

void tenant_picture::put_link(mapping m) {
  touched_links_.insert({m.provider, m.entry});
  know(std::move(m));
}

void tenant_picture::drop_link(const mapping_key& key) {
  if (!links_.contains(key)) return;
  touched_links_.insert(key);
  forget_link(mapping_key(key)); // `key` may lie in the link
}

void tenant_picture::note_meeting(const std::string& ical_uid, const entry_id& e) {
  if (ical_uid.empty() || meeting(ical_uid) != nullptr) return;
  meetings_.insert_or_assign(ical_uid, e);
  new_meetings_.insert(ical_uid);
}

void tenant_picture::index_link(const mapping& m) {
  const mapping_key key{m.provider, m.entry};
  if (!m.event.empty()) by_event_.insert_or_assign({m.provider, m.event}, key);
  if (!m.transaction_id.empty()) by_transaction_.insert_or_assign({m.provider, m.transaction_id}, key);
  by_entry_[m.entry].insert(m.provider);
}

void tenant_picture::forget_link(const mapping_key& key) {
  const auto at = links_.find(key);
  if (at == links_.end()) return;
  const auto& m = at->second;
  if (const auto by = by_event_.find({m.provider, m.event}); by != by_event_.end() && by->second == key)
    by_event_.erase(by);
  if (const auto by = by_transaction_.find({m.provider, m.transaction_id});
      by != by_transaction_.end() && by->second == key)
    by_transaction_.erase(by);
  if (const auto by = by_entry_.find(m.entry); by != by_entry_.end()) {
    by->second.erase(m.provider);
    if (by->second.empty()) by_entry_.erase(by);
  }
  links_.erase(at);
}

void tenant_picture::enqueue(const provider_id& p, const entry_id& e, std::int64_t version,
                             push_action action) {
  const auto [at, fresh] = queued_.try_emplace({mapping_key{p, e}, action}, outbox_.size());
  if (fresh)
    outbox_.push_back(outbox_row{make_uuid(world_), p, e, version, action, 0, world_.now()});
  else
    outbox_[at->second].entry_version = version;
}

void tenant_picture::state(fact_type type, std::string data) {
  facts_.push_back(fact{make_uuid(world_), type, tenant_, 0, world_.now(), within_limit(std::move(data))});
}

void tenant_picture::state_entry(fact_type type, const schedule_entry& e,
                                 const std::vector<std::string_view>& changed, const provider_id& cause) {
  state(type, entry_fact(e, changed, cause));
}

void tenant_picture::explain(const provider_id& p, const entry_id& e, const event_id& v, reason why,
                             std::string inputs) {
  if (why == reason::pull_refused_unreadable || why == reason::push_refused) ++refusals_;
  decisions_.push_back(decision{make_uuid(world_), p, e, v, why, within_limit(std::move(inputs))});
}

void tenant_picture::open_letter(dead_letter letter, reason why) {
  state(fact_type::calendar_provider_error, letter_fact(letter));
  explain(letter.provider, letter.entry, letter.event, why, letter_inputs(letter));
  letters_.push_back(std::move(letter));
}

void tenant_picture::note_removal(const provider_id& p) { ++removals_[p]; }

void tenant_picture::end_letter(letter_end end) { letters_ended_.push_back(std::move(end)); }

tenant_changes tenant_picture::take_changes() {
  tenant_changes out;
  out.tenant = tenant_;
  close_conflicts();
  for (const auto& id : std::exchange(touched_conflicts_, {}))
    if (const auto& c = conflicts_.at(id); entry(c.entry) != nullptr) out.conflicts.push_back(c);
  for (const auto& [id, stored_version] : touched_entries_)
    if (const auto* now = entry(id))
      out.entries.push_back({*now, stored_version});
    else if (stored_version != 0)
      out.deleted_entries.push_back(id);
  for (const auto& key : touched_links_)
    if (const auto* now = link(key.provider, key.entry))
      out.mappings.push_back(*now);
    else
      out.unlinked.push_back(key);
  out.facts = std::exchange(facts_, {});
  out.outbox = std::exchange(outbox_, {});
  out.decisions = std::exchange(decisions_, {});
  out.letters = std::exchange(letters_, {});
  out.letters_ended = std::exchange(letters_ended_, {});
  for (const auto& uid : std::exchange(new_meetings_, {}))
    if (meeting(uid) != nullptr) out.meetings.push_back({uid, meetings_.at(uid)});
  for (const auto& [calendar, count] : std::exchange(removals_, {}))
    out.removals.push_back({calendar, count, world_.now()});
  touched_entries_.clear();
  touched_links_.clear();
  queued_.clear();
  return out;
}

} // namespace kalends::actors
