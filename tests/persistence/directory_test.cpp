// SPDX-License-Identifier: Apache-2.0
#include "persistence/directory.hpp"

#include "tests/persistence/store_fixture.hpp"

namespace kalends::persistence {
namespace {

struct directory_test : store_fixture {};

TEST_F(directory_test, makes_finds_renames_and_lists_tenants) {
  const auto a = add_household();
  const auto b = add_household();

  must(as(a.tenant, [&](transaction& tx) {
    return update_tenant(tx,
                         {a.tenant, "Umbrella", now, release_stage::beta, {feature::guest_mail}, now, true});
  }));

  const auto found = must(as(a.tenant, [](transaction& tx) { return find_tenant(tx); }));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "Umbrella");
  EXPECT_TRUE(found->rehearses);
  EXPECT_EQ(found->created_at, now);
  const auto both = must(db->run_now<std::vector<tenant>>({b.tenant, a.tenant},
                                                          [](transaction& tx) { return list_tenants(tx); }));
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0].id, a.tenant);
  const auto ids = [&](const tenant_id& after, std::size_t limit) {
    return must(db->run_now<std::vector<tenant_id>>(
        {}, [&](transaction& tx) { return list_tenant_ids(tx, after, limit); }));
  };
  EXPECT_EQ(ids({}, 10), (std::vector{a.tenant, b.tenant}));
  EXPECT_EQ(ids({}, 1), (std::vector{a.tenant}));
  EXPECT_EQ(ids(a.tenant, 10), (std::vector{b.tenant}));
}

TEST_F(directory_test, finds_a_key_until_it_is_revoked_and_only_in_its_tenant) {
  const auto h = add_household();
  const auto other = add_household();
  const api_key k{api_key_id(uuid()), "ci", key_role::operator_, now, std::nullopt};
  const std::string hash(32, '\xff');
  const auto find = [&](const tenant_id& t) {
    return must(as(t, [&](transaction& tx) { return find_key_by_hash(tx, hash); }));
  };
  const auto revoke = [&] {
    return must(as(h.tenant, [&](transaction& tx) { return revoke_key(tx, k.id, now + 1h); }));
  };
  must(as(h.tenant, [&](transaction& tx) { return insert_key(tx, k, hash); }));

  const auto found = find(h.tenant);
  const auto elsewhere = find(other.tenant);
  const auto revoked = revoke();
  const auto twice = revoke();

  ASSERT_TRUE(found);
  EXPECT_EQ(found->role, key_role::operator_);
  EXPECT_FALSE(elsewhere);
  EXPECT_TRUE(revoked);
  EXPECT_FALSE(twice);
  EXPECT_FALSE(find(h.tenant));
  const auto kept = must(as(h.tenant, [](transaction& tx) { return list_keys(tx, "", 10); }));
  ASSERT_EQ(kept.items.size(), 1U);
  EXPECT_EQ(kept.items[0].revoked_at, now + 1h);
}

TEST_F(directory_test, refuses_an_email_twice_in_a_tenant_and_not_in_two) {
  const auto h = add_household();
  const auto other = add_household();

  const auto twice = as(h.tenant, [&](transaction& tx) {
    return insert_user(tx, {user_id(uuid()), "alice@example.org", "Other", "UTC", now});
  });

  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().kind, errc::conflict);
  EXPECT_EQ(twice.error().code, "unique_violation");
  EXPECT_EQ(twice.error().field, "users_email_key");
  EXPECT_NE(h.user, other.user);
}

TEST_F(directory_test, changes_and_finds_users) {
  const auto h = add_household();
  const user changed{h.user, "a@example.org", "Alice", "Asia/Tokyo", now};
  const user_id nobody(uuid());

  EXPECT_TRUE(must(as(h.tenant, [&](transaction& tx) { return update_user(tx, changed); })));
  EXPECT_FALSE(must(as(h.tenant, [&](transaction& tx) {
    return update_user(tx, {nobody, "n@example.org", "N", "UTC", now});
  })));

  const auto found = must(as(h.tenant, [&](transaction& tx) { return find_user(tx, h.user); }));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->email, "a@example.org");
  EXPECT_EQ(found->time_zone, "Asia/Tokyo");
  EXPECT_EQ(must(as(h.tenant,
                    [&](transaction& tx) {
                      return existing_users(tx, {nobody, h.user});
                    })),
            (std::vector{h.user}));
}

TEST_F(directory_test, an_address_is_one_users_whether_email_or_alias) {
  const auto h = add_household();
  const auto put = [&](const user& u) {
    return as(h.tenant, [&](transaction& tx) { return insert_user(tx, u); });
  };
  user bob{user_id(uuid()), "bob@example.org", "Bob", "UTC", now, {"b@example.org", "robert@example.org"}};
  must(put(bob));
  const auto email = put({user_id(uuid()), "b@example.org", "Other", "UTC", now});
  const auto alias = put({user_id(uuid()), "o@example.org", "Other", "UTC", now, {"alice@example.org"}});
  bob.email = "robert@example.org";
  bob.aliases = {"bob@example.org"};
  EXPECT_TRUE(must(as(h.tenant, [&](transaction& tx) { return update_user(tx, bob); })));
  must(put({user_id(uuid()), "b@example.org", "Other", "UTC", now}));
  const auto found = must(as(h.tenant, [&](transaction& tx) { return find_user(tx, bob.id); }));

  ASSERT_TRUE(!email && !alias);
  EXPECT_EQ(email.error().field, "user_addresses_pkey");
  EXPECT_EQ(alias.error().field, "user_addresses_pkey");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->email, "robert@example.org");
  EXPECT_EQ(found->aliases, bob.aliases);
  EXPECT_TRUE(must(as(h.tenant, [&](transaction& tx) { return delete_user(tx, bob.id); })));
  must(put({user_id(uuid()), "bob@example.org", "Another", "UTC", now}));
}

TEST_F(directory_test, keeps_a_user_who_is_in_use) {
  const auto h = add_household();
  const auto assigned = add_user(h.tenant, "bob@example.org");
  const auto idle = add_user(h.tenant, "carol@example.org");
  auto c = changes(h);
  c.entries = {new_entry(h)};
  c.entries[0].entry.assigned = {assigned};
  must(commit(c));
  const auto remove = [&](const user_id& u) {
    return as(h.tenant, [&](transaction& tx) { return delete_user(tx, u); });
  };

  EXPECT_EQ(remove(h.user).error().code, "user_in_use");
  EXPECT_EQ(remove(assigned).error().code, "user_in_use");
  EXPECT_TRUE(must(remove(idle)));
  EXPECT_FALSE(must(remove(idle)));
}

TEST_F(directory_test, walks_a_list_page_by_page_without_gap_or_repeat) {
  const auto h = add_household();
  for (int i = 0; i < 6; ++i) add_user(h.tenant, "u" + std::to_string(i) + "@example.org");
  std::vector<user_id> seen;

  std::string cursor;
  int pages = 0;
  do {
    const auto page = must(as(h.tenant, [&](transaction& tx) { return list_users(tx, cursor, 3); }));
    for (const auto& u : page.items) seen.push_back(u.id);
    cursor = page.next_cursor;
    ++pages;
  } while (!cursor.empty());

  EXPECT_EQ(pages, 3);
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST_F(directory_test, bounds_a_page_and_refuses_a_foreign_cursor) {
  const auto h = add_household();
  add_user(h.tenant, "bob@example.org");

  const auto none = must(as(h.tenant, [](transaction& tx) { return list_users(tx, "", 0); }));
  const auto all = must(as(h.tenant, [](transaction& tx) { return list_users(tx, "", 1'000'000); }));
  const auto bad = as(h.tenant, [](transaction& tx) { return list_users(tx, "' OR 1=1", 10); });

  EXPECT_EQ(none.items.size(), 1U);
  EXPECT_FALSE(none.next_cursor.empty());
  EXPECT_EQ(all.items.size(), 2U);
  EXPECT_TRUE(all.next_cursor.empty());
  EXPECT_EQ(bad.error().code, "malformed_cursor");
}

TEST_F(directory_test, keeps_every_field_of_a_provider) {
  const auto h = add_household();
  provider p;
  p.id = provider_id(uuid());
  p.type = provider_type::microsoft;
  p.scope = provider_scope::tenant;
  p.user = h.user;
  p.direction = sync_direction::from_provider;
  p.on_conflict = conflict_policy::external;
  p.on_deletion = deletion_policy::cancel_entry;
  p.imports = import_policy::busy_only;
  p.mails = guest_mail::guests;
  p.rehearsing = true;
  p.status = provider_status::paused;
  p.problem = provider_problem{"why", "Because.", now};
  p.account = "alice@contoso.com";
  p.subject = "tid.oid";
  p.calendar = calendar_id("AAMk=");
  p.calendar_name = "Calendar";
  p.calendar_zone = "Europe/Berlin";
  p.created_at = now;
  p.next_poll_at = now + 1h;
  must(as(h.tenant, [&](transaction& tx) { return insert_provider(tx, p); }));

  const auto found = must(as(h.tenant, [&](transaction& tx) { return find_provider(tx, p.id); }));

  ASSERT_TRUE(found);
  EXPECT_EQ(found->type, p.type);
  EXPECT_EQ(found->scope, p.scope);
  EXPECT_EQ(found->user, p.user);
  EXPECT_EQ(found->direction, p.direction);
  EXPECT_EQ(found->on_conflict, p.on_conflict);
  EXPECT_EQ(found->on_deletion, p.on_deletion);
  EXPECT_EQ(found->imports, p.imports);
  EXPECT_EQ(found->mails, p.mails);
  EXPECT_TRUE(found->rehearsing);
  EXPECT_EQ(found->status, p.status);
  EXPECT_EQ(found->problem, p.problem);
  EXPECT_EQ(found->account, p.account);
  EXPECT_EQ(found->subject, p.subject);
  EXPECT_EQ(found->calendar, p.calendar);
  EXPECT_EQ(found->calendar_name, p.calendar_name);
  EXPECT_EQ(found->calendar_zone, p.calendar_zone);
  EXPECT_EQ(found->created_at, now);
  EXPECT_FALSE(found->last_sync_at);
  EXPECT_EQ(found->next_poll_at, now + 1h);
}

TEST_F(directory_test, reconfigures_a_provider_without_touching_its_health) {
  const auto h = add_household();
  auto p = must(as(h.tenant, [&](transaction& tx) { return find_provider(tx, h.calendar); })).value();
  p.direction = sync_direction::to_provider;
  p.calendar = calendar_id("other");
  p.status = provider_status::paused;

  EXPECT_TRUE(must(as(h.tenant, [&](transaction& tx) { return update_provider(tx, p); })));

  const auto found =
      must(as(h.tenant, [&](transaction& tx) { return find_provider(tx, h.calendar); })).value();
  EXPECT_EQ(found.direction, sync_direction::to_provider);
  EXPECT_EQ(found.calendar, calendar_id("other"));
  EXPECT_EQ(found.status, provider_status::active);
  p.id = provider_id(uuid());
  EXPECT_FALSE(must(as(h.tenant, [&](transaction& tx) { return update_provider(tx, p); })));
}

TEST_F(directory_test, lists_providers_of_all_or_of_one_user) {
  const auto h = add_household();
  const auto bob = add_user(h.tenant, "bob@example.org");
  const auto of_bob = add_calendar(h.tenant, bob);
  const auto list = [&](const user_id& u) {
    return must(as(h.tenant, [&](transaction& tx) { return list_providers(tx, u, "", 10); })).items;
  };

  EXPECT_EQ(list({}).size(), 2U);
  ASSERT_EQ(list(bob).size(), 1U);
  EXPECT_EQ(list(bob)[0].id, of_bob);
  EXPECT_TRUE(must(as(h.tenant, [&](transaction& tx) { return delete_provider(tx, of_bob); })));
  EXPECT_FALSE(must(as(h.tenant, [&](transaction& tx) { return delete_provider(tx, of_bob); })));
  EXPECT_TRUE(list(bob).empty());
}

TEST_F(directory_test, shows_the_newest_audit_line_first) {
  const auto h = add_household();
  for (const char* action : {"key.created", "provider.connected", "access.denied"})
    must(as(h.tenant, [&](transaction& tx) {
      return append_audit(tx, {uuid(), now, "admin", action, "key:1", R"({"a":"b"})", "192.0.2.1"});
    }));

  const auto first = must(as(h.tenant, [](transaction& tx) { return list_audit(tx, "", 2); }));
  const auto second =
      must(as(h.tenant, [&](transaction& tx) { return list_audit(tx, first.next_cursor, 2); }));

  ASSERT_EQ(first.items.size(), 2U);
  EXPECT_EQ(first.items[0].action, "access.denied");
  EXPECT_EQ(first.items[0].peer, "192.0.2.1");
  ASSERT_EQ(second.items.size(), 1U);
  EXPECT_EQ(second.items[0].action, "key.created");
  EXPECT_TRUE(second.next_cursor.empty());
}

} // namespace
} // namespace kalends::persistence
