// SPDX-License-Identifier: Apache-2.0
#include "persistence/load_group.hpp"

#include "persistence/conflict_rows.hpp"
#include "persistence/row_codec.hpp"
#include "persistence/schedule_rows.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

// The entries a group speaks of: those asked for by id or tag, those that an event leads to, by the vendor's
// id, by our transaction id or by its UID, and those of the conflicts asked for. UNION also removes what was
// asked for twice.
#define KALENDS_ASKED                                                                                        \
  "WITH asked AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS a(tenant_id, entry_id)"                    \
  " UNION SELECT m.tenant_id, m.entry_id FROM unnest($3::uuid[], $4::uuid[], $5::text[])"                    \
  " AS r(tenant_id, provider_id, event_id) JOIN mappings m ON m.tenant_id = r.tenant_id"                     \
  " AND m.provider_id = r.provider_id AND m.event_id = r.event_id"                                           \
  " UNION SELECT m.tenant_id, m.entry_id FROM unnest($6::uuid[], $7::uuid[], $8::text[])"                    \
  " AS r(tenant_id, provider_id, transaction_id) JOIN mappings m ON m.tenant_id = r.tenant_id"               \
  " AND m.provider_id = r.provider_id AND m.transaction_id = r.transaction_id"                               \
  " UNION SELECT t.tenant_id, t.entry_id FROM unnest($9::uuid[], $10::text[]) AS r(tenant_id, ical_uid)"     \
  " JOIN meetings t ON t.tenant_id = r.tenant_id AND t.ical_uid = r.ical_uid"                                \
  " UNION SELECT c.tenant_id, c.entry_id FROM unnest($11::uuid[], $12::uuid[]) AS r(tenant_id, conflict_id)" \
  " JOIN conflicts c ON c.tenant_id = r.tenant_id AND c.conflict_id = r.conflict_id)"

namespace kalends::persistence {
namespace {

const statement load_mappings{"load_mappings",
                              KALENDS_ASKED " SELECT " KALENDS_MAPPING_COLUMNS " FROM asked a JOIN mappings m"
                                            " ON m.tenant_id = a.tenant_id AND m.entry_id = a.entry_id"};
const statement load_entries{"load_entries_asked",
                             KALENDS_ASKED " SELECT " KALENDS_ENTRY_COLUMNS " FROM asked a JOIN entries e"
                                           " ON e.tenant_id = a.tenant_id AND e.entry_id = a.entry_id"};

const statement load_meetings{"load_meetings",
                              "SELECT t.tenant_id, t.ical_uid, t.entry_id FROM unnest($1::uuid[], $2::text[])"
                              " AS r(tenant_id, ical_uid) JOIN meetings t ON t.tenant_id = r.tenant_id"
                              " AND t.ical_uid = r.ical_uid"};
const statement load_conflicts{
    "load_conflicts", KALENDS_ASKED
    ", found AS (SELECT tenant_id, conflict_id FROM unnest($11::uuid[], $12::uuid[])"
    " AS r(tenant_id, conflict_id) UNION SELECT c.tenant_id, c.conflict_id FROM asked a JOIN conflicts c"
    " ON c.tenant_id = a.tenant_id AND c.entry_id = a.entry_id AND c.state = 0)"
    " SELECT " KALENDS_CONFLICT_COLUMNS " FROM found f JOIN conflicts c ON c.tenant_id = f.tenant_id"
    " AND c.conflict_id = f.conflict_id"};

const statement load_people{
    "load_people", KALENDS_ASKED
    ", who AS (SELECT e.tenant_id, p.user_id FROM asked a JOIN entries e ON e.tenant_id = a.tenant_id"
    " AND e.entry_id = a.entry_id CROSS JOIN unnest(e.assigned) AS p(user_id)"
    " UNION SELECT * FROM unnest($13::uuid[], $14::uuid[]) AS u(tenant_id, user_id)"
    " UNION SELECT x.tenant_id, x.user_id FROM unnest($15::uuid[], $16::text[]) AS r(tenant_id, address)"
    " JOIN user_addresses x ON x.tenant_id = r.tenant_id AND x.address = r.address)"
    " SELECT x.tenant_id, x.address, x.user_id FROM who w JOIN user_addresses x"
    " ON x.tenant_id = w.tenant_id AND x.user_id = w.user_id ORDER BY x.address"};

using entry_key = std::pair<tenant_id, entry_id>;
using event_key = std::pair<tenant_id, std::pair<provider_id, std::string>>;

struct asked_for {
  std::vector<sql_value> all;    ///< of KALENDS_ASKED
  std::vector<sql_value> uids;   ///< of `load_meetings`
  std::vector<sql_value> people; ///< of `load_people`; empty: nobody asks
};

std::vector<sql_value> people_values(const std::vector<const load_request*>& units,
                                     const std::vector<sql_value>& all) {
  row_set<2> by_user;
  row_set<2> by_address;
  bool asked = false;
  for (const auto* u : units) {
    asked |= u->people;
    for (const auto& id : u->users)
      if (is_uuid(id.str())) by_user.add(u->tenant, id);
    for (const auto& a : u->addresses) by_address.add(u->tenant, a);
  }
  if (!asked) return {};
  auto values = all;
  for (auto& v : by_user.values()) values.push_back(std::move(v));
  for (auto& v : by_address.values()) values.push_back(std::move(v));
  return values;
}

asked_for asked_values(const std::vector<const load_request*>& units) {
  row_set<2> by_entry;
  row_set<3> by_event;
  row_set<3> by_transaction;
  row_set<2> by_uid;
  row_set<2> by_conflict;
  for (const auto* u : units) {
    for (const auto& e : u->entries) by_entry.add(u->tenant, e);
    for (const auto& r : u->events) {
      // A tag comes from outside: what is no id of ours leads nowhere.
      if (is_uuid(r.tag.str())) by_entry.add(u->tenant, r.tag);
      if (!r.event.empty()) by_event.add(u->tenant, r.provider, r.event);
      if (!r.transaction_id.empty()) by_transaction.add(u->tenant, r.provider, r.transaction_id);
      if (is_kept_uid(r.ical_uid)) by_uid.add(u->tenant, r.ical_uid);
    }
    for (const auto& id : u->conflicts)
      if (is_uuid(id)) by_conflict.add(u->tenant, id);
  }
  auto all = by_entry.values();
  for (auto& v : by_event.values()) all.push_back(std::move(v));
  for (auto& v : by_transaction.values()) all.push_back(std::move(v));
  for (auto& v : by_uid.values()) all.push_back(std::move(v));
  for (auto& v : by_conflict.values()) all.push_back(std::move(v));
  auto people = people_values(units, all);
  return {std::move(all), by_uid.values(), std::move(people)};
}

/// What the group found, by every key a request may have asked with.
class found_rows {
public:
  found_rows(const rows& mappings, const rows& entries, const rows& meetings, const rows& conflicts,
             const rows* people) {
    for (std::size_t i = 0; people != nullptr && i < people->size(); ++i)
      people_[people->as<tenant_id>(i, 0)].push_back({people->text(i, 1), people->as<user_id>(i, 2)});
    for (std::size_t i = 0; i < meetings.size(); ++i)
      by_uid_.emplace(std::pair(meetings.as<tenant_id>(i, 0), meetings.text(i, 1)),
                      meetings.as<entry_id>(i, 2));
    for (std::size_t i = 0; i < conflicts.size(); ++i)
      conflicts_.emplace_back(conflicts.as<tenant_id>(i, 0), read_conflict(conflicts, i));
    for (std::size_t i = 0; i < mappings.size(); ++i) {
      const auto tenant = mappings.as<tenant_id>(i, 0);
      auto m = read_mapping(mappings, i);
      const entry_key key{tenant, m.entry};
      if (!m.event.empty()) by_event_.emplace(event_key{tenant, {m.provider, m.event.str()}}, m.entry);
      if (!m.transaction_id.empty())
        by_transaction_.emplace(event_key{tenant, {m.provider, m.transaction_id}}, m.entry);
      mappings_[key].push_back(std::move(m));
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
      auto e = read_entry(entries, i);
      entry_key key{entries.as<tenant_id>(i, 0), e.id};
      entries_.emplace(std::move(key), std::move(e));
    }
  }

  loaded pick(const load_request& r) const {
    std::set<entry_id> wanted(r.entries.begin(), r.entries.end());
    for (const auto& e : r.events) {
      wanted.insert(e.tag);
      note(wanted, by_event_, {r.tenant, {e.provider, e.event.str()}});
      note(wanted, by_transaction_, {r.tenant, {e.provider, e.transaction_id}});
    }
    loaded out;
    add_meetings_of(r, wanted, out);
    add_conflicts_of(r, wanted, out);
    if (const auto at = people_.find(r.tenant); r.people && at != people_.end()) out.people = at->second;
    for (const auto& id : wanted) {
      const entry_key key{r.tenant, id};
      if (const auto e = entries_.find(key); e != entries_.end()) out.entries.push_back(e->second);
      if (const auto m = mappings_.find(key); m != mappings_.end())
        out.mappings.insert(out.mappings.end(), m->second.begin(), m->second.end());
    }
    return out;
  }

private:
  void add_meetings_of(const load_request& r, std::set<entry_id>& wanted, loaded& out) const {
    std::set<std::string> seen;
    for (const auto& e : r.events) {
      const auto known = by_uid_.find({r.tenant, e.ical_uid});
      if (known == by_uid_.end() || !seen.insert(e.ical_uid).second) continue;
      wanted.insert(known->second);
      out.meetings.push_back({e.ical_uid, known->second});
    }
  }
  void add_conflicts_of(const load_request& r, std::set<entry_id>& wanted, loaded& out) const {
    const std::set<std::string> asked(r.conflicts.begin(), r.conflicts.end());
    for (const auto& [tenant, c] : conflicts_)
      if (tenant == r.tenant && asked.contains(c.id)) wanted.insert(c.entry);
    for (const auto& [tenant, c] : conflicts_) {
      const bool open = c.state == conflict_state::open && wanted.contains(c.entry);
      if (tenant == r.tenant && (open || asked.contains(c.id))) out.conflicts.push_back(c);
    }
  }
  static void note(std::set<entry_id>& wanted, const std::map<event_key, entry_id>& index,
                   const event_key& key) {
    if (const auto found = index.find(key); found != index.end()) wanted.insert(found->second);
  }

  std::map<entry_key, std::vector<mapping>> mappings_;
  std::map<entry_key, schedule_entry> entries_;
  std::map<event_key, entry_id> by_event_;
  std::map<event_key, entry_id> by_transaction_;
  std::map<std::pair<tenant_id, std::string>, entry_id> by_uid_;
  std::vector<std::pair<tenant_id, conflict>> conflicts_;
  std::map<tenant_id, std::vector<person_line>> people_;
};

} // namespace

result<std::vector<loaded>> read_units(transaction& tx, const std::vector<const load_request*>& units) {
  const auto values = asked_values(units);
  std::vector<sql_call> asked{{load_mappings, values.all},
                              {load_entries, values.all},
                              {load_meetings, values.uids},
                              {load_conflicts, values.all}};
  if (!values.people.empty()) asked.push_back({load_people, values.people});
  auto answers = tx.query_all(asked);
  if (!answers) return tl::unexpected(std::move(answers.error()));
  const found_rows found((*answers)[0], (*answers)[1], (*answers)[2], (*answers)[3],
                         answers->size() > 4 ? &(*answers)[4] : nullptr);
  std::vector<loaded> out;
  out.reserve(units.size());
  for (const auto* u : units) out.push_back(found.pick(*u));
  return out;
}

} // namespace kalends::persistence
