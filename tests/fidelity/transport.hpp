// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_client.hpp"
#include "sandbox/core.hpp"

#include <memory>

/// transport.cpp defines the members of `net::http_client` anew, so that the engine's clients reach a sandbox
/// in the same process without a network: this program links those instead of the library's.
namespace kalends::fidelity {

/// Where requests of this thread go until the next call. Answers come before `send` returns.
void send_requests_to(sandbox::core& core);

std::shared_ptr<net::http_client> short_circuit();

} // namespace kalends::fidelity
