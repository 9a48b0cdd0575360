// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/token_vault.hpp"
#include "persistence/transaction.hpp"
#include "schema/tenant_changes.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// What a group of commits does to the database: a handful of set-based statements, whatever the number of
/// units.
namespace kalends::persistence {

/// Changes, and the epoch under which they were asked for.
struct commit_unit {
  tenant_changes changes;
  std::int64_t epoch = 0;
};

/// Writes all units, which may be of many tenants, in one round trip; answers each one's facts with their
/// sequences. Units of one tenant must not share a key (see `keys_of`). Errors, of the whole group: stopped
/// `fenced` (a unit's epoch is not the row's); conflict `stale_version`; not_found `tenant_gone`,
/// `provider_gone`, `user_gone`; those of `transaction::query`.
result<std::vector<std::vector<fact>>> write_units(transaction& tx, const token_vault& vault, instant now,
                                                   const std::vector<const commit_unit*>& units);

/// The rows that this unit writes and another might: two units that share one must be written one after the
/// other.
std::vector<std::string> keys_of(const tenant_changes& c);
/// Roughly the number of rows written.
std::size_t weight_of(const tenant_changes& c);

/// Takes the tenant's lock and appends; for writes outside of groups. Must come before any other write of the
/// transaction. Error not_found `tenant_gone`.
result<std::vector<fact>> append_facts(transaction& tx, std::vector<fact> facts);

/// The name under which a provider's cursor is sealed.
std::string cursor_seal(const provider_id& provider);

} // namespace kalends::persistence
