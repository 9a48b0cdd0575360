// SPDX-License-Identifier: Apache-2.0
#include "actors/delivery.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace kalends::actors {
namespace {

using namespace std::chrono_literals;

/// Rows as the real store keeps them: a save says from where, and for which turn.
class rows_in_memory final : public persistence::webhook_store {
public:
  std::map<webhook_id, persistence::webhook_line> endpoints;
  std::vector<fact> all_facts; ///< of the one tenant
  std::map<webhook_id, std::vector<webhook_delivery>> deliveries;
  int loads = 0, reads = 0, saves = 0;
  bool away = false; ///< the database
  std::int64_t forgotten_to = 0;

  void load(std::vector<tenant_id> tenants, done<std::vector<persistence::webhook_line>> heard) override {
    ++loads;
    if (away) return heard(failure(errc::retry_later, "database_away", ""));
    std::vector<persistence::webhook_line> out;
    for (auto& [id, line] : endpoints) {
      line.last_sequence = static_cast<std::int64_t>(all_facts.size());
      const bool asked = std::find(tenants.begin(), tenants.end(), line.tenant) != tenants.end();
      if (asked && line.endpoint.runs()) out.push_back(line);
    }
    heard(std::move(out));
  }
  void find(tenant_id, webhook_id endpoint, std::int64_t sequence, done<one> heard) override {
    one out{endpoints.at(endpoint), {}};
    if (sequence > 0) out.what = all_facts.at(static_cast<std::size_t>(sequence) - 1);
    heard(std::move(out));
  }
  void facts(tenant_id, std::int64_t after, std::set<fact_type> types, std::size_t limit,
             done<persistence::webhook_facts> heard) override {
    ++reads;
    if (away) return heard(failure(errc::retry_later, "database_away", ""));
    persistence::webhook_facts out;
    out.through = after;
    for (const auto& f : all_facts) {
      if (f.sequence <= std::max(after, forgotten_to) || limit == 0) continue;
      if (out.first == 0) out.first = f.sequence;
      out.through = f.sequence;
      if (types.empty() || types.contains(f.type)) out.facts.push_back(f);
      --limit;
    }
    heard(std::move(out));
  }
  void save(persistence::webhook_progress p, done<persistence::webhook_saved> heard) override {
    ++saves;
    if (away) return heard(failure(errc::retry_later, "database_away", ""));
    const auto at = endpoints.find(p.after.id);
    if (at == endpoints.end()) return heard(persistence::webhook_saved{});
    auto& row = at->second.endpoint;
    if (row.turn != p.after.turn || row.position != p.from || row.stopped)
      return heard(persistence::webhook_saved{});
    row = p.after;
    for (auto& d : p.deliveries) deliveries[row.id].push_back(d);
    persistence::webhook_saved saved{true};
    if (p.told) {
      p.told->sequence = static_cast<std::int64_t>(all_facts.size()) + 1;
      all_facts.push_back(*p.told);
      saved.told = {*p.told};
    }
    heard(std::move(saved));
  }
  void append(tenant_id, webhook_delivery d, done<bool> heard) override {
    deliveries[d.endpoint].push_back(d);
    heard(true);
  }
};

struct one_thread : caf::actor_system_config {
  one_thread() { set("scheduler.policy", caf::atom("testing")); }
};

/// A bus that notes what it hears.
struct noting_bus : event_bus_actor::base {
  noting_bus(caf::actor_config& cfg, std::vector<facts_committed>& to)
      : event_bus_actor::base(cfg), heard(to) {}
  event_bus_actor::behavior_type make_behavior() override {
    return {[this](const facts_committed& m) { heard.push_back(m); }, [](look_elsewhere_now) {},
            [](const reader_came&) {}, [](const reader_left&) {}};
  }
  std::vector<facts_committed>& heard;
};

struct sent {
  net::webhook_message message;
  std::function<void(result<net::webhook_answer>)> answer;
};

class delivery_test : public ::testing::Test {
protected:
  delivery_test() {
    outside = real_world();
    outside.now = [this] { return now; };
    leases->renew(0ms, 24h * 365);
    leases->hold(acme);
  }
  ~delivery_test() override {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    caf::anon_send_exit(bus, caf::exit_reason::kill);
    actor = nullptr;
    bus = nullptr;
    sched().run();
    posts.clear();
    sched().run();
  }
  caf::scheduler::test_coordinator& sched() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }
  void begin() {
    auto post = [this](net::webhook_message m, std::function<void(result<net::webhook_answer>)> answer) {
      posts.push_back({std::move(m), std::move(answer)});
      return net::call_token();
    };
    actor = system.spawn<delivery>(delivery_parts{rows, post, leases, outside, observe::no_meter(), bus});
    sched().run(); // its clock is set
    pass(250ms);
  }
  void pass(std::chrono::milliseconds d) {
    for (auto gone = 0ms; gone < d; gone += 250ms) {
      now += 250ms;
      sched().advance_time(250ms);
      sched().run();
    }
  }
  webhook_id add_endpoint(int n, std::set<fact_type> types = {}, tenant_id of = {}) {
    const webhook_id id("0192a000-0000-7000-8000-0000000000e" + std::to_string(n));
    auto& line = rows.endpoints[id];
    line.tenant = of.empty() ? acme : of;
    line.endpoint.id = id;
    line.endpoint.url = "https://host.example/" + std::to_string(n);
    line.endpoint.types = std::move(types);
    line.secrets.now = "whsec_" + std::to_string(n);
    return id;
  }
  void add_facts(int n, fact_type type = fact_type::schedule_entry_created) {
    for (int i = 0; i < n; ++i) {
      fact f;
      f.sequence = static_cast<std::int64_t>(rows.all_facts.size()) + 1;
      f.id = "fact-" + std::to_string(f.sequence);
      f.type = type;
      f.tenant = acme;
      f.data = "{}";
      rows.all_facts.push_back(f);
    }
  }
  void hint() {
    caf::anon_send(actor, facts_waiting{acme, static_cast<std::int64_t>(rows.all_facts.size())});
    sched().run();
  }
  /// Answers the oldest open message of this endpoint, and says which fact it was.
  std::string answer(const webhook_id& id, int status, std::optional<std::chrono::milliseconds> pause = {}) {
    const auto url = rows.endpoints.at(id).endpoint.url;
    const auto at =
        std::find_if(posts.begin(), posts.end(), [&](const auto& p) { return p.message.url == url; });
    if (at == posts.end()) return "nothing";
    auto open = std::move(*at);
    posts.erase(at);
    open.answer(net::webhook_answer{status, pause});
    sched().run();
    return open.message.id;
  }
  std::vector<std::string> answer_all(const webhook_id& id, int status) {
    std::vector<std::string> ids;
    for (auto one = answer(id, status); one != "nothing"; one = answer(id, status)) ids.push_back(one);
    return ids;
  }
  std::int64_t position(const webhook_id& id) { return rows.endpoints.at(id).endpoint.position; }

  const tenant_id acme{"0192a000-0000-7000-8000-00000000000a"};
  instant now{std::chrono::hours(480'000)};
  world outside;
  rows_in_memory rows;
  std::shared_ptr<lease_book> leases = std::make_shared<lease_book>([] { return 0ms; });
  std::vector<sent> posts;
  std::vector<facts_committed> heard_by_bus;
  one_thread config;
  caf::actor_system system{config};
  event_bus_actor bus = system.spawn<noting_bus>(std::ref(heard_by_bus));
  delivery_actor actor;
};

TEST_F(delivery_test, sends_in_order_one_at_a_time_with_few_reads_and_writes) {
  const auto e = add_endpoint(1);
  add_facts(120);
  begin();

  EXPECT_EQ(posts.size(), 1u);
  const auto ids = answer_all(e, 204);

  ASSERT_EQ(ids.size(), 120u);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], "fact-" + std::to_string(i + 1));
  EXPECT_EQ(position(e), 120);
  EXPECT_EQ(rows.deliveries[e].size(), 120u);
  EXPECT_LE(rows.reads, 4);
}

TEST_F(delivery_test, what_was_refused_is_sent_again_before_anything_else) {
  const auto e = add_endpoint(1);
  add_facts(2);
  begin();

  EXPECT_EQ(answer(e, 500), "fact-1");
  EXPECT_EQ(answer(e, 200), "nothing");
  EXPECT_EQ(position(e), 0);
  pass(16min);
  EXPECT_EQ(answer_all(e, 200), (std::vector<std::string>{"fact-1", "fact-2"}));
  EXPECT_EQ(position(e), 2);
}

TEST_F(delivery_test, waits_as_long_as_it_is_asked_to) {
  const auto e = add_endpoint(1);
  add_facts(1);
  begin();
  answer(e, 503, 30min);

  pass(29min);
  EXPECT_EQ(answer(e, 200), "nothing");
  pass(2min);
  EXPECT_EQ(answer(e, 200), "fact-1");
}

TEST_F(delivery_test, an_endpoint_that_hangs_delays_no_other) {
  const auto slow = add_endpoint(1);
  const auto quick = add_endpoint(2);
  add_facts(5);
  begin();

  EXPECT_EQ(answer_all(quick, 204).size(), 5u);

  EXPECT_EQ(position(quick), 5);
  EXPECT_EQ(position(slow), 0);
}

TEST_F(delivery_test, hears_of_new_facts_at_once_and_finds_them_without_being_told) {
  const auto e = add_endpoint(1);
  begin();
  add_facts(1);

  hint();
  EXPECT_EQ(answer(e, 204), "fact-1");
  add_facts(1);
  pass(11s);
  EXPECT_EQ(answer(e, 204), "fact-2");
}

TEST_F(delivery_test, skips_what_is_not_wanted_and_moves_past_it) {
  const auto e = add_endpoint(1, {fact_type::schedule_entry_deleted});
  add_facts(70);
  add_facts(1, fact_type::schedule_entry_deleted);
  add_facts(3);
  begin();

  EXPECT_EQ(answer_all(e, 204), (std::vector<std::string>{"fact-71"}));
  EXPECT_EQ(position(e), 74);
}

TEST_F(delivery_test, one_that_is_gone_is_stopped_and_told_of_once) {
  const auto e = add_endpoint(1);
  add_facts(2);
  begin();

  answer(e, 410);
  pass(1min);

  EXPECT_TRUE(posts.empty());
  EXPECT_EQ(rows.endpoints.at(e).endpoint.stopped->code, "endpoint_gone");
  ASSERT_EQ(rows.all_facts.size(), 3u);
  EXPECT_EQ(rows.all_facts[2].type, fact_type::webhook_endpoint_disabled);
}

TEST_F(delivery_test, the_bus_hears_of_a_stop_as_soon_as_it_is_committed) {
  const auto e = add_endpoint(1);
  add_facts(2);
  begin();
  rows.away = true;

  answer(e, 410);

  EXPECT_TRUE(heard_by_bus.empty());
  rows.away = false;
  pass(3s);
  ASSERT_EQ(heard_by_bus.size(), 1u);
  EXPECT_EQ(heard_by_bus[0].tenant, acme);
  ASSERT_EQ(heard_by_bus[0].facts.size(), 1u);
  EXPECT_EQ(heard_by_bus[0].facts[0].type, fact_type::webhook_endpoint_disabled);
  EXPECT_EQ(heard_by_bus[0].facts[0].sequence, 3);
}

TEST_F(delivery_test, a_stop_that_came_too_late_is_told_to_nobody) {
  const auto e = add_endpoint(1);
  add_facts(1);
  begin();
  ++rows.endpoints.at(e).endpoint.turn; // a person switched it meanwhile

  answer(e, 410);

  EXPECT_TRUE(heard_by_bus.empty());
  EXPECT_FALSE(rows.endpoints.at(e).endpoint.stopped);
}

TEST_F(delivery_test, a_position_that_a_person_moved_counts_and_not_what_was_on_its_way) {
  const auto e = add_endpoint(1);
  add_facts(3);
  begin();
  answer(e, 204);
  answer(e, 204);
  auto& row = rows.endpoints.at(e).endpoint;
  row.position = 0;
  ++row.turn;

  answer(e, 204); // fact 3, whose save is refused
  pass(250ms);

  EXPECT_EQ(answer_all(e, 204), (std::vector<std::string>{"fact-1", "fact-2", "fact-3"}));
  EXPECT_EQ(position(e), 3);
}

TEST_F(delivery_test, a_tenant_that_is_stopped_or_let_go_is_sent_nothing) {
  const auto e = add_endpoint(1);
  leases->pause(acme, true);
  add_facts(1);
  begin();
  EXPECT_TRUE(posts.empty());

  leases->pause(acme, false);
  pass(500ms);
  EXPECT_EQ(answer(e, 204), "fact-1");

  leases->let_go(acme);
  add_facts(1);
  hint();
  pass(11s);
  EXPECT_TRUE(posts.empty());
}

TEST_F(delivery_test, goes_on_when_the_database_comes_back_and_never_runs_far_ahead) {
  const auto e = add_endpoint(1);
  add_facts(200);
  begin();
  rows.away = true;

  EXPECT_LE(answer_all(e, 204).size(), 51u);
  EXPECT_EQ(position(e), 0);
  rows.away = false;
  pass(15s);
  answer_all(e, 204);
  pass(5s);

  EXPECT_EQ(position(e), 200);
  EXPECT_EQ(rows.deliveries[e].size(), 200u);
}

TEST_F(delivery_test, says_so_when_facts_were_forgotten_before_they_could_be_sent) {
  const auto e = add_endpoint(1);
  add_facts(5);
  rows.forgotten_to = 3;
  begin();

  EXPECT_EQ(answer_all(e, 204), (std::vector<std::string>{"fact-4", "fact-5"}));

  ASSERT_EQ(rows.deliveries[e].size(), 3u);
  EXPECT_EQ(rows.deliveries[e][0].cause, delivery_cause::gap);
  EXPECT_EQ(rows.deliveries[e][0].code, "facts_forgotten");
}

TEST_F(delivery_test, signs_with_the_old_secret_only_as_long_as_it_holds) {
  const auto e = add_endpoint(1);
  rows.endpoints.at(e).secrets.before = "whsec_before";
  rows.endpoints.at(e).secrets.before_until = now + 1min;
  add_facts(1);
  begin();

  EXPECT_EQ(posts.at(0).message.secret, "whsec_1");
  EXPECT_EQ(posts.at(0).message.secret_before, "whsec_before");
  answer(e, 204);
  pass(2min);
  add_facts(1);
  hint();
  EXPECT_EQ(posts.at(0).message.secret_before, "");
}

TEST_F(delivery_test, a_test_goes_beside_the_order_and_wakes_what_waits) {
  const auto e = add_endpoint(1);
  add_facts(1);
  begin();
  answer(e, 503, 1h);
  std::vector<result<webhook_delivery>> heard;

  caf::anon_send(actor, endpoint_trial{acme, e, 0, [&](result<webhook_delivery> d) { heard.push_back(d); }});
  sched().run();
  answer(e, 204);

  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0]->outcome, delivery_outcome::delivered);
  EXPECT_EQ(heard[0]->cause, delivery_cause::test);
  EXPECT_EQ(answer(e, 204), "fact-1");
}

TEST_F(delivery_test, a_stopped_tenant_gets_no_test_either) {
  const auto e = add_endpoint(1);
  leases->pause(acme, true);
  begin();
  std::string code;

  caf::anon_send(
      actor, endpoint_trial{acme, e, 0, [&](const result<webhook_delivery>& d) { code = d.error().code; }});
  sched().run();

  EXPECT_EQ(code, "work_stopped");
  EXPECT_TRUE(posts.empty());
}

TEST_F(delivery_test, many_that_fail_leave_places_for_those_that_work) {
  for (int t = 0; t < 30; ++t) {
    const tenant_id of("0192a000-0000-7000-8000-0000000001" + std::to_string(10 + t));
    leases->hold(of);
    for (int n = 0; n < 8; ++n) {
      const webhook_id id("0192a000-0000-7000-8000-00000000" + std::to_string(1'000 + t * 10 + n));
      auto& line = rows.endpoints[id];
      line.tenant = of;
      line.endpoint.id = id;
      line.endpoint.url = "https://dead.example/";
      line.endpoint.attempts = 3;
    }
  }
  add_facts(1);
  begin();
  EXPECT_EQ(posts.size(), 100u) << "half of the places";

  const auto e = add_endpoint(1);
  caf::anon_send(actor, endpoints_changed{acme});
  sched().run();

  EXPECT_EQ(answer(e, 204), "fact-1");
}

} // namespace
} // namespace kalends::actors
