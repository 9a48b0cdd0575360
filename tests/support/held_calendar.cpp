// SPDX-License-Identifier: Apache-2.0
#include "tests/support/held_calendar.hpp"

#include <algorithm>

namespace kalends::testing {

std::vector<std::string> held_calendar::verbs() const {
  std::vector<std::string> all;
  for (const auto& c : calls) all.push_back(c->verb);
  return all;
}

std::size_t held_calendar::times(std::string_view verb) const {
  return static_cast<std::size_t>(
      std::count_if(calls.begin(), calls.end(), [&](const call_ptr& c) { return c->verb == verb; }));
}

std::vector<held_calendar::call_ptr> held_calendar::open_calls() const {
  std::vector<call_ptr> open;
  std::copy_if(calls.begin(), calls.end(), std::back_inserter(open),
               [](const call_ptr& c) { return c->open; });
  return open;
}

held_calendar::call_ptr held_calendar::open(std::string_view verb) const {
  auto waiting = open_calls();
  if (waiting.empty()) throw std::logic_error("no call is open, expected " + std::string(verb));
  if (!verb.empty() && waiting.front()->verb != verb)
    throw std::logic_error("the open call is " + waiting.front()->verb + ", expected " + std::string(verb));
  return waiting.front();
}

void held_calendar::refuse(std::string_view verb, error e) {
  auto c = open(verb);
  c->refuse(std::move(e));
}

template <class T, class What>
net::call_token held_calendar::hold(const char* verb, net::calendar_access who, What what,
                                    net::vendor_done<T> done) {
  auto c = std::make_shared<call>();
  c->verb = verb;
  c->who = std::move(who);
  c->what = std::move(what);
  c->done = done;
  c->refuse = [weak = std::weak_ptr<call>(c), done](error e) {
    auto held = weak.lock();
    if (!held || !std::exchange(held->open, false)) return;
    done(tl::unexpected(std::move(e)));
  };
  calls.push_back(c);
  return net::call_token([c] {
    if (!c->open) return;
    c->cancelled = true;
    c->refuse(error{errc::stopped, "cancelled", "The call was cancelled.", "", {}});
  });
}

net::call_token held_calendar::list_changes(net::calendar_access who, net::list_request what,
                                            net::vendor_done<change_page> done) {
  return hold("list_changes", std::move(who), std::move(what), std::move(done));
}

net::call_token held_calendar::get_event(net::calendar_access who, event_id event,
                                         net::vendor_done<calendar_event> done) {
  return hold("get_event", std::move(who), std::move(event), std::move(done));
}

net::call_token held_calendar::insert_event(net::calendar_access who, net::new_event event,
                                            net::vendor_done<calendar_event> done) {
  return hold("insert_event", std::move(who), std::move(event), std::move(done));
}

net::call_token held_calendar::update_event(net::calendar_access who, net::event_update update,
                                            net::vendor_done<calendar_event> done) {
  return hold("update_event", std::move(who), std::move(update), std::move(done));
}

net::call_token held_calendar::delete_event(net::calendar_access who, event_id event, std::string version,
                                            net::vendor_done<bool> done) {
  return hold("delete_event", std::move(who), event_deletion{std::move(event), std::move(version)},
              std::move(done));
}

net::call_token held_calendar::write_occurrence(net::calendar_access who, net::occurrence_write what,
                                                net::vendor_done<bool> done) {
  return hold("write_occurrence", std::move(who), std::move(what), std::move(done));
}

net::call_token held_calendar::list_calendars(net::calendar_access who,
                                              net::vendor_done<std::vector<calendar_listing>> done) {
  return hold("list_calendars", std::move(who), std::monostate{}, std::move(done));
}

net::call_token held_calendar::open_channel(net::calendar_access who, net::channel_request request,
                                            net::vendor_done<channel> done) {
  return hold("open_channel", std::move(who), std::move(request), std::move(done));
}

net::call_token held_calendar::renew_channel(net::calendar_access who, channel current, instant,
                                             net::vendor_done<channel> done) {
  return hold("renew_channel", std::move(who), std::move(current), std::move(done));
}

net::call_token held_calendar::close_channel(net::calendar_access who, channel current,
                                             net::vendor_done<bool> done) {
  return hold("close_channel", std::move(who), std::move(current), std::move(done));
}

} // namespace kalends::testing
