// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "net/webhook_check.hpp"
#include "schema/result.hpp"

#include <string>

namespace kalends::net {

/// A Google channel notice that came through Pub/Sub: the relay made each X-Goog-… header of the notice an
/// attribute of the same name (the case does not matter) of one message.
struct pushed_notice {
  unproven_notice notice;
  std::string subscription; ///< "projects/…/subscriptions/…" as the push names it
};

/// Reads a push. With the header x-goog-pubsub-subscription-name it is an unwrapped one: the attributes are
/// headers of the request and the body is ignored. Else the body is the envelope
/// {"message": {"attributes": {…}, …}, "subscription": "…"}. Errors (invalid): `push_malformed`, and those of
/// `read_google_notice`. Says nothing about who pushed.
/// https://cloud.google.com/pubsub/docs/push, https://cloud.google.com/pubsub/docs/payload-unwrapping
result<pushed_notice> read_pubsub_push(const http_request& r);

} // namespace kalends::net
