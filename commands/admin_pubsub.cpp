// SPDX-License-Identifier: Apache-2.0
#include "commands/admin_desk.hpp"
#include "commands/commands.hpp"
#include "commands/google_cloud.hpp"

#include <boost/json.hpp>

/// `kalends admin pubsub …`: what a tenant's relay needs at Google, and who may push, which the running
/// server is told over its own API.
namespace kalends::commands {

namespace {

namespace json = boost::json;

result<json::value> ask_server(const admin_desk& at, const pubsub_options& o, const char* method,
                               const json::value& body = nullptr) {
  return at.ask(method, "/v1/admin/tenants/" + o.tenant + "/google-pubsub", body);
}

result<google_pubsub> open_google(const admin_desk& at, const pubsub_options& o) {
  return cloud_token(*at.http(), o.credentials, real_world()).map([&](std::string token) {
    return google_pubsub(at.http(), at.configured().vendors.google_pubsub, std::move(token));
  });
}

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

result<void> provision(const admin_desk& at, const pubsub_options& o) {
  const auto server = ask_server(at, o, "GET");
  if (!server) return tl::unexpected(server.error());
  const auto google = open_google(at, o);
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
  const auto told = ask_server(at, o, "PUT",
                               json::object{{"topic", wish.topic},
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
result<bool> show(const admin_desk& at, const pubsub_options& o) {
  const auto server = ask_server(at, o, "GET");
  if (!server) return tl::unexpected(server.error());
  for (const auto& [key, value] : server->as_object())
    say(std::string(key) + std::string(18 - std::min<std::size_t>(key.size(), 17), ' ') +
        (value.is_string() ? std::string(value.as_string()) : "-"));
  if (!o.credentials.given() || text_at(*server, "subscription").empty()) return true;
  const auto google = open_google(at, o);
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

result<void> take_down(const admin_desk& at, const pubsub_options& o) {
  const auto server = ask_server(at, o, "GET");
  if (!server) return tl::unexpected(server.error());
  const auto topic = text_at(*server, "topic"), subscription = text_at(*server, "subscription");
  if (o.credentials.given() && !subscription.empty()) {
    const auto google = open_google(at, o);
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
  if (const auto forgotten = ask_server(at, o, "DELETE"); !forgotten)
    return tl::unexpected(forgotten.error());
  say("Nobody is expected to push for this tenant.");
  return {};
}

} // namespace

int provision_pubsub(const pubsub_options& o) {
  return at_desk(o, [&](const admin_desk& at) { return provision(at, o); });
}

int show_pubsub(const pubsub_options& o) {
  bool sound = true;
  const int status = at_desk(o, [&](const admin_desk& at) {
    return show(at, o).map([&](bool as_expected) { sound = as_expected; });
  });
  return status == 0 && !sound ? 1 : status;
}

int remove_pubsub(const pubsub_options& o) {
  return at_desk(o, [&](const admin_desk& at) { return take_down(at, o); });
}

} // namespace kalends::commands
