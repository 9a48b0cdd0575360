// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "observe/mail_meter.hpp"
#include "persistence/database.hpp"
#include "schema/mail_settings.hpp"
#include "schema/world.hpp"

#include <memory>
#include <string>

namespace kalends::commands {

/// What it is sent with.
struct mail_parts {
  mail_settings mail; ///< wanted
  std::string public_url, extra_ca_file;
};

/// Mails what people have to be told (`persistence/notifications.hpp`), one mail after the other. A thread of
/// its own that looks every few seconds; every node has one, and a row is taken by one of them. A mail is
/// sent after the commit that took it and marked after it was sent: a crash in between repeats that one,
/// under the same Message-ID.
class mail_sender {
public:
  /// `db` and `told` outlive it.
  mail_sender(persistence::database& db, mail_parts configured, world outside, observe::mail_meter& told);
  ~mail_sender(); ///< as `stop`
  void stop();    ///< breaks off what is being sent; before the database goes

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace kalends::commands
