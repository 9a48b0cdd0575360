// SPDX-License-Identifier: Apache-2.0
#include "persistence/directory.hpp"

#include "persistence/row_codec.hpp"

#include <utility>

// No address has a line end.
#define KALENDS_USER_COLUMNS                                                                                 \
  "u.user_id, u.email, u.name, u.time_zone, u.created_at, array_to_string(ARRAY(SELECT a.address"            \
  " FROM user_addresses a WHERE a.tenant_id = u.tenant_id AND a.user_id = u.user_id"                         \
  " AND a.address <> u.email ORDER BY a.address COLLATE \"C\"), E'\\n')"

namespace kalends::persistence {
namespace {

constexpr std::size_t tenants_limit = 10'000;

#define KALENDS_TENANT                                                                                       \
  "t.tenant_id, t.name, t.created_at, t.release_stage, t.withheld, d.work_stopped_at, t.rehearses FROM "     \
  "tenants t"                                                                                                \
  " JOIN tenant_directory d ON d.tenant_id = t.tenant_id"
const statement add_tenant{
    "insert_tenant", "INSERT INTO tenants (tenant_id, name, created_at, rehearses) VALUES ($1, $2, $3, $4)"};
const statement add_to_directory{"insert_directory", "INSERT INTO tenant_directory (tenant_id) VALUES ($1)"};
const statement tell_nodes{"tell_nodes", "SELECT pg_notify('kalends', 'leases')"};
const statement add_counter{"insert_counter", "INSERT INTO tenant_counters (tenant_id) VALUES ($1)"};
const statement select_tenant{"find_tenant", "SELECT " KALENDS_TENANT " WHERE t.tenant_id = $1"};
const statement lock_directory{"lock_directory",
                               "SELECT FROM tenant_directory WHERE tenant_id = $1 FOR UPDATE"};
const statement change_tenant{"update_tenant", "UPDATE tenants SET name = $2, release_stage = $3,"
                                               " withheld = $4, rehearses = $5 WHERE tenant_id = $1"};
const statement change_work{"stop_work", "UPDATE tenant_directory SET work_stopped_at = $2"
                                         " WHERE tenant_id = $1 AND work_stopped_at IS DISTINCT FROM $2"};
const statement select_switch{"find_work_switch",
                              "SELECT stopped_at, changed_at, changed_by FROM work_switch"};
const statement change_switch{"put_work_switch",
                              "UPDATE work_switch SET stopped_at = $1, changed_at = $2, changed_by = $3"};
const statement add_audit_lines{
    "append_audit_everywhere",
    "INSERT INTO audit_log (tenant_id, audit_id, happened_at, actor, action, subject, detail, peer)"
    " SELECT n.tenant_id, n.audit_id, $3, $4, $5, $6, $7, $8 FROM unnest($1::uuid[], $2::uuid[])"
    " AS n(tenant_id, audit_id)"};
const statement select_tenants{"list_tenants", "SELECT " KALENDS_TENANT
                                               " WHERE t.tenant_id = ANY ((SELECT acting_tenants())::uuid[])"
                                               " ORDER BY t.tenant_id"};
const statement select_tenant_ids{
    "list_tenant_ids",
    "SELECT tenant_id FROM tenant_directory WHERE tenant_id > $1 ORDER BY tenant_id LIMIT $2"};

// The lock first: a writer under way finishes before, and finds no tenant after. What hangs on entries and on
// providers goes by cascade; what has no foreign key to the tenant is named here.
const statement drop_counter{"erase_counter", "DELETE FROM tenant_counters WHERE tenant_id = $1"};
const statement drop_entries{"erase_entries", "DELETE FROM entries WHERE tenant_id = $1"};
const statement drop_facts{"erase_facts", "DELETE FROM facts WHERE tenant_id = $1"};
const statement drop_decisions{"erase_decisions", "DELETE FROM decisions WHERE tenant_id = $1"};
const statement drop_providers{"erase_providers", "DELETE FROM providers WHERE tenant_id = $1"};
const statement drop_sessions{"erase_sessions", "DELETE FROM sessions WHERE tenant_id = $1"};
const statement drop_links{"erase_sign_in_links", "DELETE FROM sign_in_links WHERE tenant_id = $1"};
const statement drop_tenant{"erase_tenant", "DELETE FROM tenants WHERE tenant_id = $1"};

const statement add_key{"insert_key", "INSERT INTO api_keys (tenant_id, key_id, name, role, hash, created_at,"
                                      " revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"};
const statement select_key{"find_key_by_hash",
                           "SELECT key_id, name, role, created_at, revoked_at FROM api_keys"
                           " WHERE tenant_id = $1 AND hash = $2 AND revoked_at IS NULL"};
const statement select_keys{"list_keys", "SELECT key_id, name, role, created_at, revoked_at FROM api_keys"
                                         " WHERE tenant_id = $1 AND key_id > $2 ORDER BY key_id LIMIT $3"};
const statement update_key{"revoke_key", "UPDATE api_keys SET revoked_at = $3 WHERE tenant_id = $1"
                                         " AND key_id = $2 AND revoked_at IS NULL"};

// The addresses after the user, so that it is the e-mail's constraint that speaks of an e-mail.
const statement add_user{
    "insert_user", "WITH u AS (INSERT INTO users (tenant_id, user_id, email, name, time_zone,"
                   " created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING tenant_id, user_id)"
                   " INSERT INTO user_addresses (tenant_id, address, user_id)"
                   " SELECT u.tenant_id, w.address, u.user_id FROM u, unnest($7::text[]) AS w(address)"};
const statement change_user{
    "update_user", "WITH u AS (UPDATE users SET email = $3, name = $4, time_zone = $5 WHERE tenant_id = $1"
                   " AND user_id = $2 RETURNING tenant_id, user_id),"
                   " gone AS (DELETE FROM user_addresses a USING u WHERE a.tenant_id = u.tenant_id"
                   " AND a.user_id = u.user_id AND NOT a.address = ANY ($6::text[])),"
                   " come AS (INSERT INTO user_addresses (tenant_id, address, user_id)"
                   " SELECT u.tenant_id, w.address, u.user_id FROM u, unnest($6::text[]) AS w(address)"
                   " WHERE NOT EXISTS (SELECT FROM user_addresses a WHERE a.tenant_id = u.tenant_id"
                   " AND a.user_id = u.user_id AND a.address = w.address))"
                   " SELECT user_id FROM u"};
const statement drop_user{
    "delete_user",
    "DELETE FROM users u WHERE u.tenant_id = $1 AND u.user_id = $2"
    " AND NOT EXISTS (SELECT FROM providers p WHERE p.tenant_id = u.tenant_id AND p.user_id = u.user_id)"
    " AND NOT EXISTS (SELECT FROM entry_assignments a WHERE a.tenant_id = u.tenant_id"
    " AND a.user_id = u.user_id)"};
const statement select_user{"find_user", "SELECT " KALENDS_USER_COLUMNS
                                         " FROM users u WHERE u.tenant_id = $1 AND u.user_id = $2"};
const statement select_users{"list_users",
                             "SELECT " KALENDS_USER_COLUMNS " FROM users u WHERE u.tenant_id = $1"
                             " AND u.user_id > $2 ORDER BY u.user_id LIMIT $3"};
const statement select_existing{
    "existing_users", "SELECT user_id FROM users WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[])"
                      " ORDER BY user_id"};

const statement add_audit{"append_audit",
                          "INSERT INTO audit_log (tenant_id, audit_id, happened_at, actor, action, subject,"
                          " detail, peer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
// Newest first: that is what somebody who opens it looks for.
const statement select_audit{"list_audit",
                             "SELECT audit_id, happened_at, actor, action, subject, detail, peer"
                             " FROM audit_log WHERE tenant_id = $1 AND audit_id < $2"
                             " ORDER BY audit_id DESC LIMIT $3"};

/// Names with blanks between them.
std::set<feature> read_features(std::string_view text) {
  std::set<feature> all;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    all.insert(read_enum<feature>(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

std::string write_features(const std::set<feature>& all) {
  std::string text;
  for (const auto f : all) {
    if (!text.empty()) text += ' ';
    text += name_of(f);
  }
  return text;
}

tenant read_tenant(const rows& found, std::size_t row) {
  return {found.as<tenant_id>(row, 0),
          found.text(row, 1),
          found.time(row, 2),
          read_enum<release_stage>(found.view(row, 3)),
          read_features(found.view(row, 4)),
          found.optional_time(row, 5),
          found.boolean(row, 6)};
}
api_key read_key(const rows& found, std::size_t row) {
  return {found.as<api_key_id>(row, 0), found.text(row, 1), read_enum<key_role>(found.view(row, 2)),
          found.time(row, 3), found.optional_time(row, 4)};
}
user read_user(const rows& found, std::size_t row) {
  user u{found.as<user_id>(row, 0), found.text(row, 1), found.text(row, 2), found.text(row, 3),
         found.time(row, 4)};
  auto left = found.view(row, 5);
  while (!left.empty()) {
    const auto end = std::min(left.find('\n'), left.size());
    u.aliases.emplace_back(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return u;
}
sql_array addresses_of(const user& u) {
  sql_array all;
  all.add_text(u.email);
  for (const auto& a : u.aliases)
    if (a != u.email) all.add_text(a);
  return all;
}
audit_line read_audit(const rows& found, std::size_t row) {
  return {found.text(row, 0), found.time(row, 1), found.text(row, 2), found.text(row, 3),
          found.text(row, 4), found.text(row, 5), found.text(row, 6)};
}

result<void> nothing(const result<rows>& done) {
  if (!done) return tl::unexpected(done.error());
  return {};
}
result<bool> touched(const result<rows>& done) {
  if (!done) return tl::unexpected(done.error());
  return done->affected() > 0;
}

template <class T, class Read>
result<std::optional<T>> read_one(const result<rows>& found, Read read) {
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) return std::nullopt;
  return read(*found, 0);
}

/// A page of a statement that takes (tenant, last id, limit).
template <class T, class Read, class Id>
result<page_of<T>> ask_page(transaction& tx, const statement& s, const std::string& cursor, const char* start,
                            std::size_t limit, Read read, Id id_of) {
  const auto from = continue_from(cursor, start);
  if (!from) return tl::unexpected(from.error());
  const auto size = page_size(limit);
  auto found = tx.query(s, {tx.tenant(), *from, size + 1});
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_page<T>(*found, size, read, id_of);
}

} // namespace

result<void> insert_tenant(transaction& tx, const tenant& t) {
  auto done = tx.query_all({{add_tenant, {t.id, t.name, t.created_at, t.rehearses}},
                            {add_to_directory, {t.id}},
                            {add_counter, {t.id}},
                            {tell_nodes, {}}});
  if (!done) return tl::unexpected(std::move(done.error()));
  return {};
}

result<std::optional<tenant>> find_tenant(transaction& tx) {
  return read_one<tenant>(tx.query(select_tenant, {tx.tenant()}), read_tenant);
}

result<std::optional<tenant>> lock_tenant(transaction& tx) {
  tx.defer(lock_directory, {tx.tenant()});
  return find_tenant(tx);
}

result<bool> update_tenant(transaction& tx, const tenant& t) {
  auto done = tx.query_all(
      {{change_tenant, {tx.tenant(), t.name, name_of(t.stage), write_features(t.withheld), t.rehearses}},
       {change_work, {tx.tenant(), t.work_stopped_at}},
       {tell_nodes, {}}});
  if (!done) return tl::unexpected(std::move(done.error()));
  return done->front().affected() > 0;
}

result<work_switch> find_work_switch(transaction& tx) {
  auto found = tx.query(select_switch);
  if (!found) return tl::unexpected(std::move(found.error()));
  return work_switch{found->optional_time(0, 0), found->optional_time(0, 1), found->text(0, 2)};
}

result<void> put_work_switch(transaction& tx, const work_switch& now) {
  auto done =
      tx.query_all({{change_switch, {now.stopped_at, now.changed_at, now.changed_by}}, {tell_nodes, {}}});
  if (!done) return tl::unexpected(std::move(done.error()));
  return {};
}

result<bool> erase_tenant(transaction& tx) {
  const std::vector<sql_value> own{tx.tenant()};
  auto done = tx.query_all({{drop_counter, own},
                            {drop_entries, own},
                            {drop_facts, own},
                            {drop_decisions, own},
                            {drop_providers, own},
                            {drop_sessions, own},
                            {drop_links, own},
                            {drop_tenant, own}});
  if (!done) return tl::unexpected(std::move(done.error()));
  return done->back().affected() > 0;
}

result<std::vector<tenant_id>> list_tenant_ids(transaction& tx, const tenant_id& after, std::size_t limit) {
  auto found = tx.query(select_tenant_ids, {after.empty() ? sql_value(lowest_uuid) : sql_value(after),
                                            std::clamp<std::size_t>(limit, 1, tenants_limit)});
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_all<tenant_id>(*found, [](const rows& r, std::size_t i) { return r.as<tenant_id>(i, 0); });
}

result<std::vector<tenant>> list_tenants(transaction& tx) {
  auto found = tx.query(select_tenants);
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_all<tenant>(*found, read_tenant);
}

result<void> insert_key(transaction& tx, const api_key& k, const std::string& hash) {
  return nothing(tx.query(
      add_key, {tx.tenant(), k.id, k.name, name_of(k.role), sql_bytes(hash), k.created_at, k.revoked_at}));
}

result<std::optional<api_key>> find_key_by_hash(transaction& tx, const std::string& hash) {
  return read_one<api_key>(tx.query(select_key, {tx.tenant(), sql_bytes(hash)}), read_key);
}

result<page_of<api_key>> list_keys(transaction& tx, const std::string& cursor, std::size_t limit) {
  return ask_page<api_key>(tx, select_keys, cursor, lowest_uuid, limit, read_key,
                           [](const api_key& k) { return k.id.str(); });
}

result<bool> revoke_key(transaction& tx, const api_key_id& id, instant when) {
  return touched(tx.query(update_key, {tx.tenant(), id, when}));
}

result<void> insert_user(transaction& tx, const user& u) {
  return nothing(
      tx.query(add_user, {tx.tenant(), u.id, u.email, u.name, u.time_zone, u.created_at, addresses_of(u)}));
}

result<bool> update_user(transaction& tx, const user& u) {
  return touched(tx.query(change_user, {tx.tenant(), u.id, u.email, u.name, u.time_zone, addresses_of(u)}));
}

result<bool> delete_user(transaction& tx, const user_id& id) {
  auto in_use = [] {
    return failure(errc::conflict, "user_in_use",
                   "Entries are assigned to, or calendars belong to this user.");
  };
  const auto gone = tx.query(drop_user, {tx.tenant(), id});
  // Somebody used the user while we were deleting.
  if (!gone && gone.error().code == "foreign_key_violation") return in_use();
  if (!gone) return tl::unexpected(gone.error());
  if (gone->affected() > 0) return true;
  const auto left = find_user(tx, id);
  if (!left) return tl::unexpected(left.error());
  if (*left) return in_use();
  return false;
}

result<std::optional<user>> find_user(transaction& tx, const user_id& id) {
  return read_one<user>(tx.query(select_user, {tx.tenant(), id}), read_user);
}

result<std::vector<user_id>> existing_users(transaction& tx, const std::vector<user_id>& ids) {
  sql_array wanted;
  for (const auto& id : ids) wanted.add(id);
  auto found = tx.query(select_existing, {tx.tenant(), wanted});
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_all<user_id>(*found, [](const rows& r, std::size_t i) { return r.as<user_id>(i, 0); });
}

result<page_of<user>> list_users(transaction& tx, const std::string& cursor, std::size_t limit) {
  return ask_page<user>(tx, select_users, cursor, lowest_uuid, limit, read_user,
                        [](const user& u) { return u.id.str(); });
}

result<void> append_audit(transaction& tx, const audit_line& line) {
  return nothing(tx.query(add_audit, {tx.tenant(), line.id, line.time, line.actor, line.action, line.subject,
                                      line.detail, line.peer}));
}

result<void> append_audit_everywhere(transaction& tx, const audit_line& line,
                                     const std::vector<std::string>& ids) {
  row_set<2> wanted;
  for (std::size_t i = 0; i < tx.tenants().size() && i < ids.size(); ++i) wanted.add(tx.tenants()[i], ids[i]);
  auto values = wanted.values();
  for (const auto& text : {line.actor, line.action, line.subject, line.detail, line.peer})
    values.emplace_back(text);
  values.insert(values.begin() + 2, sql_value(line.time));
  return nothing(tx.query(add_audit_lines, values));
}

result<page_of<audit_line>> list_audit(transaction& tx, const std::string& cursor, std::size_t limit) {
  return ask_page<audit_line>(tx, select_audit, cursor, highest_uuid, limit, read_audit,
                              [](const audit_line& l) { return l.id; });
}

} // namespace kalends::persistence
