// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_client.hpp"
#include "net/webhook_signature.hpp"
#include "schema/result.hpp"
#include "schema/world.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace kalends::net {

/// One message to an endpoint of the host.
struct webhook_message {
  std::string url;
  std::string id;      ///< `webhook-id`: the same however often it is sent
  std::string payload; ///< JSON
  std::string secret;
  std::string secret_before; ///< empty, or one that signs as well
};
struct webhook_answer {
  int status = 0;
  std::optional<std::chrono::milliseconds> retry_after;
};

/// Sends signed messages. `http` is a client of its own, whose `may_connect` knows where a customer's URL may
/// lead, so that what hangs here keeps no vendor call waiting. Thread-safe.
class webhook_sender {
public:
  /// All in all, whatever the endpoint does.
  static constexpr std::chrono::milliseconds deadline{10'000};
  /// What an endpoint says is thrown away; more than this is not even read.
  static constexpr std::size_t answer_bytes = 64 * 1024;

  webhook_sender(std::shared_ptr<http_client> http, world w, std::string agent);

  /// Any status is an answer; what went wrong besides is one of http_client's errors. `heard` is called
  /// exactly once, on an I/O thread; once the client is stopped, before this returns.
  [[nodiscard]] call_token send(const webhook_message& m, std::function<void(result<webhook_answer>)> heard);

private:
  std::shared_ptr<http_client> http_;
  world world_;
  std::string agent_;
};

} // namespace kalends::net
