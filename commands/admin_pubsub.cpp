// SPDX-License-Identifier: Apache-2.0
#include "commands/commands.hpp"
#include "commands/google_cloud.hpp"
#include "commands/http_talk.hpp"
#include "net/io_threads.hpp"

#include <boost/json.hpp>

#include <cstdio>
#include <fstream>

/// `kalends admin pubsub …`: what a tenant's relay needs at Google, and who may push, which the running
/// server is told over its own API.
namespace kalends::commands {

namespace {

namespace json = boost::json;

constexpr int bad_configuration = 2;

int fail(const error& e) {
  std::fprintf(stderr, "kalends: %s (%s)\n", e.detail.c_str(), e.code.c_str());
  return 1;
}

void say(const std::string& line) { std::printf("%s\n", line.c_str()); }

std::string text_at(const json::value& v, const char* key) {
  const auto* o = v.if_object();
  const auto* one = o ? o->if_contains(key) : nullptr;
  return one && one->is_string() ? std::string(one->as_string()) : std::string();
}

std::string admin_key_of(const settings& s) {
  if (!s.admin_key.empty()) return s.admin_key;
  std::string key;
  if (std::ifstream in(s.data_dir + "/admin.key"); in) std::getline(in, key);
  return key;
}

/// A command's threads, the server it speaks to, and Google when there are credentials.
class desk {
public:
  desk(const pubsub_options& o, configuration c)
      : options_(o), c_(std::move(c)),
        http_(std::make_shared<net::http_client>(
            io_, net::http_client_options{.ca_file = c_.server.extra_ca_file})),
        server_(http_), key_(admin_key_of(c_.server)) {}
  ~desk() { http_->stop(); }

  result<json::value> ask_server(const char* method, const json::value& body = nullptr) const {
    if (key_.empty())
      return failure(errc::invalid, "admin_key_missing",
                     "The admin key is neither set (admin_key, KALENDS_ADMIN_KEY) nor in " +
                         c_.server.data_dir + "/admin.key.");
    return server_.call(method, server_url() + "/v1/admin/tenants/" + options_.tenant + "/google-pubsub",
                        key_, body);
  }

  result<google_pubsub> open_google() const {
    return cloud_token(*http_, options_.credentials, real_world()).map([&](std::string token) {
      return google_pubsub(http_, c_.vendors.google_pubsub, std::move(token));
    });
  }

private:
  std::string server_url() const {
    if (!options_.server_url.empty()) return options_.server_url;
    const auto& s = c_.server;
    if (!s.public_url.empty()) return s.public_url;
    return (s.certificate_file.empty() ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(s.port);
  }

  const pubsub_options& options_;
  const configuration c_;
  net::io_threads io_{1};
  std::shared_ptr<net::http_client> http_;
  http_talk server_;
  std::string key_;
};

std::string full_name(const pubsub_options& o, const char* kind, const std::string& given,
                      const char* suffix) {
  if (given.starts_with("projects/")) return given;
  return "projects/" + o.project + "/" + kind + "/" +
         (given.empty() ? "kalends-" + o.tenant + suffix : given);
}

push_wish wish_of(const pubsub_options& o, const json::value& server) {
  return {full_name(o, "topics", o.topic, ""),
          full_name(o, "subscriptions", o.subscription, "-push"),
          text_at(server, "push_endpoint"),
          text_at(server, "audience"),
          o.service_account,
          o.unwrapped};
}

result<void> provision(const desk& at, const pubsub_options& o) {
  const auto server = at.ask_server("GET");
  if (!server) return tl::unexpected(server.error());
  const auto google = at.open_google();
  if (!google) return tl::unexpected(google.error());
  const auto wish = wish_of(o, *server);
  const auto topic = google->make_topic(wish.topic);
  if (!topic) return tl::unexpected(topic.error());
  say("topic           " + wish.topic + (*topic ? "  made" : "  kept"));
  if (!o.publishers.empty()) {
    const auto allowed = google->allow_publishers(wish.topic, o.publishers);
    if (!allowed) return tl::unexpected(allowed.error());
    for (const auto& p : o.publishers) say("publisher       " + p + (*allowed ? "  allowed" : "  kept"));
  }
  const auto subscribed = google->make_subscription(wish);
  if (!subscribed) return tl::unexpected(subscribed.error());
  const bool made = *subscribed == google_pubsub::subscribed::made;
  const bool kept = *subscribed == google_pubsub::subscribed::kept;
  say("subscription    " + wish.subscription + (made ? "  made" : kept ? "  kept" : "  changed"));
  const auto told = at.ask_server("PUT", json::object{{"topic", wish.topic},
                                                      {"subscription", wish.subscription},
                                                      {"service_account", wish.service_account}});
  if (!told) return tl::unexpected(told.error());
  say("pushes to       " + wish.endpoint);
  say("pushes as       " + wish.service_account);
  if (const auto relay = text_at(*told, "relay_url"); !relay.empty())
    say("Google tells    " + relay);
  else
    say("Google does not send its notices to a relay yet: set google.relay_url.");
  return {};
}

/// True: as it should be.
result<bool> show(const desk& at, const pubsub_options& o) {
  const auto server = at.ask_server("GET");
  if (!server) return tl::unexpected(server.error());
  for (const auto& [key, value] : server->as_object())
    say(std::string(key) + std::string(18 - std::min<std::size_t>(key.size(), 17), ' ') +
        (value.is_string() ? std::string(value.as_string()) : "-"));
  if (!o.credentials.given() || text_at(*server, "subscription").empty()) return true;
  const auto google = at.open_google();
  if (!google) return tl::unexpected(google.error());
  auto wish = wish_of(o, *server);
  wish.topic = text_at(*server, "topic");
  wish.subscription = text_at(*server, "subscription");
  wish.service_account = text_at(*server, "service_account");
  const auto differs = google->differences(wish);
  if (!differs) return tl::unexpected(differs.error());
  for (const auto& d : *differs) say("At Google " + d + ".");
  if (differs->empty()) say("At Google everything is as expected.");
  return differs->empty();
}

result<void> take_down(const desk& at, const pubsub_options& o) {
  const auto server = at.ask_server("GET");
  if (!server) return tl::unexpected(server.error());
  const auto topic = text_at(*server, "topic"), subscription = text_at(*server, "subscription");
  if (o.credentials.given() && !subscription.empty()) {
    const auto google = at.open_google();
    if (!google) return tl::unexpected(google.error());
    for (const auto& name : {subscription, o.with_topic ? topic : std::string()}) {
      if (name.empty()) continue;
      const auto gone = google->remove(name);
      if (!gone) return tl::unexpected(gone.error());
      say(name + (*gone ? "  removed" : "  was gone"));
    }
  } else if (!subscription.empty()) {
    say("No credentials: " + subscription + " and " + topic + " stay at Google.");
  }
  if (const auto forgotten = at.ask_server("DELETE"); !forgotten) return tl::unexpected(forgotten.error());
  say("Nobody is expected to push for this tenant.");
  return {};
}

/// Runs `work` at a desk; prints what went wrong.
template <class Work>
int at_desk(const pubsub_options& o, Work work) {
  auto c = read_configuration(o.given);
  for (const auto& p : c.problems) std::fprintf(stderr, "kalends: %s\n", p.c_str());
  if (!c.problems.empty()) return bad_configuration;
  const desk at(o, std::move(c.value));
  const auto done = work(at);
  std::fflush(stdout);
  return done ? 0 : fail(done.error());
}

} // namespace

int provision_pubsub(const pubsub_options& o) {
  return at_desk(o, [&](const desk& at) { return provision(at, o); });
}

int show_pubsub(const pubsub_options& o) {
  bool sound = true;
  const int status = at_desk(
      o, [&](const desk& at) { return show(at, o).map([&](bool as_expected) { sound = as_expected; }); });
  return status == 0 && !sound ? 1 : status;
}

int remove_pubsub(const pubsub_options& o) {
  return at_desk(o, [&](const desk& at) { return take_down(at, o); });
}

} // namespace kalends::commands
