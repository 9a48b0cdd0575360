// SPDX-License-Identifier: Apache-2.0
#include "actors/event_bus.hpp"

#include "actors/last_words.hpp"

#include <algorithm>

namespace kalends::actors {

namespace {

constexpr std::int64_t commits_in_flight = 100; ///< far more than the database has threads
constexpr std::size_t gap_page = 500;
constexpr std::size_t early_limit = 10'000; ///< per tenant; above, the database tells them again

} // namespace

event_bus::event_bus(caf::actor_config& cfg, persistence::engine_store& store)
    : actor_with<event_bus_actor, event_bus_state>(cfg), store_(store) {
  report_last_words(*this, "event bus");
}

event_bus::behavior_type event_bus::make_behavior() {
  return {[this](const facts_committed& m) { take(m); },
          [this](const reader_came& m) {
            state.readers[m.reader] = {m.tenant, m.sink};
          },
          [this](const reader_left& m) { state.readers.erase(m.reader); }};
}

void event_bus::take(const facts_committed& m) {
  if (m.facts.empty()) return;
  auto& s = state.streams[m.tenant];
  auto first = std::min_element(m.facts.begin(), m.facts.end(),
                                [](const fact& a, const fact& b) { return a.sequence < b.sequence; });
  // The first report need not be of the first commit, so the stream begins a little earlier; readers drop
  // what they have had.
  if (s.told == 0) s.told = std::max<std::int64_t>(0, first->sequence - 1 - commits_in_flight);
  for (const auto& f : m.facts)
    if (f.sequence > s.told && s.early.size() < early_limit) s.early.emplace(f.sequence, f);
  hand_on(m.tenant, s);
}

void event_bus::hand_on(const tenant_id& tenant, event_bus_state::stream& s) {
  while (!s.early.empty() && s.early.begin()->first <= s.told + 1) {
    auto next = s.early.extract(s.early.begin());
    if (next.key() <= s.told) continue;
    s.told = next.key();
    for (const auto& [id, reader] : state.readers)
      if (reader.tenant.empty() || reader.tenant == tenant) reader.sink(next.mapped());
  }
  if (!s.early.empty() && !s.filling) fill_gap(tenant, s);
}

void event_bus::fill_gap(const tenant_id& tenant, event_bus_state::stream& s) {
  s.filling = true;
  store_.load_facts(tenant, s.told, gap_page,
                    ask<std::vector<fact>>(this, [this, tenant](result<std::vector<fact>> found) {
                      auto& stream = state.streams[tenant];
                      stream.filling = false;
                      if (!found) return; // the next commit of this tenant tries again
                      for (auto& f : *found)
                        if (f.sequence > stream.told) stream.early.emplace(f.sequence, std::move(f));
                      // What was committed before and is not there now (erased, kept no longer) will not
                      // come.
                      if (found->empty() && !stream.early.empty())
                        stream.told = std::max(stream.told, stream.early.begin()->first - 1);
                      hand_on(tenant, stream);
                    }));
}

} // namespace kalends::actors
