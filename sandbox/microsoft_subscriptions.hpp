// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/microsoft_mailbox.hpp"
#include "sandbox/router.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::sandbox {
struct core;
struct notice;
} // namespace kalends::sandbox

namespace kalends::sandbox::microsoft {

struct subscription {
  std::string id;
  std::string email, client_id, grant_id;
  std::string resource;       ///< as given
  std::uint64_t calendar = 0; ///< 0: every calendar of the mailbox
  bool of_calendar_list = false;
  std::set<std::string, std::less<>> change_types;
  std::string notification_url, lifecycle_url, client_state, tls;
  bool immutable_ids = false;
  instant made{}, expires{};
  instant reminded{}; ///< last reauthorizationRequired
  friend bool operator==(const subscription&, const subscription&) = default;
};

/// Change notifications: their handshake, their messages, their end. Everything is called with the core
/// locked.
class subscriptions {
public:
  static constexpr std::size_t per_mailbox_limit = 1'000;

  using finish_with = std::function<void(expected<boost::json::object>)>;
  /// A mailbox by the owner's email; null when there is none.
  using mailbox_finder = std::function<mailbox*(const std::string& email)>;

  subscriptions(core& c, const knobs& k, mailbox_finder find) : core_(c), knobs_(k), find_(std::move(find)) {}

  /// Validates both URLs over the network before it answers: `done` is called later, once.
  void create(const call& c, const boost::json::object& body, bool immutable_ids, finish_with done);
  /// A changed notification URL is validated again.
  void change(const call& c, const boost::json::object& body, finish_with done);
  expected<boost::json::object> get(const call& c);
  boost::json::array list(const call& c) const; ///< of this application and this person
  std::optional<refusal> remove(const call& c);
  std::optional<refusal> reauthorize(const call& c);

  /// Tells whoever subscribed; with knobs for latency, extra items and odd change types.
  void tell(const mailbox& box, const event_item& item, change_kind kind);
  /// Returns how many messages went into the outbox. Empty `id`: every subscription of the mailbox.
  std::size_t send_lifecycle(std::string_view email, std::string_view id, std::string_view event);
  bool expire(std::string_view id);
  void tick();
  boost::json::array report() const;

  // -- kept and found again; microsoft_state.cpp --
  void save(state_writer& out);
  void load(state_reader& in);
  /// Repeats and gives up as for a notice of ours.
  void adopt(notice& n);

private:
  subscription* owned(const call& c);
  std::optional<refusal> read_resource(const call& c, subscription& out) const;
  std::optional<refusal> check_new(const subscription& s) const;
  std::optional<refusal> read_expiry(const boost::json::object& body, instant& out) const;
  void validate(std::vector<std::string> urls, std::function<void(std::optional<refusal>)> done);
  void insert(subscription s, const finish_with& done);
  void post(const std::string& url, const std::vector<const subscription*>& to, boost::json::array items,
            bool lifecycle);
  void post_lifecycle(const subscription& s, std::string_view event);
  boost::json::object render(const subscription& s) const;
  boost::json::object item_for(const subscription& s, const mailbox& box, const event_item& item,
                               std::string_view change_type) const;

  core& core_;
  const knobs& knobs_;
  mailbox_finder find_;
  std::map<std::string, subscription, std::less<>> all_;
  written_map<std::string, subscription> written_;
};

} // namespace kalends::sandbox::microsoft
