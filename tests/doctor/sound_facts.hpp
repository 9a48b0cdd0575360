// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor/judge.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

/// An installation at which nothing is wrong; each test spoils one thing.
namespace kalends::doctor {

inline constexpr auto now_text = "Mon, 23 Nov 2026 12:00:00 GMT";
inline const instant now_there{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) +
                               std::chrono::hours(12)};

inline web_look answered(std::string url, int status, std::string body = {}) {
  web_look w;
  w.url = std::move(url);
  w.status = status;
  w.body = std::move(body);
  w.asked_at = now_there;
  w.answered_at = now_there + std::chrono::milliseconds(200);
  return w;
}

inline web_look unanswered(std::string url, std::string code = "timeout") {
  web_look w;
  w.url = std::move(url);
  w.failure_code = std::move(code);
  w.failure = "no connection in time";
  return w;
}

inline net::tls_look good_certificate() {
  net::tls_look t;
  t.connected = t.shaken = t.trusted = t.name_matches = true;
  t.names = {"cal.example.com"};
  t.issuer = "CN=R11,O=Let's Encrypt,C=US";
  t.begins_at = now_there - std::chrono::days(10);
  t.ends_at = now_there + std::chrono::days(80);
  return t;
}

inline persistence::server_look good_server() {
  persistence::server_look s;
  s.version = 150'004;
  s.version_text = "15.4";
  s.settings = {
      {"fsync", "on"}, {"full_page_writes", "on"}, {"synchronous_commit", "on"}, {"TimeZone", "UTC"}};
  s.encoding = "UTF8";
  s.login = "kalends_owner";
  s.role = "kalends_engine";
  s.connections_allowed = 97;
  s.connections_used = 10;
  s.clock = now_there;
  s.schema_version = 22;
  return s;
}

inline vendor_facts good_vendor(const std::string& redirect) {
  vendor_facts v;
  v.clock = answered("https://vendor.example/", 404);
  v.clock.date = now_text;
  v.consent = answered("https://vendor.example/authorize", 302);
  v.consent.location = redirect + "?error=interaction_required&state=x";
  v.client = answered("https://vendor.example/token", 400, R"({"error":"invalid_grant"})");
  return v;
}

inline facts sound_facts() {
  facts f;
  auto& s = f.of.server;
  s.public_url = s.webhook_url = "https://cal.example.com";
  s.database_url = "postgresql://kalends@db/kalends";
  s.metrics_token = "a-token-for-prometheus-alone";
  s.google = oauth_app{"123-abc.apps.googleusercontent.com", "GOCSPX-0123456789abcdef", ""};
  s.microsoft =
      oauth_app{"0f2b8f2e-6c1d-4a53-9d5e-0c6a4f7f1b11", "Q1w8Q~secret-value-of-entra-01234567", "common"};
  f.of.public_url_given = true;
  f.of.microsoft_secret_ends = std::chrono::sys_days(std::chrono::year(2027) / 6 / 1);
  f.now = now_there;
  f.by_server = true;
  f.names["cal.example.com"] = {{"93.184.216.34"}, {}};
  f.certificates["https://cal.example.com"] = good_certificate();
  f.public_health = answered("https://cal.example.com/healthz", 200, R"({"status":"ok"})");
  f.handshake_word = "doctor-word";
  f.handshake =
      answered("https://cal.example.com/webhooks/microsoft?validationToken=doctor-word", 200, "doctor-word");
  f.google_webhook =
      answered("https://cal.example.com/webhooks/google", 405, R"({"code":"method_not_allowed"})");
  f.google = good_vendor("https://cal.example.com/oauth/google/callback");
  f.microsoft = good_vendor("https://cal.example.com/oauth/microsoft/callback");
  auto& d = f.database;
  d.server = good_server();
  d.asked_at = d.answered_at = now_there;
  d.schema_needed = 22;
  d.nodes = 2;
  d.grants.emplace();
  d.grants->scopes = {{tenant_id("0198a0b0-0000-7000-8000-000000000001"), "Acme", provider_type::google,
                       "openid https://www.googleapis.com/auth/calendar.events "
                       "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
                       3},
                      {tenant_id("0198a0b0-0000-7000-8000-000000000001"), "Acme", provider_type::microsoft,
                       "openid Calendars.ReadWrite offline_access", 2}};
  d.lost.emplace();
  auto& m = f.machine;
  m.vault_key = {"/var/lib/kalends/vault.key", true, 0600};
  m.admin_key = {"/var/lib/kalends/admin.key", true, 0600};
  m.data_dir = "/var/lib/kalends";
  m.free_bytes = 100ULL << 30;
  m.all_bytes = 200ULL << 30;
  m.descriptors_soft = 65'536;
  m.clock_disciplined = true;
  return f;
}

/// The demonstration: this machine alone, sandboxes for vendors.
inline facts trial_facts() {
  auto f = sound_facts();
  auto& s = f.of.server;
  s.public_url = s.webhook_url = "http://127.0.0.1:8080";
  s.database_url.clear();
  s.metrics_token.clear();
  s.google = oauth_app{"client-1", "secret-of-client-1", ""};
  s.microsoft = oauth_app{"client-2", "secret-of-client-2", "common"};
  f.of.microsoft_secret_ends.reset();
  const std::string box = "https://127.0.0.1:8443";
  auto& v = f.of.vendors;
  v.google_authorization = v.google_token = v.google_revoke = v.google_calendar = box;
  v.microsoft_login = v.microsoft_graph = box;
  f.names.clear();
  f.certificates.clear();
  f.public_health.url = "http://127.0.0.1:8080/healthz";
  f.google = good_vendor("http://127.0.0.1:8080/oauth/google/callback");
  f.microsoft = good_vendor("http://127.0.0.1:8080/oauth/microsoft/callback");
  f.machine.descriptors_soft = 1'024;
  f.machine.clock_disciplined = false;
  return f;
}

/// The findings of one check.
inline std::vector<finding> of_check(const std::vector<finding>& all, std::string_view check) {
  std::vector<finding> out;
  std::copy_if(all.begin(), all.end(), std::back_inserter(out),
               [&](const finding& f) { return f.check == check; });
  return out;
}

/// The worst of one check; a check that is not there is "absent".
inline std::string state_of(const facts& f, std::string_view check) {
  const auto some = of_check(judge(f), check);
  if (some.empty()) return "absent";
  auto worst = some.front().state;
  for (const auto& one : some) worst = std::max(worst, one.state);
  return std::string(name_of(worst));
}

/// The worst finding of one check.
inline finding finding_of(const facts& f, std::string_view check) {
  auto some = of_check(judge(f), check);
  if (some.empty()) return {};
  return *std::max_element(some.begin(), some.end(),
                           [](const finding& a, const finding& b) { return a.state < b.state; });
}

} // namespace kalends::doctor
