// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/directory.hpp"

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kalends::api {

/// Who asks.
struct principal {
  /// `user`: a person, who has what is theirs and nothing else. `member`: a session with a role. `operator_`:
  /// a session for the whole installation.
  enum class kind { nobody, installation, key, user, member, operator_ } is = kind::nobody;
  tenant_id tenant; ///< whose things are asked for; empty when the installation's are
  api_key_id key;
  key_role role = key_role::reader;
  user_id user = {};       ///< kind user
  std::string called = {}; ///< a session's actor

  std::string actor() const; ///< for the audit log: "admin", "key:<id>", "user:<id>", "nobody"
  bool person() const { return is == kind::user; }
  /// May act for the installation, and for every tenant that it names.
  bool runs_all() const { return is == kind::installation || is == kind::operator_; }
};

std::optional<key_role> read_role(std::string_view name);

/// The credentials of "Bearer <token>" (RFC 6750 2.1; the scheme's case does not matter); empty if there are
/// none.
std::string_view bearer_token(std::string_view authorization);

/// Keys that were verified a moment ago, by their hash, so that a busy host costs no look-up per request.
/// A revocation by another node is noticed within `lifetime`. Thread-safe.
class key_cache {
public:
  static constexpr std::chrono::seconds lifetime{30};
  static constexpr std::size_t limit = 10'000; ///< above, all are forgotten

  std::optional<principal> find(const std::string& hash, instant now);
  void keep(const std::string& hash, const principal& p, instant now);
  void drop(const api_key_id& key);
  void drop(const tenant_id& tenant);

private:
  struct line {
    principal who;
    instant verified_at{};
  };
  std::mutex guard_;
  std::unordered_map<std::string, line> lines_;
};

/// Lets one trace of the same denial through per minute, so that a stubborn client cannot fill the audit log.
/// Thread-safe.
class denial_limiter {
public:
  static constexpr std::chrono::seconds interval{60};
  static constexpr std::size_t limit = 10'000;

  bool lets_through(const std::string& what, instant now);

private:
  std::mutex guard_;
  std::unordered_map<std::string, instant> last_;
};

} // namespace kalends::api
