// SPDX-License-Identifier: Apache-2.0
#include "api/resources.hpp"

namespace kalends::api {
namespace {

// method, path, who may, what it does, what its first id names, whether Idempotency-Key is honoured, whether
// the tenant's own node does it
constexpr route table[] = {
    {"POST", "/v1/admin/tenants", access::installation, create_tenant},
    {"GET", "/v1/admin/tenants", access::installation, list_tenants},
    {"GET", "/v1/admin/tenants/{tenant_id}", access::installation, get_tenant},
    {"PATCH", "/v1/admin/tenants/{tenant_id}", access::installation, rename_tenant},
    {"DELETE", "/v1/admin/tenants/{tenant_id}", access::installation, erase_tenant},
    {"POST", "/v1/admin/tenants/{tenant_id}/keys", access::installation, create_key},
    {"GET", "/v1/admin/tenants/{tenant_id}/keys", access::installation, list_keys},
    {"DELETE", "/v1/admin/tenants/{tenant_id}/keys/{key_id}", access::installation, revoke_key},
    {"GET", "/v1/admin/tenants/{tenant_id}/google-pubsub", access::installation, get_google_pubsub},
    {"PUT", "/v1/admin/tenants/{tenant_id}/google-pubsub", access::installation, put_google_pubsub},
    {"DELETE", "/v1/admin/tenants/{tenant_id}/google-pubsub", access::installation, delete_google_pubsub},
    {"GET", "/v1/admin/overview", access::installation, get_overview},
    {"GET", "/v1/admin/events/stream", access::installation, stream_all_events},

    {"POST", "/v1/admin/sign-in-links", access::installation, create_operator_link},

    {"POST", "/v1/session", access::open, begin_session_route},
    {"GET", "/v1/session", access::session, get_session},
    {"DELETE", "/v1/session", access::session, end_session},
    {"POST", "/v1/sign-in-links", access::admin, create_sign_in_link},

    {"POST", "/v1/users", access::admin, create_user, {}, true},
    {"GET", "/v1/users", access::reader, list_users},
    {"GET", "/v1/users/{user_id}", access::reader, get_user, "user"},
    {"PATCH", "/v1/users/{user_id}", access::admin, change_user, "user", true},
    {"DELETE", "/v1/users/{user_id}", access::admin, delete_user, "user", true},

    {"POST", "/v1/calendar-providers", access::admin, create_provider, {}, true},
    {"GET", "/v1/calendar-providers", access::reader, list_providers},
    {"GET", "/v1/calendar-providers/{provider_id}", access::reader, get_provider, "provider"},
    {"PATCH", "/v1/calendar-providers/{provider_id}", access::admin, change_provider, "provider", true, true},
    {"DELETE", "/v1/calendar-providers/{provider_id}", access::admin, remove_provider, "provider", true,
     true},
    {"POST", "/v1/calendar-providers/{provider_id}/authorization", access::admin, begin_authorization,
     "provider"},
    {"GET", "/v1/calendar-providers/{provider_id}/calendars", access::operator_, list_calendars, "provider",
     false, true},
    {"POST", "/v1/calendar-providers/{provider_id}/resume", access::operator_, resume_provider, "provider",
     true, true},
    {"GET", "/v1/calendar-providers/{provider_id}/rehearsal", access::operator_, get_rehearsal, "provider"},
    {"POST", "/v1/calendar-providers/{provider_id}/rehearsal/approval", access::admin, approve_rehearsal,
     "provider", true, true},
    {"POST", "/v1/calendar-providers/{provider_id}/sync", access::operator_, sync_provider, "provider", true,
     true},
    {"POST", "/v1/calendar-providers/{provider_id}/channel/renewal", access::operator_, renew_channel,
     "provider", true, true},
    {"GET", "/v1/calendar-providers/{provider_id}/approvals", access::reader, get_approvals, "provider"},
    {"POST", "/v1/calendar-providers/{provider_id}/approvals", access::operator_, answer_approval, "provider",
     true, true},
    {"PUT", "/v1/oauth-clients/{vendor}", access::admin, put_oauth_client},
    {"GET", "/v1/oauth-clients/{vendor}", access::admin, get_oauth_client},
    {"DELETE", "/v1/oauth-clients/{vendor}", access::admin, delete_oauth_client},

    {"POST", "/v1/schedule-entries", access::operator_, create_entry, {}, true, true},
    {"GET", "/v1/schedule-entries", access::reader, list_entries},
    {"GET", "/v1/schedule-entries/{entry_id}", access::reader, get_entry, "entry"},
    {"PATCH", "/v1/schedule-entries/{entry_id}", access::operator_, change_entry, "entry", true, true},
    {"DELETE", "/v1/schedule-entries/{entry_id}", access::operator_, remove_entry, "entry", true, true},
    {"GET", "/v1/schedule-entries/{entry_id}/occurrences", access::reader, list_occurrences, "entry"},
    {"GET", "/v1/schedule-entries/{entry_id}/sync-status", access::reader, get_sync_status, "entry"},
    {"GET", "/v1/schedule-entries/{entry_id}/decisions", access::reader, list_decisions, "entry"},
    {"POST", "/v1/schedule-entries/{entry_id}/decisions/replay", access::reader, replay_decisions, "entry"},
    {"GET", "/v1/conflicts", access::reader, list_conflicts},
    {"GET", "/v1/conflicts/{conflict_id}", access::reader, get_conflict, "conflict"},
    {"POST", "/v1/conflicts/{conflict_id}/preview", access::reader, preview_resolution, "conflict"},
    {"POST", "/v1/conflicts/{conflict_id}/resolution", access::operator_, resolve_conflict, "conflict", true,
     true},
    {"POST", "/v1/conflicts/{conflict_id}/restoration", access::operator_, restore_losing_values, "conflict",
     true, true},
    {"GET", "/v1/decisions", access::reader, list_all_decisions},
    {"GET", "/v1/dead-letters", access::reader, list_dead_letters},
    {"POST", "/v1/dead-letters/replay", access::operator_, replay_dead_letters, {}, true, true},
    {"GET", "/v1/dead-letters/{letter_id}", access::reader, get_dead_letter, "dead_letter"},
    {"DELETE", "/v1/dead-letters/{letter_id}", access::operator_, dismiss_dead_letter, "dead_letter", true},
    {"POST", "/v1/dead-letters/{letter_id}/replay", access::operator_, replay_dead_letter, "dead_letter",
     true, true},
    {"GET", "/v1/sync-runs", access::reader, list_runs},
    {"GET", "/v1/sync-runs/{run_id}", access::reader, get_run, "run"},

    {"GET", "/v1/events", access::reader, list_events},
    {"GET", "/v1/events/stream", access::reader, stream_events},
    {"GET", "/v1/audit-log", access::admin, list_audit_log},

    {"GET", "/connect/{ticket}", access::open, follow_connect_link},
    {"GET", "/oauth/google/callback", access::open, google_callback},
    {"GET", "/oauth/microsoft/callback", access::open, microsoft_callback},
    {"POST", "/webhooks/google", access::open, google_webhook},
    {"POST", "/webhooks/google/pubsub", access::open, google_pubsub_webhook},
    {"POST", "/webhooks/microsoft", access::open, microsoft_webhook},
    {"POST", "/webhooks/microsoft/lifecycle", access::open, microsoft_webhook},
    {"GET", "/healthz", access::open, get_health},
    {"GET", "/readyz", access::open, get_readiness},
    {"GET", "/metrics", access::scraper, get_metrics},
    {"GET", "/openapi.json", access::open, get_openapi},
};

} // namespace

std::span<const route> routes() { return table; }

} // namespace kalends::api
