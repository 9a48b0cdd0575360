// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kalends::net {

/// Header fields in order of arrival. Names compare without regard to case (RFC 9110 5.1).
using header_list = std::vector<std::pair<std::string, std::string>>;

/// The first value of `name`, or an empty view.
std::string_view find_header(const header_list& headers, std::string_view name);

/// A request that the server has read completely. `path` is percent-decoded per segment except "%2F";
/// `target` is what stood on the wire.
struct http_request {
  std::string method;
  std::string target;
  std::string path;
  std::string query; ///< raw, without "?"
  header_list headers;
  std::string body;
  std::string peer; ///< IP address of whoever asks: of the connection, or what a trusted proxy says
  bool tls = false;
};

struct http_response {
  int status = 200;
  header_list headers; ///< Content-Length, Date, Connection and Server are added by the server
  std::string body;
};

/// The rest of an answer whose end is not known yet (server-sent events). Thread-safe; dropping it ends the
/// answer.
class http_stream {
public:
  virtual ~http_stream() = default;
  /// Queues bytes for the peer. False when the connection is gone or more than 1 MiB waits unread: then stop.
  /// After an overflow the connection is cut instead of ended, so that a gap never looks like a complete
  /// answer.
  virtual bool write(std::string bytes) = 0;
};

/// Answers one request, from any thread, once: the first answer counts. Dropped unanswered, it answers 500
/// (`no_answer`), so a lost message can never hang a client.
class http_responder {
public:
  /// The server's side; a test may bring its own. Destroyed unanswered means nobody will answer.
  struct sink {
    virtual ~sink() = default;
    virtual void answer(http_response answer) = 0;
    virtual std::shared_ptr<http_stream> stream(http_response head) = 0;
    virtual void abort() = 0;
  };
  explicit http_responder(std::shared_ptr<sink> s) : sink_(std::move(s)) {}

  void operator()(http_response answer) const;
  /// Sends status and headers now and leaves the body open. Null if the connection is gone.
  std::shared_ptr<http_stream> stream(http_response head) const;
  /// Cuts the connection without an answer: fault plans of the sandbox need it, nothing else does.
  void abort() const;

private:
  std::shared_ptr<sink> sink_;
};

/// Called on an I/O thread, so it must not block: hand slow work to somebody and keep the responder.
using http_handler = std::function<void(http_request, http_responder)>;

/// Percent-decodes a query ("a=1&b=%40", "+" is a space). Broken escapes stay as they are.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);
std::string percent_encode(std::string_view text); ///< RFC 3986 unreserved characters stay

} // namespace kalends::net
