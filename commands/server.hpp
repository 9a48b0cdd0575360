// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "commands/configuration.hpp"
#include "schema/result.hpp"
#include "schema/world.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace kalends::commands {

/// The whole server, put together: database, vault, clients, engine, API, HTTP. Parts are started lowest
/// first and stopped in the opposite order.
class server {
public:
  /// Listens before the rest is up (answering 503 `starting`), so that a port of 0 is known when the public
  /// URL is made.
  static result<std::unique_ptr<server>> start(configuration c, world w);
  ~server();

  std::uint16_t port() const noexcept;
  std::string base_url() const;
  /// The key for /v1/admin: as configured, else the one kept in `<data_dir>/admin.key` (made at first start,
  /// mode 0600).
  const std::string& admin_key() const noexcept;
  /// Calls back once, on an I/O thread, at SIGINT or SIGTERM.
  void on_stop_signal(std::function<void()> asked);
  /// Finishes what is in progress, at most some seconds; what remains stands in rows. Not on an I/O thread.
  void stop();

private:
  struct parts;
  explicit server(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace kalends::commands
