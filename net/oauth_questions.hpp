// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/calendar_client.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What can be asked about grants and OAuth clients without using them.
namespace kalends::net {

/// What sync needs and a grant with this scope leaves out, as the vendor names it; empty: enough. Pure.
std::vector<std::string> missing_scopes(provider_type type, std::string_view granted);

/// A token request without a code: it can make nothing, and its refusal tells whether the vendor knows the
/// client and its secret.
outgoing_request client_question(const vendor_endpoints& e, provider_type type, const oauth_app& app,
                                 const std::string& redirect_uri);

} // namespace kalends::net
