// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/calendar_client.hpp"
#include "net/reaction.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace kalends::net {

/// Calls of one vendor API on behalf of one access token: one request, or several after each other that are
/// cancelled as one. Keeps itself alive while a request is under way.
class vendor_call : public std::enable_shared_from_this<vendor_call> {
public:
  using reaction = error (*)(asked, const http_reply&, instant);
  using next = std::function<void(result<std::string> body)>;

  vendor_call(std::shared_ptr<http_client> http, world w, std::string access_token, reaction react);

  /// Sends with the token. `then` gets the body of a 2xx, or what the vendor's answer means for `what`.
  void ask(asked what, outgoing_request request, next then);
  /// Sends with the token and hands over whatever was answered.
  void send(outgoing_request request, http_client::done then);
  /// What `ask` makes of an answer.
  result<std::string> judge(asked what, result<http_reply> reply) const;

  /// Cancels the request under way, and those that would follow.
  call_token token();

private:
  void cancel();

  std::shared_ptr<http_client> http_;
  world world_;
  std::string access_token_;
  reaction react_;

  std::mutex mutex_; ///< guards the three below; never held while calling the transport
  bool cancelled_ = false;
  unsigned step_ = 0;
  call_token current_;
};

inline error unreadable_answer(std::string detail) {
  return {errc::broken, std::string(vendor_answer_unreadable), std::move(detail), {}, {}};
}

/// Runs a codec and turns what it might throw (memory) into an error: nothing may escape into the I/O
/// threads.
template <class Read>
auto read_guarded(Read read) -> decltype(read()) {
  try {
    return read();
  } catch (const std::exception& e) {
    return tl::unexpected(unreadable_answer(std::string("Reading the answer failed: ") + e.what()));
  }
}

/// "https://host:port" of an absolute URL, scheme and host in lower case; empty if it is none.
std::string origin_of(std::string_view url);

} // namespace kalends::net
