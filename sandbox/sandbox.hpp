// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"
#include "schema/world.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace kalends::sandbox {

struct core;

struct sandbox_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0; ///< 0: any free port
  std::string state_dir;  ///< everything is kept here and found again; of one process at a time
  std::string
      webhook_ca_file; ///< trusted for webhooks besides the system's store and our own CA; may be empty
};

/// Google Calendar and Microsoft Graph over https, in memory and in `state_dir`, with its own I/O thread.
/// `base_url` answers the vendors' real paths, and `/_sandbox` for people and tests.
class sandbox {
public:
  /// Goes on where the last one in `state_dir` ended, and listens at once. Errors: those of make_certificate,
  /// of state_file::open and of net::http_server.
  static result<std::unique_ptr<sandbox>> start(sandbox_options options, world w);
  ~sandbox();

  std::string base_url() const;  ///< "https://127.0.0.1:4433"
  std::string admin_url() const; ///< base_url + "/_sandbox"
  std::string ca_file() const;
  /// The state behind it, to prepare accounts and clients in-process: lock `core::mutex`.
  core& state();
  void stop(); ///< any thread but the sandbox's own; once more does nothing

private:
  struct impl;
  explicit sandbox(std::unique_ptr<impl> i);
  std::unique_ptr<impl> impl_;
};

} // namespace kalends::sandbox
