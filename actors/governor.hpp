// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/governor_core.hpp"
#include "net/calendar_client.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace kalends::actors {

class governor;

/// The right to make one call. Dropped, it is given back, as a call that was broken off.
class call_leave {
public:
  call_leave() = default;
  call_leave(std::shared_ptr<governor> from, governor_core::ticket id) : from_(std::move(from)), id_(id) {}
  call_leave(call_leave&& o) noexcept : from_(std::move(o.from_)), id_(o.id_.exchange(0)) {}
  call_leave& operator=(call_leave&& o) noexcept {
    std::swap(from_, o.from_);
    id_ = o.id_.exchange(id_);
    return *this;
  }
  ~call_leave();

  /// `too_late` is called if the call is still under way after `governor::longest_call`; on the thread of the
  /// governor's clock, and it must only mail.
  void guard(std::function<void()> too_late);
  /// The vendor answered; only the first time counts. Any thread, at the moment of the answer: who asked may
  /// be ending, and what a vendor asks for holds for those who come after him. `extraordinary`: the call took
  /// all the requests that it can take.
  void answered(const error* failed, bool extraordinary);

private:
  std::shared_ptr<governor> from_;
  std::atomic<governor_core::ticket> id_ = 0;
};

/// `governor_core` behind a lock, shared by all calendars of this process. No actor, because nearly every
/// call may go at once and a question to a mailbox and back would cost as much as the rest of a notice's
/// messages together; asking here takes less than a microsecond. The supervisor's clock drives it. Any
/// thread.
class governor : public std::enable_shared_from_this<governor> {
public:
  /// An answer of the vendor's that has not come by then never will: more than any call's requests may take
  /// together.
  static constexpr auto longest_call = std::chrono::minutes(3);

  /// `now` measures pauses and budgets: a clock that never jumps, since a wall clock that is set forward
  /// would shorten what a vendor asked for.
  using clock = std::function<instant()>;
  static std::shared_ptr<governor> open(clock now, observe::meter& meter, governor_limits limits = {});

  /// By that clock.
  instant now() const { return now_(); }

  using waiting = std::function<void(result<call_leave>)>;
  /// The answer, if it is known at once. Otherwise `later()` makes the one who waits; he hears exactly once,
  /// on any thread, also when the token is cancelled (errc::stopped).
  std::optional<result<call_leave>> ask(governor_core::wish w, const std::function<waiting()>& later,
                                        net::call_token& wait);
  /// The clock: lets those go whose time has come, and breaks off calls that never end.
  void turn();
  /// So many nodes share the budgets.
  void share_with(std::size_t nodes);

  /// The id of the OAuth client that this tenant's grants belong to, if it has been told lately.
  std::optional<std::string> project_of(const tenant_id& tenant, provider_type type);
  void remember_project(const tenant_id& tenant, provider_type type, std::string client_id);

  budget_report report(std::size_t most);
  std::size_t calls_waiting();
  std::size_t calls_under_way();

private:
  friend class call_leave;
  using ticket = governor_core::ticket;
  struct guarded {
    instant since;
    std::function<void()> too_late;
  };
  struct known_project {
    std::string client_id;
    instant until;
  };
  using news = std::vector<std::pair<waiting, result<call_leave>>>;

  governor(clock now, observe::meter& meter, governor_limits limits)
      : now_(std::move(now)), meter_(meter), core_(limits) {}
  void guard(ticket id, std::function<void()> too_late);
  void end(ticket id, answer_scope said, std::optional<std::chrono::milliseconds> retry_after,
           bool extraordinary);
  /// With the lock held.
  news decide(std::vector<governor_core::verdict> all);
  void tell_circuits(std::array<bool, 2> before);
  std::array<bool, 2> circuits() const;

  const clock now_;
  observe::meter& meter_;
  std::mutex guard_;
  governor_core core_;
  std::unordered_map<ticket, waiting> waiting_;
  std::unordered_map<ticket, guarded> under_way_;
  std::map<std::pair<tenant_id, provider_type>, known_project> projects_;
  instant next_watch_{};
};

} // namespace kalends::actors
