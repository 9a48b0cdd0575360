// SPDX-License-Identifier: Apache-2.0
#include "sandbox/core.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include <stdlib.h>
#include <sys/resource.h>

namespace kalends::sandbox {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto dana = "dana@example.com";
constexpr auto mike = "mike@contoso.example";

/// A sandbox without network that dies and is born again on the same directory. Its real clock goes on.
class state_file_test : public testing::Test {
protected:
  struct pending {
    net::outgoing_request request;
    net::http_client::done done;
  };

  state_file_test() {
    std::string pattern = (fs::temp_directory_path() / "kalends-state-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    begin();
    admin("POST", "/accounts", {{"email", dana}, {"kind", "google"}, {"time_zone", "Europe/Berlin"}});
    admin("POST", "/accounts", {{"email", mike}, {"kind", "microsoft"}, {"time_zone", "Europe/Berlin"}});
    google = grant(dana);
    microsoft = grant(mike);
  }
  ~state_file_test() override {
    end();
    fs::remove_all(directory);
  }

  std::optional<error> try_to_begin() {
    auto fresh = std::make_unique<core>(chance());
    open_halves(*fresh);
    fresh->base_url = "https://127.0.0.1:1";
    auto kept = state_file::open(*fresh, directory);
    if (!kept) return kept.error();
    fresh->kept = std::move(*kept);
    fresh->push.use([this](net::outgoing_request request, net::http_client::done done) {
      sent.push_back({std::move(request), std::move(done)});
    });
    heart = std::move(fresh);
    return std::nullopt;
  }
  void begin() {
    if (const auto failed = try_to_begin()) throw std::runtime_error(failed->code + ": " + failed->detail);
  }
  /// Nothing is saved at the end: what an answer acknowledged is there already.
  void end() {
    sent.clear();
    heart.reset();
  }
  void restart() {
    end();
    begin();
  }

  world chance() {
    return {[this] { return real_now; },
            [this](std::size_t n) {
              std::string out;
              while (out.size() < n)
                out +=
                    static_cast<char>((seed = seed * 6364136223846793005ULL + 1442695040888963407ULL) >> 56U);
              return out;
            }};
  }

  net::http_response ask(std::string verb, std::string target, const json::value& body = nullptr,
                         net::header_list headers = {}) {
    std::optional<outcome> got;
    heart->handle(make_request(std::move(verb), std::move(target), std::move(headers),
                               body.is_null() ? std::string() : json::serialize(body)),
                  [&](outcome o) { got = std::move(o); });
    while (!got && !sent.empty()) deliver();
    if (!got) throw std::runtime_error("no answer");
    return std::move(got->response);
  }
  json::object parsed(const net::http_response& answer, int status = 200) {
    EXPECT_EQ(answer.status, status) << answer.body;
    boost::system::error_code bad;
    auto v = json::parse(answer.body, bad);
    return !bad && v.is_object() ? v.get_object() : json::object{};
  }
  json::object admin(std::string verb, const std::string& path, const json::value& body = nullptr) {
    const auto answer = ask(std::move(verb), "/_sandbox" + path, body);
    EXPECT_LT(answer.status, 300) << answer.body;
    return answer.body.empty() ? json::object{} : json::parse(answer.body).as_object();
  }
  json::object grant(const std::string& email) {
    return admin("POST", "/accounts/" + email + "/grants", json::object{{"client_id", "calendar-app"}});
  }
  net::http_response calendar(std::string verb, const std::string& path, const json::value& body = nullptr) {
    return ask(std::move(verb), "/calendar/v3/" + path, body,
               {{"Authorization", "Bearer " + text(google.at("access_token"))}});
  }
  net::http_response graph(std::string verb, const std::string& path, const json::value& body = nullptr) {
    return ask(std::move(verb), "/v1.0/" + path, body,
               {{"Authorization", "Bearer " + text(microsoft.at("access_token"))}});
  }
  net::http_response form(const std::string& target, const std::string& fields) {
    return heart
        ->ask(make_request("POST", target, {{"Content-Type", "application/x-www-form-urlencoded"}}, fields))
        .response;
  }

  /// Answers the oldest notice on its way; validations as a good application does.
  net::outgoing_request deliver(int status = 202) {
    if (sent.empty()) throw std::runtime_error("no notice is on its way");
    auto one = std::move(sent.front());
    sent.pop_front();
    net::http_reply reply{status, {}, ""};
    const auto mark = one.request.url.find('?');
    for (const auto& [name, value] : net::parse_query(
             mark == std::string::npos ? "" : std::string_view(one.request.url).substr(mark + 1)))
      if (name == "validationToken") reply = {200, {{"Content-Type", "text/plain"}}, value};
    one.done(reply);
    return one.request;
  }

  static json::object meeting(const std::string& title, const std::string& id = {}) {
    json::object out{{"summary", title},
                     {"start", {{"dateTime", "2026-09-14T09:00:00"}, {"timeZone", "Europe/Berlin"}}},
                     {"end", {{"dateTime", "2026-09-14T10:00:00"}, {"timeZone", "Europe/Berlin"}}}};
    if (!id.empty()) out["id"] = id;
    return out;
  }
  static json::object appointment(const std::string& title) {
    return {{"subject", title},
            {"start", {{"dateTime", "2026-09-14T09:00:00"}, {"timeZone", "Europe/Berlin"}}},
            {"end", {{"dateTime", "2026-09-14T10:00:00"}, {"timeZone", "Europe/Berlin"}}}};
  }
  json::object insert(const json::object& body) {
    return parsed(calendar("POST", "calendars/primary/events", body));
  }
  json::object create(const json::object& body) { return parsed(graph("POST", "me/events", body), 201); }

  static std::string text(const json::value& v) { return std::string(v.as_string()); }
  fs::path log() const { return fs::path(directory) / "state.jsonl"; }
  std::string log_text() const {
    std::ifstream in(log(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write_log(const std::string& bytes) const { std::ofstream(log(), std::ios::binary) << bytes; }

  std::string directory;
  instant real_now = instant(std::chrono::milliseconds(1'788'250'530'123)); // 2026-09-01T08:15:30.123Z
  std::uint64_t seed = 42;
  std::unique_ptr<core> heart;
  std::deque<pending> sent;
  json::object google, microsoft; ///< tokens
};

TEST_F(state_file_test, tokens_and_grants_go_on) {
  const auto client =
      admin("POST", "/clients", {{"kind", "google"}, {"client_id", "app"}, {"client_secret", "s3"}});
  const auto own = admin("POST", "/accounts/dana@example.com/grants", {{"client_id", "app"}});
  const auto gone = admin("POST", "/accounts/dana@example.com/grants", {{"client_id", "other"}});
  admin("POST", "/accounts/dana@example.com/grants", {{"revoke", true}, {"client_id", "other"}});

  restart();
  const auto list = calendar("GET", "calendars/primary/events");
  const auto me = graph("GET", "me");
  google = gone;
  const auto revoked = calendar("GET", "calendars/primary/events");
  const auto fresh =
      parsed(form("/token", "grant_type=refresh_token&client_id=app&client_secret=s3&refresh_token=" +
                                net::percent_encode(text(own.at("refresh_token")))));
  google = fresh;
  restart();

  EXPECT_EQ(list.status, 200) << list.body;
  EXPECT_EQ(me.status, 200) << me.body;
  EXPECT_EQ(revoked.status, 401);
  EXPECT_EQ(calendar("GET", "calendars/primary/events").status, 200) << "the refreshed token is kept, too";
  EXPECT_EQ(admin("GET", "/clients").at("items").as_array().size(), 1U);
  EXPECT_EQ(text(client.at("client_secret")), "s3");
}

TEST_F(state_file_test, google_events_are_what_they_were) {
  auto series = meeting("Series", "seriesseries");
  series["recurrence"] = json::array{"RRULE:FREQ=DAILY;COUNT=5"};
  series["extendedProperties"] = {{"private", {{"kalends", "1"}}}};
  insert(series);
  insert(meeting("Single", "singlesingle"));
  insert({{"summary", "Day"}, {"start", {{"date", "2026-09-20"}}}, {"end", {{"date", "2026-09-21"}}}});
  const auto days =
      parsed(calendar("GET", "calendars/primary/events/seriesseries/instances")).at("items").as_array();
  parsed(calendar("PATCH", "calendars/primary/events/" + text(days[1].at("id")), {{"summary", "Moved"}}));
  calendar("DELETE", "calendars/primary/events/" + text(days[2].at("id")));
  insert(meeting("Gone", "gonegonegone"));
  calendar("DELETE", "calendars/primary/events/gonegonegone");
  const std::string everything = "calendars/primary/events?showDeleted=true";
  auto before = parsed(calendar("GET", everything));

  restart();
  auto after = parsed(calendar("GET", everything));
  const auto reused = calendar("POST", "calendars/primary/events", meeting("Again", "gonegonegone"));

  ASSERT_EQ(before.at("items").as_array().size(), 6U);
  EXPECT_EQ(after.at("items"), before.at("items")) << "etags included";
  EXPECT_EQ(after.at("etag"), before.at("etag"));
  EXPECT_EQ(reused.status, 409);
}

TEST_F(state_file_test, an_exception_cancelled_with_its_series_stays_cancelled) {
  auto series = meeting("Series", "seriesseries");
  series["recurrence"] = json::array{"RRULE:FREQ=DAILY;COUNT=5"};
  insert(series);
  const auto days =
      parsed(calendar("GET", "calendars/primary/events/seriesseries/instances")).at("items").as_array();
  const auto exception = "calendars/primary/events/" + text(days[1].at("id"));
  parsed(calendar("PATCH", exception, {{"summary", "Moved"}}));
  restart(); // written once before it is cancelled without a stamp of its own
  calendar("DELETE", "calendars/primary/events/seriesseries");
  const auto before = calendar("GET", exception);

  restart();

  EXPECT_EQ(calendar("GET", exception).body, before.body);
}

TEST_F(state_file_test, a_sync_token_and_a_page_token_continue_exactly) {
  for (int i = 0; i < 5; ++i) insert(meeting("Old " + std::to_string(i)));
  const auto first = parsed(calendar("GET", "calendars/primary/events?maxResults=2"));
  const auto sync =
      net::percent_encode(text(parsed(calendar("GET", "calendars/primary/events")).at("nextSyncToken")));

  restart();
  const auto fresh = insert(meeting("New"));
  const auto delta = parsed(calendar("GET", "calendars/primary/events?syncToken=" + sync));
  const auto page = parsed(
      calendar("GET", "calendars/primary/events?maxResults=2&pageToken=" + text(first.at("nextPageToken"))));
  admin("POST", "/sync-tokens/invalidate", {{"account", dana}});
  restart();

  ASSERT_EQ(delta.at("items").as_array().size(), 1U);
  EXPECT_EQ(delta.at("items").at(0).at("id"), fresh.at("id"));
  EXPECT_EQ(page.at("items").as_array().size(), 2U);
  EXPECT_EQ(calendar("GET", "calendars/primary/events?syncToken=" + sync).status, 410);
}

TEST_F(state_file_test, graph_events_are_what_they_were) {
  auto series = appointment("Series");
  series["recurrence"] = {
      {"pattern", {{"type", "weekly"}, {"interval", 1}, {"daysOfWeek", json::array{"monday"}}}},
      {"range", {{"type", "endDate"}, {"startDate", "2026-09-14"}, {"endDate", "2026-10-26"}}}};
  const auto master = create(series);
  auto once = appointment("Once");
  once["transactionId"] = "t-1";
  once["singleValueExtendedProperties"] =
      json::array{{{"id", "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name kalends"}, {"value", "v"}}};
  const auto single = create(once);
  const auto gone = create(appointment("Gone"));
  const auto view = "me/calendarView?startDateTime=2026-09-01T00:00:00Z&endDateTime=2026-11-01T00:00:00Z";
  const auto path = [](const json::value& o) { return "me/events/" + net::percent_encode(text(o.at("id"))); };
  const auto days = parsed(graph("GET", path(master) + "/instances?startDateTime=2026-09-01T00:00:00Z"
                                                       "&endDateTime=2026-11-01T00:00:00Z"))
                        .at("value")
                        .as_array();
  parsed(graph("PATCH", path(days[1]), {{"subject", "Other"}}));
  EXPECT_EQ(graph("DELETE", path(days[2])).status, 204);
  EXPECT_EQ(graph("DELETE", path(gone)).status, 204);
  const auto team = parsed(graph("POST", "me/calendars", {{"name", "Team"}}), 201);
  admin("POST", "/microsoft/mike@contoso.example/move",
        {{"event", single.at("id")}, {"calendar", team.at("id")}});
  const auto rows = parsed(graph("GET", view)).at("value");
  const auto calendars = parsed(graph("GET", "me/calendars")).at("value");

  restart();
  const auto replay = graph("POST", "me/events", once);

  EXPECT_EQ(parsed(graph("GET", view)).at("value"), rows) << "etags included";
  EXPECT_EQ(parsed(graph("GET", "me/calendars")).at("value"), calendars);
  EXPECT_EQ(json::parse(replay.body).at("iCalUId"), single.at("iCalUId")) << "the transaction is known";
  EXPECT_EQ(graph("GET", path(gone)).status, 404);
  EXPECT_NE(create(appointment("Next")).at("id"), gone.at("id"));
}

TEST_F(state_file_test, a_delta_link_continues_exactly) {
  const auto old = create(appointment("Old"));
  const auto window =
      "me/calendarView/delta?startDateTime=2026-09-01T00:00:00Z&endDateTime=2026-11-01T00:00:00Z";
  const auto follow = [&](const json::value& link) {
    return graph("GET", text(link).substr(heart->base_url.size() + std::string("/v1.0/").size()));
  };
  const auto first = parsed(graph("GET", window));
  const auto link = first.at("@odata.deltaLink");

  restart();
  const auto quiet = parsed(follow(link));
  const auto fresh = create(appointment("New"));
  graph("DELETE", "me/events/" + net::percent_encode(text(old.at("id"))));
  restart();
  const auto told = parsed(follow(link)).at("value").as_array();
  admin("POST", "/sync-tokens/invalidate", {{"account", mike}});
  restart();

  EXPECT_TRUE(quiet.at("value").as_array().empty());
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].at("id"), fresh.at("id"));
  EXPECT_TRUE(told[1].as_object().contains("@removed"));
  EXPECT_EQ(follow(link).status, 410);
}

TEST_F(state_file_test, channels_and_subscriptions_still_push) {
  parsed(
      calendar("POST", "calendars/primary/events/watch",
               {{"id", "c-1"}, {"type", "web_hook"}, {"address", "http://127.0.0.1:9/g"}, {"token", "t7"}}));
  deliver(200);
  const auto subscription = parsed(graph("POST", "subscriptions",
                                         {{"changeType", "created,updated,deleted"},
                                          {"notificationUrl", "http://127.0.0.1:9/m"},
                                          {"lifecycleNotificationUrl", "http://127.0.0.1:9/l"},
                                          {"resource", "/me/events"},
                                          {"expirationDateTime", "2026-09-05T09:00:00.0000000Z"},
                                          {"clientState", "state-1"}}),
                                   201);
  const auto channels = admin("GET", "/channels");

  restart();
  EXPECT_EQ(admin("GET", "/channels"), channels);
  insert(meeting("A"));
  const auto told = deliver(200);
  create(appointment("B"));
  const auto notified = deliver();
  admin("POST", "/clock", {{"advance_seconds", 8 * 24 * 3600}});
  restart();

  EXPECT_EQ(net::find_header(told.headers, "X-Goog-Channel-Token"), "t7");
  EXPECT_EQ(told.url, "http://127.0.0.1:9/g");
  EXPECT_GT(std::stoi(std::string(net::find_header(told.headers, "X-Goog-Message-Number"))), 1);
  EXPECT_EQ(json::parse(notified.body).at("value").at(0).at("subscriptionId"), subscription.at("id"));
  EXPECT_TRUE(admin("GET", "/channels").at("items").as_array().empty()) << "what expired stays so";
}

TEST_F(state_file_test, a_notice_that_was_not_accepted_is_sent_again) {
  parsed(calendar("POST", "calendars/primary/events/watch",
                  {{"id", "c-1"}, {"type", "web_hook"}, {"address", "http://127.0.0.1:9/g"}}));
  const auto lost = sent.front().request;

  restart();
  heart->push.pump();
  const auto again = deliver(503);
  admin("GET", "/accounts"); // any request saves how far the notice is
  restart();
  heart->push.pump();
  EXPECT_TRUE(sent.empty()) << "the second attempt is due a second later";
  admin("POST", "/clock", {{"advance_seconds", 2}});
  const auto third = deliver(200);
  admin("GET", "/accounts");
  restart();
  heart->push.pump();

  for (const auto* r : {&again, &third}) {
    EXPECT_EQ(r->url, lost.url);
    EXPECT_EQ(r->headers, lost.headers);
    EXPECT_EQ(r->body, lost.body);
    EXPECT_EQ(r->total_timeout, lost.total_timeout);
  }
  EXPECT_TRUE(sent.empty());
}

TEST_F(state_file_test, pubsub_goes_on_and_a_push_is_repeated_with_a_fresh_token) {
  admin("POST", "/google/service-accounts", {{"project", "demo"}, {"name", "boss"}});
  const auto mail = std::string("boss@demo.iam.gserviceaccount.com");
  const auto token = text(admin("POST", "/google/service-accounts/" + mail + "/grants").at("access_token"));
  const auto cloud = [&](std::string verb, const std::string& path, const json::value& body) {
    return parsed(
        ask(std::move(verb), "/v1/projects/demo/" + path, body, {{"Authorization", "Bearer " + token}}));
  };
  cloud("PUT", "topics/changes", json::object{});
  cloud("POST", "topics/changes:setIamPolicy", {{"policy", {{"bindings", json::array{}}}}});
  const auto policy = cloud("GET", "topics/changes:getIamPolicy", nullptr);
  const json::object push{{"pushEndpoint", "http://127.0.0.1:9/p"},
                          {"oidcToken", {{"serviceAccountEmail", mail}, {"audience", "a"}}}};
  const auto made =
      cloud("PUT", "subscriptions/push", {{"topic", "projects/demo/topics/changes"}, {"pushConfig", push}});
  cloud("POST", "topics/changes:publish", {{"messages", json::array{{{"data", "aGVsbG8="}}}}});
  const auto lost = sent.front().request;

  restart();
  heart->push.pump();
  const auto again = deliver(503);
  admin("GET", "/accounts"); // any request saves how far the push is
  restart();
  admin("POST", "/clock", {{"advance_seconds", 2}});
  const auto third = deliver(204);

  EXPECT_EQ(cloud("GET", "topics/changes:getIamPolicy", nullptr), policy);
  EXPECT_EQ(cloud("GET", "subscriptions/push", nullptr), made);
  for (const auto* r : {&again, &third}) {
    EXPECT_EQ(r->url, lost.url);
    EXPECT_EQ(r->body, lost.body);
    EXPECT_TRUE(net::find_header(r->headers, "Authorization").starts_with("Bearer ey"));
  }
  EXPECT_NE(net::find_header(third.headers, "Authorization"),
            net::find_header(lost.headers, "Authorization"));
  std::ifstream state(fs::path(directory) / "state.jsonl");
  const std::string kept((std::istreambuf_iterator<char>(state)), {});
  EXPECT_EQ(kept.find("Bearer ey"), std::string::npos) << "the token of a push is kept nowhere";
  EXPECT_EQ(kept.find("PRIVATE KEY"), std::string::npos);
}

TEST_F(state_file_test, a_subscription_hears_of_notices_given_up_after_a_restart) {
  parsed(graph("POST", "subscriptions",
               {{"changeType", "created"},
                {"notificationUrl", "http://127.0.0.1:9/m"},
                {"lifecycleNotificationUrl", "http://127.0.0.1:9/l"},
                {"resource", "/me/events"},
                {"expirationDateTime", "2026-09-05T09:00:00.0000000Z"},
                {"clientState", "state-1"}}),
         201);
  create(appointment("B"));
  restart();
  heart->push.pump();

  std::string last;
  for (int attempt = 0; attempt < 16; ++attempt) {
    last = deliver(attempt < 15 ? 503 : 202).url;
    admin("POST", "/clock", {{"advance_seconds", 1800}});
  }

  EXPECT_EQ(last, "http://127.0.0.1:9/l");
}

TEST_F(state_file_test, the_clock_the_consent_the_knobs_and_the_keys_are_kept) {
  admin("POST", "/clock", {{"advance_seconds", 86'400}});
  admin("POST", "/consent-mode", {{"mode", "auto"}, {"account", dana}});
  admin("PATCH", "/microsoft/knobs", {{"page_size", 7}, {"omit_uid", true}});
  const auto certs = ask("GET", "/oauth2/v3/certs").body;
  const auto keys = ask("GET", "/common/discovery/v2.0/keys").body;
  real_now += 10s;

  restart();
  const auto moved = heart->now() - real_now;
  admin("POST", "/clock", {{"freeze", true}});
  const auto stopped = heart->now();
  real_now += 10s;
  restart();

  EXPECT_EQ(moved, 24h);
  EXPECT_EQ(heart->now(), stopped);
  EXPECT_TRUE(heart->clock.frozen());
  EXPECT_EQ(heart->consent, consent_mode::automatic);
  EXPECT_EQ(heart->consent_account, dana);
  EXPECT_EQ(admin("GET", "/microsoft/knobs").at("page_size").as_int64(), 7);
  EXPECT_EQ(ask("GET", "/oauth2/v3/certs").body, certs);
  EXPECT_EQ(ask("GET", "/common/discovery/v2.0/keys").body, keys);
  const auto mode = fs::status(fs::path(directory) / "google-signing-keys.pem").permissions();
  EXPECT_EQ(mode, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(log()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(state_file_test, a_torn_last_line_is_forgotten_and_nothing_else) {
  insert(meeting("Kept", "keptkeptkept"));
  const auto whole = log_text();
  insert(meeting("Torn", "torntorntorn"));
  const auto longer = log_text();
  end();
  for (const auto cut : {longer.size() - 1, (whole.size() + longer.size()) / 2, whole.size() + 1}) {
    write_log(longer.substr(0, cut));

    begin();

    EXPECT_EQ(calendar("GET", "calendars/primary/events/keptkeptkept").status, 200);
    EXPECT_EQ(calendar("GET", "calendars/primary/events/torntorntorn").status, 404);
    end();
  }
  begin();
}

TEST_F(state_file_test, refuses_damaged_and_foreign_files) {
  const auto good = log_text();
  const auto keys = fs::path(directory) / "google-signing-keys.pem";
  end();
  const auto code_with = [&](const std::string& bytes) {
    write_log(bytes);
    const auto failed = try_to_begin();
    if (!failed) end();
    EXPECT_FALSE(!failed || failed->detail.empty());
    return failed ? failed->code : "none";
  };
  const auto line = [&](const std::string& record) { return good + record + "\n"; };

  EXPECT_EQ(code_with(""), "state_file_foreign");
  EXPECT_EQ(code_with("{\"format\":\"kalends-sandbox-state\",\"version\":2}\n"), "state_file_foreign");
  EXPECT_EQ(code_with("SQLite format 3\n"), "state_file_foreign");
  EXPECT_EQ(code_with(line(R"([["flying_saucer","k",{}]])")), "state_file_foreign");
  EXPECT_EQ(code_with(line("[[\"account\"")), "state_file_unreadable");
  EXPECT_EQ(code_with(line(R"([["account","k",{"email":7}]])")), "state_file_unreadable");
  EXPECT_EQ(code_with(line(R"([["google.event","k",{"calendar":"nobody"}]])")), "state_file_unreadable");
  EXPECT_EQ(code_with(line(R"([["microsoft.calendar","k",{"mailbox":"nobody"}]])")), "state_file_unreadable");
  EXPECT_EQ(code_with(line("7")), "state_file_unreadable");
  std::ofstream(keys) << "no key";
  EXPECT_EQ(code_with(good), "state_file_unreadable");
  fs::remove(keys);
  write_log(good);
  EXPECT_EQ(try_to_begin(), std::nullopt);
}

TEST_F(state_file_test, two_sandboxes_do_not_share_a_directory) {
  const auto heart_of_another = std::make_unique<core>(chance());
  open_halves(*heart_of_another);

  const auto second = state_file::open(*heart_of_another, directory);

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "state_dir_in_use");
}

TEST_F(state_file_test, what_cannot_be_kept_is_not_acknowledged) {
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  auto tight = before;
  tight.rlim_cur = fs::file_size(log()) + 100; // room for a part of a line
  setrlimit(RLIMIT_FSIZE, &tight);
  const auto refused = calendar("POST", "calendars/primary/events", meeting("Full", "fullfullfull"));
  const auto still = calendar("POST", "calendars/primary/events", meeting("Full", "fullfullful2"));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  insert(meeting("Room", "roomroomroom"));

  restart();

  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(still.status, 500);
  EXPECT_EQ(calendar("GET", "calendars/primary/events/roomroomroom").status, 200);
}

TEST_F(state_file_test, the_log_does_not_grow_for_ever) {
  insert(meeting("Big", "bigbigbigbig"));
  auto largest = fs::file_size(log());
  for (int i = 0; i < 400; ++i) {
    parsed(calendar("PATCH", "calendars/primary/events/bigbigbigbig",
                    {{"description", std::string(30'000, static_cast<char>('a' + i % 26))}}));
    largest = std::max(largest, fs::file_size(log()));
  }
  const auto before = calendar("GET", "calendars/primary/events/bigbigbigbig").body;

  restart();

  EXPECT_LT(largest, 5U * 1024 * 1024) << "twelve megabytes were written";
  EXPECT_EQ(calendar("GET", "calendars/primary/events/bigbigbigbig").body, before);
}

} // namespace
} // namespace kalends::sandbox
