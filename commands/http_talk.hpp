// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_client.hpp"
#include "schema/result.hpp"

#include <boost/json/value.hpp>

#include <memory>
#include <string>

namespace kalends::commands {

/// Speaks to HTTP services the way a program outside would, one call at a time. For commands; blocks the
/// calling thread.
class http_talk {
public:
  explicit http_talk(std::shared_ptr<net::http_client> http) : http_(std::move(http)) {}

  /// The JSON of a 2xx answer (null if it has no body). Any other status is an error whose detail quotes the
  /// answer's problem.
  result<boost::json::value> call(const std::string& method, const std::string& url,
                                  const std::string& bearer, const boost::json::value& body = nullptr) const;

  /// Opens `url` like a browser with an empty cookie jar and follows its redirects (at most ten) to the end.
  /// The last page must be a 2xx.
  result<void> browse(std::string url) const;

private:
  result<net::http_reply> send(net::outgoing_request r) const;

  std::shared_ptr<net::http_client> http_;
};

} // namespace kalends::commands
