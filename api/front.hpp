// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/call.hpp"

#include <memory>

namespace kalends::api {

/// The way of every request: route, size and media type, key and role, Idempotency-Key, then the route's own
/// work. Thread-safe.
class front {
public:
  explicit front(services s);
  ~front(); ///< closes
  front(const front&) = delete;
  front& operator=(const front&) = delete;
  void accept(net::http_request request, net::http_responder answer) const;
  /// Looks after the open streams now, and not only at their next beat.
  void beat() const;
  /// Ends what would otherwise stay open.
  void close() const;

private:
  std::shared_ptr<house> house_;
};

} // namespace kalends::api
