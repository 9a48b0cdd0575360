// SPDX-License-Identifier: Apache-2.0
#include "net/crypto.hpp"
#include "net/graph_api.hpp"
#include "net/graph_json.hpp"
#include "net/vendor_call.hpp"
#include "net/vendor_event.hpp"
#include "schema/recurrence.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;

constexpr int largest_page = 1'000;
constexpr int calendar_page_limit = 100; ///< of 100 calendars
constexpr int exception_page_limit = 100;
constexpr int most_starts = 3;
constexpr auto shortest_channel = 45min;
constexpr auto longest_channel = 10'080min - 10min; ///< Graph's limit, less what our clocks may differ
/// Graph calls both of our webhooks, ten seconds each, before it answers.
constexpr auto subscription_timeout = 45s;

using api_ptr = graph_api_ptr;

std::string expand_tag() {
  return "?$expand=" + percent_encode("singleValueExtendedProperties($filter=id eq '" +
                                      std::string(graph_tag_property) + "')");
}

/// Anything that ends with one event. A series' exceptions are told only when asked for.
class event_call : public std::enable_shared_from_this<event_call> {
public:
  event_call(api_ptr api, calendar_access who, vendor_done<calendar_event> done)
      : api_(std::move(api)), who_(std::move(who)), done_(std::move(done)), call_(api_->start(who_)) {}
  virtual ~event_call() = default;

  call_token token() { return call_->token(); }

  void get(const event_id& event) {
    call_->ask(asked::event, api_->request("GET", event_path(event) + expand_tag()),
               [self = shared_from_this()](auto body) { self->got(body); });
  }

protected:
  /// The one way out of a call that went well.
  virtual void finish(result<calendar_event> event) { done_(std::move(event)); }

  static result<graph_event> read(const result<std::string>& body) {
    if (!body) return tl::unexpected(body.error());
    return read_guarded([&] { return read_graph_event(*body); });
  }

  void got(const result<std::string>& body) {
    auto told = read(body);
    if (!told) return finish(tl::unexpected(std::move(told.error())));
    settle(std::move(*told));
  }

  void settle(graph_event told) {
    auto& event = told.event;
    if (!event.removed && event.what.repeats) {
      series_ = std::move(event);
      exceptions_ = {};
      return ask_exceptions(api_->url + event_path(series_.id) +
                            "?$select=id,cancelledOccurrences,exceptionOccurrences"
                            "&$expand=exceptionOccurrences");
    }
    if (told.series.empty() || std::exchange(asked_series_, true)) return finish(std::move(event));
    // Whose mailbox has one occurrence only does not have its series: it is an event of its own.
    call_->ask(
        asked::event, api_->request("GET", event_path(told.series) + expand_tag()),
        [self = shared_from_this(), event = std::move(event)](const result<std::string>& body) mutable {
          if (!body && body.error().kind == errc::not_found) return self->finish(std::move(event));
          self->got(body);
        });
  }

  void ask_exceptions(std::string url) {
    call_->ask(asked::event, api_->absolute("GET", std::move(url)),
               [self = shared_from_this()](const result<std::string>& body) { self->got_exceptions(body); });
  }

  void got_exceptions(const result<std::string>& body) {
    auto page = body.and_then([&](const std::string& text) {
      return read_guarded([&] { return read_graph_exceptions(text, series_); });
    });
    if (!page) return finish(tl::unexpected(std::move(page.error())));
    if (!page->etag.empty() && page->etag != series_.version) return start_over();
    const auto next = page->next_link;
    append(std::move(*page));
    if (next.empty()) return complete();
    if (!api_->is_own(next)) return finish(foreign_link());
    if (++exception_pages_ >= exception_page_limit)
      return finish(failure(errc::broken, "too_many_pages", "The list of exceptions does not end."));
    ask_exceptions(next);
  }

  /// The series was changed between its master and its exceptions.
  void start_over() {
    if (++starts_ < most_starts) return get(series_.id);
    finish(failure(errc::retry_later, "series_keeps_changing", "The series changed while it was read."));
  }

  /// Some answers tell exceptions without what they say.
  void complete() {
    if (exceptions_.incomplete.empty() || series_.unreadable)
      return finish(read_guarded([&]() -> result<calendar_event> {
        complete_graph_series(series_, std::move(exceptions_));
        return std::move(series_);
      }));
    if (++exceptions_asked_ > limits::series_exceptions)
      return finish(failure(errc::broken, "too_many_pages", "The list of exceptions does not end."));
    const auto id = exceptions_.incomplete.back();
    exceptions_.incomplete.pop_back();
    call_->ask(asked::event, api_->request("GET", event_path(id)),
               [self = shared_from_this()](const result<std::string>& body) {
                 auto one = body.and_then([&](const std::string& text) {
                   return read_guarded([&] { return read_graph_exception(text, self->series_); });
                 });
                 if (!one && one.error().kind != errc::not_found)
                   return self->finish(tl::unexpected(std::move(one.error())));
                 if (one && !one->incomplete.empty()) one->unreadable = "unreadable_recurrence";
                 if (one) one->incomplete.clear();
                 if (one) self->append(std::move(*one));
                 self->complete();
               });
  }

  void append(graph_exceptions page) {
    const auto add = [](auto& to, auto& from) {
      to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    };
    add(exceptions_.cancelled, page.cancelled);
    add(exceptions_.changed, page.changed);
    add(exceptions_.incomplete, page.incomplete);
    add(exceptions_.versions, page.versions);
    if (page.unreadable) exceptions_.unreadable = std::move(page.unreadable);
  }

  std::string event_path(const event_id& event) const {
    return api_->calendar(who_) + "/events/" + percent_encode(event.str());
  }
  /// A zone that the mailbox does not know is told in UTC, once; not that of a series, which would be another
  /// one then.
  static bool should_tell_in_utc(const error& e, const appointment& what) {
    return e.code == "zone_not_supported" && !what.repeats;
  }

  api_ptr api_;
  calendar_access who_;
  vendor_done<calendar_event> done_;
  std::shared_ptr<vendor_call> call_;
  calendar_event series_; ///< the master, while its exceptions are asked for
  graph_exceptions exceptions_;
  bool asked_series_ = false;
  int starts_ = 0;
  int exception_pages_ = 0;
  std::size_t exceptions_asked_ = 0;
};

class insertion final : public event_call {
public:
  insertion(api_ptr api, calendar_access who, new_event event, vendor_done<calendar_event> done)
      : event_call(std::move(api), std::move(who), std::move(done)), event_(std::move(event)) {}

  void begin(bool in_utc = false) {
    call_->send(api_->request("POST", api_->calendar(who_) + "/events", write_graph_insert(event_, in_utc)),
                [self = share(), in_utc](auto reply) { self->inserted(std::move(reply), in_utc); });
  }

private:
  std::shared_ptr<insertion> share() { return std::static_pointer_cast<insertion>(shared_from_this()); }

  void inserted(result<http_reply> reply, bool in_utc) {
    const auto refusal = reply && reply->status >= 400 ? reply->body : std::string();
    const auto body = call_->judge(asked::insert, std::move(reply));
    if (!body && !in_utc && should_tell_in_utc(body.error(), event_.what)) return begin(true);
    if (!body && body.error().kind == errc::duplicate) return look(refusal, body.error());
    got(body);
  }

  void finish(result<calendar_event> event) override {
    if (existing_) return looked(std::move(event));
    if (event && event->tag.empty()) event->tag = event_.tag; // the answer never echoes it
    done_(std::move(event));
  }

  void look(const std::string& refusal, const error& refused) {
    const auto existing = read_existing_event(refusal);
    if (existing.empty()) return done_(tl::unexpected(refused));
    existing_ = true;
    get(existing);
  }

  void looked(result<calendar_event> event) {
    if (!event && event.error().kind != errc::not_found) return done_(std::move(event));
    const bool ours = event && (event->tag == event_.tag || event->transaction_id == event_.transaction_id);
    if (!ours || event->removed)
      return done_(failure(errc::duplicate, "transaction_id_used",
                           "This transaction id made another event, or one that is deleted."));
    event->tag = event_.tag;
    event->stood_already = true;
    done_(std::move(event));
  }

  new_event event_;
  bool existing_ = false;
};

/// A new body would cut the join link out of an online meeting, so such an event keeps its own; the answer
/// shows it.
class updating final : public event_call {
public:
  updating(api_ptr api, calendar_access who, event_update update, vendor_done<calendar_event> done)
      : event_call(std::move(api), std::move(who), std::move(done)), update_(std::move(update)) {}

  void begin() {
    field_set elsewhere;
    elsewhere.add(field_group::occurrences);
    if (!update_.invites) elsewhere.add(field_group::attendees);
    update_.changed = update_.changed - elsewhere;
    if (!update_.changed.has(field_group::notes) && !update_.changed.has(field_group::attendees))
      return write(false);
    const bool guests = update_.changed.has(field_group::attendees);
    call_->ask(asked::event,
               api_->request("GET", event_path(update_.event) + "?$select=isOnlineMeeting" +
                                        (guests ? ",attendees" : "")),
               [self = share()](const result<std::string>& body) { self->looked(body); });
  }

private:
  std::shared_ptr<updating> share() { return std::static_pointer_cast<updating>(shared_from_this()); }

  void looked(const result<std::string>& body) {
    const auto online = body.and_then(
        [](const std::string& text) { return read_guarded([&] { return read_is_online_meeting(text); }); });
    if (!online) return done_(tl::unexpected(online.error()));
    field_set notes;
    notes.add(field_group::notes);
    if (*online) update_.changed = update_.changed - notes;
    if (update_.changed.has(field_group::attendees)) {
      auto guests =
          read_guarded([&] { return merge_graph_attendees(*body, update_.what.attendees, update_.people); });
      if (!guests) return done_(tl::unexpected(std::move(guests.error())));
      guests_ = std::move(*guests);
    }
    write(false);
  }

  void write(bool in_utc) {
    if (update_.changed.empty()) return get(update_.event);
    auto request =
        api_->request("PATCH", event_path(update_.event), write_graph_patch(update_, in_utc, guests_));
    request.headers.emplace_back("If-Match", etag_of(update_.version));
    call_->ask(asked::update, std::move(request), [self = share(), in_utc](const result<std::string>& body) {
      if (!body && !in_utc && should_tell_in_utc(body.error(), self->update_.what)) return self->write(true);
      self->got(body);
    });
  }

  std::string guests_;
  event_update update_;
};

/// Delete. A repeated one answers 404 or 400, a guarded one perhaps 412: what is not in the calendar is gone.
class removal : public std::enable_shared_from_this<removal> {
public:
  removal(api_ptr api, const calendar_access& who, const event_id& event, vendor_done<bool> done)
      : api_(std::move(api)), path_(api_->calendar(who) + "/events/" + percent_encode(event.str())),
        done_(std::move(done)), call_(api_->start(who)) {}

  call_token begin(const std::string& version) {
    auto request = api_->request("DELETE", path_);
    if (!version.empty()) request.headers.emplace_back("If-Match", etag_of(version));
    call_->ask(asked::removal, std::move(request),
               [self = shared_from_this()](auto body) { self->deleted(body); });
    return call_->token();
  }

private:
  void deleted(const result<std::string>& body) {
    if (body) return done_(true);
    const auto kind = body.error().kind;
    if (kind == errc::not_found) return done_(false);
    if (kind != errc::conflict && kind != errc::invalid) return done_(tl::unexpected(body.error()));
    call_->ask(asked::event, api_->request("GET", path_ + "?$select=id,isCancelled"),
               [self = shared_from_this(), refused = body.error()](const result<std::string>& seen) {
                 if (!seen && seen.error().kind == errc::not_found) return self->done_(false);
                 self->done_(tl::unexpected(seen || refused.kind == errc::invalid ? refused : seen.error()));
               });
  }

  api_ptr api_;
  std::string path_;
  vendor_done<bool> done_;
  std::shared_ptr<vendor_call> call_;
};

class calendar_reading : public std::enable_shared_from_this<calendar_reading> {
public:
  calendar_reading(api_ptr api, const calendar_access& who, vendor_done<std::vector<calendar_listing>> done)
      : api_(std::move(api)), done_(std::move(done)), call_(api_->start(who)) {}

  call_token begin() {
    next(api_->url + "/me/calendars?$top=100");
    return call_->token();
  }

private:
  void next(std::string url) {
    call_->ask(asked::calendars, api_->absolute("GET", std::move(url)),
               [self = shared_from_this()](auto body) { self->read(std::move(body)); });
  }

  void read(result<std::string> body) {
    auto page = body.and_then(
        [](const std::string& text) { return read_guarded([&] { return read_graph_calendars(text); }); });
    if (!page) return done_(tl::unexpected(std::move(page.error())));
    std::move(page->items.begin(), page->items.end(), std::back_inserter(found_));
    if (page->next_link.empty()) return done_(std::move(found_));
    if (!api_->is_own(page->next_link)) return done_(foreign_link());
    if (++pages_ >= calendar_page_limit)
      return done_(failure(errc::broken, "too_many_pages", "The list of calendars does not end."));
    next(std::move(page->next_link));
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

class microsoft_graph final : public calendar_client {
public:
  explicit microsoft_graph(graph_api shared) : api_(std::make_shared<graph_api>(std::move(shared))) {}

  std::string cursor_fingerprint() const override {
    // A delta link leads to where it was made: another base URL makes it void.
    return "graph/2 " + api_->url + " calendarView/delta " + std::string(graph_preferences);
  }

  call_token list_changes(calendar_access who, list_request what, vendor_done<change_page> done) override {
    const auto& link = what.page.empty() ? what.cursor : what.page;
    if (!link.empty() && !api_->is_own(link)) {
      done(foreign_link());
      return {};
    }
    const auto path = who.calendar.empty() ? std::string("/me") : api_->calendar(who);
    auto request =
        link.empty() ? api_->request("GET", path + "/calendarView/delta?startDateTime=" +
                                                percent_encode(to_rfc3339(what.window.from)) +
                                                "&endDateTime=" + percent_encode(to_rfc3339(what.window.to)))
                     : api_->absolute("GET", link);
    const auto size = std::clamp(what.page_size, 1, largest_page);
    request.headers.back().second += ", odata.maxpagesize=" + std::to_string(size);
    const auto call = api_->start(who);
    call->ask(link.empty() ? asked::listing : asked::continued_listing, std::move(request),
              [api = api_, done = std::move(done)](result<std::string> body) {
                auto page = body.and_then([](const std::string& text) {
                  return read_guarded([&] { return read_graph_page(text); });
                });
                if (page && !api->is_own(page->next_page.empty() ? page->next_cursor : page->next_page))
                  return done(foreign_link());
                done(std::move(page));
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
    if (event.transaction_id.empty())
      return refuse(done, "transaction_id_missing",
                    "Without one, a repeated insert would make a second event.");
    if (const auto part = unsayable(provider_type::microsoft, event.what))
      return refuse(done, *part, "Graph has no words for that recurrence.");
    const auto call = std::make_shared<insertion>(api_, std::move(who), std::move(event), std::move(done));
    call->begin();
    return call->token();
  }

  call_token update_event(calendar_access who, event_update update,
                          vendor_done<calendar_event> done) override {
    if (update.event.empty()) return refuse(done, "event_id_missing", "An event is updated by its id.");
    if (update.version.empty())
      return refuse(done, "version_missing", "An update is guarded by the version it saw.");
    if (const auto part = unsayable(provider_type::microsoft, update.what))
      return refuse(done, *part, "Graph has no words for that recurrence.");
    const auto call = std::make_shared<updating>(api_, std::move(who), std::move(update), std::move(done));
    call->begin();
    return call->token();
  }

  call_token delete_event(calendar_access who, event_id event, std::string version,
                          vendor_done<bool> done) override {
    if (event.empty()) return refuse(done, "event_id_missing", "An event is deleted by its id.");
    return std::make_shared<removal>(api_, who, event, std::move(done))->begin(version);
  }

  call_token write_occurrence(calendar_access who, occurrence_write what, vendor_done<bool> done) override {
    if (what.series.empty()) return refuse(done, "event_id_missing", "An occurrence is named by its series.");
    if (what.how == occurrence_write::kind::restore)
      return refuse(done, "occurrence_not_restorable", "What was cancelled there is gone.");
    if (what.how == occurrence_write::kind::change && what.changed.empty()) {
      done(true);
      return {};
    }
    return send_graph_occurrence(api_, who, std::move(what), std::move(done));
  }

  call_token list_calendars(calendar_access who, vendor_done<std::vector<calendar_listing>> done) override {
    return std::make_shared<calendar_reading>(api_, who, std::move(done))->begin();
  }

  call_token open_channel(calendar_access who, channel_request request, vendor_done<channel> done) override {
    const auto expires_at = possible_expiry(request.expires_at);
    auto opening =
        api_->request("POST", "/subscriptions", write_graph_subscription(request, who.calendar, expires_at));
    opening.read_timeout = opening.total_timeout = subscription_timeout;
    channel known;
    known.secret_hash = sha256(request.secret);
    return settle(who, asked::open_channel, std::move(opening), expires_at, std::move(known),
                  std::move(done));
  }

  call_token renew_channel(calendar_access who, channel current, instant wish,
                           vendor_done<channel> done) override {
    if (current.id.empty()) return refuse(done, "channel_id_missing", "A subscription is renewed by its id.");
    const auto expires_at = possible_expiry(wish);
    auto renewal = api_->request("PATCH", "/subscriptions/" + percent_encode(current.id),
                                 write_graph_renewal(expires_at));
    return settle(who, asked::known_channel, std::move(renewal), expires_at, std::move(current),
                  std::move(done));
  }

  call_token close_channel(calendar_access who, channel current, vendor_done<bool> done) override {
    if (current.id.empty()) return refuse(done, "channel_id_missing", "A subscription is closed by its id.");
    const auto call = api_->start(who);
    call->ask(asked::known_channel, api_->request("DELETE", "/subscriptions/" + percent_encode(current.id)),
              [done = std::move(done)](result<std::string> body) {
                if (body) return done(true);
                if (body.error().kind == errc::not_found) return done(false);
                done(tl::unexpected(std::move(body.error())));
              });
    return call->token();
  }

private:
  instant possible_expiry(instant wish) const {
    const auto now = api_->outside.now();
    return std::clamp<instant>(wish, now + shortest_channel, now + longest_channel);
  }

  /// The subscription as the answer tells it, with what only we know of `known`.
  call_token settle(const calendar_access& who, asked what, outgoing_request request, instant expected,
                    channel known, vendor_done<channel> done) {
    const auto call = api_->start(who);
    call->ask(what, std::move(request),
              [done = std::move(done), known = std::move(known), expected](result<std::string> body) {
                auto told = body.and_then([&](const std::string& text) {
                  return read_guarded([&] { return read_graph_subscription(text, expected); });
                });
                if (told) told->secret_hash = known.secret_hash;
                done(std::move(told));
              });
    return call->token();
  }

  api_ptr api_;
};

} // namespace

std::unique_ptr<calendar_client> make_microsoft_graph(std::shared_ptr<http_client> http,
                                                      vendor_endpoints endpoints, world w,
                                                      std::chrono::milliseconds deadline) {
  return std::make_unique<microsoft_graph>(
      graph_api{std::move(http), std::move(endpoints.microsoft_graph), std::move(w), deadline});
}

} // namespace kalends::net
