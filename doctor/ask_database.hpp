// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor/examine.hpp"

namespace kalends::doctor {

/// How the database is set and how the calendars stand; each question is given up after `within`.
database_facts ask_database(const installation& what, const instruments& with, const std::stop_token& stop,
                            std::chrono::milliseconds within);

} // namespace kalends::doctor
