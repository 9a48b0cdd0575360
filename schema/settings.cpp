// SPDX-License-Identifier: Apache-2.0
#include "schema/settings.hpp"

namespace kalends {

std::string redirect_uri(const settings& s, provider_type type) {
  return s.public_url +
         (type == provider_type::google ? "/oauth/google/callback" : "/oauth/microsoft/callback");
}

} // namespace kalends
