// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/router.hpp"
#include "persistence/own_things.hpp"

#include <optional>

namespace kalends::api {

/// What a person who signed in for themselves may do at a route.
enum class person_rule {
  refused,  ///< nothing: also where the table does not name the route
  own_path, ///< goes on if the first id of the path is theirs; else it is as if it were not there
  own_rows, ///< goes on; the route shows and changes only what is theirs (`call::who.user`)
};

person_rule rule_for_person(const route& r);
/// What the first id of such a route's path names.
std::optional<persistence::own_thing> thing_of(const route& r);
/// "provider_not_found" and so on.
const char* not_found_code(persistence::own_thing t);

/// The routes that the table names, as "METHOD path": each is one of `routes()`.
struct person_line {
  std::string_view method, path;
  person_rule rule;
};
std::span<const person_line> person_rules();

} // namespace kalends::api
