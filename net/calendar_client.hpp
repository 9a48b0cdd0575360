// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_client.hpp"
#include "schema/calendar_event.hpp"
#include "schema/provider.hpp"
#include "schema/result.hpp"
#include "schema/sync.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kalends::net {

/// Where the vendors live. All of it is configuration, so that the sandbox can stand in for all of it.
struct vendor_endpoints {
  std::string google_authorization = "https://accounts.google.com/o/oauth2/v2/auth";
  std::string google_token = "https://oauth2.googleapis.com/token";
  std::string google_revoke = "https://oauth2.googleapis.com/revoke";
  std::string google_issuer = "https://accounts.google.com";
  std::string google_calendar = "https://www.googleapis.com/calendar/v3";
  std::string google_keys = "https://www.googleapis.com/oauth2/v3/certs"; ///< what its tokens are signed with
  std::string google_pubsub = "https://pubsub.googleapis.com/v1";
  std::string microsoft_login =
      "https://login.microsoftonline.com"; ///< "/{tenant}/oauth2/v2.0/…" is appended
  std::string microsoft_graph = "https://graph.microsoft.com/v1.0";
};

/// Who calls, for which calendar. An empty calendar means the account's primary one.
struct calendar_access {
  std::string access_token;
  calendar_id calendar;
};

struct list_request {
  std::string cursor; ///< continue a finished read; empty: from the beginning
  std::string page;   ///< continue within a read (`change_page::next_page`)
  read_window window; ///< Graph, first page of a read from the beginning
  int page_size = 250;
};

/// A create that can be repeated: the same `event`/`transaction_id` never makes a second event.
struct new_event {
  event_id event;             ///< Google
  std::string transaction_id; ///< Graph
  entry_id tag;
  /// Of a series, `changed` occurrences are not written with it: `write_occurrence` does. Google takes
  /// `exdates` with the insert.
  appointment what;
  bool invites = false; ///< `what.attendees` become its guests and are mailed; else it has none
};

/// Writes only `changed`, guarded by `version` (If-Match): 412 is errc::conflict. `what` is complete. Group
/// `occurrences` is not written by it, `attendees` only if `invites`: then guests whom it does not name are
/// taken off, and of those it names everything we do not know stays.
struct event_update {
  event_id event;
  std::string version;
  field_set changed;
  appointment what;
  bool invites = false; ///< guests are mailed about it
  /// Addresses of people whom the entry has as assigned and not as guests: who of them is a guest of the
  /// event stays one.
  std::vector<std::string> people = {};
};

/// One occurrence of a series: `cancel` takes it out, `change` makes it say `what` (the groups `changed`),
/// `restore` brings back one that was cancelled (Google; Graph cannot: errc::invalid
/// `occurrence_not_restorable`).
struct occurrence_write {
  enum class kind { cancel, change, restore } how{};
  event_id series;
  appointment master; ///< as the calendar has it: gives the slot its zone and its length
  recurrence_id at{};
  field_set changed;
  appointment what;
  bool invites = false;
};

struct channel_request {
  std::string address;           ///< absolute URL of our webhook
  std::string lifecycle_address; ///< Graph
  std::string channel_id;        ///< Google: our UUID
  std::string secret;            ///< token / clientState
  instant expires_at{};          ///< wish; the answer tells what it is
};

template <class T>
using vendor_done = std::function<void(result<T>)>;

/// One vendor's calendar API: builds requests, reads answers, decides nothing. Thread-safe; `done` is called
/// exactly once, on an I/O thread, or on the caller's before the call returns when no request can be made
/// (missing id, foreign link). Calls in flight outlive the client. Errors carry the reaction (see errc):
/// 401 -> reauthorize, 403 quota/429/5xx -> retry_later with retry_after, 409 -> duplicate, 410 on a listing
/// -> resync, 412 -> conflict, 404/410 on an event -> not_found, other 4xx -> invalid/forbidden; an answer
/// that is not what the vendor documents (HTML, not JSON) -> broken `vendor_answer_unreadable`. Nobody is
/// mailed unless a write says `invites`: Google gets sendUpdates=none, and events made at Graph no attendees.
class calendar_client {
public:
  virtual ~calendar_client() = default;

  /// Names the query that cursors belong to; changes whenever the parameters of `list_changes` change.
  virtual std::string cursor_fingerprint() const = 0;

  [[nodiscard]] virtual call_token list_changes(calendar_access who, list_request what,
                                                vendor_done<change_page> done) = 0;
  /// errc::not_found when it is gone; an event that is merely cancelled comes back with `removed`. The id of
  /// a series' master answers the whole series: rule, cancelled and changed occurrences (`what.repeats`);
  /// this may take two requests. The id of an occurrence whose series is out of reach (a guest of that one
  /// occurrence only) answers a single event.
  [[nodiscard]] virtual call_token get_event(calendar_access who, event_id event,
                                             vendor_done<calendar_event> done) = 0;
  /// The event as it now is. A create that happened before (lost answer) returns the existing event.
  [[nodiscard]] virtual call_token insert_event(calendar_access who, new_event event,
                                                vendor_done<calendar_event> done) = 0;
  [[nodiscard]] virtual call_token update_event(calendar_access who, event_update update,
                                                vendor_done<calendar_event> done) = 0;
  /// Succeeds with true if this call removed it, false if it was gone already.
  [[nodiscard]] virtual call_token delete_event(calendar_access who, event_id event, std::string version,
                                                vendor_done<bool> done) = 0;
  /// True if the occurrence says so now; false if there is no such occurrence any more, or, when cancelling,
  /// it was cancelled already. Takes up to three requests at Graph, which has to be asked for the
  /// occurrence's id.
  [[nodiscard]] virtual call_token write_occurrence(calendar_access who, occurrence_write what,
                                                    vendor_done<bool> done) = 0;
  [[nodiscard]] virtual call_token list_calendars(calendar_access who,
                                                  vendor_done<std::vector<calendar_listing>> done) = 0;
  [[nodiscard]] virtual call_token open_channel(calendar_access who, channel_request request,
                                                vendor_done<channel> done) = 0;
  /// Graph: a new expiry for the same subscription. Google cannot renew: errc::invalid `open_a_new_channel`.
  [[nodiscard]] virtual call_token renew_channel(calendar_access who, channel current, instant expires_at,
                                                 vendor_done<channel> done) = 0;
  [[nodiscard]] virtual call_token close_channel(calendar_access who, channel current,
                                                 vendor_done<bool> done) = 0;
};

/// Nothing if that vendor can say it; else a closed code that names the part it cannot say
/// ("recurrence_rdate", "recurrence_byyearday", "recurrence_zone", …). To be asked before a write: nothing is
/// ever approximated. Pure.
std::optional<std::string> unsayable(provider_type vendor, const appointment& what);

/// `deadline` is for each request of a call, all in all (opening a subscription at Graph may take 45 s,
/// because Graph asks our webhooks first); after it the call fails with errc::retry_later `timeout`.
std::unique_ptr<calendar_client>
make_google_calendar(std::shared_ptr<http_client> http, vendor_endpoints endpoints, world w,
                     std::chrono::milliseconds deadline = std::chrono::seconds(30));
std::unique_ptr<calendar_client>
make_microsoft_graph(std::shared_ptr<http_client> http, vendor_endpoints endpoints, world w,
                     std::chrono::milliseconds deadline = std::chrono::seconds(30));

} // namespace kalends::net
