// SPDX-License-Identifier: Apache-2.0
#include "commands/commands.hpp"
#include "commands/http_talk.hpp"
#include "net/io_threads.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>

#include <termios.h>
#include <unistd.h>

/// `kalends admin operator …`: who may sign in as an operator, which the running server is told over its own
/// API.
namespace kalends::commands {

namespace {

namespace json = boost::json;

constexpr int bad_configuration = 2;

void say(const std::string& line) { std::printf("%s\n", line.c_str()); }

std::string text_at(const json::value& v, const char* key) {
  const auto* o = v.if_object();
  const auto* one = o ? o->if_contains(key) : nullptr;
  return one && one->is_string() ? std::string(one->as_string()) : std::string();
}

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

/// The server's list of operators, and what is done to it.
class operator_desk {
public:
  operator_desk(const operator_options& o, configuration c)
      : options_(o), c_(std::move(c)),
        http_(std::make_shared<net::http_client>(
            io_, net::http_client_options{.ca_file = c_.server.extra_ca_file})),
        server_(http_), key_(c_.server.admin_key) {
    if (key_.empty())
      if (std::ifstream in(c_.server.data_dir + "/admin.key"); in) std::getline(in, key_);
  }
  ~operator_desk() { http_->stop(); }

  result<json::value> ask(const char* method, const std::string& below,
                          const json::value& body = nullptr) const {
    if (key_.empty())
      return failure(errc::invalid, "admin_key_missing",
                     "The admin key is neither set (admin_key, KALENDS_ADMIN_KEY) nor in " +
                         c_.server.data_dir + "/admin.key.");
    return server_.call(method, server_url() + "/v1/admin/operators" + below, key_, body);
  }
  result<std::string> id_of(const std::string& email) const {
    const auto all = ask("GET", "");
    if (!all) return tl::unexpected(all.error());
    for (const auto& o : all->at("items").as_array())
      if (text_at(o, "email") == email) return text_at(o, "id");
    return failure(errc::not_found, "operator_not_found", "There is no operator " + email + ".");
  }

private:
  std::string server_url() const {
    if (!options_.server_url.empty()) return options_.server_url;
    const auto& s = c_.server;
    if (!s.public_url.empty()) return s.public_url;
    return (s.certificate_file.empty() ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(s.port);
  }

  const operator_options& options_;
  const configuration c_;
  net::io_threads io_{1};
  std::shared_ptr<net::http_client> http_;
  http_talk server_;
  std::string key_;
};

void show_secret(const json::value& o) {
  say("For the authenticator, shown this once:");
  say("  " + text_at(o, "otpauth_uri"));
  say("  or by hand: " + text_at(o, "totp_secret"));
}

result<void> add(const operator_desk& at, const std::string& email) {
  const auto password = read_password();
  if (!password) return tl::unexpected(password.error());
  const auto made = at.ask("POST", "", json::object{{"email", email}, {"password", *password}});
  if (!made) return tl::unexpected(made.error());
  say("Operator " + text_at(*made, "email") + " can sign in with password and code.");
  show_secret(*made);
  return {};
}

result<void> reset(const operator_desk& at, const std::string& email) {
  const auto id = at.id_of(email);
  if (!id) return tl::unexpected(id.error());
  const auto password = read_password();
  if (!password) return tl::unexpected(password.error());
  const auto made = at.ask("POST", "/" + *id + "/reset", json::object{{"password", *password}});
  if (!made) return tl::unexpected(made.error());
  say("Operator " + email + " has a new password and a new secret, and is signed out everywhere.");
  show_secret(*made);
  return {};
}

result<void> list(const operator_desk& at) {
  const auto all = at.ask("GET", "");
  if (!all) return tl::unexpected(all.error());
  for (const auto& o : all->at("items").as_array())
    say(text_at(o, "created_at") + "  " + text_at(o, "email"));
  return {};
}

result<void> remove(const operator_desk& at, const std::string& email) {
  const auto id = at.id_of(email);
  if (!id) return tl::unexpected(id.error());
  const auto gone = at.ask("DELETE", "/" + *id);
  if (!gone) return tl::unexpected(gone.error());
  say("Operator " + email + " is removed and signed out everywhere.");
  return {};
}

} // namespace

int administer_operators(operator_verb verb, operator_options o) {
  auto c = read_configuration(o.given);
  for (const auto& p : c.problems) std::fprintf(stderr, "kalends: %s\n", p.c_str());
  if (!c.problems.empty()) return bad_configuration;
  std::transform(o.email.begin(), o.email.end(), o.email.begin(),
                 [](char ch) { return ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch - 'A' + 'a') : ch; });
  const operator_desk at(o, std::move(c.value));
  const auto done = verb == operator_verb::add      ? add(at, o.email)
                    : verb == operator_verb::reset  ? reset(at, o.email)
                    : verb == operator_verb::remove ? remove(at, o.email)
                                                    : list(at);
  std::fflush(stdout);
  if (done) return 0;
  std::fprintf(stderr, "kalends: %s (%s)\n", done.error().detail.c_str(), done.error().code.c_str());
  return 1;
}

} // namespace kalends::commands
