// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace kalends::persistence {

/// Ends the process, after a log line, when one of our own promises is broken. Stays on in release builds:
/// what a broken promise would write into a tenant's rows is worse than a restart.
void require(bool kept, const char* promise) noexcept;

} // namespace kalends::persistence
