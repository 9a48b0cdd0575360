// SPDX-License-Identifier: Apache-2.0
#include "doctor/judge.hpp"
#include "doctor/web_address.hpp"
#include "doctor/words.hpp"

#include <algorithm>

/// What the outside world calls the server, and whether that name and its certificate are any good.
namespace kalends::doctor {
namespace {

using advice = findings::advice;

constexpr auto set_public_url =
    "Set public_url (KALENDS_PUBLIC_URL, --public-url) to the https address that people's browsers use, and "
    "restart the server.";
constexpr auto public_url_example = "public_url = \"https://calendars.example.com\"";

void judge_public_url(findings& out, const facts& f) {
  const auto& url = f.of.server.public_url;
  const auto a = read_web_address(url);
  const auto check = "public_url";
  if (is_trial(f.of))
    return out.ok(check, url, "A trial on this machine: the sandbox stands in for Google and Microsoft.");
  if (!f.of.public_url_given)
    return out.problem(check, url,
                       {"public_url is not set; the server calls itself " + url + ".",
                        "Redirect URIs and links name an address that only this machine reaches: nobody "
                        "else can sign in or connect a calendar.",
                        set_public_url, public_url_example});
  if (!a || a->has_extras)
    return out.problem(check, url,
                       {"This is not the address of a host.",
                        "Every redirect URI and link begins with it and leads nowhere.", set_public_url,
                        public_url_example});
  if (!a->path.empty())
    return out.problem(check, url,
                       {"It has a path, " + a->path + ".",
                        "The pages and the session cookie expect to be at the root of their host.",
                        "Give the server a host name of its own, and set public_url to it without a path.",
                        "public_url = \"" + a->origin() + "\""});
  if (a->loopback())
    return out.warn(check, url,
                    {"It names this machine itself.",
                     "Only a browser on this machine can sign in or connect a calendar, and vendors cannot "
                     "reach it.",
                     set_public_url, public_url_example});
  if (!a->https)
    return out.problem(
        check, url,
        {"It is not https.",
         "Google and Microsoft refuse redirect URIs without https, and browsers do not send the session "
         "cookie, so nobody stays signed in.",
         "Serve https (tls.certificate and tls.private_key, or a proxy in front) and set public_url to it.",
         "public_url = \"https://" + a->host + "\""});
  out.ok(check, url, "It is an https address.");
}

void judge_webhook_url(findings& out, const facts& f) {
  const auto& url = f.of.server.webhook_url;
  const auto a = read_web_address(url);
  const auto check = "webhook_url";
  const auto every = std::to_string(f.of.server.poll_interval.count()) + " seconds";
  if (url.empty())
    return out.warn(
        check, "webhook_url",
        {"webhook_url is not set.",
         "Vendors tell nothing: changes in calendars are noticed by polling, every " + every + ".",
         "If the vendors can reach the public URL, set webhook_url (KALENDS_WEBHOOK_URL) to self, "
         "and restart the server.",
         "webhook_url = \"self\""});
  if (is_trial(f.of)) return out.ok(check, url, "The sandbox on this machine notifies it.");
  if (!a || a->has_extras)
    return out.problem(check, url,
                       {"This is not the address of a host.", "No push channel can be opened.",
                        "Set webhook_url to the https address that Google and Microsoft reach, or to self.",
                        "webhook_url = \"self\""});
  if (a->loopback() || !a->https)
    return out.problem(check, url,
                       {a->loopback() ? "It names this machine itself." : "It is not https.",
                        "Google and Microsoft notify only public https addresses: no push channel can be "
                        "opened, and changes are noticed by polling, every " +
                            every + ".",
                        "Set webhook_url to a public https address of this server, or to self once "
                        "public_url is one.",
                        "webhook_url = \"self\""});
  out.ok(check, url, "It is an https address.");
}

std::string listed(const std::vector<std::string>& words, std::size_t most = 6) {
  std::string text;
  for (std::size_t i = 0; i < words.size() && i < most; ++i) text += (i == 0 ? "" : ", ") + words[i];
  if (words.size() > most) text += ", …";
  return text;
}

void judge_name(findings& out, const facts& f, const web_address& a, bool vendors_come) {
  const auto check = "dns";
  if (a.loopback()) return out.skip(check, a.host, "It is this machine itself.");
  const auto at = f.names.find(a.host);
  if (at == f.names.end()) return;
  const auto& found = at->second;
  const auto ask_outside = "dig +short " + a.host + " @1.1.1.1";
  if (found.addresses.empty())
    return out.problem(check, a.host,
                       {"The name does not resolve here: " + found.failure + ".",
                        "Neither people nor vendors find the server, unless they ask other name servers "
                        "than this machine does.",
                        "Make an A or AAAA record for it that holds the server's public address, and ask a "
                        "public resolver whether it is there.",
                        ask_outside});
  const bool open = std::any_of(found.addresses.begin(), found.addresses.end(), [](const std::string& one) {
    return net::kind_of_address(one) == net::address_kind::open;
  });
  if (open) return out.ok(check, a.host, "It resolves to " + listed(found.addresses) + ".");
  const auto confirmed = f.database.confirmed_channels.value_or(0);
  if (vendors_come && confirmed > 0)
    return out.ok(check, a.host,
                  "Here it resolves to " + listed(found.addresses) +
                      ", which is not public; outside it leads "
                      "here too: Microsoft reached the webhook when it opened " +
                      counted(confirmed, "subscription") + " that stand.");
  out.add(
      vendors_come ? finding_state::problem : finding_state::warning, check, a.host,
      {"It resolves to " + listed(found.addresses) + " here, which is not a public address.",
       vendors_come ? "Google and Microsoft cannot reach the webhooks, unless public name servers say "
                      "something else than those that this machine asks."
                    : "Only people in this network can sign in or connect a calendar, unless public name "
                      "servers say something else than those that this machine asks.",
       "Ask a public resolver; if it does not answer with the server's public address, change the record.",
       ask_outside});
}

std::string why_untrusted(const net::tls_look& t) {
  if (t.self_signed) return "The certificate is self-signed.";
  if (t.incomplete)
    return "The server sends its own certificate alone, without the intermediate one (" + t.verdict + ").";
  return "The chain does not lead to an authority that this system trusts (" + t.verdict + ").";
}

std::string how_to_trust(const net::tls_look& t) {
  if (t.incomplete)
    return "Serve the whole chain: tls.certificate (or the proxy's certificate file) holds the server's "
           "certificate followed by the intermediate ones; certbot calls that file fullchain.pem.";
  return "Get a certificate from a public authority (Let's Encrypt, for example) and serve it with its "
         "chain.";
}

/// The certificate leads to `extra_ca_file` alone, or to nobody.
void judge_distrust(findings& out, const facts& f, const web_address& a, const net::tls_look& t) {
  const bool privately = t.trusted_by_extra;
  out.add(privately && !is_trial(f.of) ? finding_state::warning : finding_state::problem, "tls", a.origin(),
          {privately
               ? "The certificate is trusted only because of extra_ca_file; its issuer is " + t.issuer + "."
               : why_untrusted(t),
           privately ? "People whose machines do not know that authority see a warning, and Google and "
                       "Microsoft do not notify a webhook with such a certificate."
                     : "Browsers warn and refuse, and Google and Microsoft do not notify a webhook with such "
                       "a certificate.",
           how_to_trust(t)});
}

constexpr auto renew = "Renew the certificate, and make the server or the proxy load the new one. If certbot "
                       "keeps it, see why its timer does not: ";

void judge_validity(findings& out, const facts& f, const web_address& a, const net::tls_look& t) {
  const auto left = std::chrono::floor<std::chrono::days>(*t.ends_at - f.now);
  const auto ends = day_text(*t.ends_at);
  if (*t.ends_at <= f.now)
    return out.problem("tls", a.origin(),
                       {"The certificate expired on " + ends + ".",
                        "Browsers refuse the pages, people cannot connect calendars, and the vendors' "
                        "notices stop.",
                        std::string(renew) + "certbot renew --dry-run.", "certbot renew"});
  if (t.begins_at && *t.begins_at > f.now)
    return out.problem("tls", a.origin(),
                       {"The certificate is valid only from " + day_text(*t.begins_at) + " on.",
                        "Nobody accepts it before that.",
                        "See whether this machine's clock is right; if it is, install a certificate that is "
                        "valid now."});
  if (left < certificate_warning)
    return out.warn("tls", a.origin(),
                    {"The certificate expires on " + ends + ", in " + counted(left.count(), "day") + ".",
                     "After that browsers refuse the pages and the vendors' notices stop.",
                     std::string(renew) + "certbot renew --dry-run.", "certbot renew"});
  out.ok("tls", a.origin(), "The certificate is trusted, names this host, and is valid until " + ends + ".");
}

void judge_certificate(findings& out, const facts& f, const web_address& a) {
  if (!a.https) return out.skip("tls", a.origin(), "There is no TLS at an http address.");
  const auto at = f.certificates.find(a.origin());
  if (at == f.certificates.end()) return;
  const auto& t = at->second;
  if (!t.connected)
    return out.skip("tls", a.origin(),
                    "No connection from here, so that the certificate could not be looked at: " + t.failure +
                        ".");
  if (!t.shaken)
    return out.problem(
        "tls", a.origin(),
        {"The TLS handshake fails: " + t.failure + ".",
         "Nobody can connect, neither people nor vendors. TLS 1.2 or newer is needed.",
         "See what the server or the proxy in front says:",
         "openssl s_client -connect " + a.host + ":" + std::to_string(a.port) + " -servername " + a.host});
  if (!t.name_matches)
    return out.problem(
        "tls", a.origin(),
        {"The certificate is not for " + a.host + " but for " + listed(t.names) + ".",
         "Browsers and vendors refuse it.",
         "Get a certificate that names " + a.host + ", or set the URL to a name that it has."});
  if (t.ends_at && *t.ends_at <= f.now) return judge_validity(out, f, a, t);
  if (!t.trusted && !(t.trusted_by_extra && is_trial(f.of))) return judge_distrust(out, f, a, t);
  if (t.ends_at) judge_validity(out, f, a, t);
}

void judge_relay(findings& out, const facts& f) {
  const auto& url = f.of.server.google_relay_url;
  if (url.empty()) return;
  const auto a = read_web_address(url);
  if (a && (a->https || is_trial(f.of)))
    return out.ok("google_relay", url, "Google's notices go to this relay.");
  out.problem("google_relay", url,
              {"It is not an https address.",
               "Google notifies only https addresses: no channel can be opened.",
               "Set google.relay_url to the https address of the relay, or take it out."});
}

} // namespace

std::vector<finding> judge_addresses(const facts& f) {
  findings out{area::addresses};
  judge_public_url(out, f);
  judge_webhook_url(out, f);
  judge_relay(out, f);
  const auto people = read_web_address(f.of.server.public_url);
  const auto vendors = read_web_address(f.of.server.webhook_url);
  const bool same_host = people && vendors && people->host == vendors->host;
  if (people) judge_name(out, f, *people, same_host);
  if (vendors && !same_host) judge_name(out, f, *vendors, true);
  if (people) judge_certificate(out, f, *people);
  if (vendors && (!people || vendors->origin() != people->origin())) judge_certificate(out, f, *vendors);
  return std::move(out.all);
}

} // namespace kalends::doctor
