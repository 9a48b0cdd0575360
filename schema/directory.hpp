// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"
#include "schema/world.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kalends {

/// How far a tenant is in a roll-out: a label for operators.
enum class release_stage { internal, beta, ga };
/// What an operator may withhold from a tenant. Everything that is not withheld may be used.
enum class feature {
  connect_google,    ///< connect Google calendars
  connect_microsoft, ///< connect Microsoft calendars
  guest_mail,        ///< writes may mail guests
};
inline constexpr feature all_features[] = {feature::connect_google, feature::connect_microsoft,
                                           feature::guest_mail};

std::string_view name_of(release_stage v);
std::string_view name_of(feature v);

struct tenant {
  tenant_id id;
  std::string name;
  instant created_at{};
  release_stage stage = release_stage::ga;
  std::set<feature> withheld = {};
  /// An operator stopped its work: no vendor is called for it. Notices and commands are still taken.
  std::optional<instant> work_stopped_at = {};
  /// A new connection begins with a rehearsal, unless whoever makes it says otherwise.
  bool rehearses = false;
};

/// The same for all tenants.
struct work_switch {
  std::optional<instant> stopped_at;
  std::optional<instant> changed_at;
  std::string changed_by;
};

struct user {
  user_id id;
  std::string email; ///< lower case; unique within the tenant
  std::string name;
  std::string time_zone = "UTC"; ///< IANA
  instant created_at{};
  /// Other addresses that are this person's: lower case, sorted. Like `email`, each is one user's of the
  /// tenant.
  std::vector<std::string> aliases = {};
};

namespace limits {
inline constexpr std::size_t user_aliases = 20;
} // namespace limits

/// One address of a user, in lower case.
struct person_line {
  std::string address;
  user_id user;
  friend bool operator==(const person_line&, const person_line&) = default;
};

/// What a key may do: `reader` looks, `operator_` also changes entries and starts runs, `admin` also
/// connects, disconnects and manages users and keys.
enum class key_role { reader, operator_, admin };
std::string_view name_of(key_role r);

/// A tenant's API key. The key itself is shown once and never stored; its SHA-256 is.
struct api_key {
  api_key_id id;
  std::string name;
  key_role role = key_role::reader;
  instant created_at{};
  std::optional<instant> revoked_at;
};

/// One line of the audit log: who did what to which thing, from where.
struct audit_line {
  std::string id;
  instant time{};
  std::string actor;   ///< "key:<id>", "admin", "user:<id>", "engine"
  std::string action;  ///< "provider.connected", "key.created", "access.denied", …
  std::string subject; ///< "provider:<id>", "key:<id>"
  std::string detail;  ///< JSON object without secrets, at most 4 KiB
  std::string peer;    ///< IP address, if there is one
};

/// A stretch of a longer list: continue with `next_cursor` until it is empty.
template <class T>
struct page_of {
  std::vector<T> items;
  std::string next_cursor;
};

} // namespace kalends
