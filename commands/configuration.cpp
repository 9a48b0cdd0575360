// SPDX-License-Identifier: Apache-2.0
#include "commands/configuration.hpp"

#include "net/address_rules.hpp"

#include <toml++/toml.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

namespace kalends::commands {

namespace {

/// One thing that can be set: its key in the file, its name in the environment, and how its text is taken (a
/// problem, or nothing).
struct option {
  const char* key;
  const char* variable;
  std::function<std::string(configuration&, const std::string&)> take;
};

template <class T>
std::string take_number(T& into, const std::string& text, long long least, long long most) {
  long long v = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (ec != std::errc{} || end != text.data() + text.size() || v < least || v > most)
    return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  into = T(v);
  return {};
}

/// `or_word`: taken as it is.
std::string take_url(std::string& into, std::string text, std::string_view or_word = {}) {
  if (!or_word.empty() && text == or_word) {
    into = std::move(text);
    return {};
  }
  while (text.ends_with('/')) text.pop_back();
  if (!text.empty() && !text.starts_with("https://") && !text.starts_with("http://"))
    return "must begin with https:// or http://";
  into = std::move(text);
  return {};
}

std::string take_log_format(std::string& into, const std::string& text) {
  if (text != "json" && text != "text") return "must be json or text";
  into = text;
  return {};
}

/// Origins parted by blanks, or 'self': what stands in a header must not bring another directive along.
std::string take_ancestors(std::string& into, const std::string& text) {
  constexpr std::string_view in_origins = "abcdefghijklmnopqrstuvwxyz0123456789.-:/*[]";
  std::string all;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const bool origin =
        (word.starts_with("https://") || word.starts_with("http://")) && word.find("//") + 2 < word.size() &&
        word.find_first_not_of(in_origins) == std::string::npos && word.find('/', 8) == std::string::npos;
    if (!origin && word != "'self'") return "must be origins like https://app.example.com, parted by blanks";
    all += (all.empty() ? "" : " ") + word;
  }
  into = std::move(all);
  return {};
}

std::string take_day(std::optional<std::chrono::sys_days>& into, const std::string& text) {
  int year = 0;
  unsigned month = 0, day = 0;
  char beyond = 0;
  const bool read = std::sscanf(text.c_str(), "%4d-%2u-%2u%c", &year, &month, &day, &beyond) == 3;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!read || !date.ok()) return "must be a day like 2027-01-31";
  into = std::chrono::sys_days(date);
  return {};
}

oauth_app& app_of(std::optional<oauth_app>& a) { return a ? *a : a.emplace(); }

auto text_into(std::string settings::*member) {
  return [member](configuration& c, const std::string& v) {
    c.server.*member = v;
    return std::string();
  };
}

auto url_into(std::string settings::*member) {
  return [member](configuration& c, const std::string& v) { return take_url(c.server.*member, v); };
}

auto vendor_into(std::string net::vendor_endpoints::*member) {
  return [member](configuration& c, const std::string& v) { return take_url(c.vendors.*member, v); };
}

/// From a day to ten years.
auto days_into(std::chrono::days settings::*member) {
  return
      [member](configuration& c, const std::string& v) { return take_number(c.server.*member, v, 1, 3'650); };
}

/// Calls within the span that the vendor counts by.
auto calls_into(actors::vendor_limits actors::vendor_grants::*vendor,
                actors::call_limit actors::vendor_limits::*of) {
  return [vendor, of](configuration& c, const std::string& v) {
    return take_number((c.granted.*vendor.*of).calls, v, 60, 100'000'000);
  };
}

auto mail_into(std::string mail_settings::*member) {
  return [member](configuration& c, const std::string& v) {
    if (v.find_first_of("\r\n") != std::string::npos || v.find('\0') != std::string::npos)
      return std::string("must be one line");
    c.mail.*member = v;
    return std::string();
  };
}

std::string take_security(mail_security& into, const std::string& text) {
  if (text == "starttls")
    into = mail_security::starttls;
  else if (text == "tls")
    into = mail_security::tls;
  else if (text == "none")
    into = mail_security::none;
  else
    return "must be starttls, tls or none";
  return {};
}

auto app_into(std::optional<oauth_app> settings::*app, std::string oauth_app::*member) {
  return [app, member](configuration& c, const std::string& v) {
    app_of(c.server.*app).*member = v;
    return std::string();
  };
}

const std::vector<option>& options() {
  static const std::vector<option> all{
      {"data_dir", "KALENDS_DATA_DIR", text_into(&settings::data_dir)},
      {"database_url", "DATABASE_URL", text_into(&settings::database_url)},
      {"database_connections", "KALENDS_DATABASE_CONNECTIONS",
       [](configuration& c, const std::string& v) { return take_number(c.database_connections, v, 1, 64); }},
      {"listen", "KALENDS_LISTEN", text_into(&settings::listen_address)},
      {"port", "KALENDS_PORT",
       [](configuration& c, const std::string& v) { return take_number(c.server.port, v, 0, 65'535); }},
      {"io_threads", "KALENDS_IO_THREADS",
       [](configuration& c, const std::string& v) { return take_number(c.io_threads, v, 1, 16); }},
      {"tls.certificate", "KALENDS_TLS_CERTIFICATE", text_into(&settings::certificate_file)},
      {"tls.private_key", "KALENDS_TLS_PRIVATE_KEY", text_into(&settings::private_key_file)},
      {"trusted_proxies", "KALENDS_TRUSTED_PROXIES",
       [](configuration& c, const std::string& v) {
         auto read = net::read_networks(v);
         if (!read) return "is not understood: " + read.error().detail;
         c.proxies = std::move(*read);
         return std::string();
       }},
      {"public_url", "KALENDS_PUBLIC_URL", url_into(&settings::public_url)},
      {"webhook_url", "KALENDS_WEBHOOK_URL",
       [](configuration& c, const std::string& v) {
         return take_url(c.server.webhook_url, v, webhooks_here);
       }},
      {"webhooks.networks", "KALENDS_WEBHOOK_NETWORKS",
       [](configuration& c, const std::string& v) {
         c.server.webhook_networks = v;
         return net::read_networks(v) ? std::string() : "must be networks like 10.1.0.0/16, parted by blanks";
       }},
      {"node_url", "KALENDS_NODE_URL",
       [](configuration& c, const std::string& v) { return take_url(c.node_url, v); }},
      {"failpoint_title", "KALENDS_FAILPOINT_TITLE",
       [](configuration& c, const std::string& v) {
         c.failpoint_title = v;
         return std::string();
       }},
      {"admin_key", "KALENDS_ADMIN_KEY", text_into(&settings::admin_key)},
      {"metrics.token", "KALENDS_METRICS_TOKEN", text_into(&settings::metrics_token)},
      {"metrics.tenants", "KALENDS_METRICS_TENANTS",
       [](configuration& c, const std::string& v) {
         return take_number(c.server.metrics_tenant_limit, v, 0, 10'000);
       }},
      {"sign_in.idle_minutes", "KALENDS_SIGN_IN_IDLE_MINUTES",
       [](configuration& c, const std::string& v) {
         return take_number(c.server.session_idle, v, 1, 24 * 60);
       }},
      {"sign_in.longest_minutes", "KALENDS_SIGN_IN_LONGEST_MINUTES",
       [](configuration& c, const std::string& v) {
         return take_number(c.server.session_lifetime, v, 1, 7 * 24 * 60);
       }},
      {"pages.frame_ancestors", "KALENDS_PAGES_FRAME_ANCESTORS",
       [](configuration& c, const std::string& v) { return take_ancestors(c.server.frame_ancestors, v); }},
      {"log.format", "KALENDS_LOG_FORMAT",
       [](configuration& c, const std::string& v) { return take_log_format(c.server.log_format, v); }},
      {"vault.keys", "KALENDS_VAULT_KEYS", text_into(&settings::vault_keys)},
      {"vault.key_file", "KALENDS_VAULT_KEY_FILE", text_into(&settings::vault_key_file)},
      {"extra_ca_file", "KALENDS_EXTRA_CA_FILE", text_into(&settings::extra_ca_file)},
      {"poll_seconds", "KALENDS_POLL_SECONDS",
       [](configuration& c, const std::string& v) {
         return take_number(c.server.poll_interval, v, 5, 86'400);
       }},
      {"mail.host", "KALENDS_MAIL_HOST", mail_into(&mail_settings::host)},
      {"mail.port", "KALENDS_MAIL_PORT",
       [](configuration& c, const std::string& v) { return take_number(c.mail.port, v, 1, 65'535); }},
      {"mail.security", "KALENDS_MAIL_SECURITY",
       [](configuration& c, const std::string& v) { return take_security(c.mail.security, v); }},
      {"mail.user", "KALENDS_MAIL_USER", mail_into(&mail_settings::user)},
      {"mail.password", "KALENDS_MAIL_PASSWORD", mail_into(&mail_settings::password)},
      {"mail.password_file", "KALENDS_MAIL_PASSWORD_FILE", mail_into(&mail_settings::password_file)},
      {"mail.from", "KALENDS_MAIL_FROM", mail_into(&mail_settings::from)},
      {"keep.facts_days", "KALENDS_KEEP_FACTS_DAYS", days_into(&settings::facts_kept)},
      {"keep.decisions_days", "KALENDS_KEEP_DECISIONS_DAYS", days_into(&settings::decisions_kept)},
      {"keep.runs_days", "KALENDS_KEEP_RUNS_DAYS", days_into(&settings::runs_kept)},
      {"keep.dead_letters_days", "KALENDS_KEEP_DEAD_LETTERS_DAYS", days_into(&settings::letters_kept)},
      {"keep.audit_days", "KALENDS_KEEP_AUDIT_DAYS", days_into(&settings::audit_kept)},
      {"google.client_id", "KALENDS_GOOGLE_CLIENT_ID", app_into(&settings::google, &oauth_app::client_id)},
      {"google.client_secret", "KALENDS_GOOGLE_CLIENT_SECRET",
       app_into(&settings::google, &oauth_app::client_secret)},
      {"google.project_calls_per_minute", "KALENDS_GOOGLE_PROJECT_CALLS_PER_MINUTE",
       calls_into(&actors::vendor_grants::google, &actors::vendor_limits::project)},
      {"google.user_calls_per_minute", "KALENDS_GOOGLE_USER_CALLS_PER_MINUTE",
       calls_into(&actors::vendor_grants::google, &actors::vendor_limits::mailbox)},
      {"google.relay_url", "KALENDS_GOOGLE_RELAY_URL", url_into(&settings::google_relay_url)},
      {"google.pubsub_audience", "KALENDS_GOOGLE_PUBSUB_AUDIENCE",
       text_into(&settings::google_pubsub_audience)},
      {"google.pubsub_account", "KALENDS_GOOGLE_PUBSUB_ACCOUNT", text_into(&settings::google_pubsub_account)},
      {"microsoft.client_id", "KALENDS_MICROSOFT_CLIENT_ID",
       app_into(&settings::microsoft, &oauth_app::client_id)},
      {"microsoft.client_secret", "KALENDS_MICROSOFT_CLIENT_SECRET",
       app_into(&settings::microsoft, &oauth_app::client_secret)},
      {"microsoft.mailbox_calls_per_10_minutes", "KALENDS_MICROSOFT_MAILBOX_CALLS_PER_10_MINUTES",
       calls_into(&actors::vendor_grants::microsoft, &actors::vendor_limits::mailbox)},
      {"microsoft.tenant", "KALENDS_MICROSOFT_TENANT",
       app_into(&settings::microsoft, &oauth_app::authority_tenant)},
      {"microsoft.client_secret_expires", "KALENDS_MICROSOFT_CLIENT_SECRET_EXPIRES",
       [](configuration& c, const std::string& v) { return take_day(c.microsoft_secret_ends, v); }},
      {"vendors.google_authorization", "KALENDS_GOOGLE_AUTHORIZATION_URL",
       vendor_into(&net::vendor_endpoints::google_authorization)},
      {"vendors.google_token", "KALENDS_GOOGLE_TOKEN_URL", vendor_into(&net::vendor_endpoints::google_token)},
      {"vendors.google_revoke", "KALENDS_GOOGLE_REVOKE_URL",
       vendor_into(&net::vendor_endpoints::google_revoke)},
      {"vendors.google_issuer", "KALENDS_GOOGLE_ISSUER", vendor_into(&net::vendor_endpoints::google_issuer)},
      {"vendors.google_calendar", "KALENDS_GOOGLE_CALENDAR_URL",
       vendor_into(&net::vendor_endpoints::google_calendar)},
      {"vendors.google_keys", "KALENDS_GOOGLE_KEYS_URL", vendor_into(&net::vendor_endpoints::google_keys)},
      {"vendors.google_pubsub", "KALENDS_GOOGLE_PUBSUB_URL",
       vendor_into(&net::vendor_endpoints::google_pubsub)},
      {"vendors.microsoft_login", "KALENDS_MICROSOFT_LOGIN_URL",
       vendor_into(&net::vendor_endpoints::microsoft_login)},
      {"vendors.microsoft_graph", "KALENDS_MICROSOFT_GRAPH_URL",
       vendor_into(&net::vendor_endpoints::microsoft_graph)},
  };
  return all;
}

void apply(configured& into, const option& o, const std::string& text, const std::string& called) {
  if (auto problem = o.take(into.value, text); !problem.empty())
    into.problems.push_back(called + " " + problem);
}

void read_table(configured& into, const toml::table& table, const std::string& prefix,
                const std::string& file) {
  for (const auto& [name, node] : table) {
    auto key = prefix + std::string(name.str());
    if (const auto* inner = node.as_table()) {
      read_table(into, *inner, key + ".", file);
      continue;
    }
    const option* known = nullptr;
    for (const auto& o : options())
      if (key == o.key) known = &o;
    auto called = file + ": " + key;
    if (known == nullptr)
      into.problems.push_back(called + " is not a setting");
    else if (auto text = node.value<std::string>())
      apply(into, *known, *text, called);
    else if (auto number = node.value<std::int64_t>())
      apply(into, *known, std::to_string(*number), called);
    else
      into.problems.push_back(called + " must be a text or a number");
  }
}

void read_file(configured& into, const std::string& file) {
  try {
    read_table(into, toml::parse_file(file), "", file);
  } catch (const toml::parse_error& e) {
    into.problems.push_back(file + ": " + std::string(e.description()) + " (line " +
                            std::to_string(e.source().begin.line) + ")");
  }
}

void read_mail_password(configured& c) {
  auto& m = c.value.mail;
  if (m.password_file.empty()) return;
  if (!m.password.empty()) {
    c.problems.push_back("mail.password and mail.password_file are not given together");
    return;
  }
  std::ifstream in(m.password_file);
  std::getline(in, m.password);
  if (m.password.ends_with('\r')) m.password.pop_back();
  if (m.password.empty()) c.problems.push_back("mail.password_file: " + m.password_file + " has no password");
}

/// A password or what a mail says never goes over a network in the clear.
void check_mail(configured& c) {
  read_mail_password(c);
  auto& m = c.value.mail;
  if (!m.wanted()) {
    if (!m.from.empty() || !m.user.empty()) c.problems.push_back("mail.host is missing");
    return;
  }
  const bool local = m.host == "127.0.0.1" || m.host == "::1" || m.host == "localhost";
  if (m.host.find_first_of("/@ \t\"<>") != std::string::npos)
    c.problems.push_back("mail.host is no host name");
  if (m.security == mail_security::none && !local)
    c.problems.push_back(
        "mail.security none is only for a server on this machine (127.0.0.1, ::1, localhost)");
  if (m.user.empty() != m.password.empty())
    c.problems.push_back("mail.user and mail.password are given together or not at all");
  const auto at = m.from.find('@');
  if (at == std::string::npos || at == 0 || at + 1 == m.from.size() ||
      m.from.find_first_of(" \t\"<>,;") != std::string::npos)
    c.problems.push_back("mail.from must be an address like kalends@example.com");
  if (m.port == 0)
    m.port = m.security == mail_security::starttls ? 587 : m.security == mail_security::tls ? 465 : 25;
}

void check(configured& c) {
  check_mail(c);
  auto& s = c.value.server;
  if (s.certificate_file.empty() != s.private_key_file.empty())
    c.problems.push_back("tls.certificate and tls.private_key are given together or not at all");
  for (const auto& [app, name] : {std::pair{&s.google, "google"}, std::pair{&s.microsoft, "microsoft"}})
    if (*app && ((*app)->client_id.empty() || (*app)->client_secret.empty()))
      c.problems.push_back(std::string(name) + " needs both client_id and client_secret");
  if (s.microsoft && s.microsoft->authority_tenant.empty()) s.microsoft->authority_tenant = "common";
  if (!s.admin_key.empty() && s.admin_key.size() < 24)
    c.problems.push_back("admin_key must have at least 24 characters");
  if (!s.metrics_token.empty() && s.metrics_token.size() < 24)
    c.problems.push_back("metrics.token must have at least 24 characters");
  const bool local =
      s.listen_address == "127.0.0.1" || s.listen_address == "::1" || s.listen_address == "localhost";
  if (!c.value.failpoint_title.empty() && !local)
    c.problems.push_back("KALENDS_FAILPOINT_TITLE is for trials: it needs listen = 127.0.0.1");
  if (s.vault_key_file.empty()) s.vault_key_file = s.data_dir + "/vault.key";
}

} // namespace

configured read_configuration(const overrides& given) {
  configured c;
  if (!given.file.empty()) read_file(c, given.file);
  for (const auto& o : options())
    if (const char* text = std::getenv(o.variable); text != nullptr && *text != '\0')
      apply(c, o, text, o.variable);
  auto& s = c.value.server;
  if (given.data_dir) s.data_dir = *given.data_dir;
  if (given.listen) s.listen_address = *given.listen;
  if (given.port) s.port = *given.port;
  if (given.public_url)
    if (auto p = take_url(s.public_url, *given.public_url); !p.empty())
      c.problems.push_back("--public-url " + p);
  if (given.log_format)
    if (auto p = take_log_format(s.log_format, *given.log_format); !p.empty())
      c.problems.push_back("--log-format " + p);
  if (given.webhook_url)
    if (auto p = take_url(s.webhook_url, *given.webhook_url, webhooks_here); !p.empty())
      c.problems.push_back("--webhook-url " + p);
  if (given.node_url)
    if (auto p = take_url(c.value.node_url, *given.node_url); !p.empty())
      c.problems.push_back("--node-url " + p);
  check(c);
  return c;
}

void name_addresses(settings& s) {
  if (s.public_url.empty()) {
    const auto everywhere = s.listen_address == "0.0.0.0" || s.listen_address == "::";
    const auto host = everywhere ? std::string("127.0.0.1") : s.listen_address;
    s.public_url =
        (s.certificate_file.empty() ? "http://" : "https://") + host + ":" + std::to_string(s.port);
  }
  if (s.webhook_url == webhooks_here) s.webhook_url = s.public_url;
}

} // namespace kalends::commands
