// SPDX-License-Identifier: Apache-2.0
#include "schema/text.hpp"

#include <random>

#include <gtest/gtest.h>

namespace kalends {
namespace {

using std::string_literals::operator""s;

TEST(text_test, leaves_clean_text_alone) {
  for (const auto& text :
       {""s, "Replace switch"s, "a\tb\nc"s, "Z\xc3\xbcrich"s, "\xf0\x9f\x93\x85 caf\xc3\xa9"s}) {
    EXPECT_TRUE(is_clean(text)) << text;
    EXPECT_EQ(clean_text(text), text);
  }
}

TEST(text_test, makes_one_kind_of_line_end) {
  EXPECT_EQ(clean_text("a\r\nb\rc\n\r\n\r\r\n"), "a\nb\nc\n\n\n\n");
  EXPECT_EQ(clean_text("\xc3\xa9\r\nb"), "\xc3\xa9\nb");
}

TEST(text_test, removes_controls) {
  EXPECT_EQ(clean_text("a\0b\x01\x1f\x0b\x0c\x1b[0m"s), "ab[0m");
  EXPECT_EQ(clean_text("\0\0"s), "");
  EXPECT_FALSE(is_clean("a\0"s));
  EXPECT_FALSE(is_clean("a\r"));
}

TEST(text_test, composes_what_was_decomposed) {
  EXPECT_EQ(clean_text("cafe\xcc\x81"), "caf\xc3\xa9");
  EXPECT_EQ(clean_text("e\0\xcc\x81"s), "\xc3\xa9"); // the control between them is gone first
  EXPECT_FALSE(is_clean("cafe\xcc\x81"));
}

TEST(text_test, replaces_broken_bytes) {
  const auto r = "\xef\xbf\xbd"s;
  EXPECT_EQ(clean_text("a\xff"), "a" + r);
  EXPECT_EQ(clean_text("\xc3"), r);                         // cut off
  EXPECT_EQ(clean_text("\xc0\x80"), r + r);                 // overlong NUL
  EXPECT_EQ(clean_text("\xed\xa0\x80x"), r + r + r + "x");  // a surrogate
  EXPECT_EQ(clean_text("\xf4\x90\x80\x80"), r + r + r + r); // beyond U+10FFFF
  EXPECT_EQ(clean_text("\xe2\x82zz"), r + "zz");
  for (const auto& bad : {"\xff"s, "\xc3"s, "\xc0\x80"s, "\xed\xa0\x80"s}) EXPECT_FALSE(is_clean(bad));
}

TEST(text_test, cleans_any_bytes_once_and_for_all) {
  constexpr unsigned seed = 20261122;
  std::mt19937 chance(seed);
  const std::string pieces[] = {
      "a",        "\r",           "\n",           "\0"s,  "\xc3", "\xa9",    "e", "\xcc\x81", "\xed\xa0\x80",
      "\xf0\x9f", "\xe1\x84\x80", "\xe1\x85\xa1", "\xff", "\x7f", "\xcc\xa3"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int n = 0; n < 12; ++n) text += pieces[chance() % std::size(pieces)];

    const auto clean = clean_text(text);

    ASSERT_TRUE(is_clean(clean)) << "seed " << seed << " round " << round;
    ASSERT_EQ(clean_text(clean), clean) << "seed " << seed << " round " << round;
    ASSERT_EQ(is_clean(text), clean == text) << "seed " << seed << " round " << round;
    ASSERT_LE(clean.size(), 3 * text.size());
  }
}

} // namespace
} // namespace kalends
