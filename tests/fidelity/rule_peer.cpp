// SPDX-License-Identifier: Apache-2.0
#include "tests/fidelity/rule_peer.hpp"

#include "sandbox/rule_dates.hpp"
#include "schema/rule_slots.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

namespace kalends::fidelity {
namespace {

using namespace std::chrono;
namespace json = boost::json;

constexpr std::size_t compared_occurrences = 50;
/// A year after the start, the days about the changes of summer time.
constexpr auto window_after = days(330);
constexpr auto window_length = days(40);

std::string compact(recurrence_id at) {
  auto text = write_slot(at, false);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::int64_t wall(recurrence_id at) { return at.time_since_epoch().count(); }

/// The slots as the rule names them, whether such a wall clock exists or not: the first ones, and those of
/// the window if the series is longer than these.
void list_slots(rule_peer::question& q, const rrule& r) {
  const auto [from, to] = q.window;
  recurring::rule_slots slots(r, q.what.start);
  while (const auto slot = slots.next()) {
    const bool wanted = q.first.size() < compared_occurrences;
    if (wanted) q.first.push_back(wall(*slot));
    if (!wanted && wall(*slot) > to) return;
    if (wall(*slot) >= from && wall(*slot) <= to) q.in_window.push_back(wall(*slot));
  }
}

/// What the other library (rrule 2.8.1) gets wrong, by name; empty if nothing is known.
std::string known_fault(const rrule& r) {
  const auto& places = r.by_set_pos;
  // BYSETPOS counts within the whole week (RFC 5545 3.3.10); it counts from DTSTART on in the first one.
  if (r.freq == rrule::frequency::weekly && !places.empty()) return "BYSETPOS in the first week";
  // Two positions may name the same day, which then is one occurrence; it gives it twice.
  if (places.size() > 1) return "BYSETPOS with two positions: duplicates";
  // The last but one of a set with one member is none; it gives the one.
  if (!places.empty() && places.front() < -1) return "BYSETPOS below -1: sets that are smaller";
  // Of weeks counted from the end it loses those days that lie in the year before.
  if (!r.by_week_no.empty() && r.by_week_no.front() < 0) return "BYWEEKNO from the end";
  // Days before week 1 are in the last week of the year before, whether that is its 52nd or 53rd.
  const auto has_week = [&](int w) {
    return std::find(r.by_week_no.begin(), r.by_week_no.end(), w) != r.by_week_no.end();
  };
  if (has_week(52) || has_week(53)) return "BYWEEKNO=52 and 53: days of January";
  return {};
}

/// Zones whose law, or whose expected Ramadan, changed after ICU 72's tables were made (2022e). Node brings
/// younger ones.
constexpr std::array<std::string_view, 2> changed_since{"Africa/Cairo", "Africa/Casablanca"};

std::vector<std::int64_t> numbers(const json::value& v) {
  return json::value_to<std::vector<std::int64_t>>(v);
}

std::string listed(const std::vector<std::int64_t>& walls) {
  std::string out;
  for (const auto w : walls) out += " " + compact(recurrence_id(seconds(w)));
  return out;
}

/// As many as the engine has: looking for what never comes takes libical long.
std::string differs_in_sandbox(const appointment& a, const rrule& r) {
  constexpr auto last = local_days(year(sandbox::rule_dates::last_year + 1) / January / 1);
  const auto* zoned = std::get_if<zoned_time>(&a.start);
  auto dates = sandbox::rule_dates::of(
      a.repeats->rrule,
      {wall(slot_of(a.start)), zoned == nullptr, zoned != nullptr ? zoned->time_zone : "", {}});
  std::vector<std::int64_t> ours;
  std::vector<std::int64_t> theirs;
  recurring::rule_slots slots(r, a.start);
  for (auto slot = slots.next(); slot && *slot < last && ours.size() < compared_occurrences;
       slot = slots.next())
    ours.push_back(wall(*slot));
  const bool ends = r.until || r.count;
  const auto asked = ours.size() + (ends && ours.size() < compared_occurrences ? 1 : 0);
  while (dates && theirs.size() < asked) {
    const auto next = dates->next();
    if (!next) break;
    theirs.push_back(*next);
  }
  return ours == theirs ? "" : "ours:" + listed(ours) + "\nthe sandbox's:" + listed(theirs);
}

} // namespace

rule_peer::rule_peer(const std::string& script) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe to the other library");
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("no process for the other library");
  if (process_ == 0) {
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::execlp("node", "node", script.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  to_ = ::fdopen(in[1], "w");
  from_ = ::fdopen(out[0], "r");
}

rule_peer::~rule_peer() {
  if (to_ != nullptr) std::fclose(to_);
  if (from_ != nullptr) std::fclose(from_);
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
}

void rule_peer::ask(unsigned seed, const appointment& a) {
  if (!a.repeats || a.repeats->rrule.empty()) return;
  auto rule = read_rrule(a.repeats->rrule);
  if (!rule) throw std::logic_error("a canonical rule cannot be read");
  ++by_sandbox;
  if (const auto told = differs_in_sandbox(a, *rule); !told.empty())
    differing_sandbox_.push_back("rule, seed " + std::to_string(seed) + ": " + a.repeats->rrule + "\n" +
                                 told);
  if (const auto fault = known_fault(*rule); !fault.empty()) {
    ++passed_over[fault];
    return;
  }
  const auto after = wall(slot_of(a.start) + window_after);
  question q{seed, a, {}, {}, {}, {after, after + std::int64_t{86'400} * window_length.count()}};
  list_slots(q, *rule);
  // One more is asked for if there is none: unless only our last year is in the way.
  const bool ends = rule->until || (rule->count && q.first.size() == static_cast<std::size_t>(*rule->count));
  const auto asked = q.first.size() + (ends && q.first.size() < compared_occurrences ? 1 : 0);
  // The other library knows wall clocks alone: UNTIL becomes one.
  if (rule->until && rule->until->is_utc)
    rule->until->at =
        at_zone(sys_seconds(rule->until->at.time_since_epoch()), std::get<zoned_time>(a.start).time_zone)
            ->local;
  if (rule->until) rule->until->is_date = false, rule->until->is_utc = true;
  // A week without a day is to the other library all its days; to us, as to libical, that of the start.
  if (!rule->by_week_no.empty()) *rule = recurring::with_days_of_start(*rule, floor<days>(slot_of(a.start)));
  json::object line{{"rule", write_rrule(*rule)}, {"start", compact(slot_of(a.start))}, {"first", asked}};
  if (const auto* zoned = std::get_if<zoned_time>(&a.start))
    if (std::find(changed_since.begin(), changed_since.end(), zoned->time_zone) == changed_since.end())
      line["zone"] = zoned->time_zone;
  // Only where the series still goes on: looking for what never comes takes the other library long.
  q.has_window = q.first.size() == compared_occurrences && rule->freq != rrule::frequency::yearly;
  if (q.has_window) {
    line["from"] = q.window.first;
    line["to"] = q.window.second;
  }
  q.line = json::serialize(line) + "\n";
  asked_.push_back(std::move(q));
}

void rule_peer::send() {
  for (const auto& q : asked_) std::fputs(q.line.c_str(), to_);
  std::fflush(to_);
}

std::string rule_peer::compare(const question& q, const std::string& answer) const {
  const auto said = json::parse(answer).as_object();
  if (const auto* e = said.if_contains("error")) return "the other library failed: " + json::serialize(*e);
  const auto& ours = q.first;
  const auto theirs = numbers(said.at("first"));
  if (ours != theirs) return "ours:" + listed(ours) + "\ntheirs:" + listed(theirs);
  if (const auto* instants = said.if_contains("instants")) {
    const auto other = numbers(*instants);
    for (std::size_t i = 0; i < ours.size(); ++i)
      if (const auto at = recurring::instant_in(recurrence_id(seconds(ours[i])), q.what.start);
          at.time_since_epoch().count() != other[i])
        return "the instant of" + listed({ours[i]}) + " is" +
               listed({at.time_since_epoch().count(), other[i]});
  }
  if (!q.has_window) return {};
  const auto other = numbers(said.at("between"));
  return q.in_window == other ? ""
                              : "a year later, ours:" + listed(q.in_window) + "\ntheirs:" + listed(other);
}

std::vector<std::string> rule_peer::differences() {
  auto out = std::exchange(differing_sandbox_, {});
  char* line = nullptr;
  std::size_t room = 0;
  for (const auto& q : asked_) {
    const auto length = ::getline(&line, &room, from_);
    if (length < 0) {
      std::free(line);
      throw std::runtime_error("the other library ended: are its packages installed?");
    }
    auto told = compare(q, std::string(line, static_cast<std::size_t>(length)));
    ++compared;
    if (!told.empty()) out.push_back("rule, seed " + std::to_string(q.seed) + ": " + q.line + told);
  }
  std::free(line);
  asked_.clear();
  return out;
}

} // namespace kalends::fidelity
