// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/ip_address.hpp"
#include "schema/world.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

/// Looks at a host as a vendor or a browser would, without sending a request. Blocks the calling thread until
/// the deadline at the latest; a stop request ends it within a tenth of a second.
namespace kalends::net {

struct name_look {
  std::vector<std::string> addresses; ///< numeric, as the resolver ordered them
  std::string failure;                ///< why there are none
  friend bool operator==(const name_look&, const name_look&) = default;
};

/// A numeric address resolves to itself.
name_look look_up_name(const std::string& host, std::chrono::milliseconds within, std::stop_token stop);

/// A handshake, and how the certificate stands. Nothing of it is trusted: it is looked at.
struct tls_look {
  bool connected = false;
  bool shaken = false;           ///< the handshake came to its end, whatever the certificate is worth
  std::string failure;           ///< why not connected, or not shaken
  bool trusted = false;          ///< the chain leads to the system's store, expiry aside
  bool trusted_by_extra = false; ///< or to `extra_ca_file`
  bool incomplete = false;       ///< an intermediate certificate was not sent
  bool self_signed = false;
  std::string verdict; ///< OpenSSL's words, when not trusted
  bool name_matches = false;
  std::vector<std::string> names;   ///< that the certificate is for; at most 20
  std::string issuer;               ///< of the server's own certificate
  std::optional<instant> begins_at; ///< latest of the chain
  std::optional<instant> ends_at;   ///< earliest of the chain
};

/// `extra_ca_file`: trusted besides; empty: none.
tls_look look_at_tls(const std::string& host, std::uint16_t port, const std::string& extra_ca_file,
                     std::chrono::milliseconds within, std::stop_token stop);

} // namespace kalends::net
