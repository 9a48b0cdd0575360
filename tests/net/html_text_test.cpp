// SPDX-License-Identifier: Apache-2.0
#include "net/html_text.hpp"

#include <gtest/gtest.h>

namespace kalends::net {
namespace {

TEST(html_text_test, shows_what_a_reader_sees) {
  EXPECT_EQ(
      text_of_html("<html><head><title>no</title><style>p{}</style></head>\r\n<body>\r\nhello\r\n</body>"),
      "hello");
  EXPECT_EQ(text_of_html("<p>one</p><p>two<br>three</p>"), "one\ntwo\nthree");
  EXPECT_EQ(text_of_html("<div>a  b\n c</div><!-- no --><ul><li>x</li><li>y</li></ul>"), "a b c\nx\ny");
  EXPECT_EQ(text_of_html("<table><tr><td>a</td><td>b</td></tr></table>"), "a b");
}

TEST(html_text_test, formatting_alone_is_no_difference) {
  const auto plain = text_of_html("<p>Bring the <b>ladder</b></p>");

  EXPECT_EQ(plain, text_of_html("<div><span style=\"color:red\">Bring&nbsp;the</span> ladder</div>\r\n"));
  EXPECT_EQ(plain, text_of_html("Bring the ladder"));
}

TEST(html_text_test, resolves_references_and_keeps_what_is_none) {
  EXPECT_EQ(text_of_html("&lt;b&gt; &amp; &#8364; &#x1F600; M&uuml;ller"),
            "<b> & \u20AC \U0001F600 M\u00FCller");
  EXPECT_EQ(text_of_html("a < b && c &unknown; &#0; &#xD800; &"), "a < b && c &unknown; &#0; &#xD800; &");
}

TEST(html_text_test, broken_markup_ends_somewhere) {
  EXPECT_EQ(text_of_html("<p>a<b"), "a");
  EXPECT_EQ(text_of_html("<script>alert(1)"), "");
  EXPECT_EQ(text_of_html("<!-- never"), "");
  EXPECT_EQ(text_of_html("</</p>x"), "</\nx");
}

TEST(html_text_test, no_nesting_is_too_deep_and_a_megabyte_is_the_end) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<div>";
  EXPECT_EQ(text_of_html(deep + "x"), "x");
  EXPECT_FALSE(text_of_html(std::string(html_limit + 1, 'x')));
}

} // namespace
} // namespace kalends::net
