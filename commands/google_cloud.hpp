// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_client.hpp"
#include "schema/result.hpp"
#include "schema/world.hpp"

#include <boost/json/object.hpp>

#include <memory>
#include <string>
#include <vector>

namespace kalends::commands {

/// How a person proves to Google that they may change a project: one of the two.
struct cloud_credentials {
  std::string key_file;          ///< a service account's JSON key
  std::string access_token_file; ///< what `gcloud auth print-access-token` printed

  bool given() const { return !key_file.empty() || !access_token_file.empty(); }
};

/// The access token behind the credentials. Errors say what to do and quote no secret.
result<std::string> cloud_token(net::http_client& http, const cloud_credentials& c, const world& w);

/// A subscription and what it hangs on, by full names ("projects/…/topics/…").
struct push_wish {
  std::string topic, subscription;
  std::string endpoint, audience, service_account;
  bool unwrapped = false;
};

/// Pub/Sub's REST interface as one person with one token uses it, one call at a time; blocks the calling
/// thread. What is there already is kept, so that everything can be done again. Errors: forbidden with the
/// permission that is missing and where to give it; not_found, conflict, retry_later, broken.
/// https://cloud.google.com/pubsub/docs/reference/rest
class google_pubsub {
public:
  google_pubsub(std::shared_ptr<net::http_client> http, std::string base_url, std::string token)
      : http_(std::move(http)), base_(std::move(base_url)), token_(std::move(token)) {}

  /// True: made now; false: it was there.
  result<bool> make_topic(const std::string& topic) const;
  /// Adds roles/pubsub.publisher for these members ("serviceAccount:…") to the topic's policy and leaves all
  /// else in it alone. True: something was added.
  result<bool> allow_publishers(const std::string& topic, const std::vector<std::string>& members) const;
  enum class subscribed { made, kept, changed };
  /// Error conflict `subscription_elsewhere` when one of that name hangs on another topic.
  result<subscribed> make_subscription(const push_wish& wish) const;
  /// What about the subscription is not as wished; empty: nothing.
  result<std::vector<std::string>> differences(const push_wish& wish) const;
  /// False: it was gone.
  result<bool> remove(const std::string& name) const;

private:
  struct reply {
    int status = 0;
    boost::json::object body;
  };
  result<reply> send(const std::string& method, const std::string& path,
                     const boost::json::object* body = nullptr) const;

  std::shared_ptr<net::http_client> http_;
  std::string base_, token_;
};

} // namespace kalends::commands
