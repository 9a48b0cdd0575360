// SPDX-License-Identifier: Apache-2.0
#include "sandbox/rule_dates.hpp"
#include "sandbox/zone.hpp"
#include "schema/rule_slots.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

/// The engine's expansion of a rule and the sandbox's, which share nothing, over rules made by seed.
namespace kalends {
namespace {

using namespace std::chrono;

constexpr std::size_t compared = 12;
/// Looking for what never comes keeps libical busy for long: of such rules one in so many is asked for.
constexpr unsigned barren_rules = 16;

/// Every part that a rule of days, weeks, months or years may have, in any company; starts that the rule does
/// not have are among them.
class rule_maker {
public:
  explicit rule_maker(unsigned seed) : dice_(seed) {}

  std::string rule() {
    const int frequency = between(0, 3);
    constexpr std::array names{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
    std::string out = "FREQ=" + std::string(names.at(static_cast<std::size_t>(frequency)));
    const bool weeks = frequency == 3 && percent(8);
    if (!weeks && percent(45)) out += ";INTERVAL=" + std::to_string(between(2, percent(90) ? 6 : 40));
    const bool days = percent(50);
    if (days) out += ";BYDAY=" + weekdays(frequency >= 2 && !weeks && percent(50));
    const bool of_month = frequency != 1 && percent(30);
    if (of_month) out += ";BYMONTHDAY=" + numbers(31, 3);
    const bool of_year = frequency == 3 && percent(10);
    if (of_year) out += ";BYYEARDAY=" + numbers(366, 4);
    if (weeks) out += ";BYWEEKNO=" + numbers(53, 3);
    if (percent(20)) out += ";BYMONTH=" + positive_numbers(12, 4);
    if ((days || of_month || of_year) && !weeks && percent(25)) out += ";BYSETPOS=" + numbers(4, 2);
    if (percent(30)) out += ";WKST=" + std::string(day_name(between(0, 6)));
    if (percent(20)) out += ";COUNT=" + std::to_string(between(1, 8));
    return out;
  }

  calendar_time start() {
    const auto day = local_days(year(2024) / January / 1) + std::chrono::days(between(0, 2'000));
    if (percent(25)) return calendar_date{year_month_day(day)};
    constexpr std::array zones{"Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "UTC"};
    const auto clock = minutes(between(0, 24 * 60 - 1));
    const auto* zone = zones.at(static_cast<std::size_t>(between(0, 3)));
    return *read_zoned_time(write_slot(day + clock, false), zone);
  }

  /// Of that start, UNTIL in its own kind; empty for most.
  std::string end(const calendar_time& start) {
    if (!percent(25)) return {};
    const auto last = instant_of(start) + hours(between(0, 24 * 500));
    auto text = write_slot(recurrence_id(last.time_since_epoch()), is_all_day(start));
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return ";UNTIL=" + text + (is_all_day(start) ? "" : "Z");
  }

private:
  int between(int least, int most) {
    return least + static_cast<int>(dice_() % static_cast<unsigned>(most - least + 1));
  }
  bool percent(int p) { return between(0, 99) < p; }
  static const char* day_name(int day) {
    constexpr std::array names{"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    return names.at(static_cast<std::size_t>(day));
  }

  std::string listed(int count, const std::function<std::string()>& one) {
    std::string out = one();
    for (int i = between(1, count); i > 1; --i) out += "," + one();
    return out;
  }
  std::string numbers(int most, int count) {
    return listed(count,
                  [&] { return std::string(percent(35) ? "-" : "") + std::to_string(between(1, most)); });
  }
  std::string positive_numbers(int most, int count) {
    return listed(count, [&] { return std::to_string(between(1, most)); });
  }
  std::string weekdays(bool numbered) {
    return listed(4, [&] {
      const auto number = numbered ? std::to_string(between(1, 5)) : std::string();
      return (numbered && percent(30) ? "-" : "") + number + day_name(between(0, 6));
    });
  }

  std::mt19937 dice_;
};

std::vector<std::string> engines(const rrule& rule, const calendar_time& start) {
  std::vector<std::string> out;
  recurring::rule_slots slots(rule, start);
  const auto end = local_days(year(sandbox::rule_dates::last_year + 1) / January / 1);
  for (auto slot = slots.next(); slot && *slot < end && out.size() < compared; slot = slots.next())
    out.push_back(write_slot(*slot, false));
  return out;
}

std::vector<std::string> sandboxes(const std::string& rule, const calendar_time& start) {
  std::vector<std::string> out;
  const auto* zoned = std::get_if<zoned_time>(&start);
  auto dates = sandbox::rule_dates::of(rule, {slot_of(start).time_since_epoch().count(),
                                              zoned == nullptr,
                                              zoned != nullptr ? zoned->time_zone : "",
                                              {}});
  if (!dates) return {"refused"};
  for (auto wall = dates->next(); wall && out.size() < compared; wall = dates->next())
    out.push_back(sandbox::zone::write_wall(*wall));
  return out;
}

/// How many rules are tried; KALENDS_RULE_SEEDS tries others than the usual ones.
unsigned seeds() {
  const char* wanted = std::getenv("KALENDS_RULE_SEEDS");
  return wanted != nullptr ? static_cast<unsigned>(std::stoul(wanted)) : 20'000;
}

TEST(expansions_agree_test, over_rules_made_by_seed) {
  unsigned refused = 0;
  for (unsigned seed = 1; seed <= seeds(); ++seed) {
    rule_maker maker(seed);
    const auto start = maker.start();
    auto text = maker.rule();
    if (text.find("COUNT") == std::string::npos) text += maker.end(start);

    const auto rule = read_rrule(text);
    const bool known = rule && recurring::is_expandable(*rule);
    ASSERT_EQ(known, sandbox::rule_dates::can_expand(text)) << "seed " << seed << ": " << text;
    if (!known) {
      ++refused;
      continue;
    }
    const auto ours = engines(*rule, start);
    if (ours.empty() && seed % barren_rules != 0) continue;
    ASSERT_EQ(ours, sandboxes(text, start))
        << "seed " << seed << ": " << text << " from " << write_slot(slot_of(start), false);
  }
  EXPECT_LT(refused, seeds() / 4);
}

} // namespace
} // namespace kalends
