// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor/finding.hpp"

#include <string>

#include <boost/json/object.hpp>

namespace kalends::doctor {

/// The report for people: by area, aligned, what is to be done below what is wrong. `colour`: with the
/// terminal's, which repeat what the words say.
std::string report_text(const report& r, bool colour);

/// The report for programs, as GET /v1/admin/doctor answers it.
boost::json::object report_json(const report& r);

} // namespace kalends::doctor
