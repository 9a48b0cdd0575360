// SPDX-License-Identifier: Apache-2.0
#include "actors/governor_core.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>

namespace kalends::actors {
namespace {

using namespace std::chrono_literals;
using observe::vendor_verb;
using ticket = governor_core::ticket;

std::string numbered(int n) {
  auto text = std::to_string(n);
  return "0192a000-0000-7000-8000-" + std::string(12 - text.size(), '0') + text;
}

class governor_core_test : public ::testing::Test {
protected:
  vendor_caller caller(int tenant, int calendar, provider_type type = provider_type::google) {
    return {tenant_id(numbered(tenant)), provider_id(numbered(1'000 * tenant + calendar)), type,
            "account " + std::to_string(tenant) + "." + std::to_string(calendar), "project"};
  }
  governor_core::verdict ask(const vendor_caller& who, urgency how = urgency::urgent,
                             vendor_verb verb = vendor_verb::list_changes) {
    return core.request({who, verb, how}, now);
  }
  void end(ticket id, answer_scope said = answer_scope::fine,
           std::optional<std::chrono::milliseconds> after = {}) {
    for (auto& v : core.end(id, said, after, false, now)) told.push_back(std::move(v));
  }
  void turn() {
    for (auto& v : core.turn(now)) told.push_back(std::move(v));
  }
  std::size_t granted_of(const std::vector<governor_core::verdict>& all) {
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const auto& v) { return v.granted; }));
  }

  instant now{std::chrono::milliseconds(1'796'000'000'000)};
  governor_core core;
  std::vector<governor_core::verdict> told;
};

TEST_F(governor_core_test, idle_budgets_let_a_call_go_at_once) {
  const auto said = ask(caller(1, 1));

  EXPECT_TRUE(said.granted);
  EXPECT_EQ(core.in_flight(), 1u);
  end(said.id);
  EXPECT_EQ(core.in_flight(), 0u);
  EXPECT_EQ(core.project_used(caller(1, 1), now), 1u);
}

TEST_F(governor_core_test, reports_its_budgets_the_tightest_first) {
  const auto busy = caller(1, 1), idle = caller(2, 1), graph = caller(3, 1, provider_type::microsoft);
  for (int i = 0; i < 5; ++i) (void)ask(graph); // the fifth has to wait: four of an account at once
  for (int i = 0; i < 3; ++i) (void)ask(busy);
  end(ask(idle).id, answer_scope::mailbox, 20s);

  const auto all = core.report(100, now);
  const auto few = core.report(2, now);

  EXPECT_EQ(all.total, 8u); // three accounts, two clients, three tenants
  ASSERT_EQ(all.lines.size(), 8u);
  for (std::size_t i = 1; i < all.lines.size(); ++i)
    EXPECT_GE(all.lines[i - 1].pressure(), all.lines[i].pressure());
  EXPECT_EQ(few.lines.size(), 2u);
  EXPECT_EQ(few.total, 8u);
  auto find = [&](budget_line::kind what, const std::string& whose) {
    return *std::find_if(all.lines.begin(), all.lines.end(), [&](const budget_line& l) {
      return l.what == what && (l.mailbox == whose || l.tenant.str() == whose);
    });
  };
  const auto box = find(budget_line::kind::mailbox, "account 3.1");
  EXPECT_EQ(box.in_flight, 4u);
  EXPECT_EQ(box.waiting, 1u);
  EXPECT_EQ(box.limit, 10'000u);
  EXPECT_EQ(box.project, "project");
  EXPECT_EQ(find(budget_line::kind::mailbox, "account 2.1").paused_for, 20s);
  EXPECT_EQ(find(budget_line::kind::tenant, numbered(1)).used, 3u);
  EXPECT_EQ(find(budget_line::kind::tenant, numbered(3)).waiting, 1u);
  for (const auto& [type, open] : all.circuits) EXPECT_FALSE(open);
}

TEST_F(governor_core_test, no_minute_of_an_account_holds_more_than_600) {
  std::deque<instant> granted;
  std::size_t most = 0;
  const auto who = caller(1, 1);
  std::optional<ticket> waiting;
  for (int i = 0; i < 18'000; ++i) {
    now += 10ms;
    told.clear();
    if (!waiting) {
      const auto said = ask(who);
      if (said.granted)
        told.push_back(said);
      else
        waiting = said.id;
    }
    turn();
    for (const auto& v : std::exchange(told, {})) {
      ASSERT_TRUE(v.granted);
      granted.push_back(now);
      waiting.reset();
      end(v.id);
    }
    while (!granted.empty() && granted.front() <= now - 1min) granted.pop_front();
    most = std::max(most, granted.size());
  }

  EXPECT_LE(most, 600u);
  EXPECT_GT(most, 580u);
}

TEST_F(governor_core_test, graph_has_four_in_flight_per_account_over_all_calendars) {
  auto who = caller(1, 1, provider_type::microsoft);
  std::vector<ticket> under_way;
  for (int i = 0; i < 4; ++i) {
    who.provider = provider_id(numbered(i));
    under_way.push_back(ask(who).id);
  }
  who.provider = provider_id(numbered(9));

  const auto fifth = ask(who);
  EXPECT_FALSE(fifth.granted);
  EXPECT_TRUE(ask(caller(1, 2, provider_type::microsoft)).granted);
  end(under_way[2]);

  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].id, fifth.id);
  EXPECT_TRUE(told[0].granted);
}

TEST_F(governor_core_test, a_call_that_took_one_request_gives_the_others_back) {
  const auto who = caller(1, 1);
  auto insert = ask(who, urgency::urgent, vendor_verb::insert_event);
  EXPECT_EQ(core.mailbox_used(who, now), 3u);
  end(insert.id);
  EXPECT_EQ(core.mailbox_used(who, now), 1u);

  insert = ask(who, urgency::urgent, vendor_verb::insert_event);
  core.end(insert.id, answer_scope::fine, {}, true, now);
  EXPECT_EQ(core.mailbox_used(who, now), 4u);
  insert = ask(who, urgency::urgent, vendor_verb::insert_event);
  core.end(insert.id, answer_scope::unknown, {}, true, now);
  EXPECT_EQ(core.mailbox_used(who, now), 7u);
}

TEST_F(governor_core_test, a_tenant_that_takes_all_it_gets_leaves_room_for_the_others) {
  // One tenant of a thousand calendars asks without end, each for one call at a time; fifty others now and
  // then.
  std::map<ticket, int> waiting;
  std::set<int> busy;
  std::size_t noisy = 0, quiet = 0, quiet_waited = 0;
  int next = 0;
  for (int step = 0; step < 4 * 60 * 3; ++step) {
    now += 250ms;
    for (int i = 0; i < 100; ++i) {
      const int calendar = next++ % 1'000;
      if (busy.contains(calendar)) continue;
      const auto said = ask(caller(1, calendar), urgency::bulk);
      ASSERT_FALSE(said.denied);
      if (said.granted) {
        ++noisy;
        end(said.id);
      } else {
        waiting[said.id] = calendar;
        busy.insert(calendar);
      }
    }
    for (int i = 0; i < 2; ++i) {
      const auto said = ask(caller(2 + (2 * step + i) % 50, 1));
      ASSERT_FALSE(said.denied);
      ++quiet;
      if (!said.granted) ++quiet_waited;
      if (said.granted) end(said.id);
    }
    turn();
    for (const auto& v : std::exchange(told, {})) {
      ASSERT_TRUE(v.granted);
      ++noisy;
      busy.erase(waiting.at(v.id));
      waiting.erase(v.id);
      end(v.id);
    }
  }

  EXPECT_EQ(quiet_waited, 0u);
  EXPECT_EQ(quiet, 4u * 60 * 3 * 2);
  EXPECT_GT(noisy, 3u * 7'000);
  EXPECT_LE(core.project_used(caller(1, 1), now), 10'000u);
}

TEST_F(governor_core_test, tenants_that_wait_take_turns_however_many_calls_one_of_them_has) {
  governor_limits narrow;
  narrow.calls_at_once = 1;
  core = governor_core(narrow);
  const auto under_way = ask(caller(9, 9));
  std::map<ticket, int> owner;
  for (int i = 0; i < 100; ++i) owner[ask(caller(1, i)).id] = 1;
  for (int i = 0; i < 3; ++i) owner[ask(caller(2, i)).id] = 2;
  std::vector<int> order;
  end(under_way.id);
  while (!told.empty()) {
    const auto next = told.back();
    told.clear();
    order.push_back(owner.at(next.id));
    end(next.id);
  }

  ASSERT_EQ(order.size(), 103u);
  EXPECT_LE(std::find(order.begin(), order.end(), 2) - order.begin(), 8);
  EXPECT_EQ(std::count(order.begin(), order.begin() + 20, 2), 3);
}

TEST_F(governor_core_test, urgent_calls_of_a_tenant_go_first_and_its_bulk_is_not_starved) {
  governor_limits narrow;
  narrow.calls_at_once = 1;
  core = governor_core(narrow);
  const auto under_way = ask(caller(9, 9));
  std::map<ticket, urgency> kind;
  for (int i = 0; i < 10; ++i) kind[ask(caller(1, i), urgency::bulk).id] = urgency::bulk;
  for (int i = 10; i < 30; ++i) kind[ask(caller(1, i), urgency::urgent).id] = urgency::urgent;
  std::vector<urgency> order;
  end(under_way.id);
  while (!told.empty()) {
    const auto next = told.back();
    told.clear();
    order.push_back(kind.at(next.id));
    end(next.id);
  }

  ASSERT_EQ(order.size(), 30u);
  EXPECT_EQ(order.front(), urgency::urgent);
  EXPECT_EQ(std::count(order.begin(), order.begin() + 8, urgency::bulk), 2);
}

TEST_F(governor_core_test, bulk_leaves_a_tenth_of_an_account_to_what_is_urgent) {
  const auto who = caller(1, 1);
  std::size_t granted = 0;
  for (int i = 0; i < 700; ++i) {
    const auto said = ask(who, urgency::bulk);
    if (!said.granted) break;
    ++granted;
    end(said.id);
  }

  EXPECT_EQ(granted, 540u);
  EXPECT_TRUE(ask(who, urgency::urgent).granted);
}

TEST_F(governor_core_test, bulk_that_has_waited_for_a_minute_does_not_give_way_any_longer) {
  const auto who = caller(1, 1);
  bool bulk_went = false;
  for (int i = 0; i < 600; ++i) end(ask(who).id);
  const auto bulk = ask(who, urgency::bulk);
  std::size_t urgent_waits = 0;
  for (int step = 0; step < 4 * 90 && !bulk_went; ++step) {
    now += 250ms;
    while (urgent_waits < 5) {
      const auto said = ask(who);
      if (said.granted)
        end(said.id);
      else
        ++urgent_waits;
    }
    turn();
    while (!told.empty()) {
      const auto next = told.back();
      told.pop_back();
      bulk_went = bulk_went || next.id == bulk.id;
      if (next.id != bulk.id) --urgent_waits;
      if (next.granted) end(next.id);
    }
  }

  EXPECT_TRUE(bulk_went);
}

TEST_F(governor_core_test, retry_after_is_obeyed_by_the_whole_account_and_by_nobody_else) {
  auto who = caller(1, 1);
  end(ask(who).id, answer_scope::mailbox, 20s);
  who.provider = provider_id(numbered(77));

  const auto beside = ask(who);
  EXPECT_FALSE(beside.granted);
  EXPECT_FALSE(beside.denied);
  EXPECT_TRUE(ask(caller(1, 2)).granted);
  now += 19s;
  turn();
  EXPECT_TRUE(told.empty());
  now += 1s;
  turn();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(told[0].granted);
}

TEST_F(governor_core_test, a_call_that_was_under_way_does_not_shorten_the_pause) {
  auto who = caller(1, 1);
  const auto slow = ask(who);
  end(ask(who).id, answer_scope::mailbox, 20s);
  end(slow.id, answer_scope::fine);

  EXPECT_FALSE(ask(who).granted);
}

TEST_F(governor_core_test, a_long_pause_is_told_at_once) {
  const auto who = caller(1, 1);
  end(ask(who).id, answer_scope::mailbox, 1h);

  const auto said = ask(who);

  ASSERT_TRUE(said.denied);
  EXPECT_EQ(said.denied->code, "vendor_asked_to_wait");
  EXPECT_EQ(said.denied->retry_after, std::chrono::milliseconds(1h));
}

TEST_F(governor_core_test, what_the_project_did_keeps_all_its_accounts_and_no_other_project) {
  end(ask(caller(1, 1)).id, answer_scope::project, 2h);

  EXPECT_EQ(ask(caller(2, 1)).denied->code, "vendor_asked_to_wait");
  auto own_client = caller(3, 1);
  own_client.project = "its own";
  EXPECT_TRUE(ask(own_client).granted);
  EXPECT_TRUE(ask(caller(2, 1, provider_type::microsoft)).granted);
}

TEST_F(governor_core_test, two_accounts_limited_together_make_the_project_pause) {
  end(ask(caller(1, 1)).id, answer_scope::mailbox);
  EXPECT_TRUE(ask(caller(2, 2)).granted);
  end(ask(caller(2, 1)).id, answer_scope::mailbox);

  EXPECT_FALSE(ask(caller(3, 1)).granted);
  now += 1s;
  turn();
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(governor_core_test, an_open_circuit_refuses_and_one_call_goes_ahead_to_see) {
  for (int i = 0; i < 8; ++i) end(ask(caller(1, i)).id, answer_scope::down);
  EXPECT_TRUE(core.circuit_open(provider_type::google));

  EXPECT_EQ(ask(caller(2, 1)).denied->code, "vendor_circuit_open");
  EXPECT_TRUE(ask(caller(2, 1)).denied->retry_after >= 5s);
  EXPECT_TRUE(ask(caller(2, 1), urgency::urgent, vendor_verb::refresh_token).granted) << "another endpoint";
  EXPECT_TRUE(ask(caller(2, 1, provider_type::microsoft)).granted);
  now += 5s;
  const auto probe = ask(caller(2, 1));
  EXPECT_TRUE(probe.granted);
  EXPECT_TRUE(ask(caller(2, 2)).denied);
  end(probe.id, answer_scope::fine);
  EXPECT_FALSE(core.circuit_open(provider_type::google));
  EXPECT_TRUE(ask(caller(2, 2)).granted);
}

TEST_F(governor_core_test, a_single_broken_account_opens_no_circuit) {
  for (int i = 0; i < 50; ++i) end(ask(caller(1, 1)).id, answer_scope::down);

  EXPECT_FALSE(core.circuit_open(provider_type::google));
}

TEST_F(governor_core_test, nodes_divide_the_budgets) {
  core.share_with(3);
  const auto who = caller(1, 1);
  std::size_t granted = 0;
  for (int i = 0; i < 700; ++i) {
    const auto said = ask(who);
    if (!said.granted) break;
    ++granted;
    end(said.id);
  }
  auto graph = caller(1, 1, provider_type::microsoft);

  EXPECT_EQ(granted, 200u);
  EXPECT_TRUE(ask(graph).granted);
  EXPECT_FALSE(ask(graph).granted);
}

TEST_F(governor_core_test, who_waits_too_long_hears_so_and_who_gives_up_leaves_no_trace) {
  auto who = caller(1, 1, provider_type::microsoft);
  std::vector<ticket> under_way;
  for (int i = 0; i < 4; ++i) under_way.push_back(ask(who).id);
  const auto patient = ask(who);
  const auto impatient = ask(who);
  end(impatient.id);
  EXPECT_EQ(core.waiting(), 1u);
  now += 12min;
  turn();

  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].id, patient.id);
  EXPECT_EQ(told[0].denied->code, "vendor_budget_spent");
  EXPECT_EQ(core.waiting(), 0u);
}

TEST_F(governor_core_test, a_queue_has_its_limit) {
  governor_limits narrow;
  narrow.waiting = 2;
  narrow.calls_at_once = 1;
  core = governor_core(narrow);
  ask(caller(1, 1));
  ask(caller(1, 2));
  ask(caller(1, 3));

  EXPECT_EQ(ask(caller(1, 4)).denied->code, "vendor_queue_full");
}

TEST_F(governor_core_test, accounts_that_nobody_uses_are_forgotten) {
  for (int i = 0; i < 1'000; ++i) end(ask(caller(1, i)).id);
  EXPECT_EQ(core.accounts_kept(), 1'001u);
  now += 25min;
  end(ask(caller(2, 1)).id);

  EXPECT_LE(core.accounts_kept(), 2u);
}

TEST_F(governor_core_test, a_clock_that_is_set_back_neither_frees_nor_freezes) {
  const auto who = caller(1, 1);
  for (int i = 0; i < 600; ++i) end(ask(who).id);
  now -= 2h;
  EXPECT_FALSE(ask(who).granted);
  now += 62s;
  turn();

  EXPECT_EQ(granted_of(told), 1u);
}

TEST_F(governor_core_test, whatever_happens_nothing_is_lost_and_no_limit_is_broken) {
  std::mt19937 chance{20261122};
  for (int round = 0; round < 5; ++round) {
    core = governor_core();
    std::map<ticket, vendor_caller> waiting, under_way;
    std::map<std::string, int> in_flight;
    std::map<std::string, std::deque<instant>> granted;
    auto let_go = [&](ticket id, const vendor_caller& who) {
      under_way[id] = who;
      if (who.type == provider_type::microsoft) {
        ASSERT_LE(++in_flight[who.mailbox], 4);
      } else {
        auto& calls = granted[who.mailbox];
        calls.push_back(now);
        while (calls.front() <= now - 1min) calls.pop_front();
        ASSERT_LE(calls.size(), 600u);
      }
    };
    auto hear = [&](std::vector<governor_core::verdict> all) {
      for (auto& v : all) {
        ASSERT_TRUE(waiting.contains(v.id));
        if (v.granted) let_go(v.id, waiting[v.id]);
        waiting.erase(v.id);
      }
    };
    for (int step = 0; step < 5'000; ++step) {
      now += std::chrono::milliseconds(chance() % 60);
      const auto type = chance() % 2 == 0 ? provider_type::google : provider_type::microsoft;
      auto who = caller(static_cast<int>(chance() % 3), static_cast<int>(chance() % 4), type);
      const auto said = core.request(
          {who, vendor_verb::list_changes, chance() % 3 == 0 ? urgency::bulk : urgency::urgent}, now);
      if (said.granted)
        let_go(said.id, who);
      else if (!said.denied)
        waiting[said.id] = who;
      while (!under_way.empty() && chance() % 10 < 6) {
        auto at = under_way.begin();
        std::advance(at, static_cast<long>(chance() % under_way.size()));
        if (at->second.type == provider_type::microsoft) --in_flight[at->second.mailbox];
        const auto id = at->first;
        under_way.erase(at);
        hear(core.end(id, chance() % 50 == 0 ? answer_scope::mailbox : answer_scope::fine, {}, false, now));
      }
      if (step % 5 == 0) hear(core.turn(now));
      ASSERT_EQ(core.waiting(), waiting.size());
      ASSERT_EQ(core.in_flight(), under_way.size());
    }
  }
}

} // namespace
} // namespace kalends::actors
