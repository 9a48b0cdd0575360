// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_client.hpp"
#include "sandbox/account.hpp"
#include "sandbox/state_part.hpp"
#include "schema/world.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kalends::sandbox {

struct core;

/// How one vendor repeats a push that was not accepted.
struct retry_rule {
  std::set<int> accepted;     ///< statuses that end it well
  std::set<int> retried;      ///< statuses worth another attempt; others end it badly
  bool retry_any_5xx = false; ///< 5xx besides `retried`
  bool retry_unreachable = true;
  std::chrono::seconds first_wait{1}; ///< virtual time, doubled each time
  std::chrono::seconds longest_wait{60};
  std::size_t attempts = 8;
  bool retry_any = false; ///< every status that is not accepted is worth another attempt
};

/// One push message on its way to a webhook.
struct notice {
  vendor kind = vendor::google;
  std::string account;
  std::string channel; ///< channel or subscription id, for the journal
  net::outgoing_request request;
  retry_rule rule;
  instant due;             ///< virtual
  std::size_t attempt = 0; ///< made so far
  bool in_flight = false;
  std::uint64_t number = 0;
  std::vector<std::string> concerns; ///< subscriptions that hear of it when it is given up; `on_end` reads it
  /// Called (core locked) when accepted or given up, with the last status (0: unreachable). May be empty.
  std::function<void(bool accepted, int status, const std::string& body)> on_end;
  /// Called (core locked) before every attempt; may change the request. What it returns is sent as
  /// Authorization and neither kept nor journaled. May be empty.
  std::function<std::string(net::outgoing_request& request)> prepare;
};

/// Sends `request` and calls `done` exactly once, later, on any thread, never from inside `send`.
using notice_transport = std::function<void(net::outgoing_request request, net::http_client::done done)>;

inline constexpr std::size_t notice_outbox_limit = 100'000;

/// The outbox of push messages. `post`, `flush` and `waiting` are called with the core locked; `pump`
/// without. Notices of one channel go out one after another, so they arrive in order unless a fault plan says
/// otherwise.
class notifier {
public:
  explicit notifier(core& c) : core_(c) {}
  ~notifier();

  void use(notice_transport t) { transport_ = std::move(t); }
  /// Puts a notice in the outbox; fault plans for "notice" are applied here. Beyond the limit the oldest is
  /// dropped.
  void post(notice n);
  /// One message outside the outbox and its fault plans: Graph's validation of a notification URL. `done`
  /// runs with the core locked.
  void ask(net::outgoing_request request, std::function<void(result<net::http_reply>)> done);
  std::size_t waiting() const { return outbox_.size(); }
  void forget_channel(std::string_view channel);

  /// Sends what is due now. Called by a timer and after every request.
  void pump();

  // -- kept and found again: a notice on its way when the process ended is sent once more --
  void save(state_writer& out);
  /// The halves are loaded already. Throws on malformed records.
  void load(state_reader& in);

private:
  struct question {
    net::outgoing_request request;
    std::function<void(result<net::http_reply>)> done;
  };
  void settle(std::uint64_t number, result<net::http_reply> reply);

  core& core_;
  notice_transport transport_;
  std::list<notice> outbox_;
  std::list<question> questions_;
  std::optional<notice> held_back_; ///< by `reorder`, until the next one has gone out
  std::uint64_t last_ = 0;
  /// How far a notice was when it was written.
  struct progress {
    progress(const notice& n) : attempt(n.attempt), due(n.due) {}
    std::size_t attempt;
    instant due;
    friend bool operator==(const progress&, const progress&) = default;
  };
  written_map<std::uint64_t, progress> written_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

} // namespace kalends::sandbox
