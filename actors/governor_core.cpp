// SPDX-License-Identifier: Apache-2.0
#include "actors/governor_core.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace kalends::actors {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t quantum = 4; ///< of a tenant's turn, in calls: no call costs more
constexpr int urgent_streak = 3;     ///< then one of the bulk goes
constexpr auto bulk_gives_way_for = 1min;
constexpr auto cleaning_period = 1min;
/// Without a Retry-After: doubled with every refusal in a row.
constexpr std::chrono::milliseconds first_rest = 1s;
constexpr std::chrono::milliseconds longest_rest = 64s;
/// Two accounts of a project that call too often within this time mean the project.
constexpr auto same_trouble = 10s;
/// Callers that the circuit breaker sends away come back one after the other.
constexpr auto refusal_spread = 25ms;

constexpr std::size_t at(urgency u) { return u == urgency::urgent ? 0 : 1; }

error asked_to_wait(std::chrono::milliseconds wait) {
  return {errc::retry_later, "vendor_asked_to_wait", "The vendor asked us to wait.", "", wait};
}

std::string key_of(provider_type t, const std::string& name, std::string_view more = {}) {
  std::string key(t == provider_type::google ? "g " : "m ");
  key += name;
  key += '\n';
  key += more;
  return key;
}

} // namespace

instant governor_core::steady(instant now) {
  if (told_ != instant{} && now > told_) clock_ += now - told_;
  if (told_ == instant{}) clock_ = now;
  told_ = now;
  return clock_;
}

const circuit_breaker& governor_core::circuit_of(const wish& w) const {
  const auto& v = vendors_[w.who.type == provider_type::google ? 0 : 1];
  return w.verb == observe::vendor_verb::refresh_token ? v.tokens : v.api;
}

circuit_breaker& governor_core::circuit_of(const wish& w) {
  return const_cast<circuit_breaker&>(std::as_const(*this).circuit_of(w));
}

bool governor_core::circuit_open(provider_type type) const {
  const auto& v = vendors_[type == provider_type::google ? 0 : 1];
  return v.api.open() || v.tokens.open();
}

// ---------------------------------------------------------------- asking

governor_core::verdict governor_core::request(wish w, instant now) {
  now = steady(now);
  forget_idle(now);
  call c;
  c.cost = cost_of(w.who.type, w.verb);
  c.mailbox_key = key_of(w.who.type, w.who.mailbox, w.who.project);
  c.project_key = key_of(w.who.type, w.who.project);
  c.what = std::move(w);
  c.since = now;
  auto& box = mailboxes_[c.mailbox_key];
  if (!box) box = std::make_unique<mailbox_account>();
  auto& project = projects_[c.project_key];
  if (!project) project = std::make_unique<project_account>();
  c.mailbox = box.get();
  c.project = project.get();
  if (auto why = refusal(c, now)) return {0, false, std::move(why)};
  if (waits_.size() >= limits_.waiting)
    return {0, false, error{errc::retry_later, "vendor_queue_full", "Too many calls wait already.", "", 5s}};

  const auto id = ++last_;
  ++c.mailbox->uses;
  ++c.project->uses;
  auto& v = vendor_of(c.what.who.type);
  const bool behind_own =
      !c.mailbox->waiting[0].empty() || (gives_way(c, now) && !c.mailbox->waiting[1].empty());
  const bool behind_tenant = v.lanes.contains(c.what.who.tenant);
  if (behind_own || !mailbox_lets(c, now)) {
    auto& kept = waits_.emplace(id, std::move(c)).first->second;
    queue_at_mailbox(id, kept);
  } else if (behind_tenant || !house_lets(c, now)) {
    auto& kept = waits_.emplace(id, std::move(c)).first->second;
    queue_in_lane(id, kept);
  } else {
    return let_go(id, std::move(c), now);
  }
  return {id, false, {}};
}

/// What waiting would not mend soon.
std::optional<error> governor_core::refusal(const call& c, instant now) const {
  for (const auto* p : {&c.mailbox->resting, &c.project->resting})
    if (p->until && *p->until > now + limits_.longest_pause_waited_for) return asked_to_wait(*p->until - now);
  const auto closed = circuit_of(c.what).closed_for(c.what.who.provider, now);
  if (!closed) return std::nullopt;
  const auto behind = std::hash<provider_id>{}(c.what.who.provider) % 100;
  return error{errc::retry_later, "vendor_circuit_open",
               "The vendor does not answer; calls wait until it does.", "",
               *closed + refusal_spread * static_cast<int>(behind)};
}

/// Bulk does, until it has waited long enough.
bool governor_core::gives_way(const call& c, instant now) {
  return c.what.how == urgency::bulk && now < c.since + bulk_gives_way_for;
}

bool governor_core::mailbox_lets(call& c, instant now) {
  const auto& limits = limits_of(c.what.who.type);
  auto& box = *c.mailbox;
  if (box.resting.until && now < *box.resting.until) return false;
  if (limits.in_flight > 0 && box.in_flight >= part(limits.in_flight)) return false;
  auto whole = part(limits.mailbox.calls);
  if (gives_way(c, now)) whole -= whole / 10;
  const auto used = box.window.used(now, limits.mailbox.span);
  return used + c.cost.most <= whole || (used == 0 && c.cost.most > whole);
}

/// How much of `whole` this call's tenant may see used. `own`: what it uses of it itself.
std::uint32_t governor_core::house_share(const call& c, std::uint32_t whole, std::uint32_t own,
                                         std::size_t tenants, instant now) const {
  // One more than there are: who comes next has to find room.
  const auto fair = whole / static_cast<std::uint32_t>(tenants + 1);
  if (own >= fair) return std::max<std::uint32_t>(1, whole - whole / 5);
  return gives_way(c, now) ? std::max<std::uint32_t>(1, whole - whole / 10) : whole;
}

bool governor_core::house_lets(call& c, instant now) {
  const auto& limit = limits_of(c.what.who.type).project;
  auto& project = *c.project;
  if (project.resting.until && now < *project.resting.until) return false;
  auto& own = project.tenants[c.what.who.tenant];
  own.touched = now;
  const auto whole = part(limit.calls);
  const auto share = house_share(c, whole, own.window.used(now, limit.span), project.tenants.size(), now);
  const auto used = project.window.used(now, limit.span);
  if (used + c.cost.most > share && !(used == 0 && c.cost.most > share)) return false;
  const auto lines = limits_.calls_at_once;
  return vendor_of(c.what.who.type).in_flight <
         house_share(c, lines, own.in_flight, project.tenants.size(), now);
}

governor_core::verdict governor_core::let_go(ticket id, call c, instant now) {
  if (auto why = refusal(c, now)) {
    --c.mailbox->uses;
    --c.project->uses;
    return {id, false, std::move(why)};
  }
  circuit_of(c.what).passed(now);
  grant(id, std::move(c), now);
  return {id, true, {}};
}

void governor_core::grant(ticket id, call c, instant now) {
  const auto& limits = limits_of(c.what.who.type);
  c.since = now;
  c.mailbox->window.add(now, limits.mailbox.span, c.cost.most);
  c.project->window.add(now, limits.project.span, c.cost.most);
  c.mailbox->touched = c.project->touched = now;
  auto& own = c.project->tenants[c.what.who.tenant];
  own.window.add(now, limits.project.span, c.cost.most);
  own.touched = now;
  ++own.in_flight;
  ++c.mailbox->in_flight;
  ++vendor_of(c.what.who.type).in_flight;
  calls_.emplace(id, std::move(c));
}

// ---------------------------------------------------------------- waiting

void governor_core::queue_at_mailbox(ticket id, call& c) {
  c.at_the_mailbox = true;
  c.mailbox->waiting[at(c.what.how)].push_back(id);
  vendor_of(c.what.who.type).blocked.insert(c.mailbox);
}

void governor_core::queue_in_lane(ticket id, call& c) {
  c.at_the_mailbox = false;
  auto& v = vendor_of(c.what.who.type);
  auto [own, first] = v.lanes.try_emplace(c.what.who.tenant);
  if (first) v.turns.push_back(c.what.who.tenant);
  own->second.waiting[at(c.what.how)].push_back(id);
}

void governor_core::withdraw(ticket id, call& c) {
  auto& v = vendor_of(c.what.who.type);
  if (c.at_the_mailbox) {
    std::erase(c.mailbox->waiting[at(c.what.how)], id);
    if (c.mailbox->waiting[0].empty() && c.mailbox->waiting[1].empty()) v.blocked.erase(c.mailbox);
  } else if (const auto own = v.lanes.find(c.what.who.tenant); own != v.lanes.end()) {
    std::erase(own->second.waiting[at(c.what.how)], id);
    if (own->second.empty()) {
      v.lanes.erase(own);
      std::erase(v.turns, c.what.who.tenant);
    }
  }
  --c.mailbox->uses;
  --c.project->uses;
  waits_.erase(id);
}

std::vector<governor_core::verdict> governor_core::turn(instant now) {
  now = steady(now);
  forget_idle(now);
  std::vector<verdict> out;
  if (waits_.empty()) return out;
  give_up_late(now, out);
  for (auto& v : vendors_) {
    for (auto next = v.blocked.begin(); next != v.blocked.end();) release_mailbox(v, **next++, now, out);
    serve_lanes(v, now, out);
  }
  return out;
}

void governor_core::give_up_late(instant now, std::vector<verdict>& out) {
  while (!waits_.empty() && waits_.begin()->second.since + limits_.patience <= now) {
    const auto id = waits_.begin()->first;
    withdraw(id, waits_.begin()->second);
    out.push_back({id, false,
                   error{errc::retry_later, "vendor_budget_spent",
                         "The vendor's limits left no room for this call.", "", 1min}});
  }
}

/// Calls whose account has room again go on to wait for the house, or leave if it rests for longer.
void governor_core::release_mailbox(vendor& v, mailbox_account& box, instant now, std::vector<verdict>& out) {
  auto& bulk = box.waiting[1];
  const bool bulk_first = !bulk.empty() && !gives_way(waits_.at(bulk.front()), now);
  for (auto* queue : {&box.waiting[bulk_first ? 1 : 0], &box.waiting[bulk_first ? 0 : 1]})
    while (!queue->empty()) {
      const auto id = queue->front();
      auto& c = waits_.at(id);
      if (auto why = refusal(c, now)) {
        withdraw(id, c);
        out.push_back({id, false, std::move(why)});
        continue;
      }
      if (!mailbox_lets(c, now)) break;
      queue->pop_front();
      if (v.lanes.contains(c.what.who.tenant) || !house_lets(c, now)) {
        queue_in_lane(id, c);
        continue;
      }
      out.push_back(let_go(id, std::move(c), now));
      waits_.erase(id);
    }
  if (box.waiting[0].empty() && box.waiting[1].empty()) v.blocked.erase(&box);
}

/// Deficit round robin: whoever has its turn may spend `quantum` more; a tenant without room keeps its turn's
/// place but delays nobody. Ends when a whole round let nobody go.
void governor_core::serve_lanes(vendor& v, instant now, std::vector<verdict>& out) {
  for (std::size_t idle_turns = 0; idle_turns < v.turns.size();) {
    const auto tenant = v.turns.front();
    auto& l = v.lanes.at(tenant);
    l.deficit = std::min(l.deficit + quantum, 2 * quantum);
    bool served = false;
    while (!l.empty() && serve_one(l, now, out)) served = true;
    v.turns.pop_front();
    if (l.empty())
      v.lanes.erase(tenant);
    else
      v.turns.push_back(tenant);
    idle_turns = served ? 0 : idle_turns + 1;
  }
}

bool governor_core::serve_one(lane& l, instant now, std::vector<verdict>& out) {
  auto& urgent = l.waiting[0];
  auto& bulk = l.waiting[1];
  const bool bulk_turn = urgent.empty() || (!bulk.empty() && l.urgent_in_a_row >= urgent_streak);
  auto& queue = bulk_turn ? bulk : urgent;
  const auto id = queue.front();
  auto& c = waits_.at(id);
  if (!mailbox_lets(c, now)) { // another of its account's calls went first: out of everybody's way
    queue.pop_front();
    queue_at_mailbox(id, c);
    return true;
  }
  if (c.cost.most > l.deficit || !house_lets(c, now)) return false;
  queue.pop_front();
  l.deficit -= c.cost.most;
  l.urgent_in_a_row = bulk_turn ? 0 : l.urgent_in_a_row + 1;
  out.push_back(let_go(id, std::move(c), now));
  waits_.erase(id);
  return true;
}

// ---------------------------------------------------------------- answers

std::vector<governor_core::verdict> governor_core::end(ticket id, answer_scope said,
                                                       std::optional<std::chrono::milliseconds> retry_after,
                                                       bool extraordinary, instant now) {
  now = steady(now);
  std::vector<verdict> out;
  if (const auto wait = waits_.find(id); wait != waits_.end()) {
    withdraw(id, wait->second);
    return out;
  }
  const auto under_way = calls_.find(id);
  if (under_way == calls_.end()) return out;
  const auto c = std::move(under_way->second);
  calls_.erase(under_way);
  call_ended(c, said, retry_after, extraordinary, now);
  if (waits_.empty()) return out;
  auto& v = vendor_of(c.what.who.type);
  if (v.blocked.contains(c.mailbox)) release_mailbox(v, *c.mailbox, now, out);
  serve_lanes(v, now, out);
  return out;
}

void governor_core::call_ended(const call& c, answer_scope said,
                               std::optional<std::chrono::milliseconds> retry_after, bool extraordinary,
                               instant now) {
  const auto& limits = limits_of(c.what.who.type);
  auto& own = c.project->tenants[c.what.who.tenant];
  if (!extraordinary && said == answer_scope::fine && c.cost.most > c.cost.usual) {
    const auto back = c.cost.most - c.cost.usual;
    c.mailbox->window.take_back(c.since, limits.mailbox.span, back);
    c.project->window.take_back(c.since, limits.project.span, back);
    own.window.take_back(c.since, limits.project.span, back);
  }
  --own.in_flight;
  --c.mailbox->in_flight;
  --c.mailbox->uses;
  --c.project->uses;
  --vendor_of(c.what.who.type).in_flight;
  c.mailbox->touched = c.project->touched = own.touched = now;
  hear(c, said, retry_after, now);
}

void governor_core::hear(const call& c, answer_scope said,
                         std::optional<std::chrono::milliseconds> retry_after, instant now) {
  auto& circuit = circuit_of(c.what);
  auto& project = *c.project;
  switch (said) {
  case answer_scope::unknown:
    return circuit.unheard();
  case answer_scope::down:
    circuit.failed(c.what.who.provider, now);
    if (retry_after) rest(c.mailbox->resting, retry_after, now);
    return;
  case answer_scope::fine:
    if (!c.mailbox->resting.until || *c.mailbox->resting.until <= now) c.mailbox->resting = {};
    project.resting.in_a_row = 0;
    break;
  case answer_scope::mailbox:
    rest(c.mailbox->resting, retry_after, now);
    if (project.limited_at && now - *project.limited_at < same_trouble &&
        project.limited_mailbox != c.mailbox_key)
      rest(project.resting, std::nullopt, now);
    project.limited_at = now;
    project.limited_mailbox = c.mailbox_key;
    break;
  case answer_scope::project:
    rest(project.resting, retry_after, now);
    break;
  }
  circuit.worked();
}

void governor_core::rest(pause& p, std::optional<std::chrono::milliseconds> asked, instant now) {
  auto wait = first_rest;
  for (int n = 0; n < p.in_a_row && wait < longest_rest; ++n) wait *= 2;
  if (!p.until || *p.until <= now) ++p.in_a_row; // calls that were under way together count once
  wait = std::max(std::min(wait, longest_rest), asked.value_or(0ms));
  p.until = std::max(p.until.value_or(instant{}), now + wait);
}

// ---------------------------------------------------------------- accounts

/// Accounts that nobody used for as long as their window reaches say nothing.
void governor_core::forget_idle(instant now) {
  if (now < next_cleaning_) return;
  next_cleaning_ = now + cleaning_period;
  const auto longest =
      std::max({limits_.granted.google.mailbox.span, limits_.granted.google.project.span,
                limits_.granted.microsoft.mailbox.span, limits_.granted.microsoft.project.span}) *
      2;
  auto stale = [&](const auto& account) {
    return account.uses == 0 && account.touched + longest < now &&
           (!account.resting.until || *account.resting.until < now);
  };
  std::erase_if(mailboxes_, [&](const auto& m) { return stale(*m.second); });
  std::erase_if(projects_, [&](const auto& p) { return stale(*p.second); });
  for (auto& [key, p] : projects_)
    std::erase_if(p->tenants,
                  [&](const auto& t) { return t.second.in_flight == 0 && t.second.touched + longest < now; });
}

budget_report governor_core::report(std::size_t most, instant now) {
  now = steady(now);
  std::unordered_map<const void*, std::uint32_t> waiting;
  std::map<std::pair<const void*, tenant_id>, std::uint32_t> of_tenants;
  for (const auto& [id, c] : waits_) {
    ++waiting[c.mailbox];
    ++waiting[c.project];
    ++of_tenants[{c.project, c.what.who.tenant}];
  }
  auto line_of = [&](budget_line::kind what, const std::string& key, const call_limit& limit, auto& account) {
    const auto cut = key.find('\n');
    budget_line l;
    l.what = what;
    l.type = key.front() == 'g' ? provider_type::google : provider_type::microsoft;
    (what == budget_line::kind::mailbox ? l.mailbox : l.project) = key.substr(2, cut - 2);
    if (what == budget_line::kind::mailbox) l.project = key.substr(cut + 1);
    l.limit = part(limit.calls);
    l.span = limit.span;
    l.used = account.window.used(now, limit.span);
    if (const auto n = waiting.find(&account); n != waiting.end()) l.waiting = n->second;
    if (account.resting.until && *account.resting.until > now) l.paused_for = *account.resting.until - now;
    return l;
  };
  budget_report out;
  out.nodes = nodes_;
  for (auto& [key, box] : mailboxes_) {
    const auto& limits = limits_of(key.front() == 'g' ? provider_type::google : provider_type::microsoft);
    out.lines.push_back(line_of(budget_line::kind::mailbox, key, limits.mailbox, *box));
    out.lines.back().in_flight = box->in_flight;
  }
  for (auto& [key, project] : projects_) {
    const auto& limits = limits_of(key.front() == 'g' ? provider_type::google : provider_type::microsoft);
    auto whole = line_of(budget_line::kind::project, key, limits.project, *project);
    for (const auto& [tenant, use] : project->tenants) whole.in_flight += use.in_flight;
    out.lines.push_back(whole);
    for (auto& [tenant, use] : project->tenants) {
      auto l = whole;
      l.what = budget_line::kind::tenant;
      l.tenant = tenant;
      l.used = use.window.used(now, limits.project.span);
      l.in_flight = use.in_flight;
      const auto n = of_tenants.find({project.get(), tenant});
      l.waiting = n == of_tenants.end() ? 0 : n->second;
      out.lines.push_back(std::move(l));
    }
  }
  out.total = out.lines.size();
  const auto shown = std::min(most, out.lines.size());
  auto order = [](const budget_line& a, const budget_line& b) {
    const auto pa = a.pressure(), pb = b.pressure();
    if (pa != pb) return pa > pb;
    return std::tie(a.what, a.project, a.tenant, a.mailbox) <
           std::tie(b.what, b.project, b.tenant, b.mailbox);
  };
  std::partial_sort(out.lines.begin(), out.lines.begin() + static_cast<std::ptrdiff_t>(shown),
                    out.lines.end(), order);
  out.lines.resize(shown);
  for (const auto type : {provider_type::google, provider_type::microsoft})
    out.circuits.emplace_back(type, circuit_open(type));
  return out;
}

std::uint32_t governor_core::mailbox_used(const vendor_caller& who, instant now) {
  const auto found = mailboxes_.find(key_of(who.type, who.mailbox, who.project));
  return found == mailboxes_.end()
             ? 0
             : found->second->window.used(steady(now), limits_of(who.type).mailbox.span);
}

std::uint32_t governor_core::project_used(const vendor_caller& who, instant now) {
  const auto found = projects_.find(key_of(who.type, who.project));
  return found == projects_.end() ? 0
                                  : found->second->window.used(steady(now), limits_of(who.type).project.span);
}

} // namespace kalends::actors
