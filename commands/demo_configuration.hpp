// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "commands/configuration.hpp"

#include <optional>
#include <string>

#include <boost/json/object.hpp>

namespace kalends::commands {

/// How the demonstration's server is set up beside the sandbox that `manifest` (its demo.json) tells of. The
/// port is the caller's.
configuration demo_configuration(const boost::json::object& manifest, const std::string& data_dir);

/// That of the demonstration that lives in `data_dir`, at the address where it was last; nothing if there is
/// none.
std::optional<configuration> configuration_of_demo(const std::string& data_dir);

} // namespace kalends::commands
