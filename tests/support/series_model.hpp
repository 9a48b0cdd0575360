// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/calendar_client.hpp"

#include <string>

/// What vendors do with series, for the models of them: each vendor in its own way, as its documents say.
namespace kalends::testing {

/// The part of a version that If-Match guards: the master's. Exceptions move what follows the '#'.
std::string guard_of(const std::string& version);

/// What an insert makes of what it was asked for. Changed occurrences are not its affair, nor are, at Graph,
/// cancelled ones; guests only if they are invited.
appointment as_inserted(const net::new_event& asked, provider_type type);
/// What an update makes of `standing`. A pattern that changes takes exceptions with it: Graph forgets all of
/// them, Google those whose occurrence is gone.
appointment as_updated(const appointment& standing, const net::event_update& asked, provider_type type);
/// As a write's answer shows it: the master alone.
appointment master_alone(appointment a);
/// Writes one occurrence. False: there is none to be written.
result<bool> write_slot(appointment& series, const net::occurrence_write& asked, provider_type type);

/// In the one form that clients read; exceptions of slots that are gone are left out.
appointment as_read(appointment a);

} // namespace kalends::testing
