// SPDX-License-Identifier: Apache-2.0
#include "actors/provider.hpp"

#include <utility>

/// A calendar that was disconnected with "remove the events": status `leaving`, durable. Nothing is read or
/// pushed any more; link by link the event is looked at, and deleted if it bears the tag that only an insert
/// of ours leaves, naming the very entry of the link. What people made themselves, or copied, bears no such
/// tag and is never touched, wherever its entry came from. When all links were looked at, the rows go as with
/// any other disconnection. A crash in between begins the round again: what is gone is known to be gone.
namespace kalends::actors {

namespace {

constexpr std::size_t links_per_page = 100;
constexpr int looks_allowed = 5; ///< at an event that somebody keeps changing

} // namespace

void connected_calendar::depart() {
  refuse_orders(error{errc::conflict, "provider_not_connected", "The calendar is being disconnected."});
  state.connect = false;
  // Without a grant nothing can be removed: people see the problem, and either connect once more or
  // disconnect without removing.
  const bool rests = vendor_resting() || resting(state.push_trouble);
  if (calendar().problem || rests) return rest();
  depart_from(entry_id{});
}

void connected_calendar::depart_from(entry_id after) {
  parts_.store.load_links(tenant_id_, id_, std::move(after), links_per_page,
                          ask<std::vector<mapping>>(this, [this](result<std::vector<mapping>> found) {
                            if (!found) return departure_failed(found.error());
                            if (found->empty()) return leave();
                            look_at_copy(std::make_shared<const std::vector<mapping>>(std::move(*found)), 0,
                                         0);
                          }));
}

void connected_calendar::look_at_copy(const links_ptr& links, std::size_t which, int tries) {
  if (!state.leaving.empty()) return step_done(); // a person does not want to wait for it
  // Graph, and no answer to an insert ever came: there is nothing to address.
  while (which < links->size() && (*links)[which].event.empty()) ++which;
  if (which == links->size()) return depart_from(links->back().entry);
  auto get = [event = (*links)[which].event](net::calendar_client& vendor, net::calendar_access who,
                                             net::vendor_done<calendar_event> reply) {
    return vendor.get_event(std::move(who), event, std::move(reply));
  };
  call_vendor<calendar_event>(
      vendor_verb::get_event, get, [this, links, which, tries](const result<calendar_event>& found) {
        const bool gone = found ? found->removed : found.error().kind == errc::not_found;
        if (!found && !gone) return departure_failed(found.error());
        if (gone || found->tag != (*links)[which].entry) return look_at_copy(links, which + 1, 0);
        remove_copy(links, which, found->version, tries);
      });
}

void connected_calendar::remove_copy(const links_ptr& links, std::size_t which, const std::string& version,
                                     int tries) {
  auto erase = [event = (*links)[which].event, version](
                   net::calendar_client& vendor, net::calendar_access who, net::vendor_done<bool> reply) {
    return vendor.delete_event(std::move(who), event, version, std::move(reply));
  };
  call_vendor<bool>(
      vendor_verb::delete_event, erase, [this, links, which, tries](const result<bool>& removed) {
        if (removed) return copy_removed(links, which, *removed ? reason::push_deleted : reason::push_gone);
        // Somebody edits it: what is deleted has been seen.
        if (removed.error().kind == errc::conflict && tries < looks_allowed)
          return look_at_copy(links, which, tries + 1);
        departure_failed(removed.error());
      });
}

void connected_calendar::copy_removed(const links_ptr& links, std::size_t which, reason why) {
  state.push_trouble = {};
  push_settled outcome;
  outcome.provider = id_;
  outcome.entry = (*links)[which].entry;
  outcome.what = push_settled::kind::removed;
  outcome.why = why;
  outcome.link = (*links)[which];
  outcome.done = ask<bool>(this, [this, links, which](const result<bool>& settled) {
    if (!settled) return departure_failed(settled.error());
    look_at_copy(links, which + 1, 0);
  });
  send(state.tenant, std::move(outcome));
}

void connected_calendar::departure_failed(const error& e) {
  if (!state.leaving.empty()) return step_done();
  if (e.kind == errc::reauthorize) return needs_person(e);
  log_failure("removing the events of a calendar that leaves", e);
  stumble(state.push_trouble, e);
  rest();
}

} // namespace kalends::actors
