// SPDX-License-Identifier: Apache-2.0
#include "commands/notice_words.hpp"

#include <gtest/gtest.h>

namespace kalends::commands {
namespace {

using persistence::notice_to_mail;
using persistence::notification_kind;

notice_to_mail of_conflict() {
  notice_to_mail n;
  n.id = "0198aaaa-0000-7000-8000-000000000001";
  n.kind = notification_kind::conflict;
  n.to = "ada@people.example";
  n.name = "Ada";
  n.tenant_name = "Acme";
  n.provider = provider_id("0198aaaa-0000-7000-8000-000000000002");
  n.type = provider_type::google;
  n.account = "ada@people.example";
  n.calendar_name = "Field work";
  n.conflict_id = "0198aaaa-0000-7000-8000-000000000003";
  n.title = "Boiler <check>";
  n.groups.add(field_group::time);
  n.groups.add(field_group::title);
  return n;
}

net::mail_message words(const notice_to_mail& n) {
  return words_of(n, "https://kalends.example", "kalends@example.com", instant{});
}

TEST(notice_words_test, a_conflict_names_the_entry_its_fields_and_the_page) {
  const auto m = words(of_conflict());

  EXPECT_EQ(m.to, "ada@people.example");
  EXPECT_EQ(m.subject, "Which change should stand? Boiler <check>");
  EXPECT_NE(m.text.find("Google calendar Field work (time, title)"), std::string::npos);
  EXPECT_NE(m.text.find("https://kalends.example/conflicts/0198aaaa-0000-7000-8000-000000000003"),
            std::string::npos);
  EXPECT_NE(m.html.find("href=\"https://kalends.example/conflicts/"), std::string::npos);
  EXPECT_NE(m.html.find("Boiler &lt;check&gt;"), std::string::npos);
  EXPECT_EQ(m.html.find("<check>"), std::string::npos);
  EXPECT_EQ(m.id, "0198aaaa-0000-7000-8000-000000000001");
}

TEST(notice_words_test, an_entry_without_a_title_to_tell_stays_unnamed) {
  auto n = of_conflict();
  n.title = {};

  const auto m = words(n);

  EXPECT_EQ(m.subject, "Which change should stand? An appointment");
  EXPECT_NE(m.text.find("an appointment of yours"), std::string::npos);
}

TEST(notice_words_test, a_calendar_leads_to_its_page_and_signs_nobody_in) {
  auto n = of_conflict();
  n.kind = notification_kind::calendar;
  n.problem_code = "grant_revoked";

  const auto m = words(n);

  EXPECT_EQ(m.subject, "Your Google calendar Field work needs you");
  EXPECT_NE(m.text.find("(grant_revoked)"), std::string::npos);
  EXPECT_NE(m.text.find("https://kalends.example/calendars/0198aaaa-0000-7000-8000-000000000002\n"),
            std::string::npos);
  for (const auto& part : {m.text, m.html}) EXPECT_EQ(part.find("sign-in"), std::string::npos);
}

TEST(notice_words_test, nothing_is_loaded_from_anywhere) {
  for (const auto* loading : {"<img", "<link", "<script", "src=", "url(", "<iframe", "@import"})
    EXPECT_EQ(words(of_conflict()).html.find(loading), std::string::npos) << loading;
}

TEST(notice_words_test, a_long_title_is_cut_at_a_character) {
  auto n = of_conflict();
  n.title.clear();
  for (int i = 0; i < 200; ++i) n.title += "ü";

  const auto m = words(n);

  EXPECT_LT(m.subject.size(), 200u);
  EXPECT_TRUE(m.subject.ends_with("ü…"));
  EXPECT_TRUE(net::compose(m));
}

} // namespace
} // namespace kalends::commands
