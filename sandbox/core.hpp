// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "sandbox/account.hpp"
#include "sandbox/clock.hpp"
#include "sandbox/faults.hpp"
#include "sandbox/journal.hpp"
#include "sandbox/jwt.hpp"
#include "sandbox/notifier.hpp"
#include "sandbox/router.hpp"
#include "sandbox/state_file.hpp"
#include "sandbox/vendor.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace kalends::sandbox {

/// What becomes of one request.
struct outcome {
  net::http_response response;
  bool cut = false;                     ///< close the connection instead of answering
  std::chrono::milliseconds latency{0}; ///< real time to wait before
};

enum class consent_mode { page, automatic };

/// Everything the sandbox knows, behind one mutex: requests are answered one at a time, and no answer leaves
/// before what it changed is kept. Handlers and vendor halves run with it locked. No network in here: the
/// server calls `handle`, the notifier is given a transport.
struct core {
  explicit core(world w);
  ~core();

  /// Answers one request: route, authorisation, fault plan, handler, journal. `done` is called once, maybe
  /// later.
  void handle(net::http_request request, std::function<void(outcome)> done);
  /// The same for routes that answer at once; for tests.
  outcome ask(net::http_request request);
  /// One request inside another (a batch's part). Call with the core locked.
  outcome nested(net::http_request request);

  /// Null when this half was not opened.
  vendor_half* half(vendor v) const { return v == vendor::google ? google.get() : microsoft.get(); }
  /// Adds an account and lets its vendor open the mailbox. Errors: those of directory::add, `no_such_vendor`.
  result<account*> open_account(account a);
  instant now() const { return clock.now(); }

  std::mutex mutex;
  world outside;
  virtual_clock clock;
  directory people;
  journal log;
  fault_plans faults;
  notifier push;
  signing_keys google_keys;
  signing_keys microsoft_keys;
  consent_mode consent = consent_mode::page;
  std::string consent_account;                ///< `automatic` without login_hint
  std::string base_url = "https://localhost"; ///< set once the port is known; no slash at the end
  router routes;
  std::unique_ptr<vendor_half> google;
  std::unique_ptr<vendor_half> microsoft;
  std::unique_ptr<state_file> kept; ///< none: everything ends with the process

private:
  struct pass;
  void guarded_begin(const std::shared_ptr<pass>& p);
  void begin(const std::shared_ptr<pass>& p);
  void end(const std::shared_ptr<pass>& p, net::http_response answer);
};

/// Opens both vendors' halves and adds every route, /_sandbox included. Call once, before the first request.
void open_halves(core& c);
/// The routes under /_sandbox.
void add_admin_routes(core& c);
/// The page at /_sandbox.
std::string admin_page();

} // namespace kalends::sandbox
