// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include "actors/event_bus.hpp"

namespace kalends::actors {
namespace {

using sequences = std::vector<std::int64_t>;

class event_bus_test : public house_fixture {
protected:
  event_bus_test() { bus = system->spawn<event_bus>(std::ref(store)); }

  /// Commits that many facts without telling the bus.
  std::vector<fact> committed(const tenant_id& t, int n) {
    std::vector<fact> facts;
    for (int i = 0; i < n; ++i) {
      fact f;
      f.id = "fact";
      f.tenant = t;
      f.sequence = static_cast<std::int64_t>(store.tenants[t].facts.size()) + 1;
      store.tenants[t].facts.push_back(f);
      facts.push_back(f);
    }
    return facts;
  }

  std::shared_ptr<sequences> reader(std::uint64_t id, const tenant_id& t) {
    auto told = std::make_shared<sequences>();
    tell(bus, reader_came{id, t, [told](const fact& f) { told->push_back(f.sequence); }});
    return told;
  }
};

TEST_F(event_bus_test, hands_on_in_order_though_commits_report_out_of_order) {
  auto told = reader(1, acme);
  auto one = committed(acme, 2);
  auto two = committed(acme, 1);
  auto three = committed(acme, 2);
  store.hold("load_facts");

  tell(bus, facts_committed{acme, three});
  tell(bus, facts_committed{acme, one});
  tell(bus, facts_committed{acme, two});

  EXPECT_EQ(*told, (sequences{1, 2, 3, 4, 5}));
}

TEST_F(event_bus_test, fills_a_gap_from_the_store) {
  auto told = reader(1, acme);
  tell(bus, facts_committed{acme, committed(acme, 1)});
  committed(acme, 700); // whose messages were lost

  tell(bus, facts_committed{acme, committed(acme, 1)});

  ASSERT_EQ(told->size(), 702u);
  for (std::size_t i = 0; i < told->size(); ++i) ASSERT_EQ((*told)[i], static_cast<std::int64_t>(i) + 1);
}

TEST_F(event_bus_test, a_failed_look_is_repeated_with_the_next_commit) {
  auto told = reader(1, acme);
  tell(bus, facts_committed{acme, committed(acme, 1)});
  committed(acme, 1);
  store.fail("load_facts", trouble(errc::retry_later, "database_away"));
  tell(bus, facts_committed{acme, committed(acme, 1)});
  EXPECT_EQ(*told, (sequences{1}));

  tell(bus, facts_committed{acme, committed(acme, 1)});

  EXPECT_EQ(*told, (sequences{1, 2, 3, 4}));
}

TEST_F(event_bus_test, facts_that_the_store_has_no_more_do_not_hold_up_the_others) {
  auto told = reader(1, acme);
  tell(bus, facts_committed{acme, committed(acme, 1)});
  committed(acme, 2);
  auto late = committed(acme, 1);
  store.tenants[acme].facts.clear(); // erased meanwhile

  tell(bus, facts_committed{acme, late});

  EXPECT_EQ(*told, (sequences{1, 4}));
  EXPECT_EQ(store.times("load_facts"), 1u);
}

TEST_F(event_bus_test, a_reader_of_one_tenant_hears_nothing_of_another) {
  auto mine = reader(1, acme);
  auto all = reader(2, tenant_id{});

  tell(bus, facts_committed{acme, committed(acme, 1)});
  tell(bus, facts_committed{other_house, committed(other_house, 2)});

  EXPECT_EQ(*mine, (sequences{1}));
  EXPECT_EQ(*all, (sequences{1, 1, 2}));
}

TEST_F(event_bus_test, who_left_hears_nothing_more) {
  auto told = reader(1, acme);
  tell(bus, facts_committed{acme, committed(acme, 1)});

  tell(bus, reader_left{1});
  tell(bus, facts_committed{acme, committed(acme, 1)});

  EXPECT_EQ(*told, (sequences{1}));
}

TEST_F(event_bus_test, a_reader_that_throws_is_a_reader_no_more_and_disturbs_nobody) {
  int tried = 0;
  tell(bus, reader_came{1, acme, [&tried](const fact&) {
                          ++tried;
                          throw std::runtime_error("full");
                        }});
  auto told = reader(2, acme);

  tell(bus, facts_committed{acme, committed(acme, 3)});

  EXPECT_EQ(tried, 1);
  EXPECT_EQ(*told, (sequences{1, 2, 3}));
}

TEST_F(event_bus_test, a_failure_inside_leaves_the_readers_where_they_are) {
  auto told = reader(1, acme);
  tell(bus, facts_committed{acme, committed(acme, 1)});
  committed(acme, 1);
  store.blow_up("load_facts");
  tell(bus, facts_committed{acme, committed(acme, 1)});

  tell(bus, facts_committed{acme, committed(acme, 1)});

  EXPECT_EQ(told->back(), 4);
}

} // namespace
} // namespace kalends::actors
