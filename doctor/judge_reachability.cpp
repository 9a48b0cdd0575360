// SPDX-License-Identifier: Apache-2.0
#include "doctor/judge.hpp"
#include "doctor/web_address.hpp"
#include "doctor/words.hpp"

/// Whether the server is where its addresses lead to, as far as it can be seen from this machine.
namespace kalends::doctor {
namespace {

constexpr auto start_it = "Start the server, and run this again.";

/// A demonstration is started as it was before.
std::string start_command(const facts& f) { return is_trial(f.of) ? "" : "kalends serve"; }

std::string not_running(const facts& f) {
  return "The server does not run here (" + f.own.failure + "), so that nothing can answer.";
}

/// A request that got no answer. From inside that proves little, so it is no problem by itself.
void no_answer(findings& out, const facts& f, const char* check, const web_look& w,
               const std::string& try_it) {
  const auto confirmed = f.database.confirmed_channels.value_or(0);
  const bool seen = confirmed > 0 && std::string_view(check) == "webhook";
  if (w.failure_code == "tls_failed")
    return out.skip(check, w.url, "The certificate is refused, see the finding about it: " + w.failure + ".");
  if (seen)
    return out.ok(check, w.url,
                  "It cannot be reached from here (" + w.failure +
                      "), but Microsoft reached it when it opened " + counted(confirmed, "subscription") +
                      " that stand.");
  out.warn(check, w.url,
           {"It cannot be reached from this machine: " + w.failure + ".",
            "Either nobody reaches it, because of the firewall, the proxy or the name's address; or this "
            "network does not let a machine reach itself by its public address, and all is well outside.",
            "Try it from a machine outside this network. If it answers there, nothing is to be done.",
            try_it});
}

/// The way of somebody who was sent elsewhere.
std::string elsewhere(const web_look& w) {
  const auto asked = read_web_address(w.url), sent = read_web_address(w.location);
  if (!asked || !sent) return "It redirects to " + w.location + ".";
  if (asked->https != sent->https)
    return "It redirects from " + std::string(asked->https ? "https to http" : "http to https") + ", to " +
           sent->origin() + ".";
  if (asked->host != sent->host) return "It redirects to another host, " + sent->host + ".";
  return "It redirects to " + w.location + ".";
}

void judge_public_health(findings& out, const facts& f) {
  const auto& w = f.public_health;
  const auto check = "callback";
  if (!f.server_runs())
    return out.skip(check, f.of.server.public_url, not_running(f), start_it, start_command(f));
  if (!w.asked()) return;
  const auto try_it = "curl -sS " + w.url;
  if (!w.answered()) return no_answer(out, f, check, w, try_it);
  if (w.status >= 300 && w.status < 400) {
    const auto to = read_web_address(w.location);
    return out.problem(check, w.url,
                       {elsewhere(w),
                        "Vendors send people back to the redirect URI as it is registered, and its cookie "
                        "belongs to that host: after the redirect the connection is refused.",
                        "Set public_url to the address at the end of the redirect, and register the redirect "
                        "URI that follows from it; or let the proxy answer at this address.",
                        to ? "public_url = \"" + to->origin() + "\"" : std::string()});
  }
  if (w.status == 200 && w.body.find("\"status\"") != std::string::npos)
    return out.ok(check, w.url, "The server answers at its public URL.");
  out.problem(check, w.url,
              {"Something answers there, but not this server: status " + std::to_string(w.status) + ".",
               "People who consent are sent to a page that does not know them; no calendar can be connected.",
               w.status >= 500
                   ? "The proxy in front does not reach the server: see its upstream address, and "
                     "that it hands on every path."
                   : "Let the proxy in front hand on every path of this host to the server, without "
                     "changing it.",
               try_it});
}

void judge_handshake(findings& out, const facts& f) {
  const auto& w = f.handshake;
  const auto check = "webhook";
  if (f.of.server.webhook_url.empty())
    return out.skip(check, "webhook_url", "There is no webhook URL; see the finding about it.");
  if (!f.server_runs())
    return out.skip(check, f.of.server.webhook_url, not_running(f), start_it, start_command(f));
  if (!w.asked()) return;
  const auto subject = w.url.substr(0, w.url.find('?'));
  const auto try_it = "curl -sS -X POST -d '' '" + subject + "?validationToken=hello'";
  if (!w.answered()) return no_answer(out, f, check, w, try_it);
  if (w.status == 200 && w.body == f.handshake_word)
    return out.ok(check, subject, "It answers Microsoft's validation as it must.");
  out.problem(
      check, subject,
      {"It does not answer Microsoft's validation: status " + std::to_string(w.status) + ".",
       "Microsoft opens no subscription; changes in Microsoft calendars are noticed by polling.",
       "Let the proxy in front hand on POST requests below /webhooks/ to the server, with their query "
       "and body, without asking for a login.",
       try_it});
}

void judge_google_webhook(findings& out, const facts& f) {
  const auto& w = f.google_webhook;
  if (!f.server_runs() || !w.asked() || !w.answered()) return;
  if (w.body.find("method_not_allowed") != std::string::npos)
    return out.ok("webhook", w.url, "It leads to this server.");
  out.problem("webhook", w.url,
              {"Something answers there, but not this server: status " + std::to_string(w.status) + ".",
               "Google's notices do not arrive; changes in Google calendars are noticed by polling.",
               "Let the proxy in front hand on POST requests below /webhooks/ to the server, with all "
               "X-Goog- headers, without asking for a login."});
}

} // namespace

std::vector<finding> judge_reachability(const facts& f) {
  findings out{area::reachability};
  if (!f.by_server) {
    if (f.server_runs())
      out.ok("server", f.own.url, "The server runs.");
    else
      out.skip("server", f.own.url,
               "The server does not answer at its own address (" + f.own.failure +
                   "): the checks of reachability need it.",
               start_it, start_command(f));
  }
  judge_public_health(out, f);
  judge_handshake(out, f);
  judge_google_webhook(out, f);
  return std::move(out.all);
}

} // namespace kalends::doctor
