// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.hpp"
#include "net/io_threads.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <future>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace kalends::sandbox {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// The sandbox as a process that can be killed.
class child_sandbox {
public:
  explicit child_sandbox(const std::string& directory) {
    int in[2];
    int out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t plan;
    posix_spawn_file_actions_init(&plan);
    posix_spawn_file_actions_adddup2(&plan, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&plan, out[1], STDOUT_FILENO);
    std::string program = SANDBOX_SERVER;
    std::string argument = directory;
    char* arguments[] = {program.data(), argument.data(), nullptr};
    const int failed = posix_spawn(&pid_, program.c_str(), &plan, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&plan);
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    std::string line;
    char c = 0;
    while (failed == 0 && ::read(out[0], &c, 1) == 1 && c != '\n') line += c;
    ::close(out[0]);
    if (c != '\n') throw std::runtime_error("the sandbox did not start");
    const auto said = json::parse(line);
    base_url = std::string(said.at("base_url").as_string());
    ca_file = std::string(said.at("ca_file").as_string());
  }
  ~child_sandbox() {
    ::close(input_); // it stops when its input ends
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
  }
  child_sandbox(const child_sandbox&) = delete;
  child_sandbox& operator=(const child_sandbox&) = delete;

  void kill_at_once() {
    ::kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

  std::string base_url, ca_file;

private:
  pid_t pid_ = -1;
  int input_ = -1;
};

class sandbox_killed_test : public testing::Test {
protected:
  sandbox_killed_test() {
    std::string pattern = (fs::temp_directory_path() / "kalends-killed-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    begin();
  }
  ~sandbox_killed_test() override {
    client.reset();
    box.reset();
    io.stop();
    fs::remove_all(directory);
  }

  void begin() {
    client.reset();
    box.reset();
    box = std::make_unique<child_sandbox>(directory);
    net::http_client_options trust;
    trust.ca_file = box->ca_file;
    client = std::make_unique<net::http_client>(io, trust);
  }

  result<net::http_reply> send(std::string verb, const std::string& path, const std::string& token = {},
                               const json::value& body = nullptr) {
    std::promise<result<net::http_reply>> answer;
    net::outgoing_request request;
    request.method = std::move(verb);
    request.url = box->base_url + path;
    request.headers = {{"Content-Type", "application/json"}};
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
    if (!body.is_null()) request.body = json::serialize(body);
    auto call =
        client->send(std::move(request), [&](result<net::http_reply> r) { answer.set_value(std::move(r)); });
    auto got = answer.get_future().get();
    call.release();
    return got;
  }
  json::object expect(int status, std::string verb, const std::string& path, const std::string& token = {},
                      const json::value& body = nullptr) {
    const auto answer = send(std::move(verb), path, token, body);
    if (!answer || answer->status != status)
      throw std::runtime_error(answer ? answer->body : answer.error().code);
    return json::parse(answer->body).as_object();
  }
  std::string open_account(const std::string& email, const std::string& kind) {
    expect(201, "POST", "/_sandbox/accounts", "", {{"email", email}, {"kind", kind}});
    return std::string(
        expect(200, "POST", "/_sandbox/accounts/" + email + "/grants").at("access_token").as_string());
  }

  std::string directory;
  net::io_threads io;
  std::unique_ptr<child_sandbox> box;
  std::unique_ptr<net::http_client> client;
};

/// Writes until the connection breaks; what was acknowledged must be there afterwards.
TEST_F(sandbox_killed_test, a_kill_in_a_stream_of_writes_loses_no_acknowledged_one) {
  const auto google = open_account("dana@example.com", "google");
  const auto graph = open_account("mike@contoso.example", "microsoft");
  const std::string google_events = "/calendar/v3/calendars/primary/events";
  const std::string graph_events = "/v1.0/me/events";
  std::set<std::string> google_known;
  std::set<std::string> graph_known;
  constexpr int rounds = 3;

  for (int round = 0; round < rounds; ++round) {
    std::atomic<int> acknowledged = 0;
    const auto write = [&](const std::string& path, const std::string& token, const json::object& event,
                           std::set<std::string>& known) {
      for (;;) {
        const auto answer = send("POST", path, token, event);
        if (!answer) return;
        if (answer->status / 100 != 2) continue; // Graph: too many at once
        known.emplace(json::parse(answer->body).at("id").as_string());
        ++acknowledged;
      }
    };
    std::thread one([&] {
      const json::object time{{"dateTime", "2026-09-14T09:00:00Z"}};
      write(google_events, google, {{"summary", "A"}, {"start", time}, {"end", time}}, google_known);
    });
    std::thread other([&] {
      const json::object time{{"dateTime", "2026-09-14T09:00:00"}, {"timeZone", "UTC"}};
      write(graph_events, graph, {{"subject", "B"}, {"start", time}, {"end", time}}, graph_known);
    });
    while (acknowledged < 40) std::this_thread::sleep_for(1ms);
    box->kill_at_once();
    one.join();
    other.join();
    begin();
  }

  std::set<std::string> google_found;
  std::set<std::string> graph_found;
  const auto google_list = expect(200, "GET", google_events + "?maxResults=2500", google);
  const auto graph_list = expect(200, "GET", graph_events + "?$top=999", graph);
  for (const auto& e : google_list.at("items").as_array()) google_found.emplace(e.at("id").as_string());
  for (const auto& e : graph_list.at("value").as_array()) graph_found.emplace(e.at("id").as_string());
  EXPECT_GE(google_known.size() + graph_known.size(), std::size_t(rounds) * 40);
  for (const auto& id : google_known) EXPECT_TRUE(google_found.contains(id)) << id;
  for (const auto& id : graph_known) EXPECT_TRUE(graph_found.contains(id)) << id;
  // One write of each vendor and round may have been done and never acknowledged.
  EXPECT_LE(google_found.size(), google_known.size() + rounds);
  EXPECT_LE(graph_found.size(), graph_known.size() + rounds);
}

} // namespace
} // namespace kalends::sandbox
