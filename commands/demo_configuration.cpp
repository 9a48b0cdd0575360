// SPDX-License-Identifier: Apache-2.0
#include "commands/demo_configuration.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace kalends::commands {

namespace json = boost::json;

namespace {

std::string text_at(const json::value& v, const char* key) { return std::string(v.at(key).as_string()); }

std::optional<json::object> read_manifest(const std::string& file) {
  std::ifstream in(file);
  if (!in) return std::nullopt;
  std::stringstream text;
  text << in.rdbuf();
  boost::system::error_code failed;
  auto parsed = json::parse(text.str(), failed);
  if (failed || !parsed.is_object()) return std::nullopt;
  return std::move(parsed.as_object());
}

} // namespace

configuration demo_configuration(const json::object& manifest, const std::string& data_dir) {
  configuration c;
  auto& s = c.server;
  const auto& box = manifest.at("sandbox");
  s.data_dir = data_dir;
  s.vault_key_file = data_dir + "/vault.key";
  s.webhook_url = webhooks_here;
  s.extra_ca_file = text_at(box, "ca_file");
  s.poll_interval = std::getenv("KALENDS_POLL_SECONDS") != nullptr
                        ? read_configuration({}).value.server.poll_interval
                        : std::chrono::seconds(60);
  s.google =
      oauth_app{text_at(box.at("google"), "client_id"), text_at(box.at("google"), "client_secret"), ""};
  s.microsoft = oauth_app{text_at(box.at("microsoft"), "client_id"),
                          text_at(box.at("microsoft"), "client_secret"), "common"};
  const auto base = text_at(box, "base_url");
  c.vendors.google_authorization = base + "/o/oauth2/v2/auth";
  c.vendors.google_token = base + "/token";
  c.vendors.google_revoke = base + "/revoke";
  c.vendors.google_calendar = base + "/calendar/v3";
  c.vendors.microsoft_login = base;
  c.vendors.microsoft_graph = base + "/v1.0";
  return c;
}

std::optional<configuration> configuration_of_demo(const std::string& data_dir) {
  const auto manifest = read_manifest(data_dir + "/demo.json");
  if (!manifest) return std::nullopt;
  try {
    auto c = demo_configuration(*manifest, data_dir);
    c.server.public_url = text_at(*manifest, "base_url");
    const auto port = c.server.public_url.substr(c.server.public_url.rfind(':') + 1);
    std::from_chars(port.data(), port.data() + port.size(), c.server.port);
    return c;
  } catch (const std::exception&) { // it is not one of ours
    return std::nullopt;
  }
}

} // namespace kalends::commands
