// SPDX-License-Identifier: Apache-2.0
#include "doctor/judge.hpp"
#include "doctor/words.hpp"
#include "schema/ids.hpp"

#include <algorithm>
#include <array>

/// The installation's OAuth clients, and what the vendors say about them.
namespace kalends::doctor {
namespace {

constexpr std::array vendors{provider_type::google, provider_type::microsoft};

const char* client_page(provider_type t) {
  return t == provider_type::google ? google_client_page : entra_overview_page;
}

std::string setting(provider_type t, const char* name) { return std::string(name_of(t)) + "." + name; }

int own_clients(const facts& f, provider_type t) {
  if (!f.database.grants) return 0;
  const auto at = f.database.grants->own_clients.find(t);
  return at == f.database.grants->own_clients.end() ? 0 : at->second;
}

void judge_absence(findings& out, const facts& f, provider_type t) {
  const auto whose = vendor_name(t);
  const auto own = own_clients(f, t);
  if (own > 0)
    return out.ok("oauth_client", whose,
                  "The installation has none; " + counted(own, "tenant") + " brought one of their own.");
  const bool other =
      std::any_of(vendors.begin(), vendors.end(), [&](auto v) { return f.app(v) || own_clients(f, v) > 0; });
  if (other)
    return out.skip("oauth_client", whose,
                    "None is set: no " + whose +
                        " calendar can be connected, unless a tenant brings its own.",
                    "If people use " + whose + " calendars, make a client (" + client_page(t) + ") and set " +
                        setting(t, "client_id") + " and " + setting(t, "client_secret") + ".");
  out.problem("oauth_client", whose,
              {"No OAuth client is set, for neither vendor.", "No calendar can be connected.",
               "Make a client (" + std::string(client_page(t)) + "), set " + setting(t, "client_id") +
                   " and " + setting(t, "client_secret") + ", and restart the server.",
               "[" + std::string(name_of(t)) + "]\nclient_id = \"…\"\nclient_secret = \"…\""});
}

/// Nothing: it looks like one of that vendor's.
std::string odd_client_id(const facts& f, provider_type t) {
  const auto& id = f.app(t)->client_id;
  if (id.find_first_of(" \t\r\n\"'") != std::string::npos) return "It holds blanks or quotation marks.";
  if (is_trial(f.of)) return {};
  if (t == provider_type::google && !id.ends_with(".apps.googleusercontent.com"))
    return "It does not end in .apps.googleusercontent.com.";
  if (t == provider_type::microsoft && !is_uuid(id)) return "It is not a GUID, as application ids are.";
  return {};
}

void judge_client(findings& out, const facts& f, provider_type t) {
  const auto whose = vendor_name(t);
  const auto& v = f.vendor(t);
  if (auto odd = odd_client_id(f, t); !odd.empty())
    return out.problem(
        "oauth_client", whose,
        {std::move(odd), whose + " does not know such a client: no calendar can be connected.",
         "Copy the " + std::string(t == provider_type::google ? "Client ID" : "Application (client) ID") +
             " (" + client_page(t) + ") into " + setting(t, "client_id") + "."});
  const bool unknown = (v.consent.answered() && read_consent(t, v.consent, redirect_uri(f.of.server, t)) ==
                                                    consent_verdict::unknown_client) ||
                       (v.client.answered() && read_client(t, v.client) == client_verdict::unknown_client);
  if (unknown)
    return out.problem(
        "oauth_client", whose,
        {whose + " does not know this client.",
         "No calendar can be connected, and those that are connected lose access at the next renewal.",
         "See whether the client was deleted or belongs to another " +
             std::string(t == provider_type::google ? "project" : "directory (microsoft.tenant)") + ": " +
             client_page(t) + ". Copy its id into " + setting(t, "client_id") + "."});
  out.ok("oauth_client", whose, "The client " + f.app(t)->client_id + " is set.");
}

/// Nothing: it may be a secret. Never says what it is.
std::string odd_secret(const oauth_app& app, provider_type t) {
  const auto& secret = app.client_secret;
  if (secret.find_first_of(" \t\r\n\"'") != std::string::npos) return "It holds blanks or quotation marks.";
  if (secret == app.client_id) return "It is the client's id.";
  if (t == provider_type::microsoft && is_uuid(secret))
    return "It is a GUID, so it is the secret's ID and not its value.";
  if (secret.size() < 10) return "It is too short to be one.";
  return {};
}

void judge_secret(findings& out, const facts& f, provider_type t) {
  const auto whose = vendor_name(t);
  const bool google = t == provider_type::google;
  const auto consequence =
      "The consent is refused at its last step, and no token can be renewed: nothing of " + whose +
      " is synced.";
  const auto renew = google ? std::string(google_client_page) +
                                  " > Client secrets: add one, and put it into google.client_secret."
                            : std::string(entra_secrets_page) +
                                  " > New client secret: copy its Value (it is shown once; the "
                                  "Secret ID is not it) into microsoft.client_secret.";
  if (auto odd = odd_secret(*f.app(t), t); !odd.empty())
    return out.problem("client_secret", whose, {std::move(odd), consequence, renew});
  const auto& w = f.vendor(t).client;
  if (!w.answered())
    return out.skip("client_secret", whose,
                    "It looks like one; " + whose + " could not be asked about it" +
                        (w.asked() ? " (" + w.failure + ")." : "."));
  switch (read_client(t, w)) {
  case client_verdict::wrong_secret:
    return out.problem("client_secret", whose, {whose + " refuses it as wrong.", consequence, renew});
  case client_verdict::expired_secret:
    return out.problem("client_secret", whose, {whose + " says that it has expired.", consequence, renew});
  case client_verdict::known:
    return out.ok("client_secret", whose, whose + " accepts it.");
  case client_verdict::unknown_client:
    return out.skip("client_secret", whose,
                    whose + " does not know the client, so that it says nothing of it.");
  case client_verdict::unclear:
    break;
  }
  out.skip("client_secret", whose,
           "It looks like one; " + whose + "'s answer (status " + std::to_string(w.status) +
               ") does not tell more.");
}

/// Google's do not end.
void judge_expiry(findings& out, const facts& f) {
  const auto& ends = f.of.microsoft_secret_ends;
  const auto check = "secret_expiry";
  const auto renew = std::string(entra_secrets_page) +
                     " > New client secret: put its Value into "
                     "microsoft.client_secret, its end into "
                     "microsoft.client_secret_expires, and restart. The old "
                     "one may be deleted then.";
  if (!ends)
    return out.skip(check, "Microsoft",
                    "Secrets of Entra end after two years at the latest, and no one but its page tells when.",
                    "Look at Expires (" + std::string(entra_secrets_page) +
                        ") and note the day in microsoft.client_secret_expires: you will be warned in time.",
                    "client_secret_expires = \"YYYY-MM-DD\"");
  const auto left = *ends - std::chrono::floor<std::chrono::days>(f.now);
  const auto day = day_text(instant(*ends));
  if (left.count() < 0)
    return out.problem(check, "Microsoft",
                       {"By microsoft.client_secret_expires it ended on " + day + ".",
                        "Microsoft renews no token: no Microsoft calendar is synced.", renew});
  if (left < secret_warning)
    return out.warn(check, "Microsoft",
                    {"It ends on " + day + ", in " + counted(left.count(), "day") + ".",
                     "From that day on no Microsoft calendar is synced.", renew});
  out.ok(check, "Microsoft", "It lasts until " + day + ".");
}

void judge_redirect(findings& out, const facts& f, provider_type t) {
  const auto uri = redirect_uri(f.of.server, t);
  const auto whose = vendor_name(t);
  const bool google = t == provider_type::google;
  const auto page = google ? std::string(google_client_page) + " > Authorized redirect URIs"
                           : std::string(entra_redirects_page);
  const auto consequence = whose + " shows an error instead of the consent: no calendar can be connected.";
  if (auto why = redirect_complaint(t, uri); !why.empty())
    return out.problem("redirect_uri", whose,
                       {uri + ": " + why, consequence,
                        "Set public_url to an https address with a public host name, and register " +
                            redirect_uri(f.of.server, t).substr(f.of.server.public_url.size()) +
                            " below it: " + page + "."});
  const auto& w = f.vendor(t).consent;
  const auto compare = "Compare it letter by letter with what stands there: " + page + ".";
  if (!w.answered())
    return out.skip("redirect_uri", whose,
                    uri + ": " + whose + " could not be asked" + (w.asked() ? " (" + w.failure + ")." : "."),
                    compare, uri);
  switch (read_consent(t, w, uri)) {
  case consent_verdict::accepted:
    return out.ok("redirect_uri", whose, whose + " accepts " + uri + ".");
  case consent_verdict::redirect_mismatch:
    return out.problem("redirect_uri", whose,
                       {whose + " refuses " + uri + ": it is not registered for this client.", consequence,
                        "Add exactly this URI: " + page +
                            ". It is compared letter by letter: http for https, a slash at its end, another "
                            "host or port make it another one. If a right one stands there, public_url is "
                            "what has to be changed.",
                        uri});
  case consent_verdict::unknown_client:
    return out.skip("redirect_uri", whose, whose + " does not know the client; see the finding about it.");
  case consent_verdict::unclear:
    break;
  }
  out.skip("redirect_uri", whose,
           uri + ": " + whose + "'s answer (status " + std::to_string(w.status) +
               ") does not tell whether it is registered.",
           compare, uri);
}

} // namespace

std::vector<finding> judge_oauth(const facts& f) {
  findings out{area::oauth};
  for (const auto t : vendors) {
    if (!f.app(t)) {
      judge_absence(out, f, t);
      continue;
    }
    judge_client(out, f, t);
    judge_secret(out, f, t);
    if (t == provider_type::microsoft && !is_trial(f.of)) judge_expiry(out, f);
    judge_redirect(out, f, t);
  }
  return std::move(out.all);
}

} // namespace kalends::doctor
