// SPDX-License-Identifier: Apache-2.0
#include "api/wire.hpp"

#include "actors/decision_words.hpp"
#include "actors/edited_entry.hpp"
#include "api/authentication.hpp"

#include <charconv>

namespace kalends::api {
namespace json = boost::json;
namespace {

json::value time_or_null(const std::optional<instant>& t) {
  return t ? json::value(to_rfc3339(*t)) : json::value(nullptr);
}

template <class Tag>
json::value id_or_null(const id<Tag>& v) {
  return text_or_null(v.str());
}

template <class Enum>
json::string word(Enum e) {
  const std::string_view name = name_of(e);
  return json::string(name.data(), name.size());
}

} // namespace

json::value text_or_null(std::string_view text) {
  if (text.empty()) return nullptr;
  return json::string(text.data(), text.size());
}

json::value parse_or_text(const std::string& text) {
  if (text.empty()) return json::object{};
  json::error_code failed;
  auto value = json::parse(text, failed);
  return failed ? json::value(text) : value;
}

json::object to_json(const calendar_time& t) {
  if (const auto* day = std::get_if<calendar_date>(&t)) return {{"date", write_date(*day)}};
  const auto& at = std::get<zoned_time>(t);
  return {{"date_time", write_with_offset(at)}, {"time_zone", at.time_zone}};
}

namespace {

json::array attendees_json(const std::vector<attendee>& guests) {
  json::array out;
  for (const auto& g : guests)
    out.push_back({{"email", g.email},
                   {"name", g.name},
                   {"response", word(g.response)},
                   {"optional", g.is_optional},
                   {"organizer", g.is_organizer}});
  return out;
}

json::array slots_json(const std::vector<recurrence_id>& slots, bool all_day) {
  json::array out;
  for (const auto at : slots) out.emplace_back(write_slot(at, all_day));
  return out;
}

json::object values_json(const schedule_entry& e, recurrence_id at, const appointment& what) {
  return {{"recurrence_id", write_slot(at, is_all_day(e.what.start))},
          {"start", to_json(what.start)},
          {"end", to_json(what.end)},
          {"status", word(actors::status_of(e, at, what))},
          {"title", what.title},
          {"notes", what.notes},
          {"location", what.location},
          {"is_private", what.is_private}};
}

json::value recurrence_json(const schedule_entry& e) {
  if (!e.what.repeats) return nullptr;
  const auto& r = *e.what.repeats;
  const bool all_day = is_all_day(e.what.start);
  json::array changed;
  for (const auto& c : r.changed) changed.emplace_back(values_json(e, c.at, c.what));
  return json::object{{"rrule", r.rrule},
                      {"rdates", slots_json(r.rdates, all_day)},
                      {"exdates", slots_json(r.exdates, all_day)},
                      {"changed_occurrences", std::move(changed)}};
}

} // namespace

json::object occurrence_json(const schedule_entry& e, const occurrence& o) {
  auto out = values_json(e, o.at, o.what);
  out["changed"] = o.changed;
  return out;
}

json::object to_json(const schedule_entry& e) {
  json::array assigned;
  for (const auto& u : e.assigned) assigned.emplace_back(u.str());
  return {{"id", e.id.str()},
          {"version", e.version},
          {"title", e.what.title},
          {"notes", e.what.notes},
          {"location", e.what.location},
          {"start", to_json(e.what.start)},
          {"end", to_json(e.what.end)},
          {"status", word(e.status)},
          {"is_private", e.what.is_private},
          {"work_item",
           {{"type", e.work.type}, {"id", e.work.id ? json::value(*e.work.id) : json::value(nullptr)}}},
          {"assigned_user_ids", std::move(assigned)},
          {"attendees", attendees_json(e.what.attendees)},
          {"recurrence", recurrence_json(e)},
          {"origin_provider_id", id_or_null(e.origin)},
          {"created_at", to_rfc3339(e.created_at)},
          {"updated_at", to_rfc3339(e.updated_at)}};
}

json::object to_json(const tenant& t) {
  json::object flags;
  for (const auto f : all_features)
    flags[json::string_view(name_of(f).data(), name_of(f).size())] = !t.withheld.contains(f);
  return {{"id", t.id.str()},
          {"name", t.name},
          {"created_at", to_rfc3339(t.created_at)},
          {"release_stage", word(t.stage)},
          {"flags", std::move(flags)},
          {"work_stopped", t.work_stopped_at.has_value()},
          {"work_stopped_at", time_or_null(t.work_stopped_at)},
          {"rehearsal_default", t.rehearses}};
}

json::object to_json(const user& u) {
  return {{"id", u.id.str()},
          {"email", u.email},
          {"aliases", json::array(u.aliases.begin(), u.aliases.end())},
          {"name", u.name},
          {"time_zone", u.time_zone},
          {"created_at", to_rfc3339(u.created_at)}};
}

namespace {

json::object channel_json(const provider& p) {
  const auto& h = p.push;
  json::value last = nullptr;
  if (h.attempted_at) {
    json::value failed = nullptr;
    if (!h.error_code.empty()) failed = {{"code", h.error_code}, {"detail", h.error_detail}};
    last = {{"at", to_rfc3339(*h.attempted_at)},
            {"cause", h.cause ? json::value(word(*h.cause)) : json::value(nullptr)},
            {"outcome", h.error_code.empty() ? "succeeded" : "failed"},
            {"error", std::move(failed)}};
  }
  return {{"expires_at", time_or_null(p.channel_expires_at)},
          {"renews_at", time_or_null(h.renews_at)},
          {"last_attempt", std::move(last)},
          {"failures", h.failures},
          {"silent_since", time_or_null(h.silent_since)}};
}

json::object reconciled_json(const provider& p) {
  const auto& r = p.reconciled;
  const auto found = r ? r->found : drift_counts{};
  return {{"at", r ? json::value(to_rfc3339(r->at)) : json::value(nullptr)},
          {"compared", found.compared},
          {"drifted", found.drifted},
          {"repaired", found.repaired},
          {"next_at", time_or_null(p.next_reconcile_at)}};
}

json::value held_json(const provider& p) {
  const auto& held = p.held ? p.held : p.held_events;
  if (!held) return nullptr;
  return {{"side", held->from_calendar ? "entries" : "events"},
          {"count", held->count},
          {"of", held->of},
          {"since", to_rfc3339(held->since)},
          {"approved", held->approved}};
}

} // namespace

json::object to_json(const provider& p) {
  json::value problem = nullptr;
  if (p.problem)
    problem = {
        {"code", p.problem->code}, {"detail", p.problem->detail}, {"since", to_rfc3339(p.problem->since)}};
  return {{"id", p.id.str()},
          {"type", word(p.type)},
          {"scope", word(p.scope)},
          {"user_id", p.user.str()},
          {"direction", word(p.direction)},
          {"conflict_policy", word(p.on_conflict)},
          {"deletion_policy", word(p.on_deletion)},
          {"import_policy", word(p.imports)},
          {"guest_mail", word(p.mails)},
          {"status", word(p.status)},
          {"problem", std::move(problem)},
          {"account", text_or_null(p.account)},
          {"calendar_id", id_or_null(p.calendar)},
          {"calendar_name", text_or_null(p.calendar_name)},
          {"calendar_time_zone", text_or_null(p.calendar_zone)},
          {"created_at", to_rfc3339(p.created_at)},
          {"last_sync_at", time_or_null(p.last_sync_at)},
          {"next_poll_at", time_or_null(p.next_poll_at)},
          {"channel_expires_at", time_or_null(p.channel_expires_at)},
          {"channel", channel_json(p)},
          {"reconciled", reconciled_json(p)},
          {"held_removals", held_json(p)},
          {"events_left", p.status == provider_status::leaving ? json::value(p.links_left) : json::value()},
          {"rehearsal", p.rehearsing}};
}

json::object to_json(const api_key& k) {
  return {{"id", k.id.str()},
          {"name", k.name},
          {"role", word(k.role)},
          {"created_at", to_rfc3339(k.created_at)},
          {"revoked_at", time_or_null(k.revoked_at)}};
}

json::object to_json(const sync_run& r) {
  json::value failed = nullptr;
  if (!r.error_code.empty()) failed = {{"code", r.error_code}, {"detail", r.error_detail}};
  return {{"id", r.id.str()},
          {"provider_id", r.provider.str()},
          {"cause", word(r.cause)},
          {"outcome", word(r.outcome)},
          {"counts",
           {{"pulled", r.counts.pulled},
            {"entries_changed", r.counts.entries_changed},
            {"pushed", r.counts.pushed},
            {"refused", r.counts.refused},
            {"vendor_calls", r.counts.vendor_calls},
            {"compared", r.counts.drift.compared},
            {"drifted", r.counts.drift.drifted},
            {"repaired", r.counts.drift.repaired}}},
          {"error", std::move(failed)},
          {"started_at", to_rfc3339(r.started_at)},
          {"finished_at", time_or_null(r.finished_at)}};
}

json::object to_json(const audit_line& a) {
  return {{"id", a.id},
          {"time", to_rfc3339(a.time)},
          {"actor", a.actor},
          {"action", a.action},
          {"subject", a.subject},
          {"detail", parse_or_text(a.detail)},
          {"peer", text_or_null(a.peer)}};
}

json::object to_json(const calendar_listing& c) {
  return {{"id", c.id.str()},
          {"name", c.name},
          {"time_zone", text_or_null(c.time_zone)},
          {"primary", c.primary},
          {"writable", c.writable}};
}

json::object to_json(const persistence::entry_sync_line& l) {
  const bool unsayable = !l.pending && !l.removing && !l.unsayable.empty();
  json::value reason;
  if (unsayable) {
    const auto told = parse_or_text(l.unsayable);
    if (const auto* inputs = told.if_object())
      if (const auto* code = inputs->if_contains("code")) reason = *code;
  }
  const auto* state = l.held       ? "held"
                      : l.removing ? "removing"
                      : l.pending  ? "pending"
                      : unsayable  ? "unsayable"
                                   : "in_step";
  if (!l.linked && *state == 'i') state = "pending";
  return {{"state", state},
          {"reason", std::move(reason)},
          {"provider_id", l.provider.str()},
          {"event_id", id_or_null(l.event)},
          {"linked", l.linked},
          {"removing", l.removing},
          {"pending", l.pending},
          {"entry_version", l.entry_version}};
}

json::object to_json(const persistence::decision_line& d) {
  return {{"id", d.what.id},
          {"time", to_rfc3339(d.time)},
          {"provider_id", id_or_null(d.what.provider)},
          {"entry_id", id_or_null(d.what.entry)},
          {"event_id", id_or_null(d.what.event)},
          {"reason", word(d.what.why)},
          {"sentence", actors::sentence_of(d.what)},
          {"inputs", parse_or_text(d.what.inputs)}};
}

json::object to_json(const dead_letter& l) {
  return {{"id", l.id},
          {"kind", word(l.kind)},
          {"state", word(l.state)},
          {"provider_id", l.provider.str()},
          {"entry_id", id_or_null(l.entry)},
          {"event_id", id_or_null(l.event)},
          {"action", l.kind == letter_kind::push ? json::value(word(l.action)) : json::value(nullptr)},
          {"attempts", l.attempts},
          {"code", l.code},
          {"detail", l.detail},
          {"first_failed_at", to_rfc3339(l.first_failed_at)},
          {"last_failed_at", to_rfc3339(l.last_failed_at)},
          {"closed_at", time_or_null(l.closed_at)}};
}

json::object group_values(const appointment& a, field_set groups) {
  json::object out;
  schedule_entry shown; // whose form the values have
  shown.what = a;
  const auto whole = to_json(shown);
  const auto add = [&](field_group g, const char* field) {
    if (groups.has(g)) out[field] = whole.at(field);
  };
  add(field_group::time, "start");
  add(field_group::time, "end");
  add(field_group::title, "title");
  add(field_group::notes, "notes");
  add(field_group::location, "location");
  add(field_group::privacy, "is_private");
  if (groups.has(field_group::status)) out["is_tentative"] = a.is_tentative;
  add(field_group::recurrence, "recurrence");
  add(field_group::occurrences, "recurrence");
  add(field_group::attendees, "attendees");
  return out;
}

json::object to_json(const conflict& c) {
  const auto names = [](field_set groups) {
    json::array out;
    for (const auto name : names_of(groups)) out.emplace_back(json::string_view(name.data(), name.size()));
    return out;
  };
  return {{"id", c.id},
          {"provider_id", c.provider.str()},
          {"entry_id", c.entry.str()},
          {"event_id", id_or_null(c.event)},
          {"state", word(c.state)},
          {"groups", names(c.groups)},
          {"choice", c.choice ? json::value(word(*c.choice)) : json::value(nullptr)},
          {"from_calendar", names(c.from_calendar)},
          {"decided_by", text_or_null(c.decided_by)},
          {"base", group_values(c.base, c.groups)},
          {"local", group_values(c.local, c.groups)},
          {"external", group_values(c.external, c.groups)},
          {"entry_version", c.entry_version},
          {"event_version", c.event_version},
          {"opened_at", to_rfc3339(c.opened_at)},
          {"resolved_at", time_or_null(c.resolved_at)}};
}

std::string entity_tag(std::int64_t version) { return '"' + std::to_string(version) + '"'; }

result<std::optional<std::int64_t>> read_if_match(std::string_view header) {
  if (header.empty() || header == "*") return std::nullopt;
  if (header.starts_with("W/\"") && header.ends_with('"')) return std::optional<std::int64_t>(-1);
  if (header.size() < 3 || header.front() != '"' || header.find('"', 1) != header.size() - 1)
    return failure(errc::invalid, "malformed_if_match", "If-Match holds one entity tag, as ETag gave it.",
                   "If-Match");
  const auto inner = header.substr(1, header.size() - 2);
  std::int64_t version = 0;
  const auto [end, failed] = std::from_chars(inner.data(), inner.data() + inner.size(), version);
  if (failed != std::errc() || end != inner.data() + inner.size() || version < 1) version = -1;
  return std::optional<std::int64_t>(version);
}

} // namespace kalends::api
