// SPDX-License-Identifier: Apache-2.0
#include "commands/examiner.hpp"

#include "doctor/examine.hpp"
#include "doctor/report_text.hpp"

#include <boost/json.hpp>

namespace kalends::commands {

examiner::examiner(doctor::installation what, net::http_client& http, persistence::database& db,
                   world outside)
    : what_(std::move(what)), http_(http), db_(db), world_(std::move(outside)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

examiner::~examiner() { stop(); }

void examiner::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  for (auto& answer : std::exchange(waiting_, {})) answer({});
}

void examiner::examine(done answer) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopped_) {
      waiting_.push_back(std::move(answer));
      wake_.notify_one();
      return;
    }
  }
  answer({});
}

void examiner::work(const std::stop_token& stop) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
    }
    if (stop.stop_requested()) return;
    const auto found = doctor::examine(what_, {http_, &db_, {}, false, world_, {}}, stop);
    const auto text =
        stop.stop_requested() ? std::string() : boost::json::serialize(doctor::report_json(found));
    std::vector<done> all;
    {
      const std::lock_guard lock(mutex_);
      all.swap(waiting_);
    }
    for (auto& answer : all) answer(text);
  }
}

} // namespace kalends::commands
