// SPDX-License-Identifier: Apache-2.0
#include "commands/server.hpp"

#include "actors/engine.hpp"
#include "api/api.hpp"
#include "api/problem.hpp"
#include "commands/examiner.hpp"
#include "commands/failpoint.hpp"
#include "commands/housekeeper.hpp"
#include "commands/installation.hpp"
#include "commands/key_file.hpp"
#include "commands/mail_sender.hpp"
#include "commands/watch.hpp"
#include "net/address_rules.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/io_threads.hpp"
#include "net/oauth.hpp"
#include "net/oidc_check.hpp"
#include "net/webhook_sender.hpp"
#include "observe/log.hpp"
#include "persistence/database.hpp"
#include "persistence/embedded_cluster.hpp"
#include "persistence/engine_store.hpp"
#include "persistence/node_listener.hpp"
#include "persistence/token_vault.hpp"
#include "persistence/webhook_store.hpp"

#include <atomic>
#include <filesystem>

namespace kalends::commands {

namespace {

constexpr auto drain_time = std::chrono::seconds(5);
constexpr std::size_t endpoint_connections = 256; ///< many customers may share one host

/// What answers while the rest is still starting or already stopping, and what answers in between. The
/// process is alive all the time; it says what it is busy with.
class front_gate {
public:
  net::http_handler handler() {
    return [this](net::http_request request, net::http_responder respond) {
      const auto* inner = open_.load(std::memory_order_acquire);
      if (inner != nullptr && !closed_.load(std::memory_order_acquire))
        return (*inner)(std::move(request), std::move(respond));
      if (request.path == "/healthz")
        return respond({200, {{"Content-Type", "application/json"}}, R"({"status":"ok"})"});
      respond(wait());
    };
  }
  /// What the start is busy with: "the database". Any text that lives as long as the program.
  void busy_with(const char* step) { step_.store(step); }
  /// Once.
  void open(net::http_handler inner) {
    inner_ = std::move(inner);
    open_.store(&inner_, std::memory_order_release);
  }
  void close() { closed_.store(true, std::memory_order_release); }

private:
  net::http_response wait() const {
    const bool stops = closed_.load();
    auto answer =
        stops ? api::problem(
                    {errc::stopped, "stopping", "The server is stopping.", {}, std::chrono::seconds(1)})
              : api::problem({errc::retry_later,
                              "starting",
                              std::string("The server is starting: it is busy with ") + step_.load() + ".",
                              {},
                              std::chrono::seconds(1)});
    return answer;
  }

  net::http_handler inner_;
  std::atomic<const net::http_handler*> open_ = nullptr;
  std::atomic<bool> closed_ = false;
  std::atomic<const char*> step_ = "its settings";
};

} // namespace

/// In the order of their making; `stop` takes them down.
struct server::parts {
  parts(configuration given, world w)
      : c(std::move(given)), outside(std::move(w)), meter({c.server.metrics_tenant_limit, KALENDS_VERSION}),
        io(c.io_threads) {}

  configuration c;
  world outside;
  observe::prometheus_meter meter;
  net::io_threads io;
  front_gate gate;
  std::unique_ptr<persistence::embedded_cluster> cluster;
  std::unique_ptr<persistence::database> db;
  std::optional<persistence::token_vault> vault;
  std::unique_ptr<persistence::engine_store> store;
  std::unique_ptr<persistence::webhook_store> webhook_rows;
  std::shared_ptr<net::http_client> http;
  std::shared_ptr<net::http_client> hosts_http; ///< to where customers say
  std::unique_ptr<net::webhook_sender> to_hosts;
  std::unique_ptr<net::calendar_client> google, microsoft;
  std::unique_ptr<net::oauth_client> oauth;
  std::unique_ptr<net::oidc_checker> push_tokens;
  std::unique_ptr<actors::engine> engine;
  doctor::installation about; ///< as it was given, with the addresses that are in use
  std::unique_ptr<examiner> examining;
  std::unique_ptr<watch> watching;
  std::unique_ptr<housekeeper> tidy;
  std::unique_ptr<mail_sender> mails;
  std::unique_ptr<persistence::node_listener> nodes_words;
  std::unique_ptr<api::http_api> api;
  std::unique_ptr<net::http_server> listener;
  bool stopped = false;

  result<void> open_listener();
  result<void> open_database();
  result<void> open_secrets();
  void open_sender(net::http_client_options options);
  void open_clients();
  result<void> open_engine();
  void open_api();
  void listen_to_nodes();
};

server::server(std::unique_ptr<parts> p) : parts_(std::move(p)) {}

server::~server() { stop(); }

result<std::unique_ptr<server>> server::start(configuration c, world w) {
  std::error_code made;
  std::filesystem::create_directories(c.server.data_dir, made);
  if (made)
    return failure(errc::invalid, "data_directory_unusable",
                   "Cannot make " + c.server.data_dir + ": " + made.message());
  auto p = std::make_unique<parts>(std::move(c), std::move(w));
  std::unique_ptr<server> s(new server(std::move(p)));
  auto& all = *s->parts_;
  auto up = all.open_listener().and_then([&] { return all.open_secrets(); }).and_then([&] {
    return all.open_database();
  });
  if (up) {
    all.open_clients();
    up = all.open_engine();
  }
  if (!up) return tl::unexpected(up.error());
  all.listen_to_nodes();
  all.open_api();
  return s;
}

result<void> server::parts::open_listener() {
  auto& s = c.server;
  net::http_server_options options;
  options.address = s.listen_address;
  options.port = s.port;
  options.certificate_file = s.certificate_file;
  options.private_key_file = s.private_key_file;
  options.proxies = c.proxies;
  auto started = net::http_server::start(io, options, gate.handler());
  if (!started) return tl::unexpected(started.error());
  listener = std::move(*started);
  s.port = listener->port();
  const bool named = !s.public_url.empty();
  name_addresses(s);
  about = installation_of(c);
  about.public_url_given = named;
  return {};
}

/// The vault's key is made only beside a database that is made as well: a key that is missing later is a
/// refusal, never a fresh key that opens nothing.
result<void> server::parts::open_secrets() {
  auto& s = c.server;
  bool fresh =
      s.database_url.empty() && !std::filesystem::exists(std::filesystem::path(s.data_dir) / "postgres");
  auto opened = persistence::token_vault::load(s.vault_keys, s.vault_key_file, fresh, outside);
  if (!opened) return tl::unexpected(opened.error());
  vault.emplace(std::move(*opened));
  if (!s.admin_key.empty()) return {};
  auto key = read_or_make_key(s.data_dir + "/admin.key", outside);
  if (!key) return tl::unexpected(key.error());
  s.admin_key = std::move(*key);
  return {};
}

result<void> server::parts::open_database() {
  gate.busy_with("the database");
  persistence::database_options options;
  options.meter = &meter;
  options.connections = c.database_connections;
  std::string owner_url = c.server.database_url;
  if (owner_url.empty()) {
    auto started = persistence::embedded_cluster::start(c.server.data_dir);
    if (!started) return tl::unexpected(started.error());
    cluster = std::move(*started);
    owner_url = cluster->owner_url();
    options.url = cluster->engine_url();
  } else {
    options.url = owner_url;
    options.role = std::string(persistence::embedded_cluster::engine_role);
  }
  gate.busy_with("migrations");
  auto version = persistence::migrate(owner_url, std::string(persistence::embedded_cluster::engine_role));
  if (!version) return tl::unexpected(version.error());
  observe::log(observe::log_level::info, "the schema is up to date", {{"version", *version}});
  auto opened = persistence::database::open(std::move(options));
  if (!opened) return tl::unexpected(opened.error());
  db = std::move(*opened);
  store = persistence::open_engine_store(*db, *vault, outside);
  webhook_rows = persistence::open_webhook_store(*db, *vault);
  return {};
}

/// A client of its own: what hangs there keeps no vendor call waiting, and it goes nowhere but to where a
/// customer's URL may lead.
void server::parts::open_sender(net::http_client_options options) {
  options.connections_per_host = endpoint_connections;
  options.may_connect = [rules = net::webhook_rules(c.server)](const std::string& address, bool tls) {
    return net::may_be_called(rules, address, tls);
  };
  hosts_http = std::make_shared<net::http_client>(io, std::move(options));
  to_hosts = std::make_unique<net::webhook_sender>(hosts_http, outside, "Kalends/" KALENDS_VERSION);
}

void server::parts::open_clients() {
  net::http_client_options options;
  options.ca_file = c.server.extra_ca_file;
  http = std::make_shared<net::http_client>(io, options);
  open_sender(options);
  google = net::make_google_calendar(http, c.vendors, outside);
  microsoft = net::make_microsoft_graph(http, c.vendors, outside);
  if (!c.failpoint_title.empty()) {
    observe::log(observe::log_level::warn,
                 "a failpoint is set: writing certain appointments ends their actor");
    google = failing_at(std::move(google), c.failpoint_title);
    microsoft = failing_at(std::move(microsoft), c.failpoint_title);
  }
  oauth = std::make_unique<net::oauth_client>(http, c.vendors, outside);
  push_tokens =
      std::make_unique<net::oidc_checker>(http, c.vendors.google_keys, c.vendors.google_issuer, outside);
}

/// The figures, then the door.
void server::parts::open_api() {
  watching = std::make_unique<watch>(watch::parts{meter, *db, io, [this] { return listener->connections(); },
                                                  outside, !c.server.webhook_url.empty()});
  api::api_parts all{*db,   *vault, *engine, *oauth, c.server, outside, *push_tokens,
                     *http, meter,  meter,   {},     {},       {}};
  all.mail_offered = c.mail.wanted();
  all.scrape = [this](std::function<void(std::string)> done) { watching->scrape(std::move(done)); };
  examining = std::make_unique<examiner>(about, *http, *db, outside);
  all.examine = [this](examiner::done answer) { examining->examine(std::move(answer)); };
  all.more_checks = [this] {
    std::vector<std::pair<std::string, std::string>> checks{{"migrations", ""}, {"vault", ""}};
    checks.emplace_back("database", watching->database_answers() ? "" : "The database does not answer.");
    return checks;
  };
  tidy = std::make_unique<housekeeper>(*db, c.server, outside);
  if (c.mail.wanted())
    mails = std::make_unique<mail_sender>(
        *db, mail_parts{c.mail, c.server.public_url, c.server.extra_ca_file}, outside, meter);
  api = std::make_unique<api::http_api>(std::move(all));
  gate.open(api->handler());
}

result<void> server::parts::open_engine() {
  gate.busy_with("the engine");
  auto refresh = [this](provider_type type, oauth_app app, grant current, actors::answer_to<grant> done) {
    return oauth->refresh(type, std::move(app), std::move(current), std::move(done));
  };
  auto id = read_or_make_node_id(c.server.data_dir + "/node.id", outside);
  if (!id) return tl::unexpected(id.error());
  actors::node_identity node{std::move(*id), c.node_url.empty() ? c.server.public_url : c.node_url, {}};
  auto started = actors::engine::start(
      {*store, *google, *microsoft, refresh, c.server, outside, meter, std::move(node), c.granted,
       webhook_rows.get(),
       [this](const net::webhook_message& m, std::function<void(result<net::webhook_answer>)> heard) {
         return to_hosts->send(m, std::move(heard));
       }});
  if (!started) return tl::unexpected(started.error());
  engine = std::move(*started);
  return {};
}

/// A node that is alone listens, too: what its API writes for the engine (a stop, a new tenant) is told the
/// same way, and does not wait for the next round of leases.
void server::parts::listen_to_nodes() {
  persistence::node_words heard{
      [this](const tenant_id& tenant, const provider_id& provider, std::int64_t mark) {
        engine->marked_elsewhere(tenant, provider, mark);
      },
      [this] { engine->leases_moved(); }};
  nodes_words = std::make_unique<persistence::node_listener>(
      cluster ? cluster->engine_url() : c.server.database_url,
      cluster ? std::string() : std::string(persistence::embedded_cluster::engine_role), std::move(heard));
}

std::uint16_t server::port() const noexcept { return parts_->listener->port(); }

std::string server::base_url() const { return parts_->c.server.public_url; }

const std::string& server::admin_key() const noexcept { return parts_->c.server.admin_key; }

void server::on_stop_signal(std::function<void()> asked) { parts_->io.on_stop_signal(std::move(asked)); }

void server::stop() {
  auto& p = *parts_;
  if (std::exchange(p.stopped, true)) return;
  // First everything falls silent, one kind of thread after the other. What a thread still has in hand may
  // call the parts whose threads have ended already: those answer `stopped` at once.
  p.gate.close();                               // whoever asks hears that we go
  if (p.examining) p.examining->stop();         // nobody looks after the installation any more
  if (p.api) p.api->end_streams();              // readers come back, to another node perhaps
  if (p.listener) p.listener->stop(drain_time); // no request begins any more
  p.nodes_words.reset();
  if (p.watching) p.watching->stop(); // nobody looks any more
  if (p.tidy) p.tidy->stop();         // nobody forgets any more
  if (p.mails) p.mails->stop();       // what was not mailed stands in rows
  if (p.engine) p.engine->stop();     // no actor runs any more, and the other nodes know it
  p.api.reset();                      // the event streams end, with the thread that beats for them
  if (p.http) p.http->stop();         // every vendor call has been answered
  if (p.hosts_http) p.hosts_http->stop();
  p.io.stop();
  p.store.reset();
  p.webhook_rows.reset();
  p.db.reset(); // finishes what was queued
  // From here on this is the only thread: the order matters no more.
  p.engine.reset();
  p.push_tokens.reset();
  p.oauth.reset();
  p.microsoft.reset();
  p.google.reset();
  p.http.reset();
  p.to_hosts.reset();
  p.hosts_http.reset();
  p.cluster.reset();
}

} // namespace kalends::commands
