// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::actors {

/// What connecting a calendar would do, planned and not done: each event and entry goes through the very
/// planners that a connection uses, on a picture that nobody commits. Titles are those that the entries would
/// have, so a calendar that brings in "Busy" tells no more here; of what is left out no title is kept at all.
class rehearsal_plan {
public:
  using unsayable_there = std::function<bool(const appointment&)>;

  /// `calendar` as it rehearses; planned is as if it did not.
  rehearsal_plan(tenant_id tenant, provider calendar, world w, unsayable_there unsayable);

  /// Events that a first read shows, with what is stored about them. Removed ones are nothing to anybody.
  void add_events(std::span<const calendar_event> events, std::span<const schedule_entry> entries,
                  std::span<const mapping> links, std::span<const meeting_line> meetings,
                  std::span<const person_line> people = {});
  /// An event that was shown and not looked at.
  void leave_out(const calendar_event& event, std::string_view why);
  /// Entries that may belong there. After the events: what was linked by then is there already.
  void add_entries(std::span<const schedule_entry> entries);
  /// The limit of a rehearsal was reached: there is more than it tells.
  void is_not_all() { complete_ = false; }

  /// JSON object; at most 128 KiB.
  std::string report() const;

private:
  struct sample {
    std::string id; ///< of the event, or of the entry that would go there
    std::string title;
    std::string start;
  };
  struct tally {
    int count = 0;
    std::vector<sample> some;
    void add(sample s);
  };
  tenant_picture picture() const;
  void add_event(tenant_picture& p, const calendar_event& event);

  tenant_id tenant_;
  provider calendar_;
  world world_;
  unsayable_there unsayable_;
  int events_ = 0, mailed_ = 0;
  bool complete_ = true;
  tally created_here_, changed_here_, linked_, created_there_, changed_there_;
  std::map<std::string, tally, std::less<>> left_out_;
  std::set<entry_id> linked_entries_;
};

} // namespace kalends::actors
