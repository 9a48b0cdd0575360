// SPDX-License-Identifier: Apache-2.0
#include "sandbox/core.hpp"

namespace kalends::sandbox {

void open_halves(core& c) {
  c.google = make_google(c);
  c.google->add_routes(c.routes);
  c.microsoft = make_microsoft(c);
  c.microsoft->add_routes(c.routes);
  add_admin_routes(c);
}

} // namespace kalends::sandbox
