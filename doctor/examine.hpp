// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor/facts.hpp"
#include "doctor/finding.hpp"
#include "net/http_client.hpp"
#include "persistence/database.hpp"

#include <stop_token>
#include <string>

/// The thin shell: asks the world and changes nothing in it.
namespace kalends::doctor {

/// What the facts are gathered with. All of it outlives the examination.
struct instruments {
  net::http_client& http; ///< with the trust that the server itself has
  persistence::database* database = nullptr;
  std::optional<error> database_away; ///< why there is no database to ask
  bool database_not_made = false;
  world outside;
  std::string own_url; ///< where the server should answer; empty: the server itself asks
};

/// Gathers, several things at a time, and judges. Blocks the calling thread, for a quarter of a minute at the
/// most; a stop request ends it early with what there is. Not on an I/O or database thread.
report examine(const installation& what, const instruments& with, std::stop_token stop = {});

} // namespace kalends::doctor
