// SPDX-License-Identifier: Apache-2.0
#include "doctor/report_text.hpp"
#include "tests/doctor/sound_facts.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalends::doctor {
namespace {

report some_report() {
  report r;
  r.began = now_there;
  r.took = std::chrono::milliseconds(412);
  r.findings = {{area::addresses,
                 "public_url",
                 "https://cal.example.com",
                 finding_state::ok,
                 "It is https.",
                 {},
                 {},
                 {}},
                {area::database, "fsync", "PostgreSQL", finding_state::problem, "fsync is off.",
                 "It may be corrupt.", "Run this.", "ALTER SYSTEM SET fsync = 'on'"}};
  return r;
}

TEST(report_text_test, shows_what_is_wrong_with_its_remedy) {
  EXPECT_EQ(report_text(some_report(), false),
            "Addresses and certificates\n"
            "  ok       public_url         https://cal.example.com: It is https.\n"
            "\n"
            "Database\n"
            "  PROBLEM  fsync              PostgreSQL: fsync is off.\n"
            "                              means  It may be corrupt.\n"
            "                              do     Run this.\n"
            "                                     ALTER SYSTEM SET fsync = 'on'\n"
            "\n"
            "Problems: 1, warnings: 0, well: 1, skipped: 0. Took 412 ms.\n");
}

TEST(report_text_test, colours_only_when_asked) {
  EXPECT_THAT(report_text(some_report(), true), testing::HasSubstr("\x1b[1;31mPROBLEM"));
  EXPECT_THAT(report_text(some_report(), false), testing::Not(testing::HasSubstr("\x1b")));
}

TEST(report_text_test, breaks_long_lines_between_words_and_never_what_is_to_be_copied) {
  auto r = some_report();
  std::string words;
  for (int i = 0; i < 60; ++i) words += "word ";
  r.findings[1].consequence = words;
  r.findings[1].copy = std::string(150, 'x');

  const auto text = report_text(r, false);

  EXPECT_THAT(text, testing::HasSubstr(std::string(150, 'x')));
  std::size_t lines = 0;
  for (std::size_t from = 0; from < text.size(); ++lines) {
    const auto end = text.find('\n', from);
    const bool literal = text.find('x', from) < end;
    EXPECT_TRUE(literal || end - from <= 100u);
    from = end + 1;
  }
  EXPECT_GT(lines, 10u);
}

TEST(report_json_test, says_all_of_it) {
  const auto j = report_json(some_report());

  EXPECT_EQ(j.at("state"), "problem");
  EXPECT_EQ(j.at("counts").at("ok").to_number<int>(), 1);
  EXPECT_EQ(j.at("by"), "command");
  const auto& item = j.at("items").at(1);
  EXPECT_EQ(item.at("area"), "database");
  EXPECT_EQ(item.at("copy"), "ALTER SYSTEM SET fsync = 'on'");
  EXPECT_TRUE(j.at("items").at(0).at("remedy").is_null());
}

} // namespace
} // namespace kalends::doctor
