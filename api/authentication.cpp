// SPDX-License-Identifier: Apache-2.0
#include "api/authentication.hpp"

#include "schema/sync.hpp"

namespace kalends::api {

std::string principal::actor() const {
  if (!called.empty()) return called;
  switch (is) {
  case kind::installation:
    return "admin";
  case kind::key:
    return "key:" + key.str();
  case kind::user:
    return "user:" + user.str();
  case kind::member:
  case kind::operator_:
  case kind::nobody:
    break;
  }
  return "nobody";
}

std::optional<key_role> read_role(std::string_view name) { return read_name<key_role>(name); }

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size()) return {};
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != scheme[i]) return {};
  }
  authorization.remove_prefix(scheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  return authorization;
}

std::optional<principal> key_cache::find(const std::string& hash, instant now) {
  const std::lock_guard lock(guard_);
  const auto found = lines_.find(hash);
  if (found == lines_.end()) return std::nullopt;
  if (now - found->second.verified_at < lifetime && now >= found->second.verified_at)
    return found->second.who;
  lines_.erase(found);
  return std::nullopt;
}

void key_cache::keep(const std::string& hash, const principal& p, instant now) {
  const std::lock_guard lock(guard_);
  if (lines_.size() >= limit) lines_.clear();
  lines_[hash] = {p, now};
}

void key_cache::drop(const api_key_id& key) {
  const std::lock_guard lock(guard_);
  std::erase_if(lines_, [&](const auto& l) { return l.second.who.key == key; });
}

void key_cache::drop(const tenant_id& tenant) {
  const std::lock_guard lock(guard_);
  std::erase_if(lines_, [&](const auto& l) { return l.second.who.tenant == tenant; });
}

bool denial_limiter::lets_through(const std::string& what, instant now) {
  const std::lock_guard lock(guard_);
  if (const auto found = last_.find(what); found != last_.end() && now - found->second < interval)
    return false;
  if (last_.size() >= limit) std::erase_if(last_, [&](const auto& l) { return now - l.second >= interval; });
  if (last_.size() >= limit) return false;
  last_[what] = now;
  return true;
}

} // namespace kalends::api
