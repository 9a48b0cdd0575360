// SPDX-License-Identifier: Apache-2.0
#include "commands/configuration.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace kalends::commands {
namespace {

/// A file of settings in a directory of its own.
struct configuration_test : testing::Test {
  std::filesystem::path folder;
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "kalends-settings-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  configured read(const std::string& text) {
    const auto file = folder / "kalends.toml";
    std::ofstream(file) << text;
    overrides given;
    given.file = file.string();
    return read_configuration(given);
  }
  /// All problems in one text.
  std::string problems(const std::string& text) {
    std::string all;
    for (const auto& p : read(text).problems) all += p + "\n";
    return all;
  }
};

TEST_F(configuration_test, without_a_host_no_mail_is_wanted) {
  const auto c = read("");
  EXPECT_TRUE(c.problems.empty());
  EXPECT_FALSE(c.value.mail.wanted());
}

TEST_F(configuration_test, mail_goes_by_starttls_unless_something_else_is_said) {
  const auto c = read("[mail]\nhost = \"mail.example.com\"\nfrom = \"kalends@example.com\"\n");
  EXPECT_TRUE(c.problems.empty());
  EXPECT_EQ(c.value.mail.security, mail_security::starttls);
  EXPECT_EQ(c.value.mail.port, 587);
  EXPECT_EQ(
      read("[mail]\nhost = \"m.example\"\nsecurity = \"tls\"\nfrom = \"k@m.example\"\n").value.mail.port,
      465);
}

TEST_F(configuration_test, mail_without_tls_is_for_this_machine_alone) {
  const std::string from = "from = \"kalends@example.com\"\nsecurity = \"none\"\n";
  EXPECT_EQ(problems("[mail]\nhost = \"127.0.0.1\"\nport = 2525\n" + from), "");
  EXPECT_NE(
      problems("[mail]\nhost = \"mail.example.com\"\n" + from).find("only for a server on this machine"),
      std::string::npos);
}

TEST_F(configuration_test, the_password_of_mail_comes_from_a_file) {
  std::ofstream(folder / "password") << "correct horse\nignored\n";
  const std::string mail = "[mail]\nhost = \"m.example\"\nfrom = \"k@m.example\"\nuser = \"k\"\n";
  const auto named = "password_file = \"" + (folder / "password").string() + "\"\n";

  EXPECT_EQ(read(mail + named).value.mail.password, "correct horse");
  EXPECT_NE(problems(mail), "");
  EXPECT_NE(problems(mail + "password_file = \"" + (folder / "none").string() + "\"\n"), "");
  EXPECT_NE(problems(mail + named + "password = \"x\"\n").find("not given together"), std::string::npos);
}

TEST_F(configuration_test, what_cannot_be_a_server_or_a_sender_is_told) {
  for (const char* bad :
       {"host = \"a b\"\nfrom = \"k@m.example\"\n", "host = \"m.example\"\n",
        "host = \"m.example\"\nfrom = \"Kalends <k@m.example>\"\n",
        "host = \"m.example\"\nfrom = \"k@m.example\"\nsecurity = \"ssl\"\n",
        "host = \"m.example\"\nfrom = \"k@m.example\\nBcc: e@x.example\"\n", "from = \"k@m.example\"\n"})
    EXPECT_NE(problems(std::string("[mail]\n") + bad), "") << bad;
}

} // namespace
} // namespace kalends::commands
