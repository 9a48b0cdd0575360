// SPDX-License-Identifier: Apache-2.0
#include "commands/commands.hpp"
#include "commands/demo_configuration.hpp"
#include "commands/demo_life.hpp"
#include "commands/http_talk.hpp"
#include "commands/server.hpp"
#include "net/http_client.hpp"
#include "net/io_threads.hpp"
#include "sandbox/sandbox.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>

namespace kalends::commands {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto ready_within = 60s;
constexpr auto life_period = 4s;

struct person {
  const char* name;
  const char* email;
  const char* vendor;
};
struct company {
  const char* name;
  person people[2];
};
constexpr company companies[] = {
    {"Northwind IT Services",
     {{"Alice Becker", "alice@northwind.example", "google"},
      {"Bob Anders", "bob@northwind.example", "microsoft"}}},
    {"Contoso Field Service",
     {{"Carol Diaz", "carol@contoso.example", "google"}, {"Dan Okafor", "dan@contoso.example", "microsoft"}}},
};
constexpr auto zone = "Europe/Berlin";

std::string text_at(const json::value& v, const char* key) { return std::string(v.at(key).as_string()); }

result<void> done_with(const result<json::value>& r) {
  if (!r) return tl::unexpected(r.error());
  return {};
}

class demonstration {
public:
  explicit demonstration(demo_options o) : options_(std::move(o)), file_(options_.data_dir + "/demo.json") {}
  ~demonstration() { stop(); }

  result<void> start();
  void live_until_signal();
  void stop();
  const json::object& manifest() const { return manifest_; }

private:
  result<void> read_earlier();
  result<void> start_sandbox();
  result<void> start_server();
  result<json::object> register_client(const char* vendor);
  result<void> found(const company& c);
  result<void> open_mailbox(const person& who);
  result<json::object> connect(const person& who, const std::string& user, const std::string& key);
  result<void> wait_until_synced();
  result<void> open_pages();
  result<std::string> access_token(const std::string& account, const std::string& client);
  result<void> write_manifest(const std::string& file) const;
  /// demo.json for ourselves, half of one while the first start goes on: whoever waits for demo.json may have
  /// taken the last one away.
  std::string memory_file() const { return options_.data_dir + "/demo-memory.json"; }
  std::string admin_url() const { return sandbox_->admin_url(); }

  demo_options options_;
  std::string file_;
  json::object manifest_; ///< demo.json; an earlier one is continued
  std::unique_ptr<sandbox::sandbox> sandbox_;
  std::unique_ptr<server> server_;
  std::optional<net::io_threads> io_;
  std::optional<http_talk> talk_;
};

/// What an earlier demonstration in this directory left: its tenants, clients and ports go on. Beginning anew
/// beside them would connect everybody twice, so what cannot be read is an error.
result<void> demonstration::read_earlier() {
  const auto source = std::filesystem::exists(memory_file()) ? memory_file() : file_;
  std::ifstream in(source);
  if (!in) return {};
  std::stringstream text;
  text << in.rdbuf();
  boost::system::error_code failed;
  auto parsed = json::parse(text.str(), failed);
  if (failed || !parsed.is_object())
    return failure(errc::invalid, "demo_memory_unreadable",
                   source + " is damaged. Use another directory, or remove this one.");
  manifest_ = std::move(parsed.as_object());
  return {};
}

std::uint16_t port_of(const json::object& manifest, const char* where) {
  const auto* url = where[0] == '\0' ? manifest.if_contains("base_url")
                    : manifest.contains("sandbox")
                        ? manifest.at("sandbox").as_object().if_contains("base_url")
                        : nullptr;
  if (url == nullptr) return 0;
  std::string text(url->as_string());
  return static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
}

result<void> demonstration::start() {
  std::error_code made;
  std::filesystem::create_directories(options_.data_dir, made);
  if (made)
    return failure(errc::invalid, "data_directory_unusable",
                   "Cannot make " + options_.data_dir + ": " + made.message());
  options_.data_dir =
      std::filesystem::absolute(options_.data_dir).string(); // demo.json names files for other programs
  file_ = options_.data_dir + "/demo.json";
  if (auto r = read_earlier(); !r) return r;
  std::filesystem::remove(file_, made); // it stands again when everything answers
  if (auto r = start_sandbox(); !r) return r;
  if (auto r = start_server(); !r) return r;
  if (!manifest_.contains("tenants")) manifest_["tenants"] = json::array();
  // One that was interrupted goes on where it was.
  for (auto at = manifest_["tenants"].as_array().size(); at < std::size(companies); ++at) {
    if (auto r = found(companies[at]); !r) return r;
    if (auto r = write_manifest(memory_file()); !r) return r;
  }
  if (auto r = wait_until_synced(); !r) return r;
  // From here on a person decides.
  auto asked = talk_->call("POST", admin_url() + "/consent-mode", "", json::object{{"mode", "page"}});
  if (!asked) return tl::unexpected(asked.error());
  if (auto r = write_manifest(memory_file()); !r) return r;
  if (auto r = open_pages(); !r) return r;
  return write_manifest(file_);
}

/// A link that lets its first bearer in as an operator, for a day.
result<void> demonstration::open_pages() {
  auto link = talk_->call("POST", server_->base_url() + "/v1/admin/sign-in-links", server_->admin_key(),
                          json::object{{"expires_in", 86'400}});
  if (!link) return tl::unexpected(link.error());
  manifest_["pages_url"] = link->at("url");
  return {};
}

/// Channels lead to the ports of before, and so do the delta links of the calendars: on others the
/// demonstration would only seem to work.
tl::unexpected<error> not_on_port(error e, const char* what, std::uint16_t earlier) {
  if (e.code == "address_in_use" && earlier != 0)
    e.detail += std::string(". The calendars in this directory are connected with the ") + what +
                " on port " + std::to_string(earlier) + ": free it, or begin in another directory.";
  return tl::unexpected(std::move(e));
}

result<void> demonstration::start_sandbox() {
  sandbox::sandbox_options o;
  o.state_dir = options_.data_dir + "/sandbox";
  std::filesystem::create_directories(o.state_dir);
  auto earlier = port_of(manifest_, "sandbox");
  o.port = options_.sandbox_port != 0 ? options_.sandbox_port : earlier;
  auto started = sandbox::sandbox::start(o, real_world());
  if (!started) return not_on_port(started.error(), "sandbox", earlier);
  sandbox_ = std::move(*started);

  io_.emplace();
  net::http_client_options c;
  c.ca_file = sandbox_->ca_file();
  talk_.emplace(std::make_shared<net::http_client>(*io_, c));

  json::object box{
      {"base_url", sandbox_->base_url()}, {"ca_file", sandbox_->ca_file()}, {"admin_url", admin_url()}};
  if (const auto* before = manifest_.if_contains("sandbox")) {
    box["google"] = before->at("google");
    box["microsoft"] = before->at("microsoft");
  }
  for (const char* vendor : {"google", "microsoft"}) {
    auto client =
        box.contains(vendor) ? result<json::object>(box[vendor].as_object()) : register_client(vendor);
    if (!client) return tl::unexpected(client.error());
    if (std::string_view(vendor) == "google") {
      (*client)["base"] = sandbox_->base_url();
    } else {
      (*client)["graph"] = sandbox_->base_url();
      (*client)["authority"] = sandbox_->base_url() + "/common";
    }
    box[vendor] = std::move(*client);
  }
  manifest_["sandbox"] = std::move(box);
  return done_with(talk_->call("POST", admin_url() + "/consent-mode", "", json::object{{"mode", "auto"}}));
}

result<json::object> demonstration::register_client(const char* vendor) {
  auto made = talk_->call("POST", admin_url() + "/clients", "",
                          json::object{{"kind", vendor}, {"redirect_uris", json::array{"*"}}});
  if (!made) return tl::unexpected(made.error());
  return json::object{{"client_id", made->at("client_id")}, {"client_secret", made->at("client_secret")}};
}

result<void> demonstration::start_server() {
  auto c = demo_configuration(manifest_, options_.data_dir);
  auto earlier = port_of(manifest_, "");
  c.server.port = options_.port != 0 ? options_.port : earlier;
  auto started = server::start(c, real_world());
  if (!started) return not_on_port(started.error(), "server", earlier);
  server_ = std::move(*started);
  manifest_["base_url"] = server_->base_url();
  manifest_["admin_key"] = server_->admin_key();
  return {};
}

result<void> demonstration::found(const company& c) {
  auto base = server_->base_url();
  auto tenant =
      talk_->call("POST", base + "/v1/admin/tenants", server_->admin_key(), json::object{{"name", c.name}});
  if (!tenant) return tl::unexpected(tenant.error());
  auto id = text_at(*tenant, "id");
  auto key = talk_->call("POST", base + "/v1/admin/tenants/" + id + "/keys", server_->admin_key(),
                         json::object{{"name", "demo"}, {"role", "admin"}});
  if (!key) return tl::unexpected(key.error());
  auto api_key = text_at(*key, "key");

  json::array users, providers;
  for (const auto& p : c.people) {
    auto user = talk_->call("POST", base + "/v1/users", api_key,
                            json::object{{"email", p.email}, {"name", p.name}, {"time_zone", zone}});
    if (!user) return tl::unexpected(user.error());
    users.push_back(json::object{{"id", user->at("id")}, {"email", p.email}});
    auto provider = connect(p, text_at(*user, "id"), api_key);
    if (!provider) return tl::unexpected(provider.error());
    providers.push_back(std::move(*provider));
  }
  manifest_["tenants"].as_array().push_back(json::object{
      {"id", id}, {"name", c.name}, {"api_key", api_key}, {"users", users}, {"providers", providers}});
  return {};
}

result<void> demonstration::open_mailbox(const person& who) {
  auto known = talk_->call("GET", admin_url() + "/accounts", "");
  if (!known) return tl::unexpected(known.error());
  for (const auto& a : known->at("items").as_array())
    if (a.at("email").as_string() == who.email) return {};
  return done_with(talk_->call(
      "POST", admin_url() + "/accounts", "",
      json::object{
          {"email", who.email}, {"kind", who.vendor}, {"display_name", who.name}, {"time_zone", zone}}));
}

/// The way a person goes: a mailbox exists, a provider is made, the link is followed, the vendor asked.
result<json::object> demonstration::connect(const person& who, const std::string& user,
                                            const std::string& key) {
  if (auto r = open_mailbox(who); !r) return tl::unexpected(r.error());
  auto consent = talk_->call("POST", admin_url() + "/consent-mode", "",
                             json::object{{"mode", "auto"}, {"account", who.email}});
  if (!consent) return tl::unexpected(consent.error());
  auto base = server_->base_url() + "/v1/calendar-providers";
  auto provider = talk_->call("POST", base, key, json::object{{"type", who.vendor}, {"user_id", user}});
  if (!provider) return tl::unexpected(provider.error());
  auto id = text_at(*provider, "id");
  auto link = talk_->call("POST", base + "/" + id + "/authorization", key, json::object{});
  if (!link) return tl::unexpected(link.error());
  if (auto r = talk_->browse(text_at(*link, "url")); !r) return tl::unexpected(r.error());
  return json::object{{"id", id}, {"type", who.vendor}, {"user_id", user}, {"account", who.email}};
}

/// Every calendar has been read to the end once; then its id is known too.
result<void> demonstration::wait_until_synced() {
  auto give_up = std::chrono::steady_clock::now() + ready_within;
  for (auto& tenant : manifest_["tenants"].as_array()) {
    auto key = text_at(tenant, "api_key");
    for (auto& row : tenant.as_object()["providers"].as_array()) {
      auto& p = row.as_object();
      for (;;) {
        auto now =
            talk_->call("GET", server_->base_url() + "/v1/calendar-providers/" + text_at(p, "id"), key);
        if (!now) return tl::unexpected(now.error());
        if (text_at(*now, "status") == "action_required")
          return failure(errc::invalid, "demo_not_connected",
                         text_at(p, "account") + " needs action: " + json::serialize(now->at("problem")));
        if (now->at("last_sync_at").is_string()) {
          p["calendar_id"] = now->at("calendar_id");
          break;
        }
        if (std::chrono::steady_clock::now() > give_up)
          return failure(errc::retry_later, "demo_not_ready",
                         text_at(p, "account") + " was not synced in time.");
        std::this_thread::sleep_for(50ms);
      }
      auto token = access_token(text_at(p, "account"),
                                text_at(manifest_["sandbox"].at(text_at(p, "type")), "client_id"));
      if (!token) return tl::unexpected(token.error());
      p["sandbox_access_token"] = *token;
    }
  }
  return {};
}

result<std::string> demonstration::access_token(const std::string& account, const std::string&) {
  auto issued = talk_->call("POST", admin_url() + "/accounts/" + net::percent_encode(account) + "/grants", "",
                            json::object{{"client_id", "calendar-app"}, {"expires_in", 864'000}});
  if (!issued) return tl::unexpected(issued.error());
  return text_at(*issued, "access_token");
}

result<void> demonstration::write_manifest(const std::string& file) const {
  auto fresh = file + ".new";
  {
    std::ofstream out(fresh, std::ios::trunc);
    out << json::serialize(manifest_) << "\n";
    if (!out.flush()) return failure(errc::invalid, "data_directory_unusable", "Cannot write " + fresh);
  }
  std::error_code failed;
  std::filesystem::permissions(
      fresh, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, failed);
  std::filesystem::rename(fresh, file, failed);
  if (failed)
    return failure(errc::invalid, "data_directory_unusable",
                   "Cannot write " + file + ": " + failed.message());
  return {};
}

void demonstration::live_until_signal() {
  std::mutex guard;
  std::condition_variable rung;
  bool asked = false;
  server_->on_stop_signal([&] {
    std::lock_guard lock(guard);
    asked = true;
    rung.notify_all();
  });
  demo_life life(*talk_, manifest_, 20'261'201);
  std::unique_lock lock(guard);
  while (!rung.wait_for(lock, life_period, [&] { return asked; })) {
    if (options_.quiet) continue;
    lock.unlock();
    life.happen();
    lock.lock();
  }
}

void demonstration::stop() {
  if (server_) server_->stop();
  server_.reset();
  talk_.reset();
  if (io_) io_->stop();
  io_.reset();
  if (sandbox_) sandbox_->stop();
  sandbox_.reset();
}

void greet(const demonstration& d, const demo_options& o) {
  const auto& m = d.manifest();
  std::printf("\n  Kalends keeps two tenants' calendars in step.\n\n"
              "  The page         %s   (signs you in once; kalends prints another at the next start)\n"
              "  ... with a key   %s/#key=%s\n"
              "  The calendars    %s   (a sandbox of Google and Microsoft; its certificate is self-made)\n"
              "  Keys and ids     %s/demo.json\n\n"
              "  Stop with Ctrl-C.\n\n",
              m.at("pages_url").as_string().c_str(), m.at("base_url").as_string().c_str(),
              m.at("admin_key").as_string().c_str(), m.at("sandbox").at("admin_url").as_string().c_str(),
              o.data_dir.c_str());
  std::fflush(stdout);
}

} // namespace

int demo(const demo_options& options) {
  demonstration d(options);
  if (auto started = d.start(); !started) {
    std::fprintf(stderr, "kalends: %s (%s)\n", started.error().detail.c_str(), started.error().code.c_str());
    return 1;
  }
  greet(d, options);
  d.live_until_signal();
  d.stop();
  return 0;
}

} // namespace kalends::commands
