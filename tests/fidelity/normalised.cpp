// SPDX-License-Identifier: Apache-2.0
#include "tests/fidelity/normalised.hpp"

#include "schema/recurrence.hpp"

#include <algorithm>

namespace kalends::fidelity {
namespace {

using namespace std::chrono;

/// Enough to see both changes of summer time in a daily series, and years of others.
constexpr std::size_t compared_slots = 300;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// HTML has no white space about a text or at the end of a line.
std::string without_outer_blanks(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n')
      while (!out.empty() && is_blank(out.back())) out.pop_back();
    out += c;
  }
  while (!out.empty() && (is_blank(out.back()) || out.back() == '\n')) out.pop_back();
  const auto text_begins =
      std::find_if(out.begin(), out.end(), [](char c) { return !is_blank(c) && c != '\n'; });
  out.erase(out.begin(), text_begins);
  return out;
}

std::string with_plain_blanks(std::string text) {
  constexpr std::string_view no_break = "\xc2\xa0";
  for (auto at = text.find(no_break); at != std::string::npos; at = text.find(no_break, at))
    text.replace(at, no_break.size(), 1, ' ');
  return text;
}

/// Both names stand for the same zone of Windows, and for the same instants.
bool is_same_clock(const zoned_time& a, const zoned_time& b) {
  const auto windows = windows_zone_of(a.time_zone);
  return a.utc == b.utc && a.local == b.local && windows && windows == windows_zone_of(b.time_zone);
}

void rename_zone(calendar_time& wanted, const calendar_time& got, bool& renamed) {
  auto* w = std::get_if<zoned_time>(&wanted);
  const auto* g = std::get_if<zoned_time>(&got);
  if (w == nullptr || g == nullptr || w->time_zone == g->time_zone || !is_same_clock(*w, *g)) return;
  w->time_zone = g->time_zone;
  renamed = true;
}

std::vector<sys_seconds> instants(const appointment& a) {
  std::vector<sys_seconds> out;
  for (const auto at : slots_of(a, compared_slots)) out.push_back(instant_of(time_of_slot(a, at)));
  return out;
}

/// A zone that no table knows is a name without a clock: the instant goes there, and the calendar shows it on
/// a clock of its own.
bool leave_unknown_zone(calendar_time& wanted, const calendar_time& got) {
  auto* w = std::get_if<zoned_time>(&wanted);
  const auto* g = std::get_if<zoned_time>(&got);
  if (w == nullptr || g == nullptr || is_iana_zone(w->time_zone) || w->utc != g->utc) return false;
  *w = *g;
  return true;
}

/// Of the hour that comes twice, a wall clock names the first: the second is told in UTC.
bool tell_second_hour(calendar_time& wanted, const calendar_time& got) {
  auto* w = std::get_if<zoned_time>(&wanted);
  const auto* g = std::get_if<zoned_time>(&got);
  if (w == nullptr || g == nullptr || g->time_zone != "UTC" || w->utc != g->utc) return false;
  const auto first = read_zoned_time(write_local(*w), w->time_zone);
  if (!first || first->utc == w->utc) return false;
  *w = *g;
  return true;
}

/// A series keeps its hour in another zone only if its clocks change on the same days.
bool rename_zones(appointment& wanted, const appointment& got) {
  auto renamed = wanted;
  bool any = false;
  rename_zone(renamed.start, got.start, any);
  rename_zone(renamed.end, got.end, any);
  if (wanted.repeats && got.repeats)
    for (auto& c : renamed.repeats->changed)
      for (const auto& other : got.repeats->changed)
        if (other.at == c.at) {
          rename_zone(c.what.start, other.what.start, any);
          rename_zone(c.what.end, other.what.end, any);
        }
  if (!any || (wanted.repeats && instants(wanted) != instants(renamed))) return false;
  wanted = std::move(renamed);
  return true;
}

/// An occurrence that is changed stays on the clocks of its series: the same instant, told in that zone.
bool move_to_clocks_of_series(appointment& wanted, const appointment& got) {
  if (!wanted.repeats || !got.repeats) return false;
  bool any = false;
  const auto one = [&](calendar_time& w, const calendar_time& g) {
    auto* mine = std::get_if<zoned_time>(&w);
    const auto* told = std::get_if<zoned_time>(&g);
    if (mine == nullptr || told == nullptr || mine->time_zone == told->time_zone || mine->utc != told->utc)
      return;
    const auto is_clock_of = [&](const calendar_time& t) {
      return std::get<zoned_time>(t).time_zone == told->time_zone;
    };
    if (!is_clock_of(got.start) && !is_clock_of(got.end)) return;
    *mine = *told;
    any = true;
  };
  for (auto& c : wanted.repeats->changed)
    for (const auto& other : got.repeats->changed)
      if (other.at == c.at) {
        one(c.what.start, other.what.start);
        one(c.what.end, other.what.end);
      }
  return any;
}

/// An occurrence of which nothing but the zone of an end was changed is, on the clocks of its series, as
/// planned.
bool leave_out_changes_of_zone_alone(appointment& wanted, const appointment& got) {
  if (!wanted.repeats || !got.repeats || is_all_day(wanted.start)) return false;
  auto told = wanted;
  const auto on_clock_of = [](calendar_time& t, const calendar_time& of) {
    if (const auto shown = at_zone(instant_of(t), std::get<zoned_time>(of).time_zone)) t = *shown;
  };
  for (auto& c : told.repeats->changed) {
    if (is_all_day(c.what.start) || std::any_of(got.repeats->changed.begin(), got.repeats->changed.end(),
                                                [&](const changed_occurrence& g) { return g.at == c.at; }))
      continue;
    on_clock_of(c.what.start, told.start);
    on_clock_of(c.what.end, told.end);
  }
  const auto kept = canonical_series(told);
  if (!kept || !kept->repeats || kept->repeats->changed.size() == wanted.repeats->changed.size())
    return false;
  std::erase_if(wanted.repeats->changed, [&](const changed_occurrence& c) {
    return std::none_of(kept->repeats->changed.begin(), kept->repeats->changed.end(),
                        [&](const changed_occurrence& k) { return k.at == c.at; });
  });
  return true;
}

/// Every text of the kind, the changed occurrences' included.
template <class Change>
bool respell_notes(appointment& a, Change change) {
  bool any = false;
  const auto one = [&](std::string& notes) {
    auto spelled = change(notes);
    any = any || spelled != notes;
    notes = std::move(spelled);
  };
  one(a.notes);
  if (a.repeats)
    for (auto& c : a.repeats->changed) one(c.what.notes);
  return any;
}

} // namespace

const std::vector<spelling>& spellings() {
  static const std::vector<spelling> all{
      {"answers_asked_anew", "attendees",
       "a guest's answer is the guest's own: it is asked for, never written", provider_type::google},
      {"answers_asked_anew", "attendees",
       "a guest's answer is the guest's own: it is asked for, never written", provider_type::microsoft},
      {"zone_unknown_to_all", "time",
       "a single appointment in a zone that no table knows is shown in the calendar's zone; the instant "
       "stays",
       provider_type::google},
      {"zone_unknown_to_all", "time",
       "a single appointment in a zone that no table knows is shown in UTC; the instant stays",
       provider_type::microsoft},
      {"second_hour_in_utc", "time",
       "a time in the second of an hour that comes twice is told in UTC; the instant stays",
       provider_type::microsoft},
      {"guest_named_by_address", "attendees", "a guest without a name gets the address as name",
       provider_type::microsoft},
      {"zone_of_windows", "time",
       "a zone becomes the principal one of its Windows zone; wall clock and every instant stay",
       provider_type::microsoft},
      {"occurrence_on_clock_of_series", "occurrences",
       "a changed occurrence is told in the zones of its series; every instant stays",
       provider_type::microsoft},
      {"notes_outer_blanks", "notes",
       "blanks about the text and at the ends of its lines are lost on the way through HTML",
       provider_type::microsoft},
      {"notes_no_break_space", "notes", "a no-break space comes back as a space", provider_type::microsoft},
  };
  return all;
}

appointment as_spelled(provider_type vendor, appointment wanted, const appointment& got,
                       std::vector<std::string>& names) {
  const auto note = [&](bool any, const char* name) {
    if (any) names.emplace_back(name);
  };
  bool asked_anew = false;
  for (auto& g : wanted.attendees) {
    asked_anew = asked_anew || g.response != attendee_response::needs_action;
    g.response = attendee_response::needs_action;
  }
  note(asked_anew, "answers_asked_anew");
  const bool unknown = leave_unknown_zone(wanted.start, got.start);
  note(leave_unknown_zone(wanted.end, got.end) || unknown, "zone_unknown_to_all");
  if (vendor == provider_type::google) return wanted;

  bool named = false;
  for (auto& g : wanted.attendees)
    if (g.name.empty()) {
      g.name = g.email;
      named = true;
    }
  note(named, "guest_named_by_address");
  const bool second = tell_second_hour(wanted.start, got.start);
  note(tell_second_hour(wanted.end, got.end) || second, "second_hour_in_utc");
  note(rename_zones(wanted, got), "zone_of_windows");
  const bool on_clock = move_to_clocks_of_series(wanted, got);
  note(leave_out_changes_of_zone_alone(wanted, got) || on_clock, "occurrence_on_clock_of_series");
  note(respell_notes(wanted, without_outer_blanks), "notes_outer_blanks");
  note(respell_notes(wanted, with_plain_blanks), "notes_no_break_space");
  return wanted;
}

} // namespace kalends::fidelity
