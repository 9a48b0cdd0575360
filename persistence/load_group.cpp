// SPDX-License-Identifier: Apache-2.0
#include "persistence/load_group.hpp"

#include "persistence/row_codec.hpp"
#include "persistence/schedule_rows.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

// The entries a group speaks of: those asked for by id or tag, and those that an event leads to, by the
// vendor's id or by our transaction id. UNION also removes what was asked for twice.
#define KALENDS_ASKED                                                                                        \
  "WITH asked AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS a(tenant_id, entry_id)"                    \
  " UNION SELECT m.tenant_id, m.entry_id FROM unnest($3::uuid[], $4::uuid[], $5::text[])"                    \
  " AS r(tenant_id, provider_id, event_id) JOIN mappings m ON m.tenant_id = r.tenant_id"                     \
  " AND m.provider_id = r.provider_id AND m.event_id = r.event_id"                                           \
  " UNION SELECT m.tenant_id, m.entry_id FROM unnest($6::uuid[], $7::uuid[], $8::text[])"                    \
  " AS r(tenant_id, provider_id, transaction_id) JOIN mappings m ON m.tenant_id = r.tenant_id"               \
  " AND m.provider_id = r.provider_id AND m.transaction_id = r.transaction_id)"

namespace kalends::persistence {
namespace {

const statement load_mappings{"load_mappings",
                              KALENDS_ASKED " SELECT " KALENDS_MAPPING_COLUMNS " FROM asked a JOIN mappings m"
                                            " ON m.tenant_id = a.tenant_id AND m.entry_id = a.entry_id"};
const statement load_entries{"load_entries_asked",
                             KALENDS_ASKED " SELECT " KALENDS_ENTRY_COLUMNS " FROM asked a JOIN entries e"
                                           " ON e.tenant_id = a.tenant_id AND e.entry_id = a.entry_id"};

using entry_key = std::pair<tenant_id, entry_id>;
using event_key = std::pair<tenant_id, std::pair<provider_id, std::string>>;

std::vector<sql_value> asked_values(const std::vector<const load_request*>& units) {
  row_set<2> by_entry;
  row_set<3> by_event;
  row_set<3> by_transaction;
  for (const auto* u : units) {
    for (const auto& e : u->entries) by_entry.add(u->tenant, e);
    for (const auto& r : u->events) {
      // A tag comes from outside: what is no id of ours leads nowhere.
      if (is_uuid(r.tag.str())) by_entry.add(u->tenant, r.tag);
      if (!r.event.empty()) by_event.add(u->tenant, r.provider, r.event);
      if (!r.transaction_id.empty()) by_transaction.add(u->tenant, r.provider, r.transaction_id);
    }
  }
  auto all = by_entry.values();
  for (auto& v : by_event.values()) all.push_back(std::move(v));
  for (auto& v : by_transaction.values()) all.push_back(std::move(v));
  return all;
}

/// What the group found, by every key a request may have asked with.
class found_rows {
public:
  found_rows(const rows& mappings, const rows& entries) {
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
    for (const auto& id : wanted) {
      const entry_key key{r.tenant, id};
      if (const auto e = entries_.find(key); e != entries_.end()) out.entries.push_back(e->second);
      if (const auto m = mappings_.find(key); m != mappings_.end())
        out.mappings.insert(out.mappings.end(), m->second.begin(), m->second.end());
    }
    return out;
  }

private:
  static void note(std::set<entry_id>& wanted, const std::map<event_key, entry_id>& index,
                   const event_key& key) {
    if (const auto found = index.find(key); found != index.end()) wanted.insert(found->second);
  }

  std::map<entry_key, std::vector<mapping>> mappings_;
  std::map<entry_key, schedule_entry> entries_;
  std::map<event_key, entry_id> by_event_;
  std::map<event_key, entry_id> by_transaction_;
};

} // namespace

result<std::vector<loaded>> read_units(transaction& tx, const std::vector<const load_request*>& units) {
  const auto values = asked_values(units);
  auto answers = tx.query_all({{load_mappings, values}, {load_entries, values}});
  if (!answers) return tl::unexpected(std::move(answers.error()));
  const found_rows found((*answers)[0], (*answers)[1]);
  std::vector<loaded> out;
  out.reserve(units.size());
  for (const auto* u : units) out.push_back(found.pick(*u));
  return out;
}

} // namespace kalends::persistence
