// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/server_connection.hpp"

namespace kalends::net {

/// One request waiting for its answer. Holds no strong reference to the connection, so it may be dropped on
/// any thread, after the server is gone too.
class server_exchange final : public http_responder::sink {
public:
  server_exchange(std::shared_ptr<answer_queue> queue, std::weak_ptr<server_connection> to,
                  std::uint64_t exchange)
      : queue_(std::move(queue)), to_(std::move(to)), exchange_(exchange) {}
  ~server_exchange() override;

  void answer(http_response answer) override;
  std::shared_ptr<http_stream> stream(http_response head) override;
  void abort() override;

private:
  void deliver(http_response answer);

  std::shared_ptr<answer_queue> queue_;
  std::weak_ptr<server_connection> to_;
  std::uint64_t exchange_;
  std::atomic<bool> answered_{false};
};

/// While it lives, an answer to this exchange on this thread goes to the connection without a detour.
class answering_here {
public:
  answering_here(const server_exchange& exchange, server_connection& connection);
  ~answering_here();
  answering_here(const answering_here&) = delete;
  answering_here& operator=(const answering_here&) = delete;

private:
  const server_exchange* outer_exchange_;
  server_connection* outer_connection_;
};

} // namespace kalends::net
