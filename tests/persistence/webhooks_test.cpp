// SPDX-License-Identifier: Apache-2.0
#include "persistence/commit_group.hpp"
#include "persistence/retention.hpp"
#include "persistence/webhook_store.hpp"
#include "persistence/webhooks.hpp"
#include "tests/persistence/store_fixture.hpp"

#include <limits>

namespace kalends::persistence {
namespace {

struct webhooks_test : store_fixture {
  webhooks_test() : rows(open_webhook_store(*db, *vault)), home(add_household()) {}

  webhook_endpoint add_endpoint(std::set<fact_type> types = {}, std::string secret = "whsec_one") {
    webhook_endpoint e;
    e.id = webhook_id(uuid());
    e.url = "https://host.example/" + e.id.str();
    e.types = std::move(types);
    e.created_at = now;
    return must(as(home.tenant, [&](transaction& tx) { return insert_webhook(tx, *vault, e, secret); }));
  }
  std::vector<fact> add_facts(int n) {
    auto c = changes(home);
    for (int i = 0; i < n; ++i) c.facts.push_back(new_fact(home));
    return must(commit(c));
  }
  webhook_endpoint now_is(const webhook_id& id) {
    return *must(as(home.tenant, [&](transaction& tx) { return find_webhook(tx, id); }));
  }
  std::vector<webhook_line> running(std::vector<tenant_id> of) {
    return must(wait_for<std::vector<webhook_line>>([&](auto done) { rows->load(of, std::move(done)); }));
  }
  webhook_facts facts(std::int64_t after, std::set<fact_type> types = {}, std::size_t limit = 50) {
    return must(wait_for<webhook_facts>(
        [&](auto done) { rows->facts(home.tenant, after, types, limit, std::move(done)); }));
  }
  webhook_saved save_and_tell(const webhook_progress& p) {
    return must(wait_for<webhook_saved>([&](auto done) { rows->save(p, std::move(done)); }));
  }
  bool save(const webhook_progress& p) { return save_and_tell(p).kept; }
  webhook_progress delivered(const webhook_endpoint& e, std::int64_t sequence) {
    webhook_progress p{home.tenant, e, e.position, {}};
    p.after.position = sequence;
    p.after.last_delivered_at = now;
    p.deliveries.push_back(attempt(e, sequence));
    return p;
  }
  webhook_delivery attempt(const webhook_endpoint& e, std::int64_t sequence) const {
    webhook_delivery d;
    d.id = uuid();
    d.endpoint = e.id;
    d.message = "m" + std::to_string(sequence);
    d.type = "SCHEDULE_ENTRY_CREATED";
    d.sequence = sequence;
    d.status = 204;
    d.took = 12ms;
    d.at = now;
    return d;
  }
  std::vector<webhook_delivery> deliveries(const webhook_id& id) {
    return must(as(home.tenant, [&](transaction& tx) { return list_deliveries(tx, id, {}, "", 200); })).items;
  }

  std::unique_ptr<webhook_store> rows;
  household home;
};

TEST_F(webhooks_test, a_new_endpoint_begins_after_the_newest_fact) {
  add_facts(3);

  const auto e = add_endpoint({fact_type::schedule_entry_created});

  EXPECT_EQ(e.position, 3);
  EXPECT_EQ(e.types, std::set{fact_type::schedule_entry_created});
  EXPECT_TRUE(e.runs());
}

TEST_F(webhooks_test, a_tenant_has_so_many_and_no_more) {
  for (std::size_t i = 0; i < limits::webhook_endpoints; ++i) add_endpoint();

  const auto one_more = as(home.tenant, [&](transaction& tx) {
    webhook_endpoint e;
    e.id = webhook_id(uuid());
    e.url = "https://host.example/";
    e.created_at = now;
    return insert_webhook(tx, *vault, e, "whsec_x");
  });

  EXPECT_EQ(one_more.error().code, "webhook_endpoints_full");
}

TEST_F(webhooks_test, the_sender_finds_what_runs_with_its_secret_and_what_waits) {
  const auto e = add_endpoint({}, "whsec_mine");
  auto paused = add_endpoint();
  paused.enabled = false;
  must(as(home.tenant, [&](transaction& tx) { return update_webhook(tx, paused, true); }));
  add_facts(2);

  const auto found = running({home.tenant});

  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].endpoint.id, e.id);
  EXPECT_EQ(found[0].secrets.now, "whsec_mine");
  EXPECT_EQ(found[0].secrets.before, "");
  EXPECT_EQ(found[0].last_sequence, 2);
  EXPECT_TRUE(found[0].oldest_waiting);
  EXPECT_TRUE(running({add_household().tenant}).empty());
}

TEST_F(webhooks_test, a_replaced_secret_signs_on_for_a_while) {
  const auto e = add_endpoint({}, "whsec_old");

  must(as(home.tenant, [&](transaction& tx) {
    return rotate_webhook_secret(tx, *vault, e.id, "whsec_new", now + old_secret_signs);
  }));

  const auto found = running({home.tenant}).at(0);
  EXPECT_EQ(found.secrets.now, "whsec_new");
  EXPECT_EQ(found.secrets.before, "whsec_old");
  EXPECT_EQ(found.secrets.before_until, now + old_secret_signs);
}

TEST_F(webhooks_test, reads_a_stretch_in_order_and_only_what_is_wanted) {
  auto c = changes(home);
  for (const auto type : {fact_type::schedule_entry_created, fact_type::schedule_entry_updated,
                          fact_type::schedule_entry_created}) {
    c.facts.push_back(new_fact(home));
    c.facts.back().type = type;
  }
  must(commit(c));

  const auto all = facts(0);
  const auto some = facts(0, {fact_type::schedule_entry_updated});
  const auto page = facts(1, {}, 1);

  ASSERT_EQ(all.facts.size(), 3u);
  EXPECT_EQ(all.facts[0].sequence, 1);
  EXPECT_FALSE(all.facts[0].data.empty());
  ASSERT_EQ(some.facts.size(), 1u);
  EXPECT_EQ(some.facts[0].sequence, 2);
  EXPECT_EQ(some.through, 3);
  EXPECT_EQ(page.first, 2);
  EXPECT_EQ(page.through, 2);
  EXPECT_EQ(facts(3).first, 0);
}

TEST_F(webhooks_test, the_position_moves_with_what_was_sent) {
  const auto e = add_endpoint();
  add_facts(2);

  EXPECT_TRUE(save(delivered(e, 1)));

  EXPECT_EQ(now_is(e.id).position, 1);
  EXPECT_EQ(now_is(e.id).last_delivered_at, now);
  ASSERT_EQ(deliveries(e.id).size(), 1u);
  EXPECT_EQ(deliveries(e.id)[0].status, 204);
  EXPECT_EQ(deliveries(e.id)[0].took, 12ms);
}

TEST_F(webhooks_test, who_thinks_of_another_position_or_turn_writes_nothing) {
  const auto e = add_endpoint();
  add_facts(3);
  ASSERT_TRUE(save(delivered(e, 2)));

  EXPECT_FALSE(save(delivered(e, 1))); // another node, that has not heard of the first two
  must(as(home.tenant, [&](transaction& tx) { return move_webhook(tx, e.id, 0); }));
  EXPECT_FALSE(save(delivered(e, 3))); // sent before a person asked for all again

  EXPECT_EQ(now_is(e.id).position, 0);
  EXPECT_EQ(deliveries(e.id).size(), 1u);
}

TEST_F(webhooks_test, a_stop_is_told_and_noted_in_one_commit_and_mended_by_switching_on) {
  const auto e = add_endpoint();
  add_facts(1);
  auto p = delivered(e, 0);
  p.after.stopped = webhook_stop{"endpoint_gone", "gone", now};
  p.told = fact{uuid(), fact_type::webhook_endpoint_disabled, home.tenant, 0, now, "{}"};
  p.noted = audit_line{uuid(), now, "engine", "webhook_endpoint.disabled", "webhook_endpoint:x", "{}", ""};

  const auto saved = save_and_tell(p);
  const auto twice = save_and_tell(p);

  ASSERT_TRUE(saved.kept);
  ASSERT_EQ(saved.told.size(), 1u);
  EXPECT_EQ(saved.told[0].tenant, home.tenant);
  EXPECT_EQ(saved.told[0].sequence, 2);
  EXPECT_FALSE(twice.kept);
  EXPECT_TRUE(twice.told.empty());

  EXPECT_EQ(now_is(e.id).stopped->code, "endpoint_gone");
  EXPECT_TRUE(running({home.tenant}).empty());
  const auto told = facts(1).facts;
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].type, fact_type::webhook_endpoint_disabled);
  auto again = now_is(e.id);
  again.enabled = true;
  must(as(home.tenant, [&](transaction& tx) { return update_webhook(tx, again, true); }));
  EXPECT_TRUE(now_is(e.id).runs());
  EXPECT_EQ(now_is(e.id).position, 0);
  EXPECT_EQ(running({home.tenant}).size(), 1u);
}

TEST_F(webhooks_test, finds_one_fact_again_as_long_as_it_is_kept) {
  const auto e = add_endpoint();
  add_facts(2);
  auto find = [&](std::int64_t sequence) {
    return wait_for<webhook_store::one>(
        [&](auto done) { rows->find(home.tenant, e.id, sequence, std::move(done)); });
  };

  EXPECT_EQ(find(2)->what->sequence, 2);
  EXPECT_FALSE(find(0)->what);
  EXPECT_EQ(find(3).error().code, "fact_not_kept");
}

TEST_F(webhooks_test, keeps_the_newest_attempts) {
  const auto e = add_endpoint();
  std::vector<webhook_delivery> many;
  for (std::size_t i = 0; i < limits::webhook_deliveries + 5; ++i)
    many.push_back(attempt(e, static_cast<std::int64_t>(i) + 1));
  must(as(home.tenant, [&](transaction& tx) { return append_deliveries(tx, many); }));

  const auto gone = must(as(home.tenant, [&](transaction& tx) { return forget_deliveries(tx, e.id); }));

  EXPECT_EQ(gone, 5u);
  EXPECT_EQ(deliveries(e.id)[0].sequence, static_cast<std::int64_t>(limits::webhook_deliveries) + 5);
  now += deliveries_kept + 1h;
  EXPECT_EQ(must(as(home.tenant,
                    [&](transaction& tx) {
                      return forget_old_deliveries(tx, instant(now - deliveries_kept), 10'000);
                    })),
            limits::webhook_deliveries);
}

TEST_F(webhooks_test, facts_that_an_endpoint_waits_for_are_not_forgotten) {
  auto awaited = [&] { return must(as(home.tenant, facts_awaited_from)); };
  EXPECT_EQ(awaited(), std::numeric_limits<std::int64_t>::max());
  auto e = add_endpoint();
  add_facts(4);
  ASSERT_TRUE(save(delivered(e, 2)));

  EXPECT_EQ(awaited(), 3);

  now += 400 * 24h;
  must(as(home.tenant, [&](transaction& tx) { return forget_old_rows(tx, {}, now, facts_awaited_from); }));
  EXPECT_EQ(facts(0).first, 3);
  e = now_is(e.id);
  e.enabled = false;
  must(as(home.tenant, [&](transaction& tx) { return update_webhook(tx, e, true); }));
  EXPECT_EQ(awaited(), std::numeric_limits<std::int64_t>::max());
}

TEST_F(webhooks_test, a_message_that_comes_back_after_its_endpoint_went_is_dropped) {
  const auto e = add_endpoint();
  must(as(home.tenant, [&](transaction& tx) { return delete_webhook(tx, e.id); }));

  EXPECT_FALSE(save(delivered(e, 1)));
  EXPECT_TRUE(
      must(wait_for<bool>([&](auto done) { rows->append(home.tenant, attempt(e, 1), std::move(done)); })));
  EXPECT_TRUE(deliveries(e.id).empty());
}

} // namespace
} // namespace kalends::persistence
