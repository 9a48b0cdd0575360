// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/io_threads.hpp"
#include "observe/prometheus_meter.hpp"
#include "persistence/database.hpp"
#include "schema/world.hpp"

#include <functional>
#include <memory>
#include <string>

namespace kalends::commands {

/// Looks after what nobody tells by itself: whether the database answers, how the rows stand, how late the
/// I/O thread is. One thread; it waits for nothing longer than a few seconds, so that a scrape is answered
/// whatever has stopped.
class watch {
public:
  struct parts {
    observe::prometheus_meter& meter;
    persistence::database& db;
    net::io_threads& io;
    std::function<std::size_t()> http_connections;
    world outside;
    bool push_expected = false; ///< vendors can reach our webhooks
  };
  explicit watch(parts p);
  ~watch(); ///< as `stop`
  /// Whoever still waits gets what there is. Before the database goes.
  void stop();

  /// Answers with the whole scrape, from the watch's thread. Scrapes that come together share one look at the
  /// rows, and a look is good for five seconds.
  void scrape(std::function<void(std::string)> done);
  /// Whether the database answered when it was last asked, at most some seconds ago.
  bool database_answers() const noexcept;

private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

} // namespace kalends::commands
