// SPDX-License-Identifier: Apache-2.0
#include "actors/decision_words.hpp"

#include "actors/decision_inputs.hpp"
#include "actors/merge_rule.hpp"

#include <boost/json.hpp>

namespace kalends::actors {
namespace {

namespace json = boost::json;

json::object object_of(const std::string& inputs) {
  json::error_code failed;
  auto value = json::parse(inputs, failed);
  return !failed && value.is_object() ? value.as_object() : json::object();
}

std::string text_at(const json::object& o, const char* name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->as_string()) : std::string();
}

/// " (time, title)", or nothing.
std::string listed(const json::object& o, const char* name) {
  const auto* v = o.if_contains(name);
  if (v == nullptr || !v->is_array() || v->as_array().empty()) return {};
  std::string out;
  for (const auto& one : v->as_array())
    if (one.is_string()) out += (out.empty() ? " (" : ", ") + std::string(one.as_string());
  return out.empty() ? out : out + ")";
}

std::string said(const json::object& o, const char* name) {
  const auto text = text_at(o, name);
  return text.empty() ? "." : ": " + text + ".";
}

std::string pulled_sentence(reason why, const json::object& o) {
  switch (why) {
  case reason::pull_created:
    return "A new event appeared in the calendar; an entry was made of it.";
  case reason::pull_updated:
    return "Only the calendar had changed" + listed(o, "changed") + "; the entry took the change.";
  case reason::pull_merged:
    return "Both sides had changed different things; the calendar's" + listed(o, "changed") +
           " went into the entry, and the entry's own changes stayed.";
  case reason::pull_conflict_newest:
    return "Both sides had changed the same" + listed(o, "groups") +
           "; the later change won, which was the " +
           (text_at(o, "winner") == "external" ? "calendar's." : "host's.");
  case reason::pull_conflict_local:
    return "The calendar's change" + listed(o, "groups") + " was not taken (" + text_at(o, "policy") +
           "); the host's value stays and is written back.";
  case reason::pull_conflict_external:
    return "Both sides had changed the same" + listed(o, "groups") +
           "; by the calendar's policy its value won, and the host's is kept in this row.";
  case reason::pull_echo:
    return "Our own write came back; nothing was done.";
  case reason::pull_unchanged:
    return "The event has a new version, but nothing that is synced changed.";
  case reason::pull_deleted_entry:
    return "The event was deleted in the calendar where the entry was born, and nobody else has it; the "
           "entry was deleted.";
  case reason::pull_unlinked:
    return "The event was deleted in the calendar; its person was unassigned and the entry stays.";
  case reason::pull_cancelled_entry:
    return "The event was deleted in the calendar; by the calendar's policy the entry was cancelled.";
  case reason::pull_ignored_unknown:
    return "An event that was never known is gone; nothing was done.";
  case reason::pull_ignored_direction:
    return "The calendar does not import new events; nothing was done.";
  case reason::pull_ignored_removing:
    return "The event is on its way out of the calendar or does not belong there; what changed in it was "
           "ignored.";
  case reason::pull_ignored_series:
    return "The event is part of a recurring series, which is left alone.";
  case reason::pull_refused_unreadable:
    return "The event cannot be held by an entry" + said(o, "cause");
  case reason::pull_adopted:
    return "The event is an earlier write of ours whose answer was lost; it was linked with its entry.";
  case reason::pull_restored:
    return "The event was deleted, but has to stand in that calendar; it is written again.";
  case reason::pull_poisoned:
    return "The event could not be planned or stored and was set aside" + said(o, "detail");
  case reason::pull_replayed:
    return "The event that had been set aside was read again, and this time it went well.";
  case reason::pull_recovered:
    return "The event bears the tag of an entry that was not there; the entry was made again from it.";
  case reason::pull_own_write:
    return "The calendar showed an earlier write of ours" + listed(o, "changed") +
           " whose answer was lost; it was not taken for a person's change.";
  case reason::pull_joined:
    return "The event is another person's copy of a meeting that is an entry already; it was linked to it.";
  case reason::pull_relinked:
    return "The calendar had been connected before; the event was linked to its entry again.";
  case reason::pull_ignored_policy:
    return "The calendar's import policy leaves this event out; nothing was done.";
  case reason::pull_conflict_manual:
    return "Both sides had changed the same" + listed(o, "groups") +
           "; both versions wait until somebody chooses.";
  case reason::pull_occurrence_freed:
    return "One of several people left one occurrence of the series; it became an entry of the others.";
  case reason::pull_tail_freed:
    return "One of several people cut the series in their own calendar; what followed became an entry of the "
           "others.";
  case reason::pull_people_changed:
    return "The meeting's guest list names users of this tenant; their assignment follows it.";
  case reason::pull_held:
    return "Too many events were missing at once; nothing was removed, and approval is waited for.";
  case reason::conflict_resolved:
    return "Somebody resolved the conflict" + listed(o, "groups") + said(o, "choice");
  case reason::losing_value_restored:
    return "Somebody took back the value that had lost" + listed(o, "groups") + ".";
  default:
    return {};
  }
}

std::string pushed_sentence(reason why, const json::object& o) {
  switch (why) {
  case reason::push_inserted:
    return "The entry was written into the calendar as a new event.";
  case reason::push_updated:
    return "The entry's change" + listed(o, "changed") + " was written into the calendar.";
  case reason::push_deleted:
    return "The event was taken out of the calendar.";
  case reason::push_nothing_to_do:
    return "The calendar agreed already; nothing was written.";
  case reason::push_superseded:
    return "A later change of the entry covered this one.";
  case reason::push_gone:
    return "The event was gone already.";
  case reason::push_refused:
    return "The calendar's vendor refused the write" + said(o, "detail");
  case reason::push_dead_lettered:
    return "The write failed as often as is allowed and was set aside" + said(o, "detail");
  case reason::push_unsayable:
    return "The calendar's vendor cannot express how this repeats" + said(o, "cause");
  case reason::push_not_organizer:
    return "The calendar's person is a guest of this event; only its organizer can change" +
           listed(o, "groups") + " it.";
  case reason::push_held:
    return "Too many events would be deleted at once; nothing was written, and approval is waited for.";
  case reason::push_approved:
    return "Somebody agreed that the held deletion may be carried out.";
  case reason::push_kept:
    return "Somebody refused the held deletion; the event stays in the calendar, which is left alone with "
           "it.";
  case reason::push_replayed:
    return "Somebody asked for the write that had been set aside to be tried again.";
  case reason::sweep_missing:
    return "A full read did not show the event, and the vendor confirmed that it is gone.";
  case reason::reconcile_repaired:
    return "A full comparison found a difference that no notice had told; it was brought in step.";
  default:
    return {};
  }
}

} // namespace

std::string sentence_of(const decision& d) {
  const auto inputs = object_of(d.inputs);
  auto text = pulled_sentence(d.why, inputs);
  if (text.empty()) text = pushed_sentence(d.why, inputs);
  return text.empty() ? std::string(name_of(d.why)) : text;
}

std::optional<replayed> replay_decision(const decision& d, conflict_policy policy) {
  auto weights = read_weights(d.inputs);
  if (!weights) return std::nullopt;
  const auto then = weigh(*weights);
  weights->policy = policy;
  const auto now = weigh(*weights);
  replayed out;
  out.why = reason_of(now, weights->direction, policy);
  const auto gained = now.taken - then.taken;
  const auto lost = then.taken - now.taken;
  out.differs = gained | lost;
  out.from_calendar = gained;
  return out;
}

} // namespace kalends::actors
