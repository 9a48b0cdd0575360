// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/actors/plan_fixture.hpp"

namespace kalends::actors {

/// An entry that stands in a calendar, and both agree.
class linked_fixture : public plan_fixture {
protected:
  /// One linked entry in calendar `a`; nothing is left to be taken.
  calendar_event linked(const provider& c, std::vector<user_id> assigned) {
    EXPECT_TRUE(create_entry(p(), visit, hour(std::move(assigned))));
    auto event = insert(c, visit);
    taken();
    return event;
  }
  void edit_title(const std::string& title) {
    entry_edit e;
    e.title = title;
    ASSERT_TRUE(change_entry(p(), visit, e));
    taken();
  }
  const schedule_entry& entry() { return *p().entry(visit); }
};

} // namespace kalends::actors
