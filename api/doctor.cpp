// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"

namespace kalends::api {

void get_doctor(const call_ptr& c) {
  query_reader query(c->request.query);
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  const auto unavailable = [c] {
    c->finish(problem({errc::retry_later,
                       "not_ready",
                       "The doctor is not to be had just now.",
                       {},
                       std::chrono::seconds(1)}));
  };
  if (!c->with().examine) return unavailable();
  c->with().examine([c, unavailable](std::string report) {
    if (report.empty()) return unavailable();
    c->finish({200, {{"Content-Type", "application/json"}}, std::move(report)});
  });
}

} // namespace kalends::api
