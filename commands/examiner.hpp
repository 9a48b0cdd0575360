// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor/facts.hpp"
#include "net/http_client.hpp"
#include "persistence/database.hpp"
#include "schema/world.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kalends::commands {

/// The doctor of a running server: one thread, one examination at a time. Whoever asks while one goes on gets
/// that one's answer.
class examiner {
public:
  /// `http` and `db` outlive it.
  examiner(doctor::installation what, net::http_client& http, persistence::database& db, world outside);
  ~examiner(); ///< as `stop`
  /// Ends what goes on; who waits gets what there is, or an empty text.
  void stop();

  using done = std::function<void(std::string json)>;
  /// Answers with the report as JSON, from the examiner's thread; with an empty text once it is stopped.
  void examine(done answer);

private:
  void work(const std::stop_token& stop);

  doctor::installation what_;
  net::http_client& http_;
  persistence::database& db_;
  world world_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<done> waiting_;
  bool stopped_ = false;
  std::jthread thread_;
};

} // namespace kalends::commands
