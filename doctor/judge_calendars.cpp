// SPDX-License-Identifier: Apache-2.0
#include "doctor/judge.hpp"
#include "doctor/words.hpp"
#include "net/oauth_questions.hpp"

#include <algorithm>
#include <map>

/// What people granted, and what became of it.
namespace kalends::doctor {
namespace {

constexpr std::size_t tenants_named = 50;

struct lacking {
  int calendars = 0;
  std::vector<std::string> scopes;
};

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& w : words) text += (text.empty() ? "" : " and ") + w;
  return text;
}

void name_tenant(findings& out, const std::string& tenant, provider_type t, const lacking& l) {
  const auto whose = vendor_name(t);
  out.problem(
      "scopes", tenant + ", " + whose,
      {counted(l.calendars, "calendar") + " granted too little: " + listed(l.scopes) + " is missing.",
       "These calendars cannot be read or written; " + whose + " refuses the calls.",
       "Let their owners connect them again (Calendars > Reconnect) and leave all boxes checked. " +
           std::string(t == provider_type::google
                           ? "The scopes are declared at Google Cloud console > APIs & Services > OAuth "
                             "consent screen > Data access."
                           : "The permission is declared at Entra admin center > Identity > Applications > "
                             "App registrations > "
                             "(the app) > API permissions > Microsoft Graph > Delegated."),
       listed(l.scopes)});
}

void judge_scopes(findings& out, const facts& f) {
  const auto& grants = *f.database.grants;
  std::map<provider_type, int> enough;
  std::map<std::pair<std::string, provider_type>, lacking> short_of; // by name, so that they are in order
  for (const auto& line : grants.scopes) {
    const auto missing = net::missing_scopes(line.type, line.scope);
    if (missing.empty()) {
      enough[line.type] += line.calendars;
      continue;
    }
    auto& l = short_of[{line.tenant_name, line.type}];
    l.calendars += line.calendars;
    for (const auto& scope : missing)
      if (std::find(l.scopes.begin(), l.scopes.end(), scope) == l.scopes.end()) l.scopes.push_back(scope);
  }
  std::size_t named = 0;
  for (const auto& [which, l] : short_of)
    if (named++ < tenants_named) name_tenant(out, which.first, which.second, l);
  if (named > tenants_named)
    out.warn(
        "scopes", "more tenants",
        {counted(static_cast<std::int64_t>(named - tenants_named), "more tenant") + " with such calendars.",
         "They are not named here.", "Mend those that are named, and run this again."});
  for (const auto& [type, n] : enough)
    out.ok("scopes", vendor_name(type), counted(n, "calendar") + " granted all that sync needs.");
  if (grants.scopes.empty()) out.skip("scopes", "calendars", "No calendar is connected yet.");
  if (!f.database.all_grants)
    out.skip("scopes", "more tenants", "There are more tenants than this looks at; the first ones were.");
}

bool at_seven_days(const persistence::lost_grant& g) {
  if (g.type != provider_type::google || g.code != "invalid_grant" || !g.consented_at) return false;
  const auto age = g.lost_at - *g.consented_at;
  return age >= test_mode_from && age <= test_mode_until;
}

void judge_test_mode(findings& out, const std::vector<persistence::lost_grant>& lost) {
  const auto n = std::count_if(lost.begin(), lost.end(), at_seven_days);
  if (n == 0) return out.ok("consent_test_mode", "Google", "No access ended seven days after the consent.");
  out.warn(
      "consent_test_mode", "Google",
      {"The access of " + counted(n, "Google calendar") + " ended seven days after its owner's consent.",
       "So it is when the OAuth consent screen is in testing: every refresh token ends after seven days, "
       "and everybody has to connect again, every week.",
       std::string(google_consent_page) +
           " > Publishing status > Publish app. Calendar scopes are sensitive: Google then asks for "
           "verification, unless the user type is Internal. Let the owners connect again afterwards.",
       "https://console.cloud.google.com/auth/audience"});
}

void judge_lost(findings& out, const std::vector<persistence::lost_grant>& lost) {
  for (const auto t : {provider_type::google, provider_type::microsoft}) {
    const auto of = [&](const char* code) {
      return std::count_if(lost.begin(), lost.end(),
                           [&](const auto& g) { return g.type == t && g.code == code; });
    };
    const auto whose = vendor_name(t);
    if (const auto n = of("invalid_client"); n > 0)
      out.problem(
          "client_refused", whose,
          {whose + " refuses the OAuth client when the tokens of " + counted(n, "calendar") + " are renewed.",
           "None of them is synced.",
           "See the findings about the OAuth client and its secret; a tenant's own is changed by PUT "
           "/v1/oauth-clients/" +
               std::string(name_of(t)) + "."});
    if (const auto n = of("invalid_grant"); n > 0)
      out.warn(
          "access_lost", whose,
          {counted(n, "calendar") + " lost access: consent was withdrawn, a password was changed, or the "
                                    "grant ended.",
           "Nothing of them is synced; what is to be written waits.",
           "Let their owners connect them again (Calendars > Reconnect). Who they are is in the console: "
           "Health, filter \"Needs its owner\"."});
  }
}

} // namespace

std::vector<finding> judge_calendars(const facts& f) {
  findings out{area::calendars};
  const auto& d = f.database;
  if (!d.grants || !d.lost)
    out.skip("scopes", "calendars",
             "The connected calendars could not be looked at" +
                 (d.calendars_away ? ": " + d.calendars_away->detail
                                   : std::string(": the database is not ready, see the findings about it.")));
  if (d.grants) judge_scopes(out, f);
  if (d.lost) {
    judge_test_mode(out, *d.lost);
    judge_lost(out, *d.lost);
  }
  return std::move(out.all);
}

} // namespace kalends::doctor
