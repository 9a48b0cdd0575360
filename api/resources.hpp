// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/call.hpp"

/// What each route does, by resource; the table that names them is routes.cpp. Each takes a call that has
/// been let in and answers it, now or later. None blocks.
namespace kalends::api {

// ---- tenants.cpp, keys.cpp: for the installation's operator ----
void create_tenant(const call_ptr& c);
void list_tenants(const call_ptr& c);
void get_tenant(const call_ptr& c);
void erase_tenant(const call_ptr& c);
void get_overview(const call_ptr& c);
void change_tenant(const call_ptr& c); ///< tenant_work.cpp
void get_work(const call_ptr& c);      ///< tenant_work.cpp
void put_work(const call_ptr& c);      ///< tenant_work.cpp
void create_key(const call_ptr& c);
void list_keys(const call_ptr& c);
void revoke_key(const call_ptr& c);

// ---- sessions.cpp, sign_in_links.cpp ----
void begin_session_route(const call_ptr& c);
void get_session(const call_ptr& c);
void end_session(const call_ptr& c);
void create_sign_in_link(const call_ptr& c);
void create_operator_link(const call_ptr& c);
void create_operator(const call_ptr& c); ///< operators.cpp
void list_operators(const call_ptr& c);
void reset_operator(const call_ptr& c);
void delete_operator(const call_ptr& c);
void list_installation_log(const call_ptr& c);

// ---- console.cpp: over all tenants ----
void list_all_providers(const call_ptr& c);
void get_summary(const call_ptr& c);
void get_quota(const call_ptr& c);             ///< quota.cpp
void get_doctor(const call_ptr& c);            ///< doctor.cpp
void list_all_dead_letters(const call_ptr& c); ///< console_lists.cpp, and what follows
void list_all_conflicts(const call_ptr& c);
void list_all_approvals(const call_ptr& c);
void list_all_runs(const call_ptr& c);
void list_all_audit(const call_ptr& c);
void get_timeline(const call_ptr& c);

// ---- users.cpp ----
void create_user(const call_ptr& c);
void list_users(const call_ptr& c);
void get_user(const call_ptr& c);
void change_user(const call_ptr& c);
void delete_user(const call_ptr& c);

// ---- providers.cpp, oauth_clients.cpp ----
void create_provider(const call_ptr& c);
void list_providers(const call_ptr& c);
void get_provider(const call_ptr& c);
void change_provider(const call_ptr& c);
void remove_provider(const call_ptr& c);
void list_calendars(const call_ptr& c);
void sync_provider(const call_ptr& c);
void resume_provider(const call_ptr& c);
void get_rehearsal(const call_ptr& c);
void approve_rehearsal(const call_ptr& c);
void renew_channel(const call_ptr& c);
void get_approvals(const call_ptr& c);   ///< approvals.cpp
void answer_approval(const call_ptr& c); ///< approvals.cpp
void put_oauth_client(const call_ptr& c);
void get_oauth_client(const call_ptr& c);
void delete_oauth_client(const call_ptr& c);

// ---- connecting.cpp: from the host's request to the vendor's callback ----
void begin_authorization(const call_ptr& c);
void follow_connect_link(const call_ptr& c);
void google_callback(const call_ptr& c);
void microsoft_callback(const call_ptr& c);

// ---- entries.cpp, runs.cpp ----
void create_entry(const call_ptr& c);
void list_entries(const call_ptr& c); ///< schedule_list.cpp
void get_entry(const call_ptr& c);
void change_entry(const call_ptr& c);
void remove_entry(const call_ptr& c);
void get_sync_status(const call_ptr& c);
void list_occurrences(const call_ptr& c); ///< occurrences.cpp
void list_runs(const call_ptr& c);
void get_run(const call_ptr& c);

// ---- conflicts.cpp ----
void list_conflicts(const call_ptr& c);
void get_conflict(const call_ptr& c);
void preview_resolution(const call_ptr& c);
void resolve_conflict(const call_ptr& c);
void restore_losing_values(const call_ptr& c);

// ---- decisions.cpp ----
void list_decisions(const call_ptr& c);
void list_all_decisions(const call_ptr& c);
void list_ledger(const call_ptr& c);
void replay_decisions(const call_ptr& c);

// ---- notifications.cpp ----
void list_notifications(const call_ptr& c);
void see_notification(const call_ptr& c);
void see_all_notifications(const call_ptr& c);
void get_notification_settings(const call_ptr& c);
void put_notification_settings(const call_ptr& c);

// ---- dead_letters.cpp ----
void list_dead_letters(const call_ptr& c);
void get_dead_letter(const call_ptr& c);
void replay_dead_letter(const call_ptr& c);
void replay_dead_letters(const call_ptr& c);
void dismiss_dead_letter(const call_ptr& c);

// ---- events.cpp, audit.cpp ----
void list_events(const call_ptr& c);
void stream_events(const call_ptr& c);
void stream_all_events(const call_ptr& c);
void list_audit_log(const call_ptr& c);

// ---- webhooks.cpp ----
void google_webhook(const call_ptr& c);
void microsoft_webhook(const call_ptr& c);

// ---- google_pubsub.cpp: Google's notices through a relay ----
void google_pubsub_webhook(const call_ptr& c);
void get_google_pubsub(const call_ptr& c);
void put_google_pubsub(const call_ptr& c);
void delete_google_pubsub(const call_ptr& c);

// ---- webhook_endpoints.cpp: the host's ----
void create_webhook_endpoint(const call_ptr& c);
void list_webhook_endpoints(const call_ptr& c);
void get_webhook_endpoint(const call_ptr& c);
void change_webhook_endpoint(const call_ptr& c);
void delete_webhook_endpoint(const call_ptr& c);
void rotate_webhook_secret(const call_ptr& c);
void list_webhook_deliveries(const call_ptr& c);
void replay_webhook(const call_ptr& c);
void test_webhook(const call_ptr& c);

// ---- health.cpp, openapi.cpp ----
void get_health(const call_ptr& c);
void get_readiness(const call_ptr& c);
void get_metrics(const call_ptr& c);
void get_openapi(const call_ptr& c);

} // namespace kalends::api
