// SPDX-License-Identifier: Apache-2.0
#include "api/problem.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include <boost/json.hpp>

namespace kalends::api {
namespace {

constexpr problem_kind problems[] = {
    // The request itself.
    {"tenant_needed", 400, "The tenant is missing"},
    {"malformed_json", 400, "The body is not JSON"},
    {"malformed_if_match", 400, "If-Match is not an entity tag of ours"},
    {"malformed_cursor", 400, "The cursor is not one of ours"},
    {"malformed_last_event_id", 400, "Last-Event-ID is not a sequence number"},
    {"malformed_idempotency_key", 400, "Idempotency-Key is too long"},
    {"notice_body_malformed", 400, "The notification cannot be read"},
    {"too_many_items", 400, "The notification holds too many items"},
    {"unauthenticated", 401, "A valid key is missing"},
    {"too_many_attempts", 429, "Too many attempts"},
    {"session_expired", 401, "The session is over"},
    {"sign_in_refused", 401, "That does not sign anybody in"},
    {"notice_refused", 401, "The notification does not prove where it comes from"},
    {"push_refused", 401, "The push does not prove who sends it"},
    {"role_too_low", 403, "This key may not do that"},
    {"feature_withheld", 403, "The tenant does not have this feature"},
    {"csrf_failed", 403, "The change does not come from our pages"},
    {"not_yours", 403, "This is somebody else's"},
    {"permission_denied", 403, "This is not permitted"},
    {"route_not_found", 404, "There is nothing at this path"},
    {"method_not_allowed", 405, "This path does not know that method"},
    {"body_too_large", 413, "The body is too large"},
    {"unsupported_media_type", 415, "The body must be application/json"},
    // What the request says.
    {"body_not_object", 422, "The body is not a JSON object"},
    {"unknown_field", 422, "There is no such field"},
    {"read_only_field", 422, "This field is the server's"},
    {"missing_field", 422, "A field is missing"},
    {"wrong_type", 422, "A field has the wrong type"},
    {"field_too_long", 422, "A text is too long"},
    {"field_empty", 422, "A text is empty"},
    {"too_many_values", 422, "A list is too long"},
    {"unknown_value", 422, "A value is not one of the known ones"},
    {"malformed_id", 422, "An id is not a UUID"},
    {"malformed_email", 422, "This is not an e-mail address"},
    {"unknown_parameter", 422, "There is no such query parameter"},
    {"malformed_parameter", 422, "A query parameter cannot be read"},
    {"missing_parameter", 422, "A query parameter is missing"},
    {"range_too_long", 422, "The range is too long"},
    {"range_too_busy", 422, "Too much takes place in the range"},
    {"malformed_date_time", 422, "This is not a date and time"},
    {"malformed_date", 422, "This is not a date"},
    {"malformed_time", 422, "A time is either a date or a date_time with its zone"},
    {"unknown_time_zone", 422, "No such time zone is known"},
    {"missing_time_zone", 422, "A time needs a zone or an offset"},
    {"time_out_of_range", 422, "The time is out of range"},
    {"end_before_start", 422, "The end is not after the start"},
    {"mixed_all_day", 422, "Start and end are not of the same kind"},
    {"malformed_rrule", 422, "The recurrence rule cannot be read"},
    {"rrule_part_unsupported", 422, "The recurrence rule has a part that is not supported"},
    {"rrule_count_and_until", 422, "A rule ends by COUNT or by UNTIL, not by both"},
    {"rrule_until_before_start", 422, "The rule ends before it starts"},
    {"rrule_until_kind", 422, "UNTIL is not of the kind of the start"},
    {"rrule_without_occurrence", 422, "The rule has no occurrence"},
    {"rrule_too_long", 422, "The recurrence rule is too long"},
    {"start_not_in_rrule", 422, "The start is not the first occurrence of the rule"},
    {"too_many_occurrences", 422, "The series has too many occurrences"},
    {"too_many_exceptions", 422, "The series has too many exceptions"},
    {"occurrence_not_in_series", 422, "The series has no such occurrence"},
    {"malformed_occurrence", 422, "An occurrence is not named by its recurrence id"},
    {"scope_needs_occurrence", 422, "A scope within a series needs its occurrence"},
    {"occurrence_without_scope", 422, "An occurrence needs a scope"},
    {"not_a_series", 422, "The entry does not repeat"},
    {"not_of_one_occurrence", 422, "One occurrence cannot have this for itself"},
    {"attendee_twice", 422, "A guest is listed twice"},
    {"unknown_user", 422, "There is no such user"},
    {"webhook_url_malformed", 422, "This is not a URL that messages can be sent to"},
    {"webhook_url_insecure", 422, "Messages are sent over https only"},
    {"webhook_address_refused", 422, "Messages are not sent to this address"},
    {"return_to_refused", 422, "The return address is not one of ours"},
    {"idempotency_key_reused", 422, "The Idempotency-Key belongs to another request"},
    // What is there.
    {"tenant_not_found", 404, "There is no such tenant"},
    {"tenant_gone", 404, "There is no such tenant"},
    {"key_not_found", 404, "There is no such key"},
    {"user_not_found", 404, "There is no such user"},
    {"provider_not_found", 404, "There is no such calendar provider"},
    {"oauth_client_not_found", 404, "There is no OAuth client of that kind"},
    {"rehearsal_not_found", 404, "This calendar does not rehearse"},
    {"run_not_found", 404, "There is no such sync run"},
    {"notification_not_found", 404, "There is no such notification"},
    {"dead_letter_not_found", 404, "There is no such dead letter"},
    {"webhook_endpoint_not_found", 404, "There is no such webhook endpoint"},
    {"webhook_endpoints_full", 409, "The tenant has as many webhook endpoints as it may"},
    {"delivery_not_found", 404, "There is no such delivery"},
    {"fact_not_kept", 404, "The fact is not kept any more"},
    {"cursor_expired", 410, "The events after this point are not kept any more"},
    {"entry_not_found", 404, "There is no such schedule entry"},
    {"occurrence_not_found", 404, "The series has no such occurrence"},
    {"nothing_held", 404, "Nothing waits for a yes"},
    {"approval_stale", 409, "What waits is not what was shown"},
    {"operator_not_found", 404, "There is no such operator"},
    {"operator_exists", 409, "There is an operator with this address"},
    {"password_too_short", 422, "The password is too short"},
    {"link_void", 410, "This link has expired or was used"},
    {"approval_ambiguous", 409, "Entries and events wait: name the kind that is meant"},
    {"conflict_not_found", 404, "There is no such conflict"},
    {"conflict_resolved_already", 409, "The conflict is resolved already"},
    {"conflict_open", 409, "The conflict is not resolved yet"},
    {"conflict_too_old", 410, "What lost is not kept any more"},
    {"fields_without_merge", 422, "Fields are chosen with choice=merge only"},
    {"field_not_chosen", 422, "A disputed field is not chosen"},
    {"field_not_disputed", 422, "Both sides agree in this field"},
    {"email_taken", 409, "Another user has this address"},
    {"user_in_use", 409, "The user still has entries or calendars"},
    {"entry_exists", 409, "An entry with this id exists"},
    {"stale_version", 409, "The entry changed meanwhile"},
    {"version_mismatch", 412, "The entry has another version"},
    {"idempotency_in_progress", 409, "The first request with this key is still under way"},
    {"provider_not_connected", 409, "The calendar is not connected"},
    {"work_stopped", 409, "An operator has stopped the work for this tenant"},
    {"calendar_rehearses", 409, "The calendar only rehearses"},
    {"oauth_client_missing", 409, "No OAuth client is configured for this vendor"},
    {"calendar_already_synced", 409, "The calendar of a synced provider cannot be exchanged"},
    {"reauthorization_required", 409, "The calendar's owner has to give consent again"},
    // Connecting a calendar; shown on a page.
    {"authorization_malformed", 400, "This link is damaged"},
    {"browser_unknown", 400, "This browser did not begin the connection"},
    {"authorization_void", 410, "This link has expired or was used"},
    {"consent_declined", 200, "The calendar was not connected"},
    {"consent_failed", 502, "The vendor reported a failure"},
    {"account_mismatch", 409, "This is another account than before"},
    {"invalid_grant", 409, "The vendor did not accept the consent"},
    {"scope_missing", 409, "A permission is missing"},
    {"invalid_client", 502, "The vendor refused this installation's OAuth client"},
    {"id_token_invalid", 502, "The vendor's answer does not prove whose calendar it is"},
    // What passes, and what should not happen.
    {"tenant_moving", 503, "Another node is taking this tenant over"},
    {"fenced", 503, "Another node has taken this tenant over"},
    {"sign_in_busy", 503, "Too many people sign in just now"},
    {"too_many_streams", 503, "Too many event streams are open"},
    {"push_keys_away", 503, "Google's keys cannot be fetched"},
    {"database_away", 503, "The database cannot be reached"},
    {"database_busy", 503, "The database is busy"},
    {"commit_unknown", 503, "It is not known whether the change was kept"},
    {"serialization_failure", 503, "The database asks to try again"},
    {"statement_timeout", 503, "The database took too long"},
    {"not_ready", 503, "The server is not ready"},
    {"starting", 503, "The server is starting"},
    {"stopping", 503, "The server is stopping"},
    {"tenant_busy", 503, "Too many changes of this tenant wait"},
    {"tenant_not_awake", 503, "The tenant recovers from a failure"},
    {"provider_busy", 503, "Too many orders wait for this calendar"},
    {"answer_lost", 503, "It is not known what became of it"},
    {"stopped", 503, "The server is stopping"},
    {"database_stopped", 503, "The server is stopping"},
    {"internal", 500, "Something went wrong here"},
    {"sql_error", 500, "Something went wrong here"},
    {"work_threw", 500, "Something went wrong here"},
};

const problem_kind* find(std::string_view code) {
  const auto* found = std::find_if(std::begin(problems), std::end(problems),
                                   [&](const problem_kind& p) { return p.code == code; });
  return found == std::end(problems) ? nullptr : found;
}

int status_of_kind(errc kind) {
  switch (kind) {
  case errc::retry_later:
    return 503;
  case errc::reauthorize:
    return 409;
  case errc::resync:
    return 409;
  case errc::conflict:
    return 409;
  case errc::duplicate:
    return 409;
  case errc::not_found:
    return 404;
  case errc::invalid:
    return 422;
  case errc::forbidden:
    return 403;
  case errc::stopped:
    return 503;
  case errc::broken:
    return 502;
  }
  return 500;
}

std::string_view title_of_status(int status) {
  switch (status) {
  case 403:
    return "This is not permitted";
  case 404:
    return "It is not there";
  case 409:
    return "It conflicts with the state of things";
  case 422:
    return "The request cannot be followed";
  case 502:
    return "The other side answered something unusable";
  case 503:
    return "This does not work at the moment";
  default:
    return "Something went wrong here";
  }
}

std::string retry_seconds(const error& e) {
  using std::chrono::milliseconds;
  const auto wait = std::max(e.retry_after.value_or(milliseconds(1000)), milliseconds(1));
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count());
}

} // namespace

std::span<const problem_kind> known_problems() { return problems; }

int status_of(const error& e) {
  const auto* known = find(e.code);
  return known ? known->status : status_of_kind(e.kind);
}

net::http_response problem(const error& e) {
  const auto* known = find(e.code);
  const int status = status_of(e);
  boost::json::object body;
  body["type"] = "urn:kalends:problem:" + e.code;
  body["title"] = known ? known->title : title_of_status(status);
  body["status"] = status;
  body["code"] = e.code;
  body["detail"] = e.detail;
  if (!e.field.empty()) body["field"] = e.field;

  net::http_response out{
      status, {{"Content-Type", "application/problem+json"}}, boost::json::serialize(body)};
  if (status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (status == 503 || e.retry_after) out.headers.emplace_back("Retry-After", retry_seconds(e));
  return out;
}

} // namespace kalends::api
