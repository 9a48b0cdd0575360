// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "sandbox/router.hpp"
#include "sandbox/state_part.hpp"
#include "schema/world.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace kalends::sandbox {
struct notice;
}

/// Google Cloud beside the calendars: service accounts and Pub/Sub, as far as a relay of notices needs them.
/// https://cloud.google.com/pubsub/docs/reference/rest
namespace kalends::sandbox::google {

class half;

/// A robot of a project. Google keeps the public half of its key, and so do we.
struct service_account {
  std::string email, project, unique_id, key_id, public_pem;
  std::set<std::string, std::less<>> roles; ///< on the whole project: "roles/pubsub.admin"
  friend bool operator==(const service_account&, const service_account&) = default;
};

/// An access token of a service account.
struct cloud_token {
  std::string email;
  instant expires;
  std::set<std::string, std::less<>> scopes;
  friend bool operator==(const cloud_token&, const cloud_token&) = default;
};

struct topic {
  std::string name; ///< "projects/…/topics/…"
  boost::json::array bindings;
  std::int64_t policy_version = 0; ///< rises with every policy: the etag
  friend bool operator==(const topic&, const topic&) = default;
};

/// A push subscription; the sandbox has no others.
struct subscription {
  std::string name, topic;
  boost::json::object settings; ///< everything but name, topic and state, as the API shows it
  friend bool operator==(const subscription&, const subscription&) = default;

  std::string endpoint() const;
};

inline constexpr std::size_t cloud_things_limit = 10'000; ///< of each kind

/// Guarded by the core's mutex.
struct cloud {
  std::map<std::string, service_account, std::less<>> accounts; ///< by e-mail
  std::map<std::string, cloud_token, std::less<>> tokens;
  std::map<std::string, topic, std::less<>> topics;
  std::map<std::string, subscription, std::less<>> subscriptions;
  std::uint64_t last_message = 0;

  void save(state_writer& out);
  void load(state_reader& in);
  void forget_expired(instant now);

private:
  struct {
    written_map<std::string, service_account> accounts;
    written_map<std::string, cloud_token> tokens;
    written_map<std::string, topic> topics;
    written_map<std::string, subscription> subscriptions;
    written_record counter;
  } written_;
};

// -- google_pubsub.cpp: the REST interface --

void add_pubsub_routes(half& h, router& routes);
/// google.rpc.Status as JSON. `permission`: what is missing, for 403.
net::http_response cloud_error(int status, std::string_view name, const std::string& message,
                               const std::string& permission = {});
/// By a role on the project or a binding of the topic (null: only the project counts).
bool is_permitted(const half& h, const std::string& email, std::string_view project,
                  std::string_view permission, const topic* on = nullptr);

// -- google_pubsub_push.cpp: messages on their way --

/// Puts a sound message (`data`, `attributes`) in front of every subscription of the topic. Returns its id.
std::string publish(half& h, const topic& to, const boost::json::object& message);
/// Gives a message what is not written down: its rule, its token, where it goes by now.
void prepare_push(half& h, notice& n);
bool is_base64(std::string_view text);

// -- google_service_accounts.cpp --

/// POST /token with grant_type urn:ietf:params:oauth:grant-type:jwt-bearer (RFC 7523).
net::http_response service_account_token(half& h, call& c);
void add_service_account_routes(half& h, router& routes);

} // namespace kalends::sandbox::google
