// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"
#include "api/call.hpp"

#include <functional>
#include <string>

/// Which part of a series a request means: `?scope=single|future|all&occurrence=2026-12-08T09:00:00`.
namespace kalends::api {

struct occurrence_query {
  actors::edit_scope scope = actors::edit_scope::all;
  std::string occurrence; ///< as it was written; empty with scope `all`
};
/// Errors: invalid `scope_needs_occurrence`, `occurrence_without_scope`, `unknown_value`,
/// `unknown_parameter`.
result<occurrence_query> read_occurrence_query(const call& c);

/// Goes on with `edit` as it means that part of the entry. An occurrence with an offset is read in the zone
/// of the entry, which is looked up. Error invalid `malformed_occurrence`.
void with_occurrence(const call_ptr& c, const entry_id& id, const occurrence_query& which,
                     actors::entry_edit edit, std::function<void(actors::entry_edit)> then);

} // namespace kalends::api
