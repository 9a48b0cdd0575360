// SPDX-License-Identifier: Apache-2.0
#include "actors/governor.hpp"

#include "observe/log.hpp"

namespace kalends::actors {

using namespace std::chrono_literals;

namespace {

/// A tenant's own OAuth client is asked for again after this; until then a new one's calls count for the old.
constexpr auto project_known_for = 10min;
constexpr std::size_t projects_known = 100'000;
constexpr auto watch_period = 5s; ///< of looking for calls that never end

} // namespace

call_leave::~call_leave() {
  if (const auto id = id_.exchange(0); from_ && id != 0) from_->end(id, answer_scope::unknown, {}, true);
}

void call_leave::guard(std::function<void()> too_late) {
  if (from_ && id_ != 0) from_->guard(id_, std::move(too_late));
}

void call_leave::answered(const error* failed, bool extraordinary) {
  const auto id = id_.exchange(0);
  if (!from_ || id == 0) return;
  if (failed == nullptr) return from_->end(id, answer_scope::fine, {}, extraordinary);
  from_->end(id, scope_of(*failed), failed->retry_after, true);
}

std::shared_ptr<governor> governor::open(clock now, observe::meter& meter, governor_limits limits) {
  return std::shared_ptr<governor>(new governor(std::move(now), meter, limits));
}

std::optional<result<call_leave>> governor::ask(governor_core::wish w, const std::function<waiting()>& later,
                                                net::call_token& wait) {
  const auto now = now_();
  ticket id = 0;
  {
    const std::lock_guard lock(guard_);
    auto said = core_.request(std::move(w), now);
    if (said.denied) return result<call_leave>(tl::unexpected(std::move(*said.denied)));
    if (said.granted) return call_leave(shared_from_this(), said.id);
    id = said.id;
    waiting_.emplace(id, later());
  }
  wait = net::call_token([at = weak_from_this(), id] {
    const auto here = at.lock();
    if (!here) return;
    waiting who;
    {
      const std::lock_guard lock(here->guard_);
      const auto found = here->waiting_.find(id);
      if (found == here->waiting_.end()) return; // heard already
      who = std::move(found->second);
      here->waiting_.erase(found);
      here->core_.end(id, answer_scope::unknown, {}, true, here->now_());
    }
    who(failure(errc::stopped, "stopped", "The caller has cancelled the call."));
  });
  return std::nullopt;
}

governor::news governor::decide(std::vector<governor_core::verdict> all) {
  news out;
  for (auto& said : all) {
    const auto who = waiting_.find(said.id);
    if (who == waiting_.end()) continue;
    if (said.granted)
      out.emplace_back(std::move(who->second), call_leave(shared_from_this(), said.id));
    else
      out.emplace_back(std::move(who->second), tl::unexpected(std::move(*said.denied)));
    waiting_.erase(who);
  }
  return out;
}

void governor::turn() {
  const auto now = now_();
  news told;
  std::vector<std::function<void()>> late;
  {
    const std::lock_guard lock(guard_);
    told = decide(core_.turn(now));
    if (now >= next_watch_) {
      next_watch_ = now + watch_period;
      for (auto& [id, call] : under_way_)
        if (call.since + longest_call <= now && call.too_late)
          late.push_back(std::exchange(call.too_late, {}));
    }
  }
  for (auto& [who, what] : told) who(std::move(what));
  for (const auto& tell : late) tell();
}

void governor::guard(ticket id, std::function<void()> too_late) {
  const auto now = now_();
  const std::lock_guard lock(guard_);
  under_way_.insert_or_assign(id, guarded{now, std::move(too_late)});
}

void governor::end(ticket id, answer_scope said, std::optional<std::chrono::milliseconds> retry_after,
                   bool extraordinary) {
  const auto now = now_();
  news told;
  std::unordered_map<ticket, guarded>::node_type watched; // ends outside of the lock
  std::array<bool, 2> before{}, after{};
  {
    const std::lock_guard lock(guard_);
    watched = under_way_.extract(id);
    before = circuits();
    told = decide(core_.end(id, said, retry_after, extraordinary, now));
    after = circuits();
  }
  if (before != after) tell_circuits(before);
  for (auto& [who, what] : told) who(std::move(what));
}

std::array<bool, 2> governor::circuits() const {
  return {core_.circuit_open(provider_type::google), core_.circuit_open(provider_type::microsoft)};
}

void governor::tell_circuits(std::array<bool, 2> before) {
  for (const auto type : {provider_type::google, provider_type::microsoft}) {
    const bool open = [&] {
      const std::lock_guard lock(guard_);
      return core_.circuit_open(type);
    }();
    if (open == before[type == provider_type::google ? 0 : 1]) continue;
    meter_.circuit(type, open);
    if (open)
      observe::log(observe::log_level::error, "a vendor does not answer: calls wait until it does",
                   {{"vendor", name_of(type)}});
    else
      observe::log(observe::log_level::warn, "a vendor answers again", {{"vendor", name_of(type)}});
  }
}

void governor::share_with(std::size_t nodes) {
  const std::lock_guard lock(guard_);
  core_.share_with(nodes);
}

std::optional<std::string> governor::project_of(const tenant_id& tenant, provider_type type) {
  const auto now = now_();
  const std::lock_guard lock(guard_);
  const auto found = projects_.find({tenant, type});
  if (found == projects_.end() || found->second.until <= now) return std::nullopt;
  return found->second.client_id;
}

void governor::remember_project(const tenant_id& tenant, provider_type type, std::string client_id) {
  const auto now = now_();
  const std::lock_guard lock(guard_);
  if (projects_.size() >= projects_known) projects_.clear(); // they are asked for again
  projects_.insert_or_assign({tenant, type}, known_project{std::move(client_id), now + project_known_for});
}

budget_report governor::report(std::size_t most) {
  const auto now = now_();
  const std::lock_guard lock(guard_);
  return core_.report(most, now);
}

std::size_t governor::calls_waiting() {
  const std::lock_guard lock(guard_);
  return core_.waiting();
}

std::size_t governor::calls_under_way() {
  const std::lock_guard lock(guard_);
  return core_.in_flight();
}

} // namespace kalends::actors
