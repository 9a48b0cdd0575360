// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/mail_settings.hpp"
#include "schema/result.hpp"

#include <atomic>
#include <string>

namespace kalends::net {

/// Hands one mail to the server of `s` (RFC 5321) and waits for its answer, at most a minute; `stop` breaks
/// it off. For a thread of its own. Authentication, if there is a user, is only tried once the way is secret,
/// or is on the machine itself. `extra_ca_file` is trusted besides the system's.
///
/// Errors: invalid `mail_refused` (this mail never, the server said so: 550 to 559), `malformed_address`,
/// `mail_plain_refused` (without TLS, and not on the machine itself); retry_later `mail_deferred` (4xx),
/// `mail_login_refused`, `mail_tls_failed`, `mail_server_away`; stopped `stopping`.
result<void> send_mail(const mail_settings& s, const std::string& extra_ca_file, const std::string& to,
                       const std::string& message, const std::atomic<bool>& stop);

} // namespace kalends::net
