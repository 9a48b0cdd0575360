// SPDX-License-Identifier: Apache-2.0
#include "tests/fidelity/generator.hpp"

#include "schema/rule_slots.hpp"
#include "schema/time_zone.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace kalends::fidelity {
namespace {

using namespace std::chrono;
using frequency = rrule::frequency;

/// A zone, and days about which its clocks change.
struct zone_days {
  const char* zone;
  std::array<const char*, 2> changes;
};

/// Among them: half an hour of summer time, negative summer time (Dublin), Ramadan (Casablanca), quarters of
/// an hour, changes at midnight, zones without a Windows name (Troll, CET, Etc/GMT+5 has one).
constexpr std::array<zone_days, 28> zones{{
    {"Europe/Berlin", {"2026-03-29", "2026-10-25"}},
    {"Europe/London", {"2027-03-28", "2026-10-25"}},
    {"Europe/Dublin", {"2026-03-29", "2026-10-25"}},
    {"Europe/Istanbul", {"2026-03-29", "2026-10-25"}},
    {"America/New_York", {"2026-03-08", "2026-11-01"}},
    {"America/Los_Angeles", {"2027-03-14", "2027-11-07"}},
    {"America/Phoenix", {"2026-03-08", "2026-11-01"}},
    {"America/St_Johns", {"2026-03-08", "2026-11-01"}},
    {"America/Sao_Paulo", {"2026-02-15", "2026-11-01"}},
    {"America/Santiago", {"2026-04-05", "2026-09-06"}},
    {"America/Havana", {"2026-03-08", "2026-11-01"}},
    {"Asia/Kolkata", {"2026-03-29", "2026-10-25"}},
    {"Asia/Kathmandu", {"2026-03-29", "2026-10-25"}},
    {"Asia/Tokyo", {"2026-03-29", "2026-10-25"}},
    {"Asia/Beirut", {"2026-03-29", "2026-10-25"}},
    {"Asia/Tehran", {"2026-03-22", "2026-09-22"}},
    {"Australia/Sydney", {"2026-04-05", "2026-10-04"}},
    {"Australia/Adelaide", {"2026-04-05", "2026-10-04"}},
    {"Australia/Lord_Howe", {"2026-04-05", "2026-10-04"}},
    {"Pacific/Auckland", {"2026-04-05", "2026-09-27"}},
    {"Pacific/Chatham", {"2026-04-05", "2026-09-27"}},
    {"Pacific/Apia", {"2026-04-05", "2026-09-27"}},
    {"Africa/Casablanca", {"2026-02-15", "2026-03-22"}},
    {"Africa/Cairo", {"2026-04-24", "2026-10-30"}},
    {"Antarctica/Troll", {"2026-03-29", "2026-10-25"}},
    {"Etc/GMT+5", {"2026-03-29", "2026-10-25"}},
    {"CET", {"2026-03-29", "2026-10-25"}},
    {"UTC", {"2026-03-29", "2026-10-25"}},
}};

const std::vector<std::string> titles{"Inspection",
                                      "Heizung prüfen – Müller & Söhne",
                                      "会議",
                                      "اجتماع",
                                      "🛠️ Wartung 👩🏽‍🔧",
                                      "<b>bold</b> &amp; <script>",
                                      "a\"quote\" and \\backslash\\",
                                      "' OR 1=1 --",
                                      "{{title}} ${x} %s %n",
                                      "null",
                                      "",
                                      "Zero\u200bwidth",
                                      "tab\there",
                                      "=HYPERLINK(\"x\")"};
const std::vector<std::string> notes{"",
                                     "Bring the key.",
                                     "Line one\nLine two\n\nLine four",
                                     "<p>not markup</p>\n<br>",
                                     "&lt;entity&gt; &amp; &nbsp;",
                                     "  leading blanks",
                                     "https://example.com/?a=1&b=2#c",
                                     "Ünïcödé 🧪 漢字\n\tindented",
                                     "\"quoted\" \\n not a line",
                                     "-- \nsignature",
                                     "a\u00a0b",
                                     "]]>",
                                     "-----BEGIN:VEVENT-----",
                                     "1 < 2 > 0"};
const std::vector<std::string> locations{"",           "Depot 4", "Rue de l’Église 12, Liège",
                                         "Room <A&B>", "😀",       "a; b, c: d"};
const std::vector<std::string> people{"ann@example.com", "Bob.B@Example.org", "chris+x@example.net",
                                      "dora@example.com", "o'neil@example.com"};

class maker {
public:
  explicit maker(unsigned seed) : dice_(seed) {}

  specimen make(unsigned seed);

private:
  int between(int least, int most) {
    return least + static_cast<int>(dice_.below(static_cast<std::size_t>(most - least + 1)));
  }
  bool percent(unsigned p) { return dice_.below(100) < p; }

  local_days day();
  seconds clock();
  void texts(appointment& a);
  void times(appointment& a);
  void all_day(appointment& a, local_days from);
  void zoned(appointment& a, recurrence_id from, std::string_view zone);
  void unknown_zone(appointment& a);

  std::vector<int> numbers(int most, std::size_t count, bool from_the_end);
  std::vector<rrule::day> weekdays(std::size_t most, bool numbered);
  rrule rule();
  void end_rule(rrule& r, const appointment& a);
  bool repeat(appointment& a);
  void exceptions(appointment& a);
  changed_occurrence change(const appointment& a, recurrence_id at);
  void guests(specimen& s);

  chance dice_;
  const zone_days* zone_ = nullptr;
};

local_days maker::day() {
  if (percent(50)) {
    const auto change = read_slot(zone_->changes[dice_.below(2)]).value();
    return floor<days>(change) + days(between(-3, 3));
  }
  return local_days(year(2024) / January / 1) + days(between(0, 4 * 365));
}

seconds maker::clock() {
  if (percent(30)) return hours(between(0, 4)) + minutes(15 * between(0, 3));
  if (percent(3)) return seconds(between(0, 86'399));
  return hours(between(0, 23)) + minutes(5 * between(0, 11));
}

void maker::texts(appointment& a) {
  a.title = dice_.pick(titles);
  a.notes = dice_.pick(notes);
  a.location = dice_.pick(locations);
  if (percent(1)) a.title = std::string(static_cast<std::size_t>(between(200, 250)), 'x');
  if (percent(1)) a.notes = std::string(static_cast<std::size_t>(between(1'000, 6'000)), 'y');
  a.is_private = percent(20);
  a.is_tentative = percent(20);
}

void maker::all_day(appointment& a, local_days from) {
  a.start = calendar_date{year_month_day(from)};
  a.end = calendar_date{year_month_day(from + days(percent(70) ? 1 : between(1, 9)))};
}

void maker::zoned(appointment& a, recurrence_id from, std::string_view zone) {
  const auto start = read_zoned_time(write_slot(from, false), zone);
  if (!start) throw std::logic_error("the generator made a time that nobody can read");
  a.start = *start;
  const auto length = percent(3) ? seconds(0) : seconds(minutes(15 * between(1, percent(5) ? 400 : 16)));
  // The end on another clock: a flight.
  const auto* there =
      percent(4) ? zones[dice_.below(zones.size())].zone : std::get<zoned_time>(a.start).time_zone.c_str();
  a.end = *at_zone(instant_of(a.start) + length, there);
}

void maker::unknown_zone(appointment& a) {
  a.start = *read_zoned_time(write_slot(day() + clock(), false) + "+01:00", "Customized Time Zone");
  a.end = *read_zoned_time(write_slot(slot_of(a.start) + hours(1), false) + "+01:00", "Customized Time Zone");
}

void maker::times(appointment& a) {
  zone_ = &zones[dice_.below(zones.size())];
  if (percent(1)) return unknown_zone(a);
  if (percent(25)) return all_day(a, day());
  zoned(a, day() + clock(), zone_->zone);
}

std::vector<int> maker::numbers(int most, std::size_t count, bool from_the_end) {
  std::vector<int> out;
  for (std::size_t i = 0; i < count; ++i) {
    const int n = between(1, most);
    out.push_back(from_the_end && percent(30) ? -n : n);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<rrule::day> maker::weekdays(std::size_t most, bool numbered) {
  constexpr std::array ordinals{1, 2, 3, 4, 5, -1, -2};
  std::vector<rrule::day> out;
  for (unsigned iso = 1; iso <= 7 && out.size() < most; ++iso)
    if (percent(35)) out.push_back({numbered ? ordinals[dice_.below(ordinals.size())] : 0, weekday(iso)});
  if (out.empty()) out.push_back({numbered ? 1 : 0, weekday(static_cast<unsigned>(between(0, 6)))});
  std::sort(out.begin(), out.end(), [](const auto& x, const auto& y) {
    return std::pair(x.weekday.iso_encoding(), x.ordinal) < std::pair(y.weekday.iso_encoding(), y.ordinal);
  });
  return out;
}

/// Most are such as people make; every part of the RFC occurs.
rrule maker::rule() {
  rrule r;
  r.freq = static_cast<frequency>(dice_.below(4));
  if (percent(40)) r.interval = percent(95) ? between(2, 6) : between(7, 60);
  const bool monthly = r.freq == frequency::monthly;
  const bool yearly = r.freq == frequency::yearly;
  if (r.freq == frequency::weekly && percent(70)) r.by_day = weekdays(7, false);
  if (r.freq == frequency::daily && percent(15)) r.by_day = weekdays(7, false);
  if (r.freq == frequency::daily && percent(5)) r.by_month_day = numbers(31, 3, true);
  if (monthly || yearly) {
    if (percent(30))
      r.by_day = weekdays(percent(70) ? 1 : 3, true);
    else if (percent(12))
      r.by_day = weekdays(7, false);
    if (percent(r.by_day.empty() ? 35 : 6))
      r.by_month_day = numbers(31, static_cast<std::size_t>(between(1, 3)), true);
  }
  if (yearly ? percent(50) : percent(6))
    r.by_month = numbers(12, static_cast<std::size_t>(between(1, percent(70) ? 1 : 4)), false);
  if (yearly && percent(5)) r.by_year_day = numbers(366, 3, true);
  if (yearly && percent(5)) {
    r.by_week_no = numbers(53, 2, true);
    r.interval = 1;
    r.by_month_day.clear();
    for (auto& d : r.by_day) d.ordinal = 0;
  }
  const bool has_days = !r.by_day.empty() || !r.by_month_day.empty() || !r.by_year_day.empty();
  if (has_days && r.by_week_no.empty() && percent(12))
    r.by_set_pos = numbers(4, static_cast<std::size_t>(between(1, 2)), true);
  if (percent(25)) r.week_start = weekday(static_cast<unsigned>(between(0, 6)));
  return r;
}

void maker::end_rule(rrule& r, const appointment& a) {
  const auto kind = dice_.below(3);
  if (kind == 0) r.count = between(1, percent(90) ? 30 : 200);
  if (kind != 1) return;
  const auto last = slot_of(a.start) + days(between(0, percent(80) ? 200 : 2'000)) + hours(between(0, 30));
  if (is_all_day(a.start)) {
    r.until = rrule::end{floor<days>(last), true, false};
  } else if (percent(90)) {
    r.until = rrule::end{local_seconds(recurring::instant_in(last, a.start).time_since_epoch()), false, true};
  } else {
    r.until = rrule::end{last, false, false};
  }
}

/// The appointment moves to where its rule begins. False if that is far away.
bool maker::repeat(appointment& a) {
  auto r = rule();
  const auto first = recurring::rule_slots(r, a.start).next();
  if (!first || *first > slot_of(a.start) + days(10 * 366)) return false;
  if (is_all_day(a.start)) {
    const auto length = slot_of(a.end) - slot_of(a.start);
    a.start = calendar_date{year_month_day(floor<days>(*first))};
    a.end = calendar_date{year_month_day(floor<days>(*first + length))};
  } else {
    zoned(a, *first, std::get<zoned_time>(a.start).time_zone);
    if (slot_of(a.start) != *first) return false; // it begins in a gap, which moves the whole series
  }
  end_rule(r, a);
  a.repeats = recurrence{write_rrule(r), {}, {}, {}};
  if (percent(8))
    for (int i = between(1, 3); i > 0; --i)
      a.repeats->rdates.push_back(slot_of(a.start) + days(between(1, 400)));
  return canonical_series(a).has_value();
}

changed_occurrence maker::change(const appointment& a, recurrence_id at) {
  auto plain = a;
  plain.repeats->exdates.clear();
  plain.repeats->changed.clear();
  changed_occurrence c{at, occurrence_at(plain, at).value().what};
  c.what.attendees.clear();
  if (percent(40)) c.what.title = dice_.pick(titles);
  if (percent(20)) c.what.notes = dice_.pick(notes);
  if (percent(20)) c.what.location = dice_.pick(locations);
  if (percent(5)) c.what.is_private = !c.what.is_private;
  if (percent(5)) c.what.is_tentative = !c.what.is_tentative;
  if (percent(50)) {
    if (is_all_day(a.start))
      all_day(c.what, floor<days>(at) + days(between(-2, 4)));
    else
      zoned(c.what, at + minutes(15 * between(-40, 300)), std::get<zoned_time>(a.start).time_zone);
  }
  return c;
}

void maker::exceptions(appointment& a) {
  const auto slots = slots_of(a, 40);
  if (slots.size() < 2) return;
  for (int i = percent(50) ? between(0, 3) : 0; i > 0; --i) a.repeats->exdates.push_back(dice_.pick(slots));
  for (int i = percent(40) ? between(1, 3) : 0; i > 0; --i)
    a.repeats->changed.push_back(change(a, dice_.pick(slots)));
}

void maker::guests(specimen& s) {
  constexpr std::array answers{attendee_response::needs_action, attendee_response::declined,
                               attendee_response::tentative, attendee_response::accepted};
  s.invites = true;
  for (const auto& email : people) {
    if (!percent(40)) continue;
    attendee g;
    g.email = email;
    g.name = percent(70) ? dice_.pick(titles) : "";
    g.response = answers[dice_.below(answers.size())];
    g.is_optional = percent(20);
    s.what.attendees.push_back(g);
  }
}

specimen maker::make(unsigned seed) {
  specimen s;
  s.seed = seed;
  texts(s.what);
  times(s.what);
  const bool known = is_all_day(s.what.start) || is_iana_zone(std::get<zoned_time>(s.what.start).time_zone);
  if (known && percent(70)) {
    const auto single = s.what;
    for (int tries = 0; tries < 5 && !s.what.repeats; ++tries)
      if (!repeat(s.what)) s.what = single;
    if (s.what.repeats) {
      s.what = *canonical_series(s.what);
      if (s.what.repeats) exceptions(s.what);
      auto kept = canonical_series(s.what);
      if (!kept) throw std::logic_error(kept.error().code + ": " + kept.error().detail);
      s.what = std::move(*kept);
    }
  }
  if (percent(15)) guests(s);
  return s;
}

} // namespace

specimen make_specimen(unsigned seed) { return maker(seed).make(seed); }

} // namespace kalends::fidelity
