// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/call.hpp"

namespace kalends::api {

/// Whether the failure says that the notice proved nothing, and not that we could not keep it.
bool is_refusal(const error& e);

/// Tells the meter and the operator of a notice that proved nothing.
void tell_of_refusal(const call_ptr& c, std::string_view code);

/// Hands a notice to the engine and tells the meter what became of it.
void keep_notice(const call_ptr& c, provider_type from, net::unproven_notice n, actors::answer_to<bool> done);

} // namespace kalends::api
