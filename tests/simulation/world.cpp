// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.hpp"

#include <algorithm>

namespace kalends::simulation {

using namespace actors;
using namespace std::chrono_literals;
using testing::ledger_store;

namespace {

constexpr auto vendor_patience = 40s; ///< the clients' own deadline: a call is over by then

std::string uuid(const std::string& kind, int n) {
  const auto digits = std::to_string(n);
  return "0192a000-0000-7000-80" + kind + "-" + std::string(12 - digits.size(), '0') + digits;
}

} // namespace

// ---------------------------------------------------------------- setup

world_of_seed::world_of_seed(unsigned seed, bool in_words, unsigned nodes)
    : dice_(seed), log_(in_words), judge_(log_, ledger_), vendor_(dice_, log_, judge_),
      has_latecomers_(seed % 4 == 3), latecomers_dice_(~seed), is_rich_(seed % 2 == 1), rare_(~seed ^ 0x5eed),
      clears_up_(seed % 5 == 2), clearing_dice_(seed ^ 0x9e3779b9U) {
  configured_.google = oauth_app{"client", "sekrit-client", ""};
  configured_.microsoft = oauth_app{"client", "sekrit-client", "common"};
  if (!dice_.one_in(3)) configured_.webhook_url = "https://kalends.example";
  configured_.reconcile_interval = std::chrono::hours(1);
  ledger_->clock = [this] { return now_; };
  judge_.know(vendor_.accounts());
  build(nodes);
  if (is_rich_) enrich();
}

world_of_seed::~world_of_seed() {
  slots_.clear();
  ledger_->before_commit = nullptr;
  ledger_->after_commit = nullptr;
}

void world_of_seed::build(unsigned nodes) {
  for (int n = 0; n < 2; ++n) build_house(n);
  choose_faults();
  slots_.resize(nodes);
  for (auto& s : slots_) {
    if (dice_.coin()) s.skew = std::chrono::milliseconds(static_cast<int>(dice_.below(20'000)) - 10'000);
    start(s);
  }
}

void world_of_seed::build_house(int n) {
  house h;
  h.id = tenant_id(uuid("aa", n));
  h.mark = std::string(1, static_cast<char>('a' + n));
  ledger_->tenants[h.id];
  judge_.know(h.id, h.mark);
  const int people = n == 0 ? 2 + static_cast<int>(dice_.below(2)) : 1;
  for (int i = 0; i < people; ++i) h.users.emplace_back(uuid("bb", n * 10 + i));
  int calendars = 0;
  for (const auto& user : h.users)
    connect(h, n * 10 + calendars++, dice_.coin() ? provider_type::google : provider_type::microsoft, user,
            provider_scope::user);
  if (n == 0 && dice_.coin())
    connect(h, n * 10 + calendars++, dice_.coin() ? provider_type::google : provider_type::microsoft,
            h.users.front(), provider_scope::tenant);
  if (has_latecomers_)
    for (const auto& p : h.calendars)
      if (latecomers_dice_.coin()) comes_later(h, p);
  houses_.push_back(std::move(h));
  auto& kept = houses_.back();
  for (const auto& p : kept.calendars)
    for (unsigned i = dice_.below(4); i > 0; --i) person_writes(kept, vendor_.at(p));
}

provider& world_of_seed::connect(house& h, int n, provider_type type, const user_id& who,
                                 provider_scope scope) {
  const provider_id id(uuid("cc", n));
  auto& a = vendor_.open_account(h.id, id, type, h.mark + "-calendar-" + std::to_string(n));
  auto& r = ledger_->tenants[h.id].providers[id];
  r.calendar.id = id;
  r.calendar.type = type;
  r.calendar.user = who;
  r.calendar.scope = scope;
  r.calendar.status = provider_status::active;
  r.calendar.account = a.calendar.str();
  r.calendar.calendar = a.calendar;
  r.calendar.calendar_name = dice_.coin() ? "Work" : ""; // empty: it connects first
  r.calendar.calendar_zone = "Europe/Berlin";
  r.calendar.on_conflict = static_cast<conflict_policy>(dice_.below(3));
  r.calendar.on_deletion = dice_.coin() ? deletion_policy::unlink : deletion_policy::cancel_entry;
  if (dice_.one_in(6)) r.calendar.direction = sync_direction::to_provider;
  if (dice_.one_in(8)) r.calendar.direction = sync_direction::from_provider;
  r.tokens = vendor_.new_grant(a, now_);
  h.calendars.push_back(id);
  return r.calendar;
}

/// Each world has its own troubles, so that rare combinations get their turn; some have none.
void world_of_seed::choose_faults() {
  static const std::vector<std::string> kinds{
      "timeout_before", "timeout_after",   "broken_answer",      "token_refused", "throttled",
      "unavailable",    "write_refused",   "late_effect",        "cursor_void",   "page_fails",
      "listing_misses", "listing_repeats", "listing_cycles",     "notice_lost",   "notice_late",
      "notice_doubled", "database_away",   "commit_answer_lost", "stale_version", "store_blows_up",
      "node_crashes",   "actor_ends",      "node_freezes",       "clock_jumps",   "consent_withdrawn"};
  for (const auto& kind : kinds)
    if (dice_.coin()) faults_.insert(kind);
  if (dice_.one_in(10)) faults_.clear();
  vendor_.faults = faults_;
  vendor_.trouble = 5 + dice_.below(40);
  trouble_ = 20 + dice_.below(100);
}

void world_of_seed::start(slot& s) {
  s.restart_at.reset();
  s.frozen_until.reset();
  s.asleep = 0ms;
  const int number = ++nodes_started_;
  s.running = std::make_unique<node>(
      number, ledger_, configured_, [this, &s] { return now_at(s); }, [this] { return now_; }, dice_, log_);
  s.running->on_fact = [this, number](const fact& f) { judge_.fact_told(number, f); };
  log_.say([&] { return "node " + std::to_string(number) + " starts"; });
}

// ---------------------------------------------------------------- life

outcome world_of_seed::live(int steps) {
  outcome o;
  for (; o.steps < steps && !failed(); ++o.steps) {
    log_.at(o.steps);
    step();
  }
  log_.at(o.steps);
  if (!failed()) come_to_rest();
  o.violation = log_.violation();
  o.happened = log_.happened();
  o.story.assign(log_.last_lines().begin(), log_.last_lines().end());
  for (const auto& [id, t] : ledger_->tenants)
    for (const auto& d : t.decisions)
      o.fingerprint = o.fingerprint * 31 + std::hash<std::string>{}(d.id + d.inputs);
  return o;
}

/// Chance picks among what can happen now; time goes by when nothing else wants to.
void world_of_seed::step() {
  const auto what = dice_.below(100);
  if (what < 84 && !the_house_moves())
    pass(dice_.one_in(6) ? 4s : 1s);
  else if (what >= 84 && what < 87)
    person_acts();
  else if (what >= 87 && what < 90)
    host_acts();
  else if (what >= 90 && what < 99)
    pass(dice_.one_in(8) ? 4s : 250ms);
  else if (what == 99)
    something_goes_wrong();
  if (has_latecomers_) latecomers_act();
  if (is_rich_) rarer_acts();
  if (clears_up_) host_clears_up();
  judge_.read_new_texts();
}

/// A job, an answer of the database, or a vendor's turn: whichever there is.
bool world_of_seed::the_house_moves() {
  auto* s = awake_slot();
  if (s == nullptr) return false;
  auto& n = *s->running;
  const bool asks = n.store().waiting() > 0, calls = !n.calls.empty() || !n.refreshes.empty();
  if (n.jobs() > 0 && (dice_.below(3) != 0 || (!asks && !calls)))
    run_a_job(*s);
  else if (asks && (dice_.coin() || !calls))
    answer_a_question(*s);
  else if (calls)
    serve_a_call(*s);
  else
    return false;
  return true;
}

world_of_seed::slot* world_of_seed::awake_by(chance& dice) {
  std::vector<slot*> awake;
  for (auto& s : slots_)
    if (s.running && !s.frozen_until) awake.push_back(&s);
  return awake.empty() ? nullptr : dice.pick(awake);
}

world_of_seed::house& world_of_seed::house_of(const tenant_id& t) {
  return *std::find_if(houses_.begin(), houses_.end(), [&](const house& h) { return h.id == t; });
}

void world_of_seed::run_a_job(slot& s) {
  s.running->run_job(dice_.below(s.running->jobs()));
  look_at_calls(s);
}

/// The oracle hears of every call the moment it is made.
void world_of_seed::look_at_calls(slot& s) {
  auto& n = *s.running;
  n.collect_calls(
      now_,
      [&](const node::open_call& c) {
        auto* a = vendor_.owner_of(c.call->who);
        log_.say([&] {
          return "node " + std::to_string(n.number()) + " calls " + c.call->verb + " of " +
                 (a != nullptr ? a->calendar.str() : "nobody");
        });
        if (a != nullptr) judge_.call_by(n.id(), *a, *c.call);
        judge_.call_issued({n.number(), c.caller}, a, *c.call, now_);
      },
      [&](const vendor::call_ptr& c) { vendor_.abandon(c, now_); });
}

void world_of_seed::answer_a_question(slot& s) {
  auto& store = s.running->store();
  const auto which = dice_.below(store.waiting());
  const auto fate = fate_of_question(s, which);
  log_.say([&] { return "the database answers " + store.held_question(which); });
  log_.count("question:" + store.held_question(which));
  store.end(which, fate);
}

void world_of_seed::serve_a_call(slot& s) {
  auto& n = *s.running;
  if (!n.refreshes.empty() && (n.calls.empty() || dice_.coin())) return answer_a_refresh(s);
  const auto [call, since, caller] = n.calls.at(dice_.below(n.calls.size()));
  auto* a = vendor_.owner_of(call->who);
  log_.say(
      [&] { return "the vendor serves " + call->verb + " of " + (a != nullptr ? a->calendar.str() : ""); });
  const auto refused = vendor_.serve(call, now_);
  if (refused && refused->retry_after)
    judge_.told_to_wait({n.number(), caller}, now_ + *refused->retry_after);
  look_at_calls(s);
}

void world_of_seed::answer_a_refresh(slot& s) {
  auto& open = s.running->refreshes;
  const auto which = dice_.below(open.size());
  auto r = std::move(open[which]);
  open.erase(open.begin() + which);
  net::calendar_access who{r.current.access_token, {}};
  auto* a = vendor_.owner_of(who);
  log_.count("call:refresh");
  auto answer = vendor_.refresh(*a, r.current, now_);
  log_.say([&] {
    return "the vendor refreshes the token of " + a->calendar.str() +
           (answer ? "" : " not: the grant is gone");
  });
  if (!answer && answer.error().kind == errc::reauthorize)
    judge_.grant_refused({s.running->number(), r.caller});
  r.done(std::move(answer));
}

// ---------------------------------------------------------------- time

void world_of_seed::pass(std::chrono::milliseconds d) {
  now_ += d;
  vendor_.let_time_pass(now_);
  for (auto& s : slots_) {
    if (!s.running) {
      if (s.restart_at && *s.restart_at <= now_) start(s);
      continue;
    }
    if (s.running->stillborn()) {
      crash(s);
      continue;
    }
    s.asleep += d;
    if (s.frozen_until && now_ < *s.frozen_until) continue;
    if (std::exchange(s.frozen_until, std::nullopt)) log_.say([] { return std::string("a node wakes up"); });
    s.running->let_time_pass(std::exchange(s.asleep, 0ms));
    for (const auto& c : s.running->calls)
      if (c.call->open && c.since + vendor_patience < now_) vendor_.time_out(c.call, now_);
    look_at_calls(s);
  }
  for (const auto& n : vendor_.due_notices(now_)) deliver(n);
}

/// The webhook: a vendor repeats what was not accepted, for a while.
void world_of_seed::deliver(const notice& n) {
  auto ticket = net::read_ticket(n.secret);
  auto* s = awake_slot();
  if (s == nullptr || !ticket) return vendor_.repeat(n, now_);
  log_.count("notice_delivered");
  const auto life = s->running->number();
  log_.say([&] { return "a notice for " + n.of->calendar.str() + " reaches node " + std::to_string(life); });
  s->running->deliver(*ticket, [this, n, told = n.of->model.serial()](const result<bool>& accepted) {
    if (accepted)
      judge_.notice_accepted(*n.of, told);
    else if (accepted.error().kind == errc::retry_later)
      vendor_.repeat(n, now_);
    else
      log_.count("notice_refused");
  });
}

} // namespace kalends::simulation
