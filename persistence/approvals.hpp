// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/provider.hpp"
#include "schema/result.hpp"
#include "schema/sync.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

/// What in a calendar waits for a person's yes: removals that were held, and a rehearsal.
namespace kalends::persistence {

/// Absent: nothing waits (any more). False if the provider is gone.
result<bool> put_held(transaction& tx, const provider_id& id, const std::optional<held_removals>& held);
/// The next pass may carry out what is held. False if nothing is.
result<bool> approve_held(transaction& tx, const provider_id& id);

/// The first links whose events wait for a person's yes.
result<std::vector<mapping>> held_links(transaction& tx, const provider_id& id, std::size_t limit);

/// What connecting this calendar would do, as JSON of at most this size.
inline constexpr std::size_t rehearsal_report_bytes = 262'144;
struct rehearsal {
  std::string report;
  instant finished_at{};
};
/// Takes the place of an earlier one. False if the provider is gone or does not rehearse (any more).
result<bool> put_rehearsal(transaction& tx, const provider_id& id, const rehearsal& r);
result<std::optional<rehearsal>> find_rehearsal(transaction& tx, const provider_id& id);
/// Disconnected, but the events that we made there go first: status `leaving`, whatever stood in its way
/// before is forgotten. Only of a calendar that is active or paused; false otherwise.
result<bool> send_away(transaction& tx, const provider_id& id);

/// From now on the calendar is synced; the report goes, and so does a cursor. False if it did not rehearse.
result<bool> end_rehearsal(transaction& tx, const provider_id& id);

} // namespace kalends::persistence
