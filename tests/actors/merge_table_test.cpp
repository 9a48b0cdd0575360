// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/linked_fixture.hpp"

#include <array>

namespace kalends::actors {
namespace {

// ---- every (base, here, there) of every group under every policy ----

appointment with_value(appointment a, field_group g, int v) {
  const auto text = std::string(1, static_cast<char>('A' + v));
  switch (g) {
  case field_group::time:
    a.end = at("2026-12-01T1" + std::to_string(v) + ":00:00");
    break;
  case field_group::title:
    a.title = text;
    break;
  case field_group::notes:
    a.notes = text;
    break;
  case field_group::location:
    a.location = text;
    break;
  case field_group::privacy:
    a.is_private = v == 1;
    break;
  case field_group::status:
    a.is_tentative = v == 1;
    break;
  case field_group::attendees:
    a.attendees.resize(1);
    a.attendees[0].email = text + "@example.org";
    break;
  case field_group::recurrence:
  case field_group::occurrences:
    break; // told in tests of their own: they are not independent of each other
  }
  return a;
}

struct merge_case {
  field_group group;
  conflict_policy policy;
  int event_age; ///< seconds after the entry's change
};

class merge_table_test : public linked_fixture, public ::testing::WithParamInterface<merge_case> {
protected:
  void run(const provider& calendar, int base, int here, int there) {
    const auto& c = GetParam();
    const entry_id id("e" + std::to_string(base) + std::to_string(here) + std::to_string(there));
    const event_id event("ev-" + id.str());
    const auto start = foreign("x").what;
    schedule_entry e;
    e.id = id;
    e.version = 7;
    e.what = with_value(start, c.group, here);
    e.what.start = at("2026-12-01T08:00:00");
    e.status = e.what.is_tentative ? entry_status::tentative : entry_status::scheduled;
    e.assigned = {alice};
    e.updated_at = now;
    mapping m;
    m.provider = calendar.id;
    m.entry = id;
    m.event = event;
    m.linked = true;
    m.event_version = "v1";
    m.entry_version = 6;
    m.base_entry = with_value(e.what, c.group, base);
    m.base_event = m.base_entry;
    p().know(e);
    p().know(m);
    calendar_event incoming;
    incoming.id = event;
    incoming.version = "v2";
    incoming.what = with_value(e.what, c.group, there);
    incoming.updated_at = now + std::chrono::seconds(c.event_age);

    pull(calendar, incoming);

    const bool conflict = here != base && there != base && here != there;
    const bool external =
        c.policy == conflict_policy::external || (c.policy == conflict_policy::newest && c.event_age > 0);
    const int wanted = there == base ? here : here == base || external ? there : here;
    const auto what =
        "base " + std::to_string(base) + " here " + std::to_string(here) + " there " + std::to_string(there);
    const auto changes = taken();
    EXPECT_EQ(p().entry(id)->what, with_value(e.what, c.group, wanted)) << what;
    EXPECT_EQ(p().entry(id)->version, wanted == here ? 7 : 8) << what;
    EXPECT_EQ(p().entry(id)->status == entry_status::tentative, p().entry(id)->what.is_tentative) << what;
    EXPECT_EQ(p().link(calendar.id, id)->event_version, "v2") << what;
    EXPECT_EQ(p().link(calendar.id, id)->base_event, incoming.what) << what;
    EXPECT_EQ(changes.facts.size(), (conflict ? 1u : 0u) + (wanted != here ? 1u : 0u)) << what;
    EXPECT_EQ(rows(changes), there != base && wanted != there ? names{"a:upsert"} : names{}) << what;
    EXPECT_EQ(std::holds_alternative<push_update>(plan_push(p(), calendar.id, id)), wanted != there) << what;
    EXPECT_EQ(changes.decisions.size(), conflict || wanted != here ? 1u : 0u) << what;
  }
};

TEST_P(merge_table_test, decides_every_case) {
  auto& cal = add("a", alice);
  cal.on_conflict = GetParam().policy;
  const auto a = cal;
  const bool two_values = GetParam().group == field_group::privacy || GetParam().group == field_group::status;
  const int values = two_values ? 2 : 3;
  for (int base = 0; base < values; ++base)
    for (int here = 0; here < values; ++here)
      for (int there = 0; there < values; ++there) run(a, base, here, there);
}

std::vector<merge_case> merge_cases() {
  std::vector<merge_case> out;
  for (const auto g : {field_group::time, field_group::title, field_group::notes, field_group::location,
                       field_group::privacy, field_group::status})
    for (const auto policy : {conflict_policy::newest, conflict_policy::local, conflict_policy::external})
      for (const int age : {-1, 0, 1}) out.push_back({g, policy, age});
  return out;
}

INSTANTIATE_TEST_SUITE_P(plan_pull_test, merge_table_test, ::testing::ValuesIn(merge_cases()));

} // namespace
} // namespace kalends::actors
