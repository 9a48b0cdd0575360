// SPDX-License-Identifier: Apache-2.0
#include "actors/import_projector.hpp"
#include "actors/provider.hpp"

#include <boost/json.hpp>

#include <utility>

/// A series goes into its calendar in steps, each of them committed: the master, guarded as any event; then
/// it is read as a whole; then whatever occurrences differ, one by one; then it is read again. Wherever this
/// ends too early, the next try compares what the calendar shows with what the entry says, and goes on.
namespace kalends::actors {

namespace {

constexpr int rounds_allowed = 5; ///< of reading, merging, writing for one series in one pass

std::string code_inputs(const std::string& code) {
  return boost::json::serialize(boost::json::object{{"code", code}});
}

} // namespace

// ---------------------------------------------------------------- what the vendor has no words for

/// Asked before the first call: nothing is written of what cannot be written in full.
bool connected_calendar::unsayable_there(const push_step& step) {
  const auto told = [this](const mapping& link, const appointment& what) {
    const auto code = what.repeats ? net::unsayable(calendar().type, what) : std::optional<std::string>();
    if (code) tell_unsayable(link, *code);
    return code.has_value();
  };
  if (const auto* s = std::get_if<push_insert>(&step)) return told(s->link, s->what);
  if (const auto* s = std::get_if<push_update>(&step)) return told(s->link, s->what);
  return false;
}

void connected_calendar::tell_unsayable(const mapping& link, const std::string& code) {
  const auto* entry = state.picture->entry(link.entry);
  ++state.run->counts.refused;
  push_settled outcome;
  outcome.what = push_settled::kind::refused;
  outcome.why = reason::push_unsayable;
  outcome.link = link;
  outcome.entry_version = entry != nullptr ? entry->version : 0;
  outcome.inputs = code_inputs(code);
  settle(std::move(outcome));
}

// ---------------------------------------------------------------- the master

/// Its answer tells nothing of the occurrences, and the guard saw nothing of them: they are read.
void connected_calendar::master_written(const push_update& s, field_set written, calendar_event answer) {
  ++state.run->counts.pushed;
  got_through();
  if (s.link.masked) answer = mask(std::move(answer));
  auto agreed = agree_on_master(s.link, s.what, written, answer.what);
  answer.what = agreed.event;
  auto outcome = written_outcome(s.link, reason::push_updated, std::move(agreed.entry), std::move(answer));
  settle_part(std::move(outcome), [this, link = s.link] {
    reload_entry(link, [this, entry = link.entry] {
      const auto* now_linked = state.picture->link(id_, entry);
      if (now_linked == nullptr || !now_linked->linked || now_linked->removing) return push_next();
      look_at_series(*now_linked);
    });
  });
}

/// What it shows is merged like any other change, then it is planned what remains to be written.
void connected_calendar::look_at_series(const mapping& link) {
  if (state.pushing.front().rereads++ >= rounds_allowed)
    return push_failed(error{errc::conflict, "event_moving", "The series changes again and again."}, link);
  read_event(link, [this, link](calendar_event found) {
    state.pushing.front().seen = link.masked ? mask(found) : found;
    hand_in_event(link, std::move(found), [this, link] { reload_entry(link, [this] { push_next(); }); });
  });
}

// ---------------------------------------------------------------- its occurrences

void connected_calendar::write_occurrences(const push_update& s) {
  auto& group = state.pushing.front();
  if (!group.seen || group.seen->version != s.link.event_version) return look_at_series(s.link);
  series_writing series;
  series.wanted = s;
  const agreed_series agreed{&s.link.base_entry, &s.link.base_event};
  series.steps = plan_occurrences(s.what, group.seen->what, calendar().type, agreed, s.link.masked);
  group.series = std::move(series);
  next_occurrence();
}

void connected_calendar::next_occurrence() {
  auto& group = state.pushing.front();
  auto& series = *group.series;
  if (series.next >= series.steps.size()) return series_written();
  const auto& step = series.steps[series.next];
  if (!step.refused.empty())
    return occurrence_written(
        failure(errc::invalid, std::string(step.refused), "The vendor cannot do that."));
  using kind = net::occurrence_write::kind;
  constexpr kind kinds[] = {kind::cancel, kind::change, kind::restore};
  net::occurrence_write write{kinds[static_cast<int>(step.how)],
                              series.wanted.link.event,
                              group.seen->what,
                              step.at,
                              step.changed,
                              step.what,
                              series.wanted.invites};
  auto call = [write](net::calendar_client& vendor, net::calendar_access who, net::vendor_done<bool> reply) {
    return vendor.write_occurrence(std::move(who), write, std::move(reply));
  };
  call_vendor<bool>(vendor_verb::write_occurrence, call,
                    [this](const result<bool>& answer) { occurrence_written(answer); });
}

/// One that the vendor refuses for what it says is left as it is; the others go on. After any other failure
/// the next try finds what was written.
void connected_calendar::occurrence_written(const result<bool>& answer) {
  auto& series = *state.pushing.front().series;
  const bool gone = !answer && answer.error().kind == errc::not_found;
  if (!answer && !gone && answer.error().kind != errc::invalid)
    return push_failed(answer.error(), series.wanted.link);
  const auto at = series.steps[series.next].at;
  if (answer) {
    ++state.run->counts.pushed;
    series.wrote = true;
    got_through();
  } else if (!gone) {
    if (series.refused.empty()) series.refused = answer.error().code;
    series.undone.push_back(at);
  }
  ++series.next;
  next_occurrence();
}

void connected_calendar::series_written() {
  auto& group = state.pushing.front();
  const auto agree = [this](const calendar_event& now) {
    const auto& front = state.pushing.front();
    const auto& s = *front.series;
    series_agreed(now, agree_on_occurrences(s.wanted.link, s.wanted.what, front.seen->what, s.steps, s.undone,
                                            now.what));
  };
  if (!group.series->wrote) return agree(calendar_event(*group.seen));
  read_event(group.series->wanted.link, [agree, masked = group.series->wanted.link.masked](
                                            calendar_event now) { agree(masked ? mask(now) : now); });
}

void connected_calendar::series_agreed(const calendar_event& now, const series_outcome& outcome) {
  auto& group = state.pushing.front();
  const auto series = *std::exchange(group.series, std::nullopt);
  const auto& link = series.wanted.link;
  auto event = now;
  event.what = outcome.event;
  if (outcome.moved) event.version = link.event_version; // what is new in it has yet to be merged
  const auto why = series.wrote ? reason::push_updated : reason::push_nothing_to_do;
  auto settled = written_outcome(link, why, outcome.entry, std::move(event));
  if (!series.refused.empty() && !outcome.moved)
    return settle_part(std::move(settled),
                       [this, series] { tell_unsayable(series.wanted.link, series.refused); });
  if (!outcome.moved) return settle(std::move(settled));
  settle_part(std::move(settled), [this, link] { look_at_series(link); });
}

} // namespace kalends::actors
