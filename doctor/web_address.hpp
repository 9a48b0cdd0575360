// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kalends::doctor {

/// The parts of an http or https URL that a setting may hold.
struct web_address {
  bool https = false;
  std::string host; ///< lower case, without the brackets of IPv6
  std::uint16_t port = 0;
  std::string path;           ///< empty, or begins with "/"
  bool has_extras = false;    ///< user, query or fragment
  std::string origin() const; ///< "https://cal.example.com", the port only if it is not the usual one
  bool loopback() const;      ///< localhost, or an address of this machine's own
};

/// Nothing if it is no such URL.
std::optional<web_address> read_web_address(std::string_view url);

/// Whether its host is this machine itself.
bool on_loopback(std::string_view url);

} // namespace kalends::doctor
