// SPDX-License-Identifier: Apache-2.0
#include "doctor/judge.hpp"

#include "doctor/web_address.hpp"

#include <algorithm>
#include <iterator>

namespace kalends::doctor {

bool is_trial(const installation& i) {
  const auto& v = i.vendors;
  return on_loopback(i.server.public_url) && on_loopback(v.google_token) &&
         on_loopback(v.google_authorization) && on_loopback(v.google_calendar) &&
         on_loopback(v.microsoft_login) && on_loopback(v.microsoft_graph);
}

std::vector<finding> judge(const facts& f) {
  std::vector<finding> all;
  for (auto* part : {judge_addresses, judge_reachability, judge_clocks, judge_oauth, judge_calendars,
                     judge_database, judge_storage, judge_operation}) {
    auto found = part(f);
    std::move(found.begin(), found.end(), std::back_inserter(all));
  }
  return all;
}

} // namespace kalends::doctor
