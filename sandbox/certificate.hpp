// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"

#include <filesystem>

namespace kalends::sandbox {

struct certificate_files {
  std::filesystem::path ca;          ///< what clients must trust
  std::filesystem::path certificate; ///< of the server, followed by the CA
  std::filesystem::path private_key; ///< mode 0600
};

/// Makes a certificate authority and a server certificate for localhost, 127.0.0.1 and ::1 in `directory`
/// (made if it is missing), valid for 397 days, or returns those that are there and good for another week.
/// Errors: `state_dir_unusable`, `certificate_failed`.
result<certificate_files> make_certificate(const std::filesystem::path& directory);

} // namespace kalends::sandbox
