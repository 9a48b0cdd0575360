// SPDX-License-Identifier: Apache-2.0
#include "persistence/own_things.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace kalends::persistence {
namespace {

namespace json = boost::json;

const statement own_user{"own_user",
                         "SELECT FROM users WHERE tenant_id = $1 AND user_id = $3 AND user_id = $2"};
const statement own_provider{"own_provider", "SELECT FROM providers WHERE tenant_id = $1 AND provider_id = $2"
                                             " AND user_id = $3 AND scope = 'user'"};
const statement own_entry{"own_entry", "SELECT FROM entry_assignments WHERE tenant_id = $1 AND entry_id = $2"
                                       " AND user_id = $3"};
const statement own_conflict{"own_conflict",
                             "SELECT FROM conflicts WHERE tenant_id = $1 AND conflict_id = $2"
                             " AND $3::uuid IS NOT NULL" KALENDS_OF_PERSON("provider_id", "$3")};
const statement own_letter{"own_dead_letter",
                           "SELECT FROM dead_letters WHERE tenant_id = $1 AND letter_id = $2"
                           " AND $3::uuid IS NOT NULL" KALENDS_OF_PERSON("provider_id", "$3")};
const statement own_run{"own_run", "SELECT FROM sync_runs WHERE tenant_id = $1 AND run_id = $2"
                                   " AND $3::uuid IS NOT NULL" KALENDS_OF_PERSON("provider_id", "$3")};
const statement own_notification{"own_notification",
                                 "SELECT FROM notifications WHERE tenant_id = $1 AND notification_id = $2"
                                 " AND $3::uuid IS NOT NULL" KALENDS_OF_PERSON("provider_id", "$3")};
const statement select_own_providers{"own_providers", "SELECT provider_id FROM providers WHERE tenant_id = $1"
                                                      " AND user_id = $2 AND scope = 'user'"};

const statement& asking_for(own_thing what) {
  switch (what) {
  case own_thing::user:
    return own_user;
  case own_thing::provider:
    return own_provider;
  case own_thing::entry:
    return own_entry;
  case own_thing::conflict:
    return own_conflict;
  case own_thing::dead_letter:
    return own_letter;
  case own_thing::notification:
    return own_notification;
  case own_thing::run:
    break;
  }
  return own_run;
}

bool is_about_an_entry(fact_type t) {
  return t == fact_type::schedule_entry_created || t == fact_type::schedule_entry_updated ||
         t == fact_type::schedule_entry_deleted;
}

std::string_view text_of(const json::object& data, const char* name) {
  const auto* v = data.if_contains(name);
  return v != nullptr && v->is_string() ? std::string_view(v->get_string()) : std::string_view();
}

bool is_assigned(const json::object& data, const user_id& person) {
  const auto* all = data.if_contains("assigned_user_ids");
  if (all == nullptr || !all->is_array()) return false;
  return std::any_of(all->get_array().begin(), all->get_array().end(), [&](const json::value& v) {
    return v.is_string() && std::string_view(v.get_string()) == person.str();
  });
}

/// An entry's fact concerns whom it is assigned to, every other one whose calendar it names. What names
/// neither is nobody's own, but for the word that all is as it was earlier, which says nothing of anything.
bool concerns(const fact& f, const user_id& person, const std::set<std::string>& calendars) {
  if (f.type == fact_type::history_restored) return true;
  json::error_code failed;
  const auto parsed = json::parse(f.data, failed);
  if (failed || !parsed.is_object()) return false;
  const auto& data = parsed.get_object();
  if (is_about_an_entry(f.type)) return is_assigned(data, person);
  return calendars.contains(std::string(text_of(data, "provider_id")));
}

} // namespace

result<bool> is_own(transaction& tx, const user_id& person, own_thing what, const std::string& id) {
  return tx.query(asking_for(what), {tx.tenant(), id, person}).map([](const rows& r) { return !r.empty(); });
}

result<std::set<std::string>> own_providers(transaction& tx, const user_id& person) {
  return tx.query(select_own_providers, {tx.tenant(), person}).map([](const rows& r) {
    std::set<std::string> out;
    for (std::size_t i = 0; i < r.size(); ++i) out.insert(r.text(i, 0));
    return out;
  });
}

result<std::vector<fact>> own_facts(transaction& tx, const user_id& person, std::vector<fact> facts) {
  if (facts.empty()) return facts;
  const auto calendars = own_providers(tx, person);
  if (!calendars) return tl::unexpected(calendars.error());
  std::erase_if(facts, [&](const fact& f) { return !concerns(f, person, *calendars); });
  return facts;
}

} // namespace kalends::persistence
