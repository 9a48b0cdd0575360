// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/io_threads.hpp"
#include "sandbox/certificate.hpp"
#include "sandbox/core.hpp"
#include "sandbox/sandbox.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include <stdlib.h>

namespace kalends::sandbox {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// The sandbox over real sockets and TLS, a client that trusts its CA, and a webhook of our own.
class sandbox_server_test : public testing::Test {
protected:
  sandbox_server_test() {
    std::string pattern = (fs::temp_directory_path() / "kalends-sandbox-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    sandbox_options options;
    options.state_dir = directory;
    auto started = sandbox::start(options, real_world());
    if (!started) throw std::runtime_error(started.error().code);
    box = std::move(*started);
    net::http_client_options trust;
    trust.ca_file = box->ca_file();
    client = std::make_unique<net::http_client>(io, trust);
    admin("POST", "/accounts",
          {{"email", "dana@example.com"}, {"kind", "google"}, {"time_zone", "Europe/Berlin"}});
    token = std::string(
        admin("POST", "/accounts/dana@example.com/grants", json::object{}).at("access_token").as_string());
  }

  ~sandbox_server_test() override {
    client.reset();
    if (hook) hook->stop(100ms);
    box->stop();
    io.stop();
    fs::remove_all(directory);
  }

  result<net::http_reply> send(std::string verb, const std::string& path, const json::value& body = nullptr) {
    std::promise<result<net::http_reply>> answer;
    net::outgoing_request request;
    request.method = std::move(verb);
    request.url = box->base_url() + path;
    request.headers = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}};
    if (!body.is_null()) request.body = json::serialize(body);
    auto call =
        client->send(std::move(request), [&](result<net::http_reply> r) { answer.set_value(std::move(r)); });
    auto got = answer.get_future().get();
    call.release();
    return got;
  }

  json::object admin(std::string verb, const std::string& path, const json::value& body = nullptr) {
    const auto answer = send(std::move(verb), "/_sandbox" + path, body);
    if (!answer || answer->status >= 300)
      throw std::runtime_error(answer ? answer->body : answer.error().code);
    return answer->body.empty() ? json::object{} : json::parse(answer->body).as_object();
  }

  std::string open_hook() {
    auto server =
        net::http_server::start(io, {}, [this](net::http_request request, net::http_responder respond) {
          {
            const std::lock_guard lock(mutex);
            states.emplace_back(net::find_header(request.headers, "X-Goog-Resource-State"));
          }
          arrived.notify_all();
          respond({200, {}, ""});
        });
    if (!server) throw std::runtime_error(server.error().code);
    hook = std::move(*server);
    return "http://127.0.0.1:" + std::to_string(hook->port()) + "/google";
  }

  bool wait_for_notices(std::size_t n) {
    std::unique_lock lock(mutex);
    return arrived.wait_for(lock, 10s, [&] { return states.size() >= n; });
  }

  const json::object visit{{"summary", "Visit"},
                           {"start", json::object{{"dateTime", "2026-09-14T09:00:00Z"}}},
                           {"end", json::object{{"dateTime", "2026-09-14T10:00:00Z"}}}};
  std::string directory, token;
  std::unique_ptr<sandbox> box;
  net::io_threads io;
  std::unique_ptr<net::http_client> client;
  std::unique_ptr<net::http_server> hook;
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<std::string> states;
};

TEST_F(sandbox_server_test, answers_over_tls_with_its_own_authority) {
  const auto made = send("POST", "/calendar/v3/calendars/primary/events", visit);
  const auto page = send("GET", "/_sandbox");

  ASSERT_TRUE(made.has_value()) << made.error().code;
  EXPECT_EQ(made->status, 200) << made->body;
  ASSERT_TRUE(page.has_value());
  EXPECT_NE(page->body.find("Kalends sandbox"), std::string::npos);
  EXPECT_TRUE(box->base_url().starts_with("https://127.0.0.1:"));
}

TEST_F(sandbox_server_test, is_not_trusted_without_its_authority) {
  client = std::make_unique<net::http_client>(io, net::http_client_options{});
  const auto answer = send("GET", "/_sandbox");

  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, "tls_failed");
}

TEST_F(sandbox_server_test, delivers_notices_to_a_webhook) {
  const json::object channel{{"id", "c-1"}, {"type", "web_hook"}, {"address", open_hook()}};
  const auto watch = send("POST", "/calendar/v3/calendars/primary/events/watch", channel);
  ASSERT_TRUE(watch && watch->status == 200) << (watch ? watch->body : watch.error().code);
  ASSERT_TRUE(wait_for_notices(1));
  send("POST", "/calendar/v3/calendars/primary/events", visit);
  ASSERT_TRUE(wait_for_notices(2));

  EXPECT_EQ(states, (std::vector<std::string>{"sync", "exists"}));
}

TEST_F(sandbox_server_test, loses_an_answer_on_request_but_not_the_work) {
  admin("POST", "/faults", {{"method", "events.insert"}, {"cut", true}, {"after_effect", true}});
  net::http_client_options trust; // a connection without a past, whose loss is not repaired by sending again
  trust.ca_file = box->ca_file();
  client = std::make_unique<net::http_client>(io, trust);
  const auto lost = send("POST", "/calendar/v3/calendars/primary/events", visit);
  const auto listed = send("GET", "/calendar/v3/calendars/primary/events");

  EXPECT_FALSE(lost.has_value());
  ASSERT_TRUE(listed.has_value());
  EXPECT_EQ(json::parse(listed->body).at("items").as_array().size(), 1u);
}

TEST_F(sandbox_server_test, takes_its_time_on_request) {
  admin("POST", "/faults", {{"method", "events.list"}, {"latency_ms", 200}});
  const auto before = std::chrono::steady_clock::now();
  const auto listed = send("GET", "/calendar/v3/calendars/primary/events");

  EXPECT_TRUE(listed && listed->status == 200);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 200ms);
}

TEST_F(sandbox_server_test, finds_its_certificate_again) {
  const auto read = [](const fs::path& file) {
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const auto before = read(box->ca_file());
  const auto again = make_certificate(directory);

  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(read(again->ca), before);
  EXPECT_EQ(fs::status(again->private_key).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(sandbox_server_test, does_not_start_where_it_cannot_write) {
  sandbox_options options;
  options.state_dir = "/proc/none";
  const auto started = sandbox::start(options, real_world());

  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, "state_dir_unusable");
}

} // namespace
} // namespace kalends::sandbox
