// SPDX-License-Identifier: Apache-2.0
#include "api/event_stream.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace kalends::api {
namespace {

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string(text.data(), text.size()));
}

} // namespace

std::string fact_json(const fact& f) {
  std::string out = "{\"id\":" + quoted(f.id) + ",\"type\":" + quoted(name_of(f.type));
  out += ",\"tenant_id\":" + quoted(f.tenant.str()) + ",\"sequence\":" + std::to_string(f.sequence);
  out += ",\"time\":" + quoted(to_rfc3339(f.time)) + ",\"data\":" + (f.data.empty() ? "{}" : f.data) + "}";
  return out;
}

std::string sse_event(const fact& f, bool with_id) {
  std::string out;
  if (with_id) out += "id: " + std::to_string(f.sequence) + "\n";
  out += "event: " + std::string(name_of(f.type)) + "\n";
  const auto body = fact_json(f);
  std::size_t at = 0;
  while (at <= body.size()) { // a line end within the data would end the field
    const auto end = std::min(body.find_first_of("\r\n", at), body.size());
    out += "data: " + body.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return out + "\n";
}

event_stream::event_stream(std::shared_ptr<net::http_stream> out, read_facts read, std::int64_t after,
                           live_facts live)
    : out_(std::move(out)), read_(std::move(read)), last_(after), live_(live) {}

void event_stream::hold(actors::subscription s) {
  const std::lock_guard lock(guard_);
  if (mode_ != mode::over) std::swap(subscription_, s);
}

void event_stream::begin() {
  {
    const std::lock_guard lock(guard_);
    if (mode_ != mode::live) return;
    mode_ = mode::reading;
  }
  read_on();
}

void event_stream::tell(const fact& f) {
  {
    const std::lock_guard lock(guard_);
    if (mode_ == mode::over || f.sequence <= last_) return;
    if (mode_ == mode::reading) {
      news_ = true;
      return;
    }
    if (live_ == live_facts::shown && f.sequence == last_ + 1) {
      write(f);
      return;
    }
    mode_ = mode::reading;
  }
  read_on();
}

void event_stream::read_on() {
  std::int64_t after = 0;
  {
    const std::lock_guard lock(guard_);
    if (mode_ != mode::reading) return;
    news_ = false;
    after = last_;
  }
  read_(after, page, [self = shared_from_this()](result<stretch_of_facts> r) { self->take(std::move(r)); });
}

void event_stream::take(result<stretch_of_facts> r) {
  {
    const std::lock_guard lock(guard_);
    if (mode_ != mode::reading) return;
    if (!r) { // the reader comes back with Last-Event-ID
      mode_ = mode::over;
      out_ = nullptr;
      return;
    }
    for (const auto& f : r->facts)
      if (f.sequence > last_ && !write(f)) return;
    last_ = std::max(last_, r->through);
    if (!r->more && !news_) {
      mode_ = mode::live;
      return;
    }
  }
  read_on();
}

bool event_stream::write(const fact& f) {
  if (!out_->write(sse_event(f, true))) {
    mode_ = mode::over;
    out_ = nullptr;
    return false;
  }
  last_ = f.sequence;
  return true;
}

bool event_stream::beat() {
  {
    const std::lock_guard lock(guard_);
    if (mode_ == mode::over) return false;
    if (!out_->write(":\n\n")) {
      mode_ = mode::over;
      out_ = nullptr;
      return false;
    }
  }
  begin();
  return true;
}

void event_stream::end() {
  actors::subscription ended; // outlives the lock: its end may wait for a sink that waits for us
  std::shared_ptr<net::http_stream> dropped;
  const std::lock_guard lock(guard_);
  mode_ = mode::over;
  std::swap(ended, subscription_);
  std::swap(dropped, out_);
}

void live_stream::hold(actors::subscription s) {
  const std::lock_guard lock(guard_);
  if (out_) std::swap(subscription_, s);
}

void live_stream::tell(const fact& f) {
  const std::lock_guard lock(guard_);
  if (out_ && !out_->write(sse_event(f, false))) out_ = nullptr;
}

bool live_stream::beat() {
  if (may_go_on_)
    may_go_on_([weak = weak_from_this()](const result<void>& yes) {
      const auto self = weak.lock();
      if (!self || yes) return;
      const std::lock_guard lock(self->guard_);
      self->out_ = nullptr;
    });
  const std::lock_guard lock(guard_);
  if (out_ && !out_->write(":\n\n")) out_ = nullptr;
  return out_ != nullptr;
}

void live_stream::end() {
  actors::subscription ended;
  const std::lock_guard lock(guard_);
  std::swap(ended, subscription_);
  out_ = nullptr;
}

event_streams::event_streams(std::chrono::milliseconds interval)
    : thread_([this, interval] { run(interval); }) {}

event_streams::~event_streams() { close(); }

void event_streams::close() {
  std::call_once(closed_, [this] {
    {
      const std::lock_guard lock(guard_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    for (const auto& m : std::exchange(members_, {})) m.end(); // nobody adds any more
  });
}

bool event_streams::full() {
  const std::lock_guard lock(guard_);
  return members_.size() >= limit;
}

void event_streams::enroll(member m) {
  {
    const std::lock_guard lock(guard_);
    if (!stopping_) return members_.push_back(std::move(m));
  }
  m.end();
}

void event_streams::run(std::chrono::milliseconds interval) {
  std::unique_lock lock(guard_);
  while (!wake_.wait_for(lock, interval, [this] { return stopping_; })) {
    lock.unlock();
    beat_all();
    lock.lock();
  }
}

void event_streams::beat_all() {
  std::vector<member> round;
  {
    const std::lock_guard lock(guard_);
    round = std::move(members_);
    members_.clear();
  }
  std::vector<member> alive;
  for (auto& m : round) {
    if (m.beat()) {
      alive.push_back(std::move(m));
    } else {
      m.end();
    }
  }
  const std::lock_guard lock(guard_);
  for (auto& m : alive) members_.push_back(std::move(m));
}

} // namespace kalends::api
