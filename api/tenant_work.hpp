// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/directory.hpp"

#include <optional>

/// What an operator's word about a tenant means for its requests. Of the transaction's tenant.
namespace kalends::api {

/// Error forbidden `feature_withheld`.
result<void> check_feature(persistence::transaction& tx, feature f);
/// Whether somebody may connect a calendar of this vendor now. Errors: `feature_withheld`; conflict
/// `work_stopped`.
result<void> check_may_connect(persistence::transaction& tx, provider_type type);
/// Since when its work is stopped, by itself or with all others'; nothing: it is not.
result<std::optional<instant>> work_stopped_since(persistence::transaction& tx);
/// What people see of an active calendar whose work is stopped.
void show_stop(provider& p, std::optional<instant> since);

} // namespace kalends::api
