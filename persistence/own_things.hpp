// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/fact.hpp"
#include "schema/ids.hpp"
#include "schema/result.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

/// What is whose. A person's own: themselves, the calendars that were connected for them alone (not those
/// that show everybody), entries that they are assigned to, and what concerns those calendars.
namespace kalends::persistence {

/// A condition on `column`, a provider's id, for a statement whose $1 is the tenant: true for the calendars
/// of the person in `parameter`, and for all if that is NULL. Of string literals.
#define KALENDS_OF_PERSON(column, parameter)                                                                 \
  " AND (" parameter "::uuid IS NULL OR " column " IN (SELECT own.provider_id FROM providers own"            \
  " WHERE own.tenant_id = $1 AND own.user_id = " parameter " AND own.scope = 'user'))"

enum class own_thing { user, provider, entry, conflict, dead_letter, run, notification };

/// `id` is a UUID.
result<bool> is_own(transaction& tx, const user_id& person, own_thing what, const std::string& id);
/// Their calendars.
result<std::set<std::string>> own_providers(transaction& tx, const user_id& person);
/// Of the facts those that concern what is theirs, in their order.
result<std::vector<fact>> own_facts(transaction& tx, const user_id& person, std::vector<fact> facts);

} // namespace kalends::persistence
