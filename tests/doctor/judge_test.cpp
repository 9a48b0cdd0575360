// SPDX-License-Identifier: Apache-2.0
#include "tests/doctor/sound_facts.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalends::doctor {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct spoiled {
  const char* what;
  std::function<void(facts&)> spoil;
  const char* check;
  const char* state;
  const char* words; ///< in what was found, what follows, what to do, or what to copy
};

void PrintTo(const spoiled& s, std::ostream* out) { *out << s.what; }

persistence::lost_grant lost_after(hours age, const char* code = "invalid_grant",
                                   provider_type t = provider_type::google) {
  return {"Acme", t, code, now_there - days(30), now_there - days(30) + age};
}

web_look page(int status, const char* body) {
  return answered("https://vendor.example/authorize", status, body);
}

const spoiled cases[] = {
    // ---- addresses
    {"public_url_missing",
     [](facts& f) {
       f.of.public_url_given = false;
       f.of.server.public_url = "http://127.0.0.1:8080";
     },
     "public_url", "problem", "public_url = "},
    {"public_url_http", [](facts& f) { f.of.server.public_url = "http://cal.example.com"; }, "public_url",
     "problem", "public_url = \"https://cal.example.com\""},
    {"public_url_with_path", [](facts& f) { f.of.server.public_url = "https://example.com/kalends"; },
     "public_url", "problem", "public_url = \"https://example.com\""},
    {"public_url_with_query", [](facts& f) { f.of.server.public_url = "https://example.com?x=1"; },
     "public_url", "problem", "not the address of a host"},
    {"public_url_loopback", [](facts& f) { f.of.server.public_url = "http://localhost:8080"; }, "public_url",
     "warning", "this machine itself"},
    {"webhook_url_missing", [](facts& f) { f.of.server.webhook_url.clear(); }, "webhook_url", "warning",
     "every 300 seconds"},
    {"webhook_url_http", [](facts& f) { f.of.server.webhook_url = "http://hooks.example.com"; },
     "webhook_url", "problem", "not https"},
    {"webhook_url_loopback", [](facts& f) { f.of.server.webhook_url = "https://127.0.0.1:8080"; },
     "webhook_url", "problem", "this machine itself"},
    {"relay_http", [](facts& f) { f.of.server.google_relay_url = "http://relay.example.com"; },
     "google_relay", "problem", "google.relay_url"},
    {"name_unknown",
     [](facts& f) {
       f.names["cal.example.com"] = {{}, "Name or service not known"};
     },
     "dns", "problem", "dig +short cal.example.com"},
    {"name_private",
     [](facts& f) {
       f.names["cal.example.com"] = {{"192.168.1.20"}, {}};
     },
     "dns", "problem", "not a public address"},
    {"name_private_but_microsoft_came",
     [](facts& f) {
       f.names["cal.example.com"] = {{"10.0.0.7"}, {}};
       f.database.confirmed_channels = 4;
     },
     "dns", "ok", "Microsoft reached the webhook"},
    {"name_private_without_webhooks",
     [](facts& f) {
       f.names["cal.example.com"] = {{"10.0.0.7"}, {}};
       f.of.server.webhook_url.clear();
     },
     "dns", "warning", "Only people in this network"},
    {"certificate_expired", [](facts& f) { f.certificates.begin()->second.ends_at = now_there - hours(1); },
     "tls", "problem", "expired on 2026-11-23"},
    {"certificate_expired_and_unknown",
     [](facts& f) {
       f.certificates.begin()->second.ends_at = now_there - hours(1);
       f.certificates.begin()->second.trusted = false;
     },
     "tls", "problem", "expired on 2026-11-23"},
    {"certificate_ends_in_20_days",
     [](facts& f) { f.certificates.begin()->second.ends_at = now_there + days(20); }, "tls", "warning",
     "in 20 days"},
    {"certificate_ends_in_21_days",
     [](facts& f) { f.certificates.begin()->second.ends_at = now_there + days(21); }, "tls", "ok",
     "valid until 2026-12-14"},
    {"certificate_of_the_future",
     [](facts& f) { f.certificates.begin()->second.begins_at = now_there + days(1); }, "tls", "problem",
     "only from 2026-11-24"},
    {"certificate_of_another_host", [](facts& f) { f.certificates.begin()->second.name_matches = false; },
     "tls", "problem", "not for cal.example.com"},
    {"certificate_self_signed",
     [](facts& f) {
       f.certificates.begin()->second.trusted = false;
       f.certificates.begin()->second.self_signed = true;
     },
     "tls", "problem", "self-signed"},
    {"certificate_chain_incomplete",
     [](facts& f) {
       f.certificates.begin()->second.trusted = false;
       f.certificates.begin()->second.incomplete = true;
     },
     "tls", "problem", "fullchain.pem"},
    {"certificate_of_a_private_authority",
     [](facts& f) {
       f.certificates.begin()->second.trusted = false;
       f.certificates.begin()->second.trusted_by_extra = true;
     },
     "tls", "warning", "extra_ca_file"},
    {"no_handshake",
     [](facts& f) {
       f.certificates.begin()->second.shaken = false;
       f.certificates.begin()->second.failure = "wrong version number";
     },
     "tls", "problem", "openssl s_client -connect cal.example.com:443"},
    {"no_connection",
     [](facts& f) {
       f.certificates.begin()->second = {};
       f.certificates.begin()->second.failure = "Connection refused";
     },
     "tls", "skipped", "Connection refused"},
    // ---- reachability
    {"unreachable_from_here",
     [](facts& f) { f.public_health = unanswered("https://cal.example.com/healthz"); }, "callback", "warning",
     "from a machine outside"},
    {"refused_for_its_certificate",
     [](facts& f) { f.public_health = unanswered("https://cal.example.com/healthz", "tls_failed"); },
     "callback", "skipped", "see the finding"},
    {"redirected_to_another_host",
     [](facts& f) {
       f.public_health = answered("https://cal.example.com/healthz", 301);
       f.public_health.location = "https://www.example.com/healthz";
     },
     "callback", "problem", "public_url = \"https://www.example.com\""},
    {"redirected_to_https",
     [](facts& f) {
       f.public_health = answered("http://cal.example.com/healthz", 308);
       f.public_health.location = "https://cal.example.com/healthz";
     },
     "callback", "problem", "from http to https"},
    {"another_server_answers",
     [](facts& f) { f.public_health = answered(f.public_health.url, 404, "nginx"); }, "callback", "problem",
     "status 404"},
    {"the_proxy_does_not_get_through",
     [](facts& f) { f.public_health = answered(f.public_health.url, 502, "Bad Gateway"); }, "callback",
     "problem", "upstream"},
    {"the_server_is_down",
     [](facts& f) {
       f.by_server = false;
       f.own = unanswered("http://127.0.0.1:8080/healthz", "connect_failed");
       f.public_health = f.handshake = f.google_webhook = {};
     },
     "callback", "skipped", "kalends serve"},
    {"validation_not_echoed", [](facts& f) { f.handshake.body = "something else"; }, "webhook", "problem",
     "POST requests below /webhooks/"},
    {"webhook_unreachable", [](facts& f) { f.handshake = unanswered(f.handshake.url); }, "webhook", "warning",
     "validationToken=hello"},
    {"webhook_unreachable_but_microsoft_came",
     [](facts& f) {
       f.handshake = unanswered(f.handshake.url);
       f.database.confirmed_channels = 1;
     },
     "webhook", "ok", "1 subscription that stand"},
    {"google_notices_end_elsewhere", [](facts& f) { f.google_webhook.body = "<html>"; }, "webhook", "problem",
     "X-Goog-"},
    // ---- clocks
    {"clock_6_seconds_late", [](facts& f) { f.google.clock.date = "Mon, 23 Nov 2026 12:00:06 GMT"; },
     "vendor_clock", "warning", "behind"},
    {"clock_90_seconds_early", [](facts& f) { f.microsoft.clock.date = "Mon, 23 Nov 2026 11:58:30 GMT"; },
     "vendor_clock", "problem", "ahead"},
    {"vendor_without_a_date", [](facts& f) { f.google.clock.date = "yesterday"; }, "vendor_clock", "ok", ""},
    {"vendor_unreachable", [](facts& f) { f.google.clock = unanswered("https://oauth2.googleapis.com/"); },
     "vendor_clock", "warning", "no token is renewed"},
    {"database_clock_7_seconds_late", [](facts& f) { f.database.server->clock = now_there - seconds(7); },
     "database_clock", "warning", "ahead"},
    {"database_clock_two_minutes_early",
     [](facts& f) { f.database.server->clock = now_there + seconds(120); }, "database_clock", "problem",
     "behind"},
    {"nobody_keeps_the_clock", [](facts& f) { f.machine.clock_disciplined = false; }, "ntp", "warning",
     "timedatectl set-ntp true"},
    {"kernel_silent", [](facts& f) { f.machine.clock_disciplined.reset(); }, "ntp", "skipped",
     "does not tell"},
    // ---- OAuth clients
    {"no_client_at_all",
     [](facts& f) {
       f.of.server.google.reset();
       f.of.server.microsoft.reset();
     },
     "oauth_client", "problem", "No calendar can be connected"},
    {"tenants_bring_their_own",
     [](facts& f) {
       f.of.server.google.reset();
       f.of.server.microsoft.reset();
       f.database.grants->own_clients = {{provider_type::google, 2}, {provider_type::microsoft, 1}};
     },
     "oauth_client", "ok", ""},
    {"odd_google_id", [](facts& f) { f.of.server.google->client_id = "my-project"; }, "oauth_client",
     "problem", "google.client_id"},
    {"odd_microsoft_id", [](facts& f) { f.of.server.microsoft->client_id = "kalends"; }, "oauth_client",
     "problem", "Application (client) ID"},
    {"client_deleted", [](facts& f) { f.google.client = page(401, R"({"error":"deleted_client"})"); },
     "oauth_client", "problem", "deleted"},
    {"secret_is_its_id",
     [](facts& f) { f.of.server.microsoft->client_secret = "3c1fa0cf-8e2b-4e0c-8c53-8d3d29a6f1a1"; },
     "client_secret", "problem", "secret's ID and not its value"},
    {"secret_in_quotes", [](facts& f) { f.of.server.google->client_secret = "'GOCSPX-0123456789'"; },
     "client_secret", "problem", "quotation marks"},
    {"secret_is_the_client_id",
     [](facts& f) { f.of.server.google->client_secret = f.of.server.google->client_id; }, "client_secret",
     "problem", "client's id"},
    {"secret_wrong_at_google",
     [](facts& f) {
       f.google.client = page(401, R"({"error":"invalid_client","error_description":"Unauthorized"})");
     },
     "client_secret", "problem", "refuses it as wrong"},
    {"secret_expired_at_microsoft",
     [](facts& f) {
       f.microsoft.client =
           page(401, R"({"error":"invalid_client","error_description":"AADSTS7000222: expired"})");
     },
     "client_secret", "problem", "has expired"},
    {"secret_expiry_unknown", [](facts& f) { f.of.microsoft_secret_ends.reset(); }, "secret_expiry",
     "skipped", "Certificates & secrets"},
    {"secret_ends_in_29_days",
     [](facts& f) { f.of.microsoft_secret_ends = std::chrono::floor<days>(now_there) + days(29); },
     "secret_expiry", "warning", "in 29 days"},
    {"secret_ended_yesterday",
     [](facts& f) { f.of.microsoft_secret_ends = std::chrono::floor<days>(now_there) - days(1); },
     "secret_expiry", "problem", "ended on 2026-11-22"},
    {"redirect_not_registered_at_google",
     [](facts& f) { f.google.consent = page(400, "Error 400: redirect_uri_mismatch"); }, "redirect_uri",
     "problem", "https://cal.example.com/oauth/google/callback"},
    {"redirect_not_registered_at_microsoft",
     [](facts& f) { f.microsoft.consent = page(200, R"({"sErrorCode":"50011"})"); }, "redirect_uri",
     "problem", "App registrations"},
    {"redirect_answer_unclear",
     [](facts& f) { f.google.consent = f.microsoft.consent = page(200, "<html>Sign in"); }, "redirect_uri",
     "skipped", "letter by letter"},
    {"redirect_to_an_address_in_numbers", [](facts& f) { f.of.server.public_url = "https://93.184.216.34"; },
     "redirect_uri", "problem", "numeric address"},
    {"redirect_to_a_local_name", [](facts& f) { f.of.server.public_url = "https://kalends.internal"; },
     "redirect_uri", "problem", "public top-level domain"},
    // ---- calendars
    {"scope_missing",
     [](facts& f) {
       f.database.grants->scopes.push_back({tenant_id("0198a0b0-0000-7000-8000-000000000002"), "Umbra",
                                            provider_type::google,
                                            "openid https://www.googleapis.com/auth/calendar.events", 2});
     },
     "scopes", "problem", "calendar.calendarlist.readonly"},
    {"nothing_connected", [](facts& f) { f.database.grants->scopes.clear(); }, "scopes", "skipped",
     "No calendar is connected"},
    {"died_at_seven_days", [](facts& f) { f.database.lost->push_back(lost_after(hours(7 * 24 + 1))); },
     "consent_test_mode", "warning", "Publish app"},
    {"died_at_six_and_a_half_days", [](facts& f) { f.database.lost->push_back(lost_after(test_mode_from)); },
     "consent_test_mode", "warning", "OAuth consent screen"},
    {"died_sooner", [](facts& f) { f.database.lost->push_back(lost_after(test_mode_from - hours(1))); },
     "consent_test_mode", "ok", ""},
    {"died_later", [](facts& f) { f.database.lost->push_back(lost_after(test_mode_until + hours(1))); },
     "consent_test_mode", "ok", ""},
    {"microsoft_died_at_seven_days",
     [](facts& f) {
       f.database.lost->push_back(lost_after(hours(7 * 24), "invalid_grant", provider_type::microsoft));
     },
     "consent_test_mode", "ok", ""},
    {"access_withdrawn", [](facts& f) { f.database.lost->push_back(lost_after(hours(24 * 20))); },
     "access_lost", "warning", "Reconnect"},
    {"client_refused_at_renewal",
     [](facts& f) { f.database.lost->push_back(lost_after(hours(24 * 20), "invalid_client")); },
     "client_refused", "problem", "refuses the OAuth client"},
    // ---- database
    {"fsync_off", [](facts& f) { f.database.server->settings["fsync"] = "off"; }, "fsync", "problem",
     "ALTER SYSTEM SET fsync = 'on'"},
    {"full_page_writes_off", [](facts& f) { f.database.server->settings["full_page_writes"] = "off"; },
     "full_page_writes", "problem", "half-written"},
    {"synchronous_commit_off", [](facts& f) { f.database.server->settings["synchronous_commit"] = "off"; },
     "synchronous_commit", "problem", "ALTER SYSTEM SET synchronous_commit = 'on'"},
    {"synchronous_commit_local",
     [](facts& f) { f.database.server->settings["synchronous_commit"] = "local"; }, "synchronous_commit",
     "ok", "local"},
    {"embedded_fsync_off",
     [](facts& f) {
       f.of.server.database_url.clear();
       f.database.server->settings["fsync"] = "off";
     },
     "fsync", "problem", "local.conf"},
    {"postgres_14", [](facts& f) { f.database.server->version = 140'009; }, "database_version", "problem",
     "pg_upgrade"},
    {"superuser", [](facts& f) { f.database.server->role_superuser = true; }, "database_role", "problem",
     "NOSUPERUSER NOBYPASSRLS"},
    {"bypasses_row_level_security", [](facts& f) { f.database.server->role_bypasses_rls = true; },
     "database_role", "problem", "BYPASSRLS"},
    {"login_is_a_superuser", [](facts& f) { f.database.server->login_superuser = true; }, "database_role",
     "warning", "DATABASE_URL"},
    {"too_few_connections", [](facts& f) { f.database.server->connections_allowed = 11; }, "connections",
     "problem", "2 nodes with 6 each need 12 of 11"},
    {"few_connections_left", [](facts& f) { f.database.server->connections_used = 93; }, "connections",
     "warning", "4 are free"},
    {"no_connections_left", [](facts& f) { f.database.server->connections_used = 97; }, "connections",
     "problem", "0 are free"},
    {"encoding_latin1", [](facts& f) { f.database.server->encoding = "LATIN1"; }, "encoding", "problem",
     "ENCODING 'UTF8'"},
    {"zone_of_the_database", [](facts& f) { f.database.server->settings["TimeZone"] = "Europe/Berlin"; },
     "time_zone", "ok", "Europe/Berlin"},
    {"schema_older", [](facts& f) { f.database.server->schema_version = 21; }, "schema_version", "warning",
     "kalends migrate"},
    {"schema_newer", [](facts& f) { f.database.server->schema_version = 23; }, "schema_version", "problem",
     "does not start"},
    {"schema_not_made", [](facts& f) { f.database.server->schema_version.reset(); }, "schema_version",
     "skipped", "kalends migrate"},
    {"standby", [](facts& f) { f.database.server->in_recovery = true; }, "database", "problem", "standby"},
    {"database_away",
     [](facts& f) {
       f.database = {};
       f.database.away = error{errc::retry_later, "database_away", "could not connect to server", {}, {}};
     },
     "database", "problem", "could not connect"},
    {"database_not_made",
     [](facts& f) {
       f.database = {};
       f.database.not_made = true;
     },
     "database", "skipped", "first start"},
    // ---- keys, storage, operation
    {"vault_key_missing", [](facts& f) { f.machine.vault_key.there = false; }, "vault_key", "problem",
     "kalends keys init"},
    {"vault_key_readable", [](facts& f) { f.machine.vault_key.mode = 0644; }, "vault_key", "problem",
     "chmod 600 /var/lib/kalends/vault.key"},
    {"vault_key_damaged",
     [](facts& f) {
       f.machine.vault_failure = error{errc::invalid, "vault_key_malformed", "Vault key 1 is short.", {}, {}};
     },
     "vault_key", "problem", "Vault key 1"},
    {"admin_key_readable", [](facts& f) { f.machine.admin_key.mode = 0640; }, "admin_key", "problem",
     "chmod 600 /var/lib/kalends/admin.key"},
    {"embedded_disk_full",
     [](facts& f) {
       f.of.server.database_url.clear();
       f.machine.free_bytes = 500ULL << 20;
     },
     "disk_space", "problem", "0.5 GB"},
    {"embedded_disk_filling",
     [](facts& f) {
       f.of.server.database_url.clear();
       f.machine.free_bytes = 3ULL << 30;
     },
     "disk_space", "warning", "df -h"},
    {"few_descriptors", [](facts& f) { f.machine.descriptors_soft = 4'096; }, "file_descriptors", "warning",
     "LimitNOFILE=65536"},
    {"too_few_descriptors", [](facts& f) { f.machine.descriptors_soft = 512; }, "file_descriptors", "problem",
     "LimitNOFILE=65536"},
    {"metrics_without_a_token", [](facts& f) { f.of.server.metrics_token.clear(); }, "metrics_token",
     "warning", "openssl rand -hex 32"},
};

class judge_table : public testing::TestWithParam<spoiled> {};

TEST_P(judge_table, finds_it) {
  const auto& c = GetParam();
  auto f = sound_facts();

  c.spoil(f);

  EXPECT_EQ(state_of(f, c.check), c.state);
  const auto found = finding_of(f, c.check);
  EXPECT_THAT(found.found + " " + found.consequence + " " + found.remedy + " " + found.copy,
              HasSubstr(c.words));
  if (found.state == finding_state::warning || found.state == finding_state::problem) {
    EXPECT_THAT(found.consequence, Not(IsEmpty()));
    EXPECT_THAT(found.remedy, Not(IsEmpty()));
  }
}

INSTANTIATE_TEST_SUITE_P(each, judge_table, testing::ValuesIn(cases),
                         [](const auto& c) { return std::string(c.param.what); });

TEST(judge_test, finds_nothing_wrong_where_all_is_well) {
  for (const auto& found : judge(sound_facts()))
    EXPECT_EQ(found.state, finding_state::ok) << found.check << ": " << found.found;
}

TEST(judge_test, finds_no_fault_with_a_trial_on_one_machine) {
  for (const auto& found : judge(trial_facts())) {
    EXPECT_TRUE(found.state == finding_state::ok || found.state == finding_state::skipped)
        << found.check << ": " << found.found;
  }
}

TEST(judge_test, still_sees_a_wrong_redirect_in_a_trial) {
  auto f = trial_facts();
  f.google.consent = page(400, "Error 400: redirect_uri_mismatch");

  EXPECT_EQ(state_of(f, "redirect_uri"), "problem");
  EXPECT_EQ(finding_of(f, "redirect_uri").copy, "http://127.0.0.1:8080/oauth/google/callback");
}

TEST(judge_test, is_no_trial_when_one_of_the_vendors_is_real) {
  auto f = trial_facts();
  f.of.vendors.microsoft_graph = "https://graph.microsoft.com/v1.0";

  EXPECT_EQ(state_of(f, "public_url"), "warning");
}

TEST(judge_test, names_tenants_that_granted_too_little_up_to_a_limit) {
  auto f = sound_facts();
  f.database.grants->scopes.clear();
  for (int i = 0; i < 60; ++i)
    f.database.grants->scopes.push_back(
        {tenant_id("t"), "Tenant " + std::to_string(i), provider_type::microsoft, "openid", 1});

  const auto found = of_check(judge(f), "scopes");

  EXPECT_EQ(found.size(), 51u);
  EXPECT_THAT(found.back().found, HasSubstr("10 more tenants"));
}

TEST(judge_test, repeats_no_secret) {
  auto f = sound_facts();
  f.of.server.admin_key = "the-admin-key-of-this-installation";
  f.of.server.vault_keys = "a:c2VjcmV0";
  f.of.server.database_url = "postgresql://kalends:pass-of-the-database@db/kalends";
  f.database.away = error{errc::retry_later, "database_away", "could not connect", {}, {}};
  f.database.server.reset();
  f.of.server.google->client_secret = "'GOCSPX-secret'";

  for (const auto& found : judge(f)) {
    const auto all = found.subject + found.found + found.consequence + found.remedy + found.copy;
    for (const char* secret : {"the-admin-key", "c2VjcmV0", "pass-of-the-database", "GOCSPX-secret",
                               "secret-value-of-entra", "a-token-for-prometheus"})
      EXPECT_THAT(all, Not(HasSubstr(secret))) << found.check;
  }
}

} // namespace
} // namespace kalends::doctor
