// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace kalends::testing {

/// A certificate authority nobody else trusts and a server certificate of it for `name` (a host name;
/// "localhost" also covers 127.0.0.1 and ::1), as PEM files in a directory of their own that goes with the
/// object.
class self_signed {
public:
  explicit self_signed(const std::string& name = "localhost");
  ~self_signed();
  self_signed(const self_signed&) = delete;
  self_signed& operator=(const self_signed&) = delete;

  std::string ca_file() const { return (directory_ / "ca.pem").string(); }
  std::string certificate_file() const { return (directory_ / "server.pem").string(); }
  std::string key_file() const { return (directory_ / "server.key").string(); }

private:
  std::filesystem::path directory_;
};

} // namespace kalends::testing
