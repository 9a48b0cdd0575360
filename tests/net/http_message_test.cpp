// SPDX-License-Identifier: Apache-2.0
#include "net/http_message.hpp"
#include "net/http_rules.hpp"
#include "net/request_reader.hpp"
#include "net/server_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalends::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

TEST(http_message_test, finds_a_header_in_any_case) {
  const header_list headers{{"content-type", "text/plain"}, {"Content-Type", "second"}};

  EXPECT_EQ(find_header(headers, "Content-TYPE"), "text/plain");
  EXPECT_EQ(find_header(headers, "Accept"), "");
}

TEST(http_message_test, decodes_a_query) {
  EXPECT_THAT(parse_query("a=1&b=%40x+y&&c&=d&e=f=g"),
              ElementsAre(Pair("a", "1"), Pair("b", "@x y"), Pair("c", ""), Pair("", "d"), Pair("e", "f=g")));
}

TEST(http_message_test, leaves_broken_escapes_in_a_query_as_they_are) {
  EXPECT_THAT(parse_query("a=%4&b=%zz&c=%"), ElementsAre(Pair("a", "%4"), Pair("b", "%zz"), Pair("c", "%")));
}

TEST(http_message_test, encodes_all_but_unreserved_characters) {
  EXPECT_EQ(percent_encode("aZ09-._~ /?&=%\xC3\xA4"), "aZ09-._~%20%2F%3F%26%3D%25%C3%A4");
}

TEST(http_message_test, finds_a_token_in_a_list) {
  EXPECT_TRUE(has_token("keep-alive , Close", "close"));
  EXPECT_FALSE(has_token("closed", "close"));
  EXPECT_FALSE(has_token("", "close"));
}

TEST(http_message_test, splits_origin_and_absolute_targets) {
  std::string path, query;

  EXPECT_TRUE(split_target("/a%20b/c%2Fd?x=%20", path, query));
  EXPECT_EQ(path, "/a b/c%2Fd");
  EXPECT_EQ(query, "x=%20");
  EXPECT_TRUE(split_target("https://host:1?q", path, query));
  EXPECT_EQ(path, "/");
  EXPECT_EQ(query, "q");
  EXPECT_TRUE(split_target("*", path, query));
  EXPECT_EQ(path, "*");
}

TEST(http_message_test, refuses_targets_that_mean_nothing) {
  std::string path, query;

  for (const auto* target :
       {"", "a", "ftp://host/", "http:///x", "/%", "/%4", "/%zz", "/%00", "/a#b", "host:443"})
    EXPECT_FALSE(split_target(target, path, query)) << target;
}

TEST(http_message_test, keeps_a_header_value_on_its_line) {
  std::string out;
  http_response answer;
  answer.headers = {{"Location", "/x\r\nSet-Cookie: a=b"}, {"Content-Length", "7"}};
  answer.body = "abc";

  append_head(out, answer, framing::counted, "", "");

  EXPECT_THAT(out, HasSubstr("Location: /x  Set-Cookie: a=b\r\n"));
  EXPECT_THAT(out, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("Content-Length: 7")));
}

TEST(http_message_test, writes_a_chunk_with_its_size_in_hex) {
  std::string out;

  append_chunk(out, std::string(26, 'x'));

  EXPECT_EQ(out, "1a\r\n" + std::string(26, 'x') + "\r\n");
}

} // namespace
} // namespace kalends::net
