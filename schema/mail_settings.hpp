// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace kalends {

/// How the way to the mail server is kept secret. `none`: only on the machine itself.
enum class mail_security { starttls, tls, none };

/// The server that takes our mail. Without a host no mail is sent.
struct mail_settings {
  std::string host;
  std::uint16_t port = 0; ///< 0: 587, 465 or 25, as the security has it
  mail_security security = mail_security::starttls;
  std::string user, password; ///< both or none
  std::string password_file;  ///< read at the start; its first line is the password
  std::string from;           ///< an address alone

  bool wanted() const noexcept { return !host.empty(); }
};

} // namespace kalends
