// SPDX-License-Identifier: Apache-2.0
#include "net/crypto.hpp"
#include "net/google_json.hpp"
#include "net/vendor_call.hpp"
#include "net/vendor_event.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;

/// What every listing asks for; a sync token is only good for the same query, so all of it is the
/// fingerprint. Out-of-office, focus time, birthdays and working locations are no appointments that both
/// sides could keep.
constexpr std::string_view listing_query = "singleEvents=false&showDeleted=true&eventTypes=default";
/// Conference data and attachments are much of a page and are not ours.
constexpr std::string_view event_fields =
    "id,etag,status,summary,description,location,start,end,visibility,recurrence,recurringEventId,iCalUID,"
    "updated,attendees(email,displayName,responseStatus,optional,organizer,self),attendeesOmitted,"
    "organizer(email,self),guestsCanModify,extendedProperties/private";
constexpr std::string_view exception_fields =
    "id,etag,status,summary,description,location,start,end,visibility,recurringEventId,originalStartTime";
constexpr int exception_page_limit = 20; ///< of 2500 rows
constexpr int largest_page = 2'500;
constexpr int calendar_page_limit = 40; ///< of 250 calendars
constexpr auto shortest_channel = 60s;
constexpr auto longest_channel = 7 * 24h;

/// What all calls share; outlives the client as long as a call is under way.
struct google_api {
  std::shared_ptr<http_client> http;
  std::string url;
  world outside;
  std::chrono::milliseconds deadline;

  std::shared_ptr<vendor_call> start(const calendar_access& who) const {
    return std::make_shared<vendor_call>(http, outside, who.access_token, &google_reaction);
  }
  std::string calendar(const calendar_access& who) const {
    return "/calendars/" + percent_encode(who.calendar.empty() ? "primary" : who.calendar.str());
  }
  outgoing_request request(std::string method, const std::string& path, std::string body = {}) const {
    outgoing_request r;
    r.total_timeout = deadline;
    r.read_timeout = std::min(r.read_timeout, deadline);
    r.method = std::move(method);
    r.url = url + path;
    r.body = std::move(body);
    return r;
  }
};
using api_ptr = std::shared_ptr<const google_api>;

std::string selection(std::string_view fields) { return "fields=" + percent_encode(fields); }

/// Guests are mailed only when that was asked for.
std::string mail_query(bool invites) { return invites ? "sendUpdates=all" : "sendUpdates=none"; }

std::string list_query(const list_request& what) {
  std::string query(listing_query);
  query += "&maxResults=" + std::to_string(std::clamp(what.page_size, 1, largest_page));
  query += "&" + selection("timeZone,nextPageToken,nextSyncToken,items(" + std::string(event_fields) + ")");
  if (!what.cursor.empty()) query += "&syncToken=" + percent_encode(what.cursor);
  if (!what.page.empty()) query += "&pageToken=" + percent_encode(what.page);
  return query;
}

/// Anything that ends with one event. An event that came without its own zone has the calendar's, which costs
/// one more question; so do the exceptions of a series, which are rows of their own.
class event_call : public std::enable_shared_from_this<event_call> {
public:
  event_call(api_ptr api, calendar_access who, vendor_done<calendar_event> done)
      : api_(std::move(api)), who_(std::move(who)), done_(std::move(done)), call_(api_->start(who_)) {}
  virtual ~event_call() = default;

  call_token token() { return call_->token(); }

  void get(const event_id& event) {
    call_->ask(asked::event, api_->request("GET", event_path(event)),
               [self = shared_from_this()](auto body) { self->got(std::move(body)); });
  }

  void send_write(asked what, outgoing_request request, const std::string& version) {
    if (!version.empty()) request.headers.emplace_back("If-Match", etag_of(version));
    call_->ask(what, std::move(request),
               [self = shared_from_this()](auto body) { self->got(std::move(body)); });
  }

  std::string event_path(const event_id& event) const {
    return api_->calendar(who_) + "/events/" + percent_encode(event.str());
  }

protected:
  /// The one way out of a call that went well.
  virtual void finish(result<calendar_event> event) { done_(std::move(event)); }

  void got(result<std::string> body) {
    if (!body) return finish(tl::unexpected(std::move(body.error())));
    auto event = read_guarded([&] { return read_google_event(*body, {}); });
    if (!event) return finish(tl::unexpected(std::move(event.error())));
    if (!event->zone_missing) return settle(std::move(*event));
    ask_zone(std::move(*body));
  }

  void ask_zone(std::string event_body) {
    const auto path = "/users/me/calendarList/" +
                      percent_encode(who_.calendar.empty() ? "primary" : who_.calendar.str()) +
                      "?fields=timeZone";
    call_->ask(asked::calendars, api_->request("GET", path),
               [self = shared_from_this(), event_body = std::move(event_body)](result<std::string> body) {
                 auto event = read_guarded([&]() -> result<google_event> {
                   const auto zone = body.and_then(read_google_calendar_zone);
                   if (!zone) return tl::unexpected(zone.error());
                   return read_google_event(event_body, *zone);
                 });
                 if (!event) return self->finish(tl::unexpected(std::move(event.error())));
                 self->settle(std::move(*event));
               });
  }

  void settle(google_event read) {
    auto& event = read.event;
    if (!event.removed && event.what.repeats) {
      series_ = std::move(event);
      return ask_exceptions({});
    }
    if (read.series.empty() || std::exchange(asked_series_, true)) return finish(std::move(event));
    // Who is a guest of one occurrence only cannot see its series: that occurrence is an event of its own.
    call_->ask(asked::event, api_->request("GET", event_path(read.series)),
               [self = shared_from_this(), event = std::move(event)](result<std::string> body) mutable {
                 if (!body && body.error().kind == errc::not_found) return self->finish(std::move(event));
                 self->got(std::move(body));
               });
  }

  void ask_exceptions(const std::string& page) {
    auto path = api_->calendar(who_) +
                "/events?showDeleted=true&singleEvents=false&maxResults=2500&iCalUID=" +
                percent_encode(series_.ical_uid) + "&" +
                selection("nextPageToken,items(" + std::string(exception_fields) + ")");
    if (!page.empty()) path += "&pageToken=" + percent_encode(page);
    call_->ask(asked::event, api_->request("GET", path),
               [self = shared_from_this()](auto body) { self->got_exceptions(std::move(body)); });
  }

  void got_exceptions(result<std::string> body) {
    auto page = body.and_then([&](const std::string& text) {
      return read_guarded([&] { return read_google_exceptions(text, series_); });
    });
    if (!page) return finish(tl::unexpected(std::move(page.error())));
    const auto next = page->next_page;
    append(std::move(*page));
    if (!next.empty() && ++exception_pages_ < exception_page_limit) return ask_exceptions(next);
    if (!next.empty())
      return finish(failure(errc::broken, "too_many_pages", "The list of exceptions does not end."));
    finish(read_guarded([&]() -> result<calendar_event> {
      complete_google_series(series_, std::move(exceptions_));
      return std::move(series_);
    }));
  }

  void append(google_exceptions page) {
    const auto add = [](auto& to, auto& from) {
      to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    };
    add(exceptions_.cancelled, page.cancelled);
    add(exceptions_.changed, page.changed);
    add(exceptions_.versions, page.versions);
    if (page.unreadable) exceptions_.unreadable = std::move(page.unreadable);
  }

  api_ptr api_;
  calendar_access who_;
  vendor_done<calendar_event> done_;
  std::shared_ptr<vendor_call> call_;
  calendar_event series_; ///< the master, while its exceptions are asked for
  google_exceptions exceptions_;
  bool asked_series_ = false;
  int exception_pages_ = 0;
};

/// Insert; when the id is taken, the event of that id is ours from an earlier try, or a deleted one to bring
/// back.
class insertion final : public event_call {
public:
  insertion(api_ptr api, calendar_access who, new_event event, vendor_done<calendar_event> done)
      : event_call(std::move(api), std::move(who), std::move(done)), event_(std::move(event)) {}

  void begin() {
    auto request = api_->request("POST", api_->calendar(who_) + "/events?" + mail_query(event_.invites),
                                 write_google_insert(event_));
    send_write(asked::insert, std::move(request), {});
  }

private:
  enum class step { insert, look, revive };

  void finish(result<calendar_event> event) override {
    if (step_ == step::insert && !event && event.error().kind == errc::duplicate) {
      step_ = step::look;
      return get(event_.event);
    }
    if (step_ != step::look) return done_(std::move(event));
    if (!event && event.error().kind != errc::not_found) return done_(std::move(event));
    if (!event || (!event->tag.empty() && event->tag != event_.tag))
      return done_(failure(errc::duplicate, "event_id_taken", "Another event of that calendar has this id."));
    if (!event->removed) {
      event->stood_already = true;
      return done_(std::move(event));
    }
    step_ = step::revive;
    auto request = api_->request("PUT", event_path(event_.event) + "?" + mail_query(event_.invites),
                                 write_google_revival(event_));
    send_write(asked::update, std::move(request), event->version);
  }

  new_event event_;
  step step_ = step::insert;
};

/// Patch. A list of guests is replaced whole, so the one that stands there is read first.
class updating final : public event_call {
public:
  updating(api_ptr api, calendar_access who, event_update update, vendor_done<calendar_event> done)
      : event_call(std::move(api), std::move(who), std::move(done)), update_(std::move(update)) {
    field_set elsewhere;
    elsewhere.add(field_group::occurrences);
    if (!update_.invites) elsewhere.add(field_group::attendees);
    update_.changed = update_.changed - elsewhere;
  }

  void begin() {
    if (update_.changed.empty()) return get(update_.event);
    if (!update_.changed.has(field_group::attendees)) return write({});
    call_->ask(
        asked::event,
        api_->request("GET", event_path(update_.event) + "?" + selection("attendees,attendeesOmitted")),
        [self = std::static_pointer_cast<updating>(shared_from_this())](result<std::string> body) {
          auto guests = body.and_then([&](const std::string& text) {
            return read_guarded([&] {
              return merge_google_attendees(text, self->update_.what.attendees, self->update_.people);
            });
          });
          if (!guests) return self->finish(tl::unexpected(std::move(guests.error())));
          self->write(*guests);
        });
  }

private:
  void write(const std::string& guests) {
    send_write(asked::update,
               api_->request("PATCH", event_path(update_.event) + "?" + mail_query(update_.invites),
                             write_google_patch(update_, guests)),
               update_.version);
  }

  event_update update_;
};

/// Delete; a guarded delete of what is deleted already answers 412, so a refused guard is looked into.
class removal : public std::enable_shared_from_this<removal> {
public:
  removal(api_ptr api, calendar_access who, event_id event, vendor_done<bool> done)
      : api_(std::move(api)), path_(api_->calendar(who) + "/events/" + percent_encode(event.str())),
        done_(std::move(done)), call_(api_->start(who)) {}

  call_token begin(const std::string& version) {
    auto request = api_->request("DELETE", path_ + "?sendUpdates=none");
    if (!version.empty()) request.headers.emplace_back("If-Match", etag_of(version));
    call_->ask(asked::removal, std::move(request),
               [self = shared_from_this()](auto body) { self->deleted(body); });
    return call_->token();
  }

private:
  void deleted(const result<std::string>& body) {
    if (body) return done_(true);
    if (body.error().kind == errc::not_found) return done_(false);
    if (body.error().kind != errc::conflict) return done_(tl::unexpected(body.error()));
    call_->ask(
        asked::event, api_->request("GET", path_ + "?fields=id,status"),
        [self = shared_from_this(), refused = body.error()](auto seen) { self->looked(seen, refused); });
  }

  void looked(const result<std::string>& body, const error& refused) {
    if (!body && body.error().kind == errc::not_found) return done_(false);
    if (!body) return done_(tl::unexpected(body.error()));
    const auto event = read_guarded([&] { return read_google_event(*body, "UTC"); });
    if (!event) return done_(tl::unexpected(event.error()));
    if (event->event.removed) return done_(false);
    done_(tl::unexpected(refused));
  }

  api_ptr api_;
  std::string path_;
  vendor_done<bool> done_;
  std::shared_ptr<vendor_call> call_;
};

/// One occurrence of a series, by the id that Google gives it. One that the series' own lines leave out has
/// no id: to bring it back, the lines are written again without it.
class occurrence_writing : public std::enable_shared_from_this<occurrence_writing> {
public:
  occurrence_writing(api_ptr api, const calendar_access& who, occurrence_write what, vendor_done<bool> done)
      : api_(std::move(api)), events_(api_->calendar(who) + "/events/"), what_(std::move(what)),
        query_("?" + mail_query(what_.invites)), done_(std::move(done)), call_(api_->start(who)) {}

  call_token begin() {
    write();
    return call_->token();
  }

private:
  void write() {
    const auto path = events_ + percent_encode(google_occurrence_id(what_).str()) + query_;
    const bool cancels = what_.how == occurrence_write::kind::cancel;
    auto request = cancels ? api_->request("DELETE", path)
                           : api_->request("PATCH", path, write_google_occurrence(what_));
    call_->ask(cancels ? asked::removal : asked::update, std::move(request),
               [self = shared_from_this()](const result<std::string>& body) { self->written(body); });
  }

  void written(const result<std::string>& body) {
    const bool missing = !body && body.error().kind == errc::not_found;
    if (missing && what_.how == occurrence_write::kind::restore && !lines_written_) return look();
    if (missing) return done_(false);
    if (!body && body.error().kind == errc::forbidden && what_.how == occurrence_write::kind::change)
      return look_at_occurrence(body.error());
    if (!body) return done_(tl::unexpected(body.error()));
    if (what_.how == occurrence_write::kind::cancel) return done_(true);
    // A cancelled occurrence can be written to, and stays cancelled.
    const auto event = read_guarded([&] { return read_google_event(*body, "UTC"); });
    if (!event) return done_(tl::unexpected(event.error()));
    done_(!event->event.removed);
  }

  /// What is cancelled may refuse to be changed.
  void look_at_occurrence(const error& refused) {
    call_->ask(asked::event,
               api_->request("GET", events_ + percent_encode(google_occurrence_id(what_).str())),
               [self = shared_from_this(), refused](const result<std::string>& body) {
                 const auto event = body.and_then([](const std::string& text) {
                   return read_guarded([&] { return read_google_event(text, "UTC"); });
                 });
                 const bool gone = event ? event->event.removed : event.error().kind == errc::not_found;
                 if (gone) return self->done_(false);
                 self->done_(tl::unexpected(refused));
               });
  }

  void look() {
    call_->ask(asked::event, api_->request("GET", events_ + percent_encode(what_.series.str())),
               [self = shared_from_this()](const result<std::string>& body) { self->looked(body); });
  }

  void looked(const result<std::string>& body) {
    if (!body && body.error().kind == errc::not_found) return done_(false);
    const auto master = body.and_then(
        [](const std::string& text) { return read_guarded([&] { return read_google_event(text, "UTC"); }); });
    if (!master) return done_(tl::unexpected(master.error()));
    const auto lines = read_guarded([&] { return write_google_uncancelled(*body, what_.at); });
    if (!lines) return done_(tl::unexpected(lines.error()));
    if (!*lines) return done_(false);
    lines_written_ = true;
    auto request = api_->request("PATCH", events_ + percent_encode(what_.series.str()) + query_, **lines);
    request.headers.emplace_back("If-Match", master->event.version);
    call_->ask(asked::update, std::move(request),
               [self = shared_from_this()](const result<std::string>& answer) {
                 if (!answer) return self->done_(tl::unexpected(answer.error()));
                 self->write();
               });
  }

  api_ptr api_;
  std::string events_;
  occurrence_write what_;
  std::string query_;
  vendor_done<bool> done_;
  std::shared_ptr<vendor_call> call_;
  bool lines_written_ = false;
};

class calendar_reading : public std::enable_shared_from_this<calendar_reading> {
public:
  calendar_reading(api_ptr api, const calendar_access& who, vendor_done<std::vector<calendar_listing>> done)
      : api_(std::move(api)), done_(std::move(done)), call_(api_->start(who)) {}

  call_token begin() {
    next({});
    return call_->token();
  }

private:
  void next(const std::string& page) {
    std::string path = "/users/me/calendarList?maxResults=250";
    if (!page.empty()) path += "&pageToken=" + percent_encode(page);
    call_->ask(asked::calendars, api_->request("GET", path),
               [self = shared_from_this()](auto body) { self->read(std::move(body)); });
  }

  void read(result<std::string> body) {
    auto page = body.and_then(
        [](const std::string& text) { return read_guarded([&] { return read_google_calendars(text); }); });
    if (!page) return done_(tl::unexpected(std::move(page.error())));
    std::move(page->items.begin(), page->items.end(), std::back_inserter(found_));
    if (page->next_page.empty()) return done_(std::move(found_));
    if (++pages_ >= calendar_page_limit)
      return done_(failure(errc::broken, "too_many_pages", "The list of calendars does not end."));
    next(page->next_page);
  }

  api_ptr api_;
  vendor_done<std::vector<calendar_listing>> done_;
  std::shared_ptr<vendor_call> call_;
  std::vector<calendar_listing> found_;
  int pages_ = 0;
};

template <class T>
call_token refuse(const vendor_done<T>& done, std::string code, std::string detail) {
  done(failure(errc::invalid, std::move(code), std::move(detail)));
  return {};
}

class google_calendar final : public calendar_client {
public:
  explicit google_calendar(google_api shared) : api_(std::make_shared<google_api>(std::move(shared))) {}

  std::string cursor_fingerprint() const override { return "google/2?" + std::string(listing_query); }

  call_token list_changes(calendar_access who, list_request what, vendor_done<change_page> done) override {
    const auto call = api_->start(who);
    const bool continued = !what.cursor.empty() || !what.page.empty();
    call->ask(continued ? asked::continued_listing : asked::listing,
              api_->request("GET", api_->calendar(who) + "/events?" + list_query(what)),
              [done = std::move(done)](result<std::string> body) {
                done(body.and_then([](const std::string& text) {
                  return read_guarded([&] { return read_google_page(text); });
                }));
              });
    return call->token();
  }

  call_token get_event(calendar_access who, event_id event, vendor_done<calendar_event> done) override {
    if (event.empty()) return refuse(done, "event_id_missing", "An event is read by its id.");
    const auto call = std::make_shared<event_call>(api_, std::move(who), std::move(done));
    call->get(event);
    return call->token();
  }

  call_token insert_event(calendar_access who, new_event event, vendor_done<calendar_event> done) override {
    if (event.event.empty())
      return refuse(done, "event_id_missing", "An event is inserted under an id of ours.");
    if (const auto part = unsayable(provider_type::google, event.what))
      return refuse(done, *part, "Google has no words for that recurrence.");
    const auto call = std::make_shared<insertion>(api_, std::move(who), std::move(event), std::move(done));
    call->begin();
    return call->token();
  }

  call_token update_event(calendar_access who, event_update update,
                          vendor_done<calendar_event> done) override {
    if (update.event.empty()) return refuse(done, "event_id_missing", "An event is updated by its id.");
    if (update.version.empty())
      return refuse(done, "version_missing", "An update is guarded by the version it saw.");
    if (const auto part = unsayable(provider_type::google, update.what))
      return refuse(done, *part, "Google has no words for that recurrence.");
    const auto call = std::make_shared<updating>(api_, std::move(who), std::move(update), std::move(done));
    call->begin();
    return call->token();
  }

  call_token delete_event(calendar_access who, event_id event, std::string version,
                          vendor_done<bool> done) override {
    if (event.empty()) return refuse(done, "event_id_missing", "An event is deleted by its id.");
    return std::make_shared<removal>(api_, std::move(who), std::move(event), std::move(done))->begin(version);
  }

  call_token write_occurrence(calendar_access who, occurrence_write what, vendor_done<bool> done) override {
    if (what.series.empty()) return refuse(done, "event_id_missing", "An occurrence is named by its series.");
    if (what.how == occurrence_write::kind::change && what.changed.empty()) {
      done(true);
      return {};
    }
    return std::make_shared<occurrence_writing>(api_, who, std::move(what), std::move(done))->begin();
  }

  call_token list_calendars(calendar_access who, vendor_done<std::vector<calendar_listing>> done) override {
    return std::make_shared<calendar_reading>(api_, who, std::move(done))->begin();
  }

  call_token open_channel(calendar_access who, channel_request request, vendor_done<channel> done) override {
    const auto now = api_->outside.now();
    const auto ttl =
        std::clamp<std::chrono::seconds>(std::chrono::floor<std::chrono::seconds>(request.expires_at - now),
                                         shortest_channel, longest_channel);
    const auto call = api_->start(who);
    auto hash = sha256(request.secret);
    call->ask(
        asked::open_channel,
        api_->request("POST", api_->calendar(who) + "/events/watch", write_google_watch(request, ttl)),
        [done = std::move(done), hash = std::move(hash), expected = now + ttl](result<std::string> body) {
          auto opened = body.and_then([&](const std::string& text) {
            return read_guarded([&] { return read_google_channel(text, expected); });
          });
          if (opened) opened->secret_hash = hash;
          done(std::move(opened));
        });
    return call->token();
  }

  call_token renew_channel(calendar_access, channel, instant, vendor_done<channel> done) override {
    return refuse(done, "open_a_new_channel", "Google's channels cannot be renewed.");
  }

  call_token close_channel(calendar_access who, channel current, vendor_done<bool> done) override {
    const auto call = api_->start(who);
    call->ask(asked::known_channel, api_->request("POST", "/channels/stop", write_google_stop(current)),
              [done = std::move(done)](result<std::string> body) {
                if (body) return done(true);
                if (body.error().kind == errc::not_found) return done(false);
                done(tl::unexpected(std::move(body.error())));
              });
    return call->token();
  }

private:
  api_ptr api_;
};

} // namespace

std::unique_ptr<calendar_client> make_google_calendar(std::shared_ptr<http_client> http,
                                                      vendor_endpoints endpoints, world w,
                                                      std::chrono::milliseconds deadline) {
  return std::make_unique<google_calendar>(
      google_api{std::move(http), std::move(endpoints.google_calendar), std::move(w), deadline});
}

} // namespace kalends::net
