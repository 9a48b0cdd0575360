// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/core.hpp"
#include "sandbox/google_error.hpp"
#include "sandbox/google_pubsub.hpp"
#include "sandbox/google_store.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kalends::sandbox::google {

/// A watch channel. https://developers.google.com/workspace/calendar/api/guides/push
struct channel {
  std::string id, resource_id, resource_uri, token, address;
  std::string account, client_id;
  std::string calendar_id; ///< empty: the account's calendar list
  instant expires;
  std::int64_t messages = 0;
  bool stopped = false;
  friend bool operator==(const channel&, const channel&) = default;
};

/// The rest of a listing whose first page was answered: ids in order, rendered when their page is asked for.
struct open_listing {
  std::string fingerprint;
  std::vector<std::string> ids;
  std::int64_t watermark = 0;
};

/// A guest's copy that has yet to arrive.
struct copy_under_way {
  instant due;
  std::string guest;
  event meeting;
  bool cancelled = false;
};

inline constexpr std::size_t copies_limit = 10'000; ///< beyond, the oldest arrives at once
inline constexpr std::size_t answers_limit = 200;   ///< guests of a meeting beyond which answers go nowhere
inline constexpr std::size_t open_listing_limit = 1'000;
inline constexpr std::size_t channel_limit = 10'000;

/// Google's half. Its parts are in google_oauth, google_events, google_list, google_calendars, google_push,
/// google_guests, google_batch and google_person; google_pubsub and google_service_accounts are the cloud.
class half final : public vendor_half {
public:
  explicit half(core& c) : all(c), calendars(c.clock) {}

  void add_routes(router& routes) override;
  void open_account(const account& owner) override;
  std::optional<net::http_response> authorize(call& c) override;
  net::http_response standard_error(std::string_view reason, int status) override;
  boost::json::array calendars_of(const account& owner) override;
  boost::json::array events_of(const account& owner, std::string_view calendar) override;
  result<boost::json::object> person_writes(const account& owner, std::string_view calendar,
                                            std::string_view event,
                                            const boost::json::object& change) override;
  result<void> person_deletes(const account& owner, std::string_view calendar,
                              std::string_view event) override;
  boost::json::array channels() override;
  bool expire_channel(std::string_view id) override;
  void invalidate_sync_tokens(const account& owner) override;
  std::size_t send_lifecycle(const account&, std::string_view, std::string_view) override { return 0; }
  void tick() override;
  void save(state_writer& out) override;
  void load(state_reader& in) override;
  void adopt(notice& n) override;

  core& all;
  store calendars;
  cloud robots;
  std::vector<channel> watches;
  std::map<std::string, open_listing, std::less<>> listings; ///< by page token
  std::deque<std::string> listing_order;
  std::map<std::string, std::int64_t, std::less<>> tokens_void_before; ///< account -> change number
  std::int64_t guest_copy_seconds = 0; ///< from a meeting's change to the guests' copies
  std::deque<copy_under_way> copies;   ///< in the order in which they arrive

private:
  struct {
    written_map<std::string, channel> watches;
    written_map<std::string, present> listings;
    written_map<std::string, std::int64_t> void_tokens;
  } written_;
};

// -- parts; each adds its routes --

void add_oauth_routes(half& h, router& routes);
void add_event_routes(half& h, router& routes);
void add_list_routes(half& h, router& routes);
void add_calendar_routes(half& h, router& routes);
void add_push_routes(half& h, router& routes);
void add_batch_route(half& h, router& routes);
void add_split_route(half& h, router& routes);

/// A Calendar API route: refusals become error bodies, `fields` is applied, etags and conditions are
/// honoured.
void add_api(router& routes, std::string verb, std::string pattern, std::string name,
             std::vector<std::string> scopes, std::function<net::http_response(call&)> answer);

/// Short names of the scopes a method takes, any one of them.
const std::vector<std::string>& scopes_to_read_events();
const std::vector<std::string>& scopes_to_write_events();

// -- google_events.cpp --

/// The calendar of the path, or 404.
calendar& calendar_of(half& h, const call& c);
/// The request's JSON object. Throws `refusal` (`parseError`).
boost::json::object body_of(const call& c);
/// The zone of the response: the query's `timeZone`, else the calendar's.
std::string response_zone(const call& c, const calendar& in);
event& insert_event(half& h, calendar& in, const boost::json::object& body, const write_options& options);
/// Replaces (or, with `merge`, patches) an event or an occurrence.
event& change_event(half& h, calendar& in, std::string_view id, const boost::json::object& body, bool merge,
                    const write_options& options);
void delete_event(half& h, calendar& in, std::string_view id);

// -- google_push.cpp --

void notify(half& h, const calendar& changed);
void notify_calendar_list(half& h, const std::string& owner);

// -- google_guests.cpp: one meeting in several calendars --

/// A guest's list of attendees counts for the own answer alone, and so does anybody's with
/// `attendeesOmitted`.
void keep_guest_list(const calendar& in, const event& before, event& after, bool omitted);
/// Refuses what a guest may not change. `before` is the stored row, `after` the row as it would become.
void check_guest(const calendar& in, const event& before, const event& after);
/// Brings a written or deleted event into the calendars of everybody it concerns.
void spread(half& h, calendar& in, const event& before, const event& after);
/// Copies whose time has come.
void deliver_copies(half& h);
/// GET and PATCH /_sandbox/google/knobs
void add_knob_routes(half& h, router& routes);

// -- google_fields.cpp --

/// Applies a partial-response selector ("items(id,etag),nextSyncToken"). Throws `refusal` when it is
/// malformed.
boost::json::value select_fields(const boost::json::value& from, std::string_view selector);

} // namespace kalends::sandbox::google
