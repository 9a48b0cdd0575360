// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kalends::net {

/// More than this no password costs: 128 bytes * n * r.
inline constexpr std::uint64_t scrypt_memory_limit = 256ULL * 1024 * 1024;

/// scrypt (RFC 7914), 32 bytes. Works for a tenth of a second and needs 128 bytes * n * r of memory
/// meanwhile: not for an I/O thread. Error broken `scrypt_failed`: a cost that makes no sense, or too little
/// memory.
result<std::string> scrypt(std::string_view password, std::string_view salt, std::int64_t n, int r, int p);

} // namespace kalends::net
