// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/authentication.hpp"
#include "api/engine_door.hpp"
#include "api/event_stream.hpp"
#include "api/google_pubsub.hpp"
#include "api/oauth_door.hpp"
#include "api/problem.hpp"
#include "api/refused_notices.hpp"
#include "api/router.hpp"
#include "api/sign_in_limits.hpp"
#include "net/http_client.hpp"
#include "net/http_message.hpp"
#include "net/oidc_check.hpp"
#include "observe/house_meter.hpp"
#include "observe/meter.hpp"
#include "persistence/database.hpp"
#include "persistence/directory.hpp"
#include "persistence/token_vault.hpp"
#include "schema/settings.hpp"
#include "schema/sign_in.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>

namespace kalends::api {

/// One thing that must hold for the server to be ready. An empty `reason` means that it does.
struct readiness_check {
  std::string name;
  std::string reason;
};

/// What the routes work with. All of it outlives them.
struct services {
  persistence::database& db;
  const persistence::token_vault& vault;
  std::shared_ptr<engine_door> engine;
  std::shared_ptr<oauth_door> oauth;
  settings configured;
  world outside;
  /// Whose token it is, if it is one of Google's for this audience: `net::oidc_checker::check`.
  std::function<void(std::string token, std::string audience, net::oidc_checker::done)> check_push_token = {};
  observe::house_meter* meter = &observe::no_house_meter();
  observe::meter* told = &observe::no_meter(); ///< about notices
  /// Answers GET /metrics with the text, an empty one when there is none just now. Null: there are no
  /// figures.
  std::function<void(std::function<void(std::string)>)> scrape = {};
  /// Answers with the doctor's report as JSON, an empty text when there is none just now. Null: there is no
  /// doctor.
  std::function<void(std::function<void(std::string)>)> examine = {};
  /// What must hold besides database and engine for `/readyz`. Null: nothing.
  std::function<std::vector<readiness_check>()> more_checks = {};
  /// Sends a request to another node and answers with what came of it; null when there are no others.
  std::function<void(net::outgoing_request, net::http_client::done)> send_on = {};
  bool mail_offered = false; ///< there is a server that takes mail
};

/// The Idempotency-Keys that requests of this process hold. Any thread.
class held_keys {
public:
  /// Holds the key until the last copy of what is returned is gone; nothing if somebody holds it already.
  std::shared_ptr<void> hold(const tenant_id& tenant, const std::string& key);

private:
  struct keys {
    std::mutex guard;
    std::set<std::pair<tenant_id, std::string>> held;
  };
  std::shared_ptr<keys> keys_ = std::make_shared<keys>();
};

/// What all requests share.
struct house {
  explicit house(services s) : with(std::move(s)), life(make_uuid(with.outside)) {}
  services with;
  const std::string life; ///< names this process: what a former one left under way is never finished
  key_cache keys;
  denial_limiter denials;
  pusher_cache pushers;
  event_streams streams;
  sign_in_guard sign_in;
  held_keys held;
  refused_notices refused;
};

/// The claim on an Idempotency-Key that this request holds.
struct answer_claim {
  std::string key;
  std::string fingerprint;
  std::string reserved_id; ///< the id of what is made; a repetition after a lost answer makes the same thing
  bool repeated = false;
  std::shared_ptr<void> held; ///< says to this process's other requests that it is under way
};

/// One request on its way to its answer. Shared by the callbacks that carry it on; used by one thread at a
/// time. Exactly one of `finish`, `fail` and `open_stream` ends it.
class call : public std::enable_shared_from_this<call> {
public:
  call(std::shared_ptr<house> h, net::http_request r, net::http_responder answer);

  net::http_request request;
  const std::string id; ///< the request's, in logs and answers
  std::shared_ptr<house> at;
  const route* where = nullptr;
  path_values path;
  principal who;
  std::optional<session> by_session; ///< what the request's cookie stands for, if it came in by one
  std::optional<answer_claim> claim;

  const services& with() const { return at->with; }
  /// The id for what this request makes.
  std::string new_id() const;
  /// The body as a JSON object; an empty body reads as {}.
  result<boost::json::object> body() const;

  void finish(net::http_response r);
  /// Answers the failure as a problem. A UUID of the path that was not found leaves a trace in the audit log.
  void fail(const error& e);
  std::shared_ptr<net::http_stream> open_stream(net::http_response head);

private:
  void send(net::http_response r);
  void tell(int status) const;
  net::http_responder answer_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};
using call_ptr = std::shared_ptr<call>;

/// Runs `step`; what it throws becomes a 500 instead of leaving the room.
void guarded(const call_ptr& c, const std::function<void()>& step);

template <class T>
using transaction_work = std::function<result<T>(persistence::transaction&)>;

/// Runs `work` for one tenant and goes on with what it returned; its failure is answered.
template <class T>
void ask(const call_ptr& c, const tenant_id& tenant, transaction_work<T> work, std::function<void(T)> then) {
  c->with().db.run<T>({tenant}, std::move(work), [c, then = std::move(then)](result<T> r) {
    guarded(c, [&] {
      if (!r) return c->fail(r.error());
      then(std::move(*r));
    });
  });
}

/// Runs `work` over all tenants' rows, which it cannot write, and goes on with what it returned.
template <class T>
void look(const call_ptr& c, transaction_work<T> work, std::function<void(T)> then) {
  c->with().db.look<T>(std::move(work), [c, then = std::move(then)](result<T> r) {
    guarded(c, [&] {
      if (!r) return c->fail(r.error());
      then(std::move(*r));
    });
  });
}

/// Runs `work` for the caller's tenant and answers with what it returns.
void answer_from(const call_ptr& c, transaction_work<net::http_response> work);
void answer_from(const call_ptr& c, const tenant_id& tenant, transaction_work<net::http_response> work);

/// An answer of the engine: goes on with the value, or answers the failure.
template <class T>
actors::answer_to<T> carry_on(const call_ptr& c, std::function<void(T)> then) {
  return [c, then = std::move(then)](result<T> r) {
    guarded(c, [&] {
      if (!r) return c->fail(r.error());
      then(std::move(*r));
    });
  };
}

net::http_response json_answer(int status, const boost::json::value& body);
net::http_response no_content();

/// What every answer bears: no sniffing, no referrer, no framing, no caching unless the answer said
/// otherwise.
void secure(net::http_response& r);

/// A line of the audit log about this call. `detail` holds no secret.
audit_line audit_of(const call& c, std::string action, std::string subject,
                    const boost::json::object& detail = {});
/// Writes an `access.denied` line, at most one per actor, subject and minute; nobody waits for it.
void note_denial(const call& c, const tenant_id& tenant, const std::string& actor, const std::string& subject,
                 const std::string& code);

} // namespace kalends::api
