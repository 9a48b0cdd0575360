// SPDX-License-Identifier: Apache-2.0
#include "net/io_threads.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <csignal>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

namespace kalends::net {
namespace asio = boost::asio;

namespace {

struct lane {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> busy{io.get_executor()};
  std::thread thread;
};

/// Who asks often asks twice at once, the process and its group. Within this time that is one request.
constexpr auto echo_time = std::chrono::seconds(1);

} // namespace

struct io_threads::impl {
  std::vector<std::unique_ptr<lane>> lanes;
  std::once_flag stopped;
};

io_threads::io_threads(std::size_t threads) : impl_(std::make_unique<impl>()) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i)
    impl_->lanes.push_back(std::make_unique<lane>());
  for (auto& l : impl_->lanes) l->thread = std::thread([&io = l->io] { io.run(); });
}

io_threads::~io_threads() { stop(); }

std::size_t io_threads::size() const noexcept { return impl_->lanes.size(); }

asio::io_context& io_threads::context(std::size_t i) noexcept {
  return impl_->lanes[i % impl_->lanes.size()]->io;
}

void io_threads::after(std::chrono::milliseconds delay, std::function<void()> work) {
  auto timer = std::make_shared<asio::steady_timer>(context(0), delay);
  timer->async_wait([timer, call = std::move(work)](boost::system::error_code ec) {
    if (!ec) call();
  });
}

void io_threads::on_stop_signal(std::function<void()> on_signal) {
  auto signals = std::make_shared<asio::signal_set>(context(0), SIGINT, SIGTERM);
  signals->async_wait([signals, call = std::move(on_signal)](boost::system::error_code ec, int) {
    if (ec) return;
    auto timer = std::make_shared<asio::steady_timer>(signals->get_executor(), echo_time);
    timer->async_wait([timer, signals](boost::system::error_code) {
      boost::system::error_code ignored;
      signals->clear(ignored); // a signal ends the process as if we had never listened
    });
    call();
  });
}

void io_threads::stop() {
  // A thread cannot join itself; whoever tries has mixed up who owns whom.
  for (auto& l : impl_->lanes)
    if (l->thread.get_id() == std::this_thread::get_id()) std::abort();
  std::call_once(impl_->stopped, [this] {
    for (auto& l : impl_->lanes) l->io.stop();
    for (auto& l : impl_->lanes) l->thread.join();
  });
}

} // namespace kalends::net
