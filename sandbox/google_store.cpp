// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google_store.hpp"

#include <algorithm>

namespace kalends::sandbox::google {

std::int64_t store::next_change() {
  const auto now =
      std::chrono::duration_cast<std::chrono::microseconds>(clock_.now().time_since_epoch()).count();
  last_ = std::max(now, last_ + 1);
  return last_;
}

calendar& store::add(calendar c) {
  c.changed = next_change();
  auto key = c.id;
  return calendars_.insert_or_assign(std::move(key), std::move(c)).first->second;
}

calendar* store::find(const account& owner, std::string_view id) {
  const auto it = calendars_.find(id == "primary" ? std::string_view(owner.email) : id);
  return it != calendars_.end() && it->second.owner == owner.email && !it->second.deleted ? &it->second
                                                                                          : nullptr;
}

std::vector<calendar*> store::all_of(const account& owner) {
  std::vector<calendar*> out;
  for (auto& [id, c] : calendars_)
    if (c.owner == owner.email) out.push_back(&c);
  std::ranges::stable_partition(out, &calendar::primary);
  return out;
}

void store::touch(event& e, bool silent) {
  e.changed = next_change();
  if (!silent) e.updated = clock_.now();
}

} // namespace kalends::sandbox::google
