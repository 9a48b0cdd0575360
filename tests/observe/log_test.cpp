// SPDX-License-Identifier: Apache-2.0
#include "observe/log.hpp"

#include <gtest/gtest.h>

namespace kalends::observe {
namespace {

constexpr auto when = "2026-12-01T08:00:00.000Z";

std::string json(std::string_view message, std::initializer_list<log_field> fields = {}) {
  return render_line(log_format::json, when, log_level::warn, message, fields);
}
std::string text(std::string_view message, std::initializer_list<log_field> fields = {}) {
  return render_line(log_format::text, when, log_level::warn, message, fields);
}

TEST(log_test, writes_one_object_per_line) {
  const tenant_id tenant("t-1");

  EXPECT_EQ(
      json("it failed", {{"tenant", tenant}, {"status", 503}}),
      R"({"time":"2026-12-01T08:00:00.000Z","level":"warn","message":"it failed","tenant":"t-1","status":503})");
}

TEST(log_test, writes_text_for_people) {
  EXPECT_EQ(text("it failed", {{"code", "timeout"}, {"detail", "two words"}, {"n", -3}}),
            R"(2026-12-01T08:00:00.000Z warn it failed code=timeout detail="two words" n=-3)");
}

TEST(log_test, leaves_out_what_is_empty) {
  EXPECT_EQ(text("it failed", {{"tenant", tenant_id()}, {"code", ""}, {"n", 0}}),
            "2026-12-01T08:00:00.000Z warn it failed n=0");
}

TEST(log_test, lets_nobody_forge_a_line) {
  const std::string evil = "x\n2026 error \"all is lost\" \\ \x7f\x01";

  for (const auto& line : {json(evil, {{"detail", evil}}), text(evil, {{"detail", evil}})}) {
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(line.find('\x01'), std::string::npos);
    EXPECT_EQ(line.find('\x7f'), std::string::npos);
    EXPECT_NE(line.find(R"(\u000a2026 error \"all is lost\" \\ \u007f\u0001)"), std::string::npos) << line;
  }
}

TEST(log_test, cuts_long_texts_between_characters) {
  std::string text_of_umlauts;
  for (int i = 0; i < 3'000; ++i) text_of_umlauts += "ä";

  const auto line = json("x", {{"detail", text_of_umlauts}});

  EXPECT_LT(line.size(), 2'200u);
  EXPECT_NE(line.find("ä…\""), std::string::npos);
}

} // namespace
} // namespace kalends::observe
