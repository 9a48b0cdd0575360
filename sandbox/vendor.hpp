// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "sandbox/account.hpp"
#include "schema/result.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kalends::sandbox {

class router;
class state_reader;
class state_writer;
struct call;
struct core;
struct notice;

/// One vendor's half of the sandbox: its routes, its calendars, its push. Every member is called with the
/// core locked, so an implementation needs no lock of its own and must not block.
class vendor_half {
public:
  virtual ~vendor_half() = default;

  virtual void add_routes(router& routes) = 0;
  /// A new account: makes its primary calendar and whatever else a fresh mailbox has.
  virtual void open_account(const account& owner) = 0;
  /// For routes that need a grant: fills in `call::who` and `call::token`, or says what to answer instead.
  virtual std::optional<net::http_response> authorize(call& c) = 0;
  /// The vendor's own body for a named error ("rateLimitExceeded", "fullSyncRequired", "resyncRequired", …).
  /// `status` 0 means the status that belongs to the name.
  virtual net::http_response standard_error(std::string_view reason, int status) = 0;

  // -- what a person sees and does in the calendar app; no token, no quota, but all the usual effects --

  /// `[{"id", "name", "primary", "time_zone"}]`
  virtual boost::json::array calendars_of(const account& owner) = 0;
  /// Rows `{"id", "calendar_id", "title", "start", "end", "all_day", "time_zone", "status", "recurring",
  /// "resource"}`; `resource` is the vendor's form. An empty `calendar` is the primary one. Deleted events
  /// are left out.
  virtual boost::json::array events_of(const account& owner, std::string_view calendar) = 0;
  /// Creates (empty `event`) or changes an event. `change` holds any of `title`, `notes`, `location`,
  /// `start`, `end`
  /// ("2026-12-01T09:00" or "2026-12-01"), `all_day`, `time_zone`, and `resource`: vendor-shaped fields,
  /// merged last. Returns the vendor's form.
  virtual result<boost::json::object> person_writes(const account& owner, std::string_view calendar,
                                                    std::string_view event,
                                                    const boost::json::object& change) = 0;
  virtual result<void> person_deletes(const account& owner, std::string_view calendar,
                                      std::string_view event) = 0;

  // -- push and deltas --

  /// `[{"id", "vendor", "account", "resource", "url", "expires", "active"}]`
  virtual boost::json::array channels() = 0;
  /// False when there is no such channel or subscription.
  virtual bool expire_channel(std::string_view id) = 0;
  /// The next delta of this account answers 410.
  virtual void invalidate_sync_tokens(const account& owner) = 0;
  /// Graph's lifecycle notices (`reauthorizationRequired`, `subscriptionRemoved`, `missed`); `subscription`
  /// empty: all of the account. Returns how many were put in the outbox.
  virtual std::size_t send_lifecycle(const account& owner, std::string_view subscription,
                                     std::string_view event) = 0;
  /// The clock moved: expire what is due.
  virtual void tick() = 0;

  // -- kept and found again --

  virtual void save(state_writer& out) = 0;
  /// The accounts are there already. Throws on malformed records.
  virtual void load(state_reader& in) = 0;
  /// Gives a notice that was found again what cannot be written down: its rule and `on_end`.
  virtual void adopt(notice& n) = 0;
};

/// Both keep `c` and are destroyed before it.
std::unique_ptr<vendor_half> make_google(core& c);
std::unique_ptr<vendor_half> make_microsoft(core& c);

} // namespace kalends::sandbox
