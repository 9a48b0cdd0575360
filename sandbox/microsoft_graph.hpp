// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/core.hpp"
#include "sandbox/microsoft_delta.hpp"
#include "sandbox/microsoft_render.hpp"
#include "sandbox/microsoft_subscriptions.hpp"

#include <boost/json/value.hpp>

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kalends::sandbox::microsoft {

/// Microsoft Graph under /v1.0: mailboxes, routes, limits. Everything runs with the core locked.
class graph {
public:
  explicit graph(core& c);

  void add_routes(router& routes);
  void open_mailbox(const account& owner);
  mailbox* box_of(std::string_view email);
  /// Bearer token, request budget; fills in the caller.
  std::optional<net::http_response> authorize(call& c);
  /// Releases held answers, ends subscriptions.
  void tick();
  net::http_response refusal_answer(const refusal& r) const;
  // -- kept and found again; microsoft_state.cpp --
  void save(state_writer& out);
  void load(state_reader& in);

  knobs settings;
  subscriptions subs;

private:
  using handler = net::http_response (graph::*)(call&, mailbox&);
  using late_handler = void (graph::*)(const std::shared_ptr<call>&, finish);

  // -- routing (microsoft_graph.cpp) --
  void add_mailbox_route(router& routes, const std::string& verb, const std::string& pattern,
                         const std::string& name, handler h);
  void add_late_route(router& routes, const std::string& verb, const std::string& pattern,
                      const std::string& name, late_handler h);
  void serve(const std::shared_ptr<call>& c, const finish& done, handler h);
  std::optional<net::http_response> take_slot(call& c);
  void decorate(const call& c, net::http_response& answer) const;

  // -- calendars (microsoft_calendar_routes.cpp) --
  void add_calendar_routes(router& routes);
  net::http_response me(call& c, mailbox& box);
  net::http_response list_calendars(call& c, mailbox& box);
  net::http_response get_calendar(call& c, mailbox& box);
  net::http_response create_calendar(call& c, mailbox& box);
  net::http_response change_calendar(call& c, mailbox& box);
  net::http_response delete_calendar(call& c, mailbox& box);
  net::http_response supported_zones(call& c, mailbox& box);
  net::http_response revoke_sessions(call& c, mailbox& box);

  // -- events (microsoft_event_routes.cpp) --
  void add_event_routes(router& routes);
  net::http_response list_events(call& c, mailbox& box);
  net::http_response view_calendar(call& c, mailbox& box);
  net::http_response instances(call& c, mailbox& box);
  net::http_response get_event(call& c, mailbox& box);
  net::http_response create_event(call& c, mailbox& box);
  net::http_response change_event(call& c, mailbox& box);
  net::http_response delete_event(call& c, mailbox& box);
  net::http_response respond_event(call& c, mailbox& box);
  net::http_response exceptions(call& c, mailbox& box);
  net::http_response delta(call& c, mailbox& box);
  net::http_response events_delta(call& c, mailbox& box);
  net::http_response delta_answer(call& c, const viewer& v, const delta_position& at,
                                  const std::string& resource);

  // -- subscriptions and batches (microsoft_batch.cpp) --
  void add_other_routes(router& routes);
  void create_subscription(const std::shared_ptr<call>& c, finish done);
  void change_subscription(const std::shared_ptr<call>& c, finish done);
  net::http_response list_subscriptions(call& c, mailbox& box);
  net::http_response get_subscription(call& c, mailbox& box);
  net::http_response delete_subscription(call& c, mailbox& box);
  net::http_response reauthorize_subscription(call& c, mailbox& box);
  void batch(const std::shared_ptr<call>& c, finish done);
  struct batch_run;
  void step(const std::shared_ptr<batch_run>& run);
  void run_part(const std::shared_ptr<batch_run>& run, const boost::json::object& part);

  // -- meetings (microsoft_meetings.cpp) --
  void meeting_changed(const mailbox& box, const event_item& item, change_kind kind);
  void send_copy(const mailbox& from, const std::string& guest, const event_item& meeting, bool cancelled);
  void deliver_copies();

  // -- the admin's knobs --
  net::http_response show_knobs(call& c);
  net::http_response set_knobs(call& c);
  net::http_response act(call& c);

  // -- shared by the handlers --
  expected<const calendar_item*> calendar_of(call& c, const mailbox& box) const;
  net::http_response rows_answer(call& c, const viewer& v, std::vector<occurrence> rows,
                                 const std::string& context) const;
  std::string link_base(const call& c) const;
  friend struct handler_tools;

  core& core_;
  std::map<std::string, std::unique_ptr<mailbox>, std::less<>> boxes_;
  std::map<std::string, std::deque<instant>> budgets_; ///< by application and mailbox
  struct held_answer {
    instant due; ///< real time
    std::string slot;
    std::function<void()> release;
  };
  std::list<held_answer> held_;
  std::map<std::string, std::int64_t> in_flight_; ///< by application and mailbox
  struct copy_under_way {
    instant due;
    std::string from, guest; ///< mailboxes
    event_item meeting;
    bool cancelled;
  };
  std::deque<copy_under_way> copies_; ///< in the order in which they arrive
  bool in_batch_ = false;
  bool tallying_ = false; ///< a guest's answer is being written down
  written_record written_knobs_;
};

/// The JSON object of a body, or what to answer.
expected<boost::json::object> body_of(const call& c);
net::http_response graph_answer(int status, const boost::json::value& body);

} // namespace kalends::sandbox::microsoft
