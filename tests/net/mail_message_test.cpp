// SPDX-License-Identifier: Apache-2.0
#include "net/html_escape.hpp"
#include "net/mail_message.hpp"
#include "net/smtp.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;

mail_message sample() {
  mail_message m;
  m.from_name = "Kalends";
  m.from = "kalends@example.com";
  m.to = "ada@people.example";
  m.subject = "Which change should stand?";
  m.text = "Hello\n\nTwo lines.\n";
  m.html = "<p>Hello</p>\n";
  m.id = "0198aaaa-0000-7000-8000-000000000001";
  m.date = instant(std::chrono::sys_days(std::chrono::December / 1 / 2026) + 8h + 5min + 9s);
  return m;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    EXPECT_TRUE(line.ends_with('\r')) << line;
    if (!line.empty()) line.pop_back();
    out.push_back(line);
  }
  return out;
}

std::string headers_of(const std::string& message) { return message.substr(0, message.find("\r\n\r\n")); }

TEST(mail_message_test, has_the_headers_and_both_parts) {
  const auto made = compose(sample());

  ASSERT_TRUE(made);
  const auto head = headers_of(*made);
  EXPECT_NE(head.find("Date: Tue, 01 Dec 2026 08:05:09 +0000\r\n"), std::string::npos);
  EXPECT_NE(head.find("From: Kalends\r\n <kalends@example.com>\r\n"), std::string::npos);
  EXPECT_NE(head.find("To: <ada@people.example>\r\n"), std::string::npos);
  EXPECT_NE(head.find("Subject: Which change should stand?\r\n"), std::string::npos);
  EXPECT_NE(head.find("Message-ID: <0198aaaa-0000-7000-8000-000000000001@example.com>"), std::string::npos);
  EXPECT_NE(head.find("Auto-Submitted: auto-generated"), std::string::npos);
  EXPECT_NE(head.find("multipart/alternative;\r\n boundary=\"=_0198aaaa"), std::string::npos);
  EXPECT_LT(made->find("text/plain; charset=utf-8"), made->find("text/html; charset=utf-8"));
  EXPECT_TRUE(made->ends_with("--=_0198aaaa-0000-7000-8000-000000000001--\r\n"));
  lines_of(*made);
}

TEST(mail_message_test, a_text_adds_no_header_whatever_it_is) {
  auto m = sample();
  m.subject = "Visit\r\nBcc: eve@evil.example\r\n\r\n<b>x</b>";
  m.from_name = "K\nBcc: eve@evil.example";

  const auto made = compose(m);

  ASSERT_TRUE(made);
  for (const auto& line : lines_of(headers_of(*made) + "\r\n")) EXPECT_FALSE(line.starts_with("Bcc")) << line;
}

TEST(mail_message_test, refuses_an_address_that_is_more_than_one) {
  for (const char* bad : {"", "ada", "@x.example", "ada@", "ada@x.example\r\nBcc: eve@x.example",
                          "a b@x.example", "ada@x.example,eve@x.example", "<ada@x.example>", "a@b@x.example",
                          "ädа@x.example", "-oQ@x.example", "ada@x.example "}) {
    EXPECT_FALSE(is_mail_address(bad)) << bad;
    auto m = sample();
    m.to = bad;
    const auto made = compose(m);
    ASSERT_FALSE(made) << bad;
    EXPECT_EQ(made.error().code, "malformed_address");
  }
  EXPECT_TRUE(is_mail_address("ada.l+kalends@people.example"));
  EXPECT_FALSE(is_mail_address(std::string(250, 'a') + "@x.example"));
}

TEST(mail_message_test, a_subject_beyond_ascii_becomes_encoded_words) {
  EXPECT_EQ(encode_header("Plain, with: signs!"), "Plain, with: signs!");
  EXPECT_EQ(encode_header("Grüße"), "=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=");
  EXPECT_EQ(encode_header("a =?UTF-8?Q?b?="), "=?UTF-8?Q?a_=3D=3FUTF-8=3FQ=3Fb=3F=3D?=")
      << "what looks like an encoded word is none";
}

TEST(mail_message_test, encoded_words_are_short_and_part_no_character) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "日本 ";

  std::istringstream in(encode_header(text));
  std::string joined;
  int words = 0;
  for (std::string line; std::getline(in, line); ++words) {
    if (line.ends_with('\r')) line.pop_back();
    if (words > 0) {
      ASSERT_TRUE(line.starts_with(' '));
      line.erase(0, 1);
    }
    EXPECT_LE(line.size(), 75u);
    ASSERT_TRUE(line.starts_with("=?UTF-8?Q?") && line.ends_with("?="));
    const auto inner = line.substr(10, line.size() - 12);
    std::string decoded;
    for (std::size_t i = 0; i < inner.size(); ++i) {
      if (inner[i] == '_')
        decoded += ' ';
      else if (inner[i] == '=') {
        decoded += static_cast<char>(std::stoi(inner.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else
        decoded += inner[i];
    }
    EXPECT_NE(static_cast<unsigned char>(decoded.front()) & 0xc0, 0x80) << "a word begins within a character";
    joined += decoded;
  }
  EXPECT_GT(words, 3);
  EXPECT_EQ(joined, text);
}

TEST(mail_message_test, a_long_plain_subject_is_folded_too) {
  std::istringstream in(encode_header(std::string(300, 'x')));
  for (std::string line; std::getline(in, line);) EXPECT_LE(line.size(), 78u);
}

TEST(mail_message_test, lines_of_a_body_are_short_and_come_back_as_they_were) {
  const std::string text = std::string(200, 'a') + "\n" + "trailing blank \n" + "equals = sign\n" +
                           "grüßt ∀ " + std::string(80, '=') + "\nlast";
  const auto made = quoted_printable(text);

  std::string back;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (made[i] == '=' && made.substr(i, 3) == "=\r\n") {
      i += 2;
    } else if (made[i] == '=') {
      back += static_cast<char>(std::stoi(made.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else if (made[i] != '\r') {
      back += made[i];
    }
  }
  EXPECT_EQ(back, text);
  for (std::size_t at = 0; at < made.size();) {
    const auto end = std::min(made.find("\r\n", at), made.size());
    EXPECT_LE(end - at, 76u);
    if (end > at) {
      EXPECT_NE(made[end - 1], ' ');
    }
    at = end + 2;
  }
}

TEST(mail_message_test, html_of_foreign_texts_is_text) {
  EXPECT_EQ(escape_html("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
}

TEST(mail_message_test, without_tls_no_mail_leaves_the_machine) {
  mail_settings s;
  s.host = "mail.example.com";
  s.port = 25;
  s.security = mail_security::none;
  s.from = "kalends@example.com";
  const std::atomic<bool> never = false;

  const auto sent = send_mail(s, {}, "ada@people.example", "x", never);

  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, "mail_plain_refused");
}

TEST(mail_message_test, a_server_that_is_not_there_is_tried_again) {
  mail_settings s;
  s.host = "127.0.0.1";
  s.port = 1;
  s.security = mail_security::none;
  s.from = "kalends@example.com";
  const std::atomic<bool> never = false;

  const auto sent = send_mail(s, {}, "ada@people.example", "x", never);

  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, errc::retry_later);
  EXPECT_EQ(sent.error().code, "mail_server_away");
}

} // namespace
} // namespace kalends::net
