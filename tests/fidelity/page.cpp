// SPDX-License-Identifier: Apache-2.0
#include "tests/fidelity/page.hpp"

#include "schema/sync.hpp"
#include "tests/fidelity/normalised.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace kalends::fidelity {
namespace {

/// What is refused before any call, because the vendor cannot say it.
struct refusal {
  provider_type vendor;
  const char* code;
  const char* what;
};

const std::vector<refusal>& refusals() {
  constexpr auto google = provider_type::google;
  constexpr auto microsoft = provider_type::microsoft;
  static const std::vector<refusal> all{
      {google, "recurrence_zone", "a series in a zone that no table knows"},
      {microsoft, "recurrence_rdate", "dates that are added to a rule, or that are the whole series"},
      {microsoft, "recurrence_byday",
       "numbered days that are none of first to fourth and last; several numbered days; weekdays of a daily "
       "rule that is "
       "not daily; a month's or a year's every Monday"},
      {microsoft, "recurrence_bymonthday",
       "several days of a month; days 29 to 31, which Exchange would move to the month's last day; days from "
       "the end, but "
       "for the last"},
      {microsoft, "recurrence_bymonth",
       "months that limit a daily, weekly or monthly rule; several months of a year"},
      {microsoft, "recurrence_bysetpos",
       "positions that are none of first to fourth and last, or several of them"},
      {microsoft, "recurrence_byyearday", "days of the year"},
      {microsoft, "recurrence_byweekno", "weeks of the year"},
      {microsoft, "recurrence_interval", "intervals above 99"},
      {microsoft, "recurrence_zone", "a series in a zone without a Windows name"},
      {microsoft, "recurrence_clock_change",
       "a series during whose first occurrence the clocks change: Exchange would measure the others by the "
       "clock"},
      {microsoft, "recurrence_occurrence_moved",
       "an occurrence that is moved onto the day of its neighbour or beyond"},
      {microsoft, "recurrence_freq", "frequencies that are no pattern"},
      {microsoft, "recurrence_rrule", "rules that cannot be read"},
  };
  return all;
}

/// The groups that are compared after every trip.
constexpr std::array groups{field_group::title,      field_group::notes,       field_group::location,
                            field_group::time,       field_group::privacy,     field_group::status,
                            field_group::recurrence, field_group::occurrences, field_group::attendees};

std::string name_of_group(field_group g) {
  field_set one;
  one.add(g);
  return std::string(names_of(one).front());
}

/// The group in which a refusal lies.
std::string group_of(const refusal& r) {
  return std::string_view(r.code) == "recurrence_occurrence_moved" ? "occurrences" : "recurrence";
}

std::string row(provider_type vendor, const std::string& group) {
  std::string there = "kept";
  for (const auto& r : refusals())
    if (r.vendor == vendor && group_of(r) == group)
      there += std::string(there == "kept" ? ", or refused: `" : ", `") + r.code + "`";
  std::string back;
  for (const auto& s : spellings())
    if (s.vendor == vendor && group == s.field)
      back += std::string(back.empty() ? "" : "; ") + "normalised: " + s.how;
  return "| " + group + " | " + std::string(name_of(vendor)) + " | " + there + " | " +
         (back.empty() ? "kept" : back) + " |\n";
}

} // namespace

bool tells_refusal(provider_type vendor, std::string_view code) {
  return std::any_of(refusals().begin(), refusals().end(),
                     [&](const refusal& r) { return r.vendor == vendor && r.code == code; });
}

std::string page() {
  std::string out =
      "# What becomes of an appointment in a calendar\n\n"
      "`./dev fidelity --cases N --seed S` makes appointments by seed, takes each to Google's and to "
      "Microsoft's calendar through the engine's own clients, and reads it\nback; the vendors are those of "
      "the sandbox, which shares no codec with the engine. Whatever comes back must be equal in every group, "
      "be one of the\nspellings below, or have been refused before any call, by name. Anything else ends the "
      "run with `changed` above 0. Where a rule puts its occurrences is\ncompared with libical and with a "
      "third library (decision 0011). "
      "This "
      "page is written by that program (`--page`), and a test holds it against it.\n\n"
      "A spelling is never taken for a change: the engine keeps what each side said when they last agreed, "
      "and compares each side with its own.\n\n"
      "| field | provider | there | and back |\n|---|---|---|---|\n";
  for (const auto g : groups)
    for (const auto vendor : {provider_type::google, provider_type::microsoft})
      out += row(vendor, name_of_group(g));
  out +=
      "\nAn occurrence during which the clocks change lasts exactly as long as the first, as RFC 5545 "
      "3.8.5.3 has it; Outlook shows it as long on the clock. One that would begin in the hour that is left "
      "out begins and ends that much later (3.3.10).\n";
  out += "\nAttendees travel only where the provider mails guests (`mails` = `guests`) and the calendar's "
         "person is the "
         "organizer.\n\n## Refusals\n\nThe row in the outbox is done, the ledger says `push_unsayable` with "
         "the code, and "
         "`sync-status` shows it.\n\n| code | provider | refused is |\n|---|---|---|\n";
  for (const auto& r : refusals())
    out += std::string("| `") + r.code + "` | " + std::string(name_of(r.vendor)) + " | " + r.what + " |\n";
  return out;
}

} // namespace kalends::fidelity
