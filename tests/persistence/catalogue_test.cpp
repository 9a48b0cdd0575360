// SPDX-License-Identifier: Apache-2.0
#include "persistence/approvals.hpp"
#include "persistence/google_relays.hpp"
#include "persistence/sign_in.hpp"
#include "persistence/webhooks.hpp"
#include "tests/persistence/store_fixture.hpp"

#include <deque>
#include <map>
#include <set>

namespace kalends::persistence {
namespace {

/// Tables that hold no tenant's rows.
const std::set<std::string> without_tenants{"schema_migrations", "nodes", "work_switch"};
/// Tables whose ids everybody may read.
const std::set<std::string> readable_by_all{"tenant_directory"};
/// Tables whose rows are the installation's own: no tenant has any.
const std::set<std::string> of_the_installation{"operators", "installation_log"};

struct catalogue_test : store_fixture {
  /// A statement made at run time: its text must stay.
  rows ask(const std::vector<tenant_id>& tenants, std::string sql) {
    return must(try_ask(tenants, std::move(sql)));
  }
  result<rows> try_ask(const std::vector<tenant_id>& tenants, std::string sql) {
    static std::deque<std::string> texts;
    const statement s{"catalogue", texts.emplace_back(std::move(sql)).c_str()};
    return db->run_now<rows>(tenants, [&](transaction& tx) { return tx.query(s); });
  }
  std::vector<std::string> tables() {
    const auto found = ask({}, "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
                               " AND relnamespace = current_schema()::regnamespace ORDER BY 1");
    std::vector<std::string> names;
    for (std::size_t i = 0; i < found.size(); ++i)
      if (!without_tenants.contains(found.text(i, 0)) && !of_the_installation.contains(found.text(i, 0)))
        names.push_back(found.text(i, 0));
    return names;
  }
  std::int64_t count(const tenant_id& acting, const std::string& table, const tenant_id& of) {
    return ask({acting}, "SELECT count(*) FROM " + table + " WHERE tenant_id = '" + of.str() + "'")
        .integer(0, 0);
  }

  /// A tenant with at least one row in every table.
  household add_full_household() {
    const auto h = add_household();
    must(as(h.tenant, [&](transaction& tx) -> result<bool> {
      must(insert_key(tx, {api_key_id(uuid()), "k", key_role::admin, now, std::nullopt},
                      std::string(32, 'h')));
      must(append_audit(tx, {uuid(), now, "engine", "key.created", "key:1", "{}", ""}));
      must(put_oauth_app(tx, *vault, provider_type::google, {"id", "secret", ""}));
      authorization_request r;
      r.state_hash = std::string(32, 's');
      r.provider = h.calendar;
      r.user = h.user;
      r.expires_at = now + 10min;
      must(insert_authorization(tx, *vault, r));
      must(put_grant(tx, *vault, h.calendar, {"a", "r", now, "s"}));
      must(put_channel(tx, *vault, h.calendar, {"ch", "res", now, std::string(32, 'c')}, "s"));
      must(put_google_relay(tx, {"projects/p/topics/t", "projects/p/subscriptions/s", "pusher@p.test", now}));
      session s;
      s.id = uuid();
      s.hash = std::string(32, 'b');
      s.kind = session_kind::user;
      s.tenant = h.tenant;
      s.user = h.user;
      s.created_at = s.last_seen_at = s.expires_at = now;
      must(insert_session(tx, s));
      must(insert_link(tx, {uuid(), std::string(32, 'l'), h.tenant, h.user, key_role::reader, "", now}));
      must(claim_answer(tx, "key-1", std::string(32, 'f'), now));
      webhook_endpoint e;
      e.id = webhook_id(uuid());
      e.url = "https://host.example/";
      e.created_at = now;
      must(insert_webhook(tx, *vault, e, "whsec_x"));
      webhook_delivery d;
      d.id = uuid();
      d.endpoint = e.id;
      d.at = now;
      must(append_deliveries(tx, {d}));
      return true;
    }));
    const auto w = new_entry(h);
    auto c = changes(h);
    c.entries = {w};
    c.mappings = {link(h, w, "ev")};
    c.outbox = {new_push(h, w.entry.id)};
    c.decisions = {new_decision(h, w.entry.id)};
    c.facts = {new_fact(h)};
    c.runs = {new_run(h)};
    c.letters = {new_letter(h, letter_kind::push, w.entry.id, {})};
    c.meetings = {{"uid@" + h.tenant.str(), w.entry.id}};
    conflict k;
    k.id = uuid();
    k.provider = h.calendar;
    k.entry = w.entry.id;
    c.conflicts = {k};
    must(commit(c));
    must(as(h.tenant, [&](transaction& tx) -> result<bool> {
      provider p;
      p.id = provider_id(uuid());
      p.user = h.user;
      p.rehearsing = true;
      must(insert_provider(tx, p));
      return put_rehearsal(tx, p.id, {"{}", now});
    }));
    return h;
  }
};

TEST_F(catalogue_test, every_table_is_closed_to_other_tenants_even_for_its_owner) {
  const auto found = ask({}, "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,"
                             " (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid),"
                             " (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid"
                             "  AND a.attname = 'tenant_id' AND a.attnotnull)"
                             " FROM pg_class c WHERE c.relkind IN ('r', 'p')"
                             " AND c.relnamespace = current_schema()::regnamespace");
  std::size_t seen = 0;

  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto name = found.text(i, 0);
    if (without_tenants.contains(name)) continue;
    ++seen;
    EXPECT_TRUE(found.boolean(i, 1)) << name << " has no row-level security";
    EXPECT_TRUE(found.boolean(i, 2)) << name << " does not bind its owner";
    EXPECT_GE(found.integer(i, 3), 1) << name << " has no policy";
    EXPECT_EQ(found.integer(i, 4), 1) << name << " has rows of no tenant";
  }

  EXPECT_GE(seen, 20U);
}

TEST_F(catalogue_test, every_index_and_foreign_key_begins_with_the_tenant) {
  const auto indexes =
      ask({}, "SELECT i.relname, a.attname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
              " JOIN pg_class t ON t.oid = x.indrelid LEFT JOIN pg_attribute a"
              " ON a.attrelid = t.oid AND a.attnum = x.indkey[0]"
              " WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p')"
              " AND t.relname NOT IN ('schema_migrations', 'nodes', 'work_switch')");
  const auto keys = ask({}, "SELECT c.conname, a.attname, b.attname FROM pg_constraint c"
                            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
                            " JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]"
                            " WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace");

  ASSERT_GT(indexes.size(), 20U);
  ASSERT_GT(keys.size(), 10U);
  for (std::size_t i = 0; i < indexes.size(); ++i)
    EXPECT_EQ(indexes.text(i, 1), "tenant_id") << indexes.text(i, 0);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(keys.text(i, 1), "tenant_id") << keys.text(i, 0);
    EXPECT_EQ(keys.text(i, 2), "tenant_id") << keys.text(i, 0);
  }
}

TEST_F(catalogue_test, no_table_shows_or_gives_away_another_tenants_rows) {
  const auto a = add_full_household();
  const auto b = add_full_household();
  const auto all = tables();
  ASSERT_GE(all.size(), 20U);

  for (const auto& table : all) {
    const auto where_b = " WHERE tenant_id = '" + b.tenant.str() + "'";
    EXPECT_GE(count(a.tenant, table, a.tenant), 1) << table << " was not filled, so nothing is proven";
    EXPECT_EQ(count(a.tenant, table, b.tenant), readable_by_all.contains(table) ? 1 : 0) << table;
    EXPECT_EQ(ask({a.tenant}, "UPDATE " + table + " SET tenant_id = tenant_id" + where_b).affected(), 0U)
        << table;
    EXPECT_EQ(ask({a.tenant}, "DELETE FROM " + table + where_b).affected(), 0U) << table;
    if (readable_by_all.contains(table)) continue;
    EXPECT_EQ(ask({}, "SELECT count(*) FROM " + table).integer(0, 0), 0) << table << " without a tenant";
    const auto given = try_ask({a.tenant}, "UPDATE " + table + " SET tenant_id = '" + b.tenant.str() +
                                               "' WHERE tenant_id = '" + a.tenant.str() + "'");
    ASSERT_FALSE(given) << table;
    EXPECT_EQ(given.error().code, "permission_denied") << table;
  }
  for (const auto& table : all) EXPECT_GE(count(b.tenant, table, b.tenant), 1) << table;
}

TEST_F(catalogue_test, refuses_to_insert_for_another_tenant) {
  const auto a = add_household();
  const auto b = add_household();

  const auto fact_for_b = try_ask({a.tenant}, "INSERT INTO facts VALUES ('" + b.tenant.str() +
                                                  "', 9, gen_random_uuid(), 0, now(), '{}')");
  const auto listed = try_ask({a.tenant}, "INSERT INTO tenant_directory VALUES (gen_random_uuid())");

  EXPECT_EQ(fact_for_b.error().code, "permission_denied");
  EXPECT_EQ(listed.error().code, "permission_denied");
}

TEST_F(catalogue_test, erasing_a_tenant_leaves_no_row_of_it_and_all_of_the_others) {
  const auto a = add_full_household();
  const auto b = add_full_household();
  std::map<std::string, std::int64_t> before;
  for (const auto& table : tables()) before[table] = count(b.tenant, table, b.tenant);

  const auto erased = must(as(a.tenant, [](transaction& tx) { return erase_tenant(tx); }));
  const auto again = must(as(a.tenant, [](transaction& tx) { return erase_tenant(tx); }));

  EXPECT_TRUE(erased);
  EXPECT_FALSE(again);
  for (const auto& table : tables()) {
    EXPECT_EQ(count(a.tenant, table, a.tenant), 0) << table;
    EXPECT_EQ(count(b.tenant, table, b.tenant), before[table]) << table;
  }
  auto late = changes(a);
  late.facts = {new_fact(a)};
  EXPECT_EQ(commit(late).error().code, "tenant_gone");
}

} // namespace
} // namespace kalends::persistence
