// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/calendar_client.hpp"

#include <any>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace kalends::testing {

struct event_deletion {
  event_id event;
  std::string version;
};

/// A vendor that keeps each call open until the test answers it. A cancelled call is answered `stopped`, as
/// the real clients do. One thread.
class held_calendar : public net::calendar_client {
public:
  struct call {
    std::string verb; ///< "list_changes", "get_event", …
    net::calendar_access who;
    std::variant<std::monostate, net::list_request, event_id, net::new_event, net::event_update,
                 event_deletion, net::occurrence_write, net::channel_request, channel>
        what;
    std::any done;
    std::function<void(error)> refuse;
    bool open = true;
    bool cancelled = false;

    template <class T>
    const T& as() const {
      return std::get<T>(what);
    }
  };
  using call_ptr = std::shared_ptr<call>;

  std::string fingerprint = "query-1";
  std::vector<call_ptr> calls; ///< all that were ever made

  std::vector<std::string> verbs() const;
  std::size_t times(std::string_view verb) const;
  std::vector<call_ptr> open_calls() const;
  /// The oldest open call. Throws if there is none, or if `verb` is given and it is another one.
  call_ptr open(std::string_view verb = {}) const;

  /// Answers the oldest open call, which has to be `verb`.
  template <class T>
  void answer(std::string_view verb, result<T> outcome) {
    answer_call(open(verb), std::move(outcome));
  }
  void refuse(std::string_view verb, error e);
  template <class T>
  static void answer_call(const call_ptr& c, result<T> outcome) {
    const auto* done = std::any_cast<net::vendor_done<T>>(&c->done);
    if (done == nullptr) throw std::logic_error("the answer to " + c->verb + " is of another type");
    c->open = false;
    (*done)(std::move(outcome));
  }

  std::string cursor_fingerprint() const override { return fingerprint; }
  net::call_token list_changes(net::calendar_access who, net::list_request what,
                               net::vendor_done<change_page> done) override;
  net::call_token get_event(net::calendar_access who, event_id event,
                            net::vendor_done<calendar_event> done) override;
  net::call_token insert_event(net::calendar_access who, net::new_event event,
                               net::vendor_done<calendar_event> done) override;
  net::call_token update_event(net::calendar_access who, net::event_update update,
                               net::vendor_done<calendar_event> done) override;
  net::call_token delete_event(net::calendar_access who, event_id event, std::string version,
                               net::vendor_done<bool> done) override;
  net::call_token write_occurrence(net::calendar_access who, net::occurrence_write what,
                                   net::vendor_done<bool> done) override;
  net::call_token list_calendars(net::calendar_access who,
                                 net::vendor_done<std::vector<calendar_listing>> done) override;
  net::call_token open_channel(net::calendar_access who, net::channel_request request,
                               net::vendor_done<channel> done) override;
  net::call_token renew_channel(net::calendar_access who, channel current, instant expires_at,
                                net::vendor_done<channel> done) override;
  net::call_token close_channel(net::calendar_access who, channel current,
                                net::vendor_done<bool> done) override;

private:
  template <class T, class What>
  net::call_token hold(const char* verb, net::calendar_access who, What what, net::vendor_done<T> done);
};

} // namespace kalends::testing
