// SPDX-License-Identifier: Apache-2.0
#include "actors/event_bus.hpp"

#include "actors/last_words.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace kalends::actors {

namespace {

constexpr std::int64_t commits_in_flight = 100; ///< far more than the database has threads
constexpr std::size_t gap_page = 500;
constexpr auto look_period = std::chrono::seconds(1);
constexpr std::size_t early_limit = 10'000; ///< per tenant; above, the database tells them again

} // namespace

event_bus::event_bus(caf::actor_config& cfg, persistence::engine_store& store,
                     std::shared_ptr<lease_book> leases, observe::meter& meter)
    : actor_with<event_bus_actor, event_bus_state>(cfg), store_(store), leases_(std::move(leases)),
      meter_(meter) {
  report_last_words(*this, "event bus");
}

event_bus::behavior_type event_bus::make_behavior() {
  if (leases_) delayed_send(this, look_period, look_elsewhere_now{});
  return {[this](const facts_committed& m) {
            survive(
                event_bus_state::name, meter_, [&] { take(m); }, [this] { state.streams.clear(); });
          },
          [this](look_elsewhere_now) { look_elsewhere(); },
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
  if (!s.begun) s.told = std::max<std::int64_t>(0, first->sequence - 1 - commits_in_flight);
  s.begun = true;
  for (const auto& f : m.facts)
    if (f.sequence > s.told && s.early.size() < early_limit) s.early.emplace(f.sequence, f);
  hand_on(m.tenant, s);
}

void event_bus::hand_on(const tenant_id& tenant, event_bus_state::stream& s) {
  while (!s.early.empty() && s.early.begin()->first <= s.told + 1) {
    auto next = s.early.extract(s.early.begin());
    if (next.key() <= s.told) continue;
    s.told = next.key();
    std::erase_if(state.readers, [&](const auto& r) {
      const auto& [id, reader] = r;
      return (reader.tenant.empty() || reader.tenant == tenant) && !tell(reader, next.mapped());
    });
  }
  if (!s.early.empty() && !s.filling) fill_gap(tenant, s);
}

/// Whether the reader took it.
bool event_bus::tell(const event_bus_state::reader& to, const fact& f) {
  bool took = true;
  survive(
      event_bus_state::name, meter_, [&] { to.sink(f); }, [&] { took = false; });
  return took;
}

void event_bus::fill_gap(const tenant_id& tenant, event_bus_state::stream& s) {
  s.filling = true;
  store_.load_facts(tenant, s.told, gap_page,
                    ask<std::vector<fact>>(this, [this, tenant](result<std::vector<fact>> found) {
                      survive(
                          event_bus_state::name, meter_, [&] { gap_read(tenant, std::move(found)); },
                          [this] { state.streams.clear(); });
                    }));
}

void event_bus::gap_read(const tenant_id& tenant, result<std::vector<fact>> found) {
  auto& stream = state.streams[tenant];
  stream.filling = false;
  if (!found) return; // the next commit of this tenant tries again
  for (auto& f : *found)
    if (f.sequence > stream.told) stream.early.emplace(f.sequence, std::move(f));
  // What was committed before and is not there now (erased, kept no longer) will not come.
  if (found->empty() && !stream.early.empty())
    stream.told = std::max(stream.told, stream.early.begin()->first - 1);
  hand_on(tenant, stream);
}

// ---------------------------------------------------------------- tenants that run on other nodes

void event_bus::look_elsewhere() {
  delayed_send(this, look_period, look_elsewhere_now{});
  std::set<tenant_id> read_here;
  for (const auto& [id, reader] : state.readers)
    if (!reader.tenant.empty() && !leases_->holds(reader.tenant)) read_here.insert(reader.tenant);
  for (const auto& tenant : read_here) {
    auto& s = state.streams[tenant];
    if (s.filling) continue;
    if (s.begun)
      fill_gap(tenant, s);
    else
      begin_stream(tenant);
  }
}

/// The newest fact is handed on: whoever has it already drops it, whoever was just reading what is before it
/// learns that there is more.
void event_bus::begin_stream(const tenant_id& tenant) {
  state.streams[tenant].filling = true;
  store_.last_sequence(tenant, ask<std::int64_t>(this, [this, tenant](result<std::int64_t> last) {
                         auto& s = state.streams[tenant];
                         s.filling = false;
                         if (!last || s.begun) return;
                         s.begun = true;
                         s.told = std::max<std::int64_t>(0, *last - 1);
                         fill_gap(tenant, s);
                       }));
}

} // namespace kalends::actors
