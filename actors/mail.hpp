// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/behavior.hpp>
#include <caf/error.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/message_id.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

/// At global scope, once per message type: it stays in this process and needs no serialisation.
#define KALENDS_MAIL(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)

namespace kalends::actors {

/// The answer to a question that left the actor system (database, vendor), on its way back into the asker's
/// mailbox.
template <class T>
struct told {
  std::shared_ptr<result<T>> what;
};

namespace detail {

/// One answer, from any thread; dropped unanswered it says so. Only enqueues: nothing but the actor's own
/// thread touches the actor.
class reply_slot {
public:
  reply_slot(caf::strong_actor_ptr to, caf::message_id id) : to_(std::move(to)), id_(id) {}
  ~reply_slot() { send(caf::make_message(caf::make_error(caf::sec::request_receiver_down))); }
  reply_slot(const reply_slot&) = delete;
  reply_slot& operator=(const reply_slot&) = delete;

  void send(caf::message m) {
    if (!used_.test_and_set()) std::exchange(to_, nullptr)->enqueue(nullptr, id_, std::move(m), nullptr);
  }

private:
  caf::strong_actor_ptr to_;
  caf::message_id id_;
  std::atomic_flag used_ = ATOMIC_FLAG_INIT;
};

} // namespace detail

/// A callback for `result<T>` that may be called once from any thread; `heard` then runs in `self`'s own
/// turn. If it is dropped instead, `heard` gets errc::stopped `answer_lost`. Holds `self` alive until then;
/// if `self` ends first, nobody hears.
template <class T, class Self, class F>
std::function<void(result<T>)> ask(Self* self, F heard) {
  auto id = self->new_request_id(caf::message_priority::normal).response_id();
  auto listener = std::make_shared<F>(std::move(heard));
  self->add_multiplexed_response_handler(
      id, caf::behavior{[listener](const told<T>& t) { (*listener)(std::move(*t.what)); },
                        [listener](const caf::error&) {
                          (*listener)(result<T>(
                              failure(errc::stopped, "answer_lost", "The question was dropped unanswered.")));
                        }});
  auto slot = std::make_shared<detail::reply_slot>(self->ctrl(), id);
  return [slot](result<T> r) {
    slot->send(caf::make_message(told<T>{std::make_shared<result<T>>(std::move(r))}));
  };
}

} // namespace kalends::actors

namespace caf {
template <class T>
struct allowed_unsafe_message_type<kalends::actors::told<T>> : std::true_type {};
} // namespace caf
