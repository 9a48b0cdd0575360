// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/mail_message.hpp"
#include "persistence/notifications.hpp"

#include <string>

namespace kalends::commands {

/// What a notice says by mail: one matter, what to do, and the page where it is done. No picture, no script,
/// nothing that is loaded; no link signs anybody in. Names of private entries do not come in
/// (`notice_to_mail::title` has none). Pure.
net::mail_message words_of(const persistence::notice_to_mail& n, const std::string& public_url,
                           const std::string& from, instant now);

/// Of `kalends admin mail test`.
net::mail_message trial_mail(const std::string& to, const std::string& from, const std::string& id,
                             instant now);

} // namespace kalends::commands
