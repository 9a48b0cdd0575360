// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor/finding.hpp"
#include "schema/provider.hpp"

#include <cstdint>
#include <string>
#include <utility>

/// The turns of phrase that the judges share.
namespace kalends::doctor {

/// Makes the findings of one area.
struct findings {
  area where;
  std::vector<finding> all = {};

  void ok(std::string check, std::string subject, std::string found) {
    all.push_back(
        {where, std::move(check), std::move(subject), finding_state::ok, std::move(found), {}, {}, {}});
  }
  void skip(std::string check, std::string subject, std::string found, std::string remedy = {},
            std::string copy = {}) {
    all.push_back({where,
                   std::move(check),
                   std::move(subject),
                   finding_state::skipped,
                   std::move(found),
                   {},
                   std::move(remedy),
                   std::move(copy)});
  }
  struct advice {
    std::string found, consequence, remedy, copy = {};
  };
  void warn(std::string check, std::string subject, advice a) {
    add(finding_state::warning, std::move(check), std::move(subject), std::move(a));
  }
  void problem(std::string check, std::string subject, advice a) {
    add(finding_state::problem, std::move(check), std::move(subject), std::move(a));
  }
  void add(finding_state s, std::string check, std::string subject, advice a) {
    all.push_back({where, std::move(check), std::move(subject), s, std::move(a.found),
                   std::move(a.consequence), std::move(a.remedy), std::move(a.copy)});
  }
};

inline std::string vendor_name(provider_type t) {
  return t == provider_type::google ? "Google" : "Microsoft";
}

/// "1 calendar", "3 calendars".
inline std::string counted(std::int64_t n, const std::string& one) {
  return std::to_string(n) + " " + one + (n == 1 ? "" : "s");
}

/// "2027-01-31"
inline std::string day_text(instant t) { return to_rfc3339(t).substr(0, 10); }

/// Where in the vendors' consoles things are, in the words that stand there.
inline constexpr const char* google_client_page =
    "Google Cloud console > APIs & Services > Credentials > OAuth 2.0 Client IDs > (the client)";
inline constexpr const char* google_consent_page =
    "Google Cloud console > APIs & Services > OAuth consent screen (Google Auth Platform > Audience)";
inline constexpr const char* entra_redirects_page =
    "Entra admin center > Identity > Applications > App registrations > "
    "(the app) > Authentication > Web > Redirect URIs";
inline constexpr const char* entra_secrets_page =
    "Entra admin center > Identity > Applications > App registrations > "
    "(the app) > Certificates & secrets > Client secrets";
inline constexpr const char* entra_overview_page =
    "Entra admin center > Identity > Applications > App registrations > (the app) > Overview";

} // namespace kalends::doctor
