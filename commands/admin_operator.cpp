// SPDX-License-Identifier: Apache-2.0
#include "commands/admin_desk.hpp"
#include "commands/commands.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include <termios.h>
#include <unistd.h>

/// `kalends admin operator …`: who may sign in as an operator, which the running server is told over its own
/// API.
namespace kalends::commands {

namespace {

namespace json = boost::json;

/// Shows nothing of what is typed while it lives.
class silent_terminal {
public:
  silent_terminal() : there_(tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!there_) return;
    auto silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  ~silent_terminal() {
    if (there_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  silent_terminal(const silent_terminal&) = delete;
  silent_terminal& operator=(const silent_terminal&) = delete;

private:
  termios before_{};
  bool there_;
};

std::string read_line(const char* asked) {
  if (isatty(STDIN_FILENO) != 0) {
    std::fprintf(stderr, "%s", asked);
    std::fflush(stderr);
  }
  const silent_terminal quiet;
  std::string line;
  std::getline(std::cin, line);
  if (isatty(STDIN_FILENO) != 0) std::fputc('\n', stderr);
  return line;
}

/// From a terminal twice, so that a typing error does not lock anybody out; else the first line.
result<std::string> read_password() {
  auto password = read_line("Password (at least 12 characters): ");
  if (isatty(STDIN_FILENO) != 0 && read_line("Once more: ") != password)
    return failure(errc::invalid, "passwords_differ", "The two are not the same.");
  if (password.empty())
    return failure(errc::invalid, "password_missing", "The password is read from the standard input.");
  return password;
}

const std::string operators = "/v1/admin/operators";

result<std::string> id_of(const admin_desk& at, const std::string& email) {
  const auto all = at.ask("GET", operators);
  if (!all) return tl::unexpected(all.error());
  for (const auto& o : all->at("items").as_array())
    if (text_at(o, "email") == email) return text_at(o, "id");
  return failure(errc::not_found, "operator_not_found", "There is no operator " + email + ".");
}

void show_secret(const json::value& o) {
  say("For the authenticator, shown this once:");
  say("  " + text_at(o, "otpauth_uri"));
  say("  or by hand: " + text_at(o, "totp_secret"));
}

result<void> add(const admin_desk& at, const std::string& email) {
  const auto password = read_password();
  if (!password) return tl::unexpected(password.error());
  const auto made = at.ask("POST", operators, json::object{{"email", email}, {"password", *password}});
  if (!made) return tl::unexpected(made.error());
  say("Operator " + text_at(*made, "email") + " can sign in with password and code.");
  show_secret(*made);
  return {};
}

result<void> reset(const admin_desk& at, const std::string& email) {
  const auto id = id_of(at, email);
  if (!id) return tl::unexpected(id.error());
  const auto password = read_password();
  if (!password) return tl::unexpected(password.error());
  const auto made = at.ask("POST", operators + "/" + *id + "/reset", json::object{{"password", *password}});
  if (!made) return tl::unexpected(made.error());
  say("Operator " + email + " has a new password and a new secret, and is signed out everywhere.");
  show_secret(*made);
  return {};
}

result<void> list(const admin_desk& at) {
  const auto all = at.ask("GET", operators);
  if (!all) return tl::unexpected(all.error());
  for (const auto& o : all->at("items").as_array())
    say(text_at(o, "created_at") + "  " + text_at(o, "email"));
  return {};
}

result<void> remove(const admin_desk& at, const std::string& email) {
  const auto id = id_of(at, email);
  if (!id) return tl::unexpected(id.error());
  const auto gone = at.ask("DELETE", operators + "/" + *id);
  if (!gone) return tl::unexpected(gone.error());
  say("Operator " + email + " is removed and signed out everywhere.");
  return {};
}

} // namespace

int administer_operators(operator_verb verb, operator_options o) {
  std::transform(o.email.begin(), o.email.end(), o.email.begin(),
                 [](char ch) { return ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch - 'A' + 'a') : ch; });
  return at_desk(o, [&](const admin_desk& at) {
    switch (verb) {
    case operator_verb::add:
      return add(at, o.email);
    case operator_verb::reset:
      return reset(at, o.email);
    case operator_verb::remove:
      return remove(at, o.email);
    case operator_verb::list:
      break;
    }
    return list(at);
  });
}

} // namespace kalends::commands
