// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <utility>

namespace kalends::testing {

/// The outcome of `call(done)`, whose token is kept until then; fails after ten seconds.
template <class T, class Call>
result<T> outcome(Call call) {
  auto told = std::make_shared<std::promise<result<T>>>();
  auto answer = told->get_future();
  auto token = call([told](result<T> r) { told->set_value(std::move(r)); });
  if (answer.wait_for(std::chrono::seconds(10)) != std::future_status::ready)
    return failure(errc::broken, "test_waited_in_vain", "The call never completed.");
  return answer.get();
}

} // namespace kalends::testing
