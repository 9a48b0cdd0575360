// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/io_threads.hpp"
#include "sandbox/core.hpp"
#include "sandbox/sandbox.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <stdlib.h>
#include <string>
#include <thread>
#include <vector>

namespace kalends::sandbox {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// The Microsoft half behind the real server: TLS, a client that trusts its CA, and a webhook of our own.
class microsoft_server_test : public testing::Test {
protected:
  microsoft_server_test() {
    std::string pattern = (fs::temp_directory_path() / "kalends-graph-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    sandbox_options options;
    options.state_dir = directory;
    auto started = sandbox::start(options, real_world());
    if (!started) throw std::runtime_error(started.error().code);
    box = std::move(*started);
    net::http_client_options trust;
    trust.ca_file = box->ca_file();
    client = std::make_unique<net::http_client>(io, trust);
    open_account();
    open_hook();
  }

  ~microsoft_server_test() override {
    client.reset();
    hook->stop(100ms);
    box->stop();
    io.stop();
    fs::remove_all(directory);
  }

  void open_account() {
    auto& state = box->state();
    const std::lock_guard lock(state.mutex);
    account a;
    a.email = "dana@contoso.test";
    a.kind = vendor::microsoft;
    auto* owner = state.open_account(std::move(a)).value();
    const std::set<std::string, std::less<>> scopes{"Calendars.ReadWrite"};
    auto& given = state.people.allow(*owner, "app", scopes, state.now());
    token = state.people.issue(token_kind::access, given, scopes, state.now(), 1h, "t").text;
  }

  void open_hook() {
    auto started =
        net::http_server::start(io, {}, [this](net::http_request request, net::http_responder respond) {
          for (const auto& [name, text] : net::parse_query(request.query))
            if (name == "validationToken") return respond({200, {{"Content-Type", "text/plain"}}, text});
          respond({202, {}, ""});
          const std::lock_guard lock(hook_mutex);
          notices.push_back(json::parse(request.body));
          hook_called.notify_all();
        });
    if (!started) throw std::runtime_error(started.error().code);
    hook = std::move(*started);
  }

  net::http_reply send(std::string verb, const std::string& path, const json::value& body = nullptr,
                       const net::header_list& more = {}) {
    net::outgoing_request request;
    request.method = std::move(verb);
    request.url = box->base_url() + path;
    request.headers = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}};
    request.headers.insert(request.headers.end(), more.begin(), more.end());
    if (!body.is_null()) request.body = json::serialize(body);
    std::promise<result<net::http_reply>> answer;
    auto call =
        client->send(std::move(request), [&](result<net::http_reply> r) { answer.set_value(std::move(r)); });
    auto got = answer.get_future().get();
    call.release();
    return got.value();
  }

  json::value wait_for_notice(std::size_t n) {
    std::unique_lock lock(hook_mutex);
    hook_called.wait_for(lock, 20s, [&] { return notices.size() >= n; });
    return notices.size() >= n ? notices[n - 1] : json::value();
  }

  static json::object meeting() {
    return {{"subject", "over the wire"},
            {"start", {{"dateTime", "2026-11-24T09:00:00"}, {"timeZone", "UTC"}}},
            {"end", {{"dateTime", "2026-11-24T10:00:00"}, {"timeZone", "UTC"}}}};
  }

  std::string directory;
  net::io_threads io{1};
  std::unique_ptr<sandbox> box;
  std::unique_ptr<net::http_client> client;
  std::unique_ptr<net::http_server> hook;
  std::string token;
  std::mutex hook_mutex;
  std::condition_variable hook_called;
  std::vector<json::value> notices;
};

TEST_F(microsoft_server_test, subscribes_hears_and_follows_a_delta_over_tls) {
  const auto url = "http://127.0.0.1:" + std::to_string(hook->port()) + "/hooks?x=1";
  const auto later = to_rfc3339(real_world().now() + 24h);
  const auto subscribed = send("POST", "/v1.0/subscriptions",
                               {{"changeType", "created,updated,deleted"},
                                {"notificationUrl", url},
                                {"lifecycleNotificationUrl", url},
                                {"resource", "/me/events"},
                                {"clientState", "s"},
                                {"expirationDateTime", later}});
  ASSERT_EQ(subscribed.status, 201) << subscribed.body;

  const auto made = send("POST", "/v1.0/me/events", meeting());
  const auto notice = wait_for_notice(1);
  const auto page = send("GET", "/v1.0/me/calendarView/delta?startDateTime=2026-11-01&endDateTime=2026-12-01",
                         nullptr, {{"Prefer", "IdType=\"ImmutableId\", outlook.timezone=\"Europe/Berlin\""}});

  ASSERT_EQ(made.status, 201);
  ASSERT_TRUE(notice.is_object());
  EXPECT_EQ(notice.at("value").at(0).at("changeType"), "created");
  EXPECT_EQ(notice.at("value").at(0).at("resourceData").at("id"), json::parse(made.body).at("id"));
  const auto delta = json::parse(page.body);
  EXPECT_EQ(delta.at("value").at(0).at("start").at("dateTime"), "2026-11-24T10:00:00.0000000");
  const std::string link(delta.at("@odata.deltaLink").as_string());
  EXPECT_EQ(link.substr(0, box->base_url().size()), box->base_url());
  EXPECT_EQ(send("GET", link.substr(box->base_url().size())).status, 200);
}

TEST_F(microsoft_server_test, a_bodyless_post_with_a_length_of_zero_deletes) {
  const auto made = json::parse(send("POST", "/v1.0/me/events", meeting()).body);
  const auto path = "/v1.0/me/events/" + net::percent_encode(std::string(made.at("id").as_string()));

  EXPECT_EQ(send("POST", path + "/permanentDelete", nullptr, {{"Content-Length", "0"}}).status, 204);
  EXPECT_EQ(send("GET", path).status, 404);
}

TEST_F(microsoft_server_test, only_four_requests_of_a_mailbox_run_at_once) {
  send("PATCH", "/_sandbox/microsoft/knobs", {{"service_milliseconds", 1500}});
  std::vector<std::thread> threads;
  std::vector<int> statuses(6);
  for (std::size_t i = 0; i < statuses.size(); ++i)
    threads.emplace_back([&, i] { statuses[i] = send("GET", "/v1.0/me").status; });
  for (auto& t : threads) t.join();

  EXPECT_GE(std::count(statuses.begin(), statuses.end(), 200), 4);
  EXPECT_GE(std::count(statuses.begin(), statuses.end(), 429), 1);
}

} // namespace
} // namespace kalends::sandbox
