// SPDX-License-Identifier: Apache-2.0
#include "net/server_exchange.hpp"

namespace kalends::net {
namespace {

// Above, a stream's reader is too slow and the stream ends.
constexpr std::size_t stream_limit = 1024 * 1024;

thread_local const server_exchange* here_exchange = nullptr;
thread_local server_connection* here_connection = nullptr;

class open_answer final : public http_stream {
public:
  open_answer(std::shared_ptr<answer_queue> queue, std::weak_ptr<server_connection> to,
              std::uint64_t exchange, std::shared_ptr<stream_channel> channel)
      : queue_(std::move(queue)), to_(std::move(to)), exchange_(exchange), channel_(std::move(channel)) {}
  ~open_answer() override { queue_->push({to_, exchange_, answer_queue::ending{}}); }

  bool write(std::string bytes) override {
    if (channel_->gone || channel_->overflown || to_.expired()) return false;
    if (bytes.empty()) return true; // an empty chunk would end the answer
    const auto size = bytes.size();
    if (channel_->waiting.fetch_add(size) + size > stream_limit) {
      channel_->waiting -= size;
      channel_->overflown = true;
      return false;
    }
    queue_->push({to_, exchange_, answer_queue::chunk{std::move(bytes)}});
    return true;
  }

private:
  std::shared_ptr<answer_queue> queue_;
  std::weak_ptr<server_connection> to_;
  std::uint64_t exchange_;
  std::shared_ptr<stream_channel> channel_;
};

} // namespace

answering_here::answering_here(const server_exchange& exchange, server_connection& connection)
    : outer_exchange_(std::exchange(here_exchange, &exchange)),
      outer_connection_(std::exchange(here_connection, &connection)) {}

answering_here::~answering_here() {
  here_exchange = outer_exchange_;
  here_connection = outer_connection_;
}

server_exchange::~server_exchange() {
  if (!answered_) deliver(problem(500, "no_answer", "The request was lost before it was answered."));
}

void server_exchange::answer(http_response answer) {
  if (!answered_.exchange(true)) deliver(std::move(answer));
}

void server_exchange::deliver(http_response answer) {
  if (here_exchange == this)
    here_connection->answer(std::move(answer));
  else
    queue_->push({to_, exchange_, answer_queue::whole{std::move(answer)}});
}

std::shared_ptr<http_stream> server_exchange::stream(http_response head) {
  if (answered_.exchange(true) || to_.expired()) return nullptr;
  auto channel = std::make_shared<stream_channel>();
  queue_->push({to_, exchange_, answer_queue::opening{std::move(head), channel}});
  return std::make_shared<open_answer>(queue_, to_, exchange_, std::move(channel));
}

void server_exchange::abort() {
  if (!answered_.exchange(true)) queue_->push({to_, exchange_, answer_queue::cut{}});
}

} // namespace kalends::net
