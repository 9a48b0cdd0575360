// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/call.hpp"

#include <functional>

namespace kalends::api {

/// Says that another node sent a request on; it is not sent on again.
inline constexpr std::string_view forwarded_header = "Kalends-Forwarded";

/// Goes on with `here` if this node runs the tenant. If another does, the request goes to it as it came, and
/// its answer is the answer: that node checks the key again. 503 `tenant_moving` when nobody runs the tenant
/// just now, or its node cannot be reached: nothing was done then. 503 `answer_lost` when a request that
/// changes something reached that node, perhaps, and its answer did not come: the effect is unknown.
void at_owner(const call_ptr& c, const tenant_id& tenant, std::function<void()> here);

} // namespace kalends::api
