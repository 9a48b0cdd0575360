// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/database.hpp"
#include "persistence/retention.hpp"
#include "schema/settings.hpp"

#include <memory>

namespace kalends::commands {

/// Forgets, tenant by tenant and spread over the hour, what is older than the settings say. A thread of its
/// own that mostly sleeps; a failure is logged and tried again with the next round.
class housekeeper {
public:
  /// `db` outlives it.
  housekeeper(persistence::database& db, settings configured, world outside);
  ~housekeeper(); ///< as `stop`
  void stop();    ///< before the database goes

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace kalends::commands
