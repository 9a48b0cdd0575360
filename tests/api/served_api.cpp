// SPDX-License-Identifier: Apache-2.0
#include "tests/api/served_api.hpp"

#include "actors/plan_conflict.hpp"

#include <future>

namespace kalends::api {
namespace json = boost::json;

// ---- the engine ----

void scripted_engine::note(std::string what) {
  const std::lock_guard lock(guard_);
  told_.push_back(std::move(what));
}

std::vector<std::string> scripted_engine::told() const {
  const std::lock_guard lock(guard_);
  return told_;
}

void scripted_engine::release_creates() {
  std::vector<std::function<void()>> held;
  {
    const std::lock_guard lock(guard_);
    hold_creates = false;
    held.swap(held_);
  }
  for (const auto& go : held) go();
}

void scripted_engine::publish(const std::vector<fact>& facts) {
  const std::lock_guard lock(guard_);
  for (const auto& f : facts)
    for (const auto& [_, r] : readers_)
      if (r.first.empty() || r.first == f.tenant) r.second(f);
}

template <class T>
void scripted_engine::step(tenant_id tenant, entry_id id,
                           std::function<result<T>(actors::tenant_picture&)> verb,
                           actors::answer_to<T> done) {
  persistence::load_request wanted;
  wanted.tenant = std::move(tenant);
  wanted.entries = {std::move(id)};
  step(std::move(wanted), std::move(verb), std::move(done));
}

template <class T>
void scripted_engine::step(persistence::load_request wanted,
                           std::function<result<T>(actors::tenant_picture&)> verb,
                           actors::answer_to<T> done) {
  const auto tenant = wanted.tenant;
  store_.load_providers(tenant, [this, wanted, verb, done](result<std::vector<provider>> known) {
    std::map<provider_id, provider> calendars;
    if (known && !wanted.conflicts.empty())
      for (auto& c : *known) calendars.emplace(c.id, c);
    step_with(std::move(calendars), wanted, verb, done);
  });
}

template <class T>
void scripted_engine::step_with(std::map<provider_id, provider> calendars, persistence::load_request wanted,
                                std::function<result<T>(actors::tenant_picture&)> verb,
                                actors::answer_to<T> done) {
  const auto tenant = wanted.tenant;
  store_.load(wanted, [this, tenant, calendars, verb, done](result<persistence::loaded> found) {
    if (!found) return done(tl::unexpected(found.error()));
    actors::tenant_picture picture(tenant, calendars, outside_);
    for (auto& e : found->entries) picture.know(std::move(e));
    for (auto& m : found->mappings) picture.know(std::move(m));
    for (auto& c : found->conflicts) picture.know(std::move(c));
    const auto answer = verb(picture);
    if (!answer) return done(tl::unexpected(answer.error()));
    store_.commit(picture.take_changes(), [this, answer, done](result<std::vector<fact>> facts) {
      if (!facts) return done(tl::unexpected(facts.error()));
      publish(*facts);
      done(answer);
    });
  });
}

void scripted_engine::create_entry(tenant_id tenant, entry_id id, actors::entry_edit edit,
                                   actors::answer_to<schedule_entry> done) {
  auto go = [this, tenant, id, edit, done] {
    step<schedule_entry>(
        tenant, id, [id, edit](actors::tenant_picture& p) { return actors::create_entry(p, id, edit); },
        done);
  };
  if (!hold_creates) return go();
  const std::lock_guard lock(guard_);
  held_.emplace_back(go);
  told_.push_back("held");
}

void scripted_engine::change_entry(tenant_id tenant, entry_id id, actors::entry_edit edit,
                                   actors::answer_to<schedule_entry> done) {
  step<schedule_entry>(
      tenant, id, [id, edit](actors::tenant_picture& p) { return actors::change_entry(p, id, edit); }, done);
}

void scripted_engine::remove_entry(tenant_id tenant, entry_id id, actors::entry_edit which,
                                   actors::answer_to<bool> done) {
  step<bool>(
      tenant, id,
      [id, which](actors::tenant_picture& p) {
        return actors::remove_part(p, id, which).map([] { return true; });
      },
      done);
}

void scripted_engine::resolve_conflict(tenant_id tenant, std::string id, conflict_resolution how,
                                       std::string who, actors::answer_to<conflict> done) {
  persistence::load_request wanted;
  wanted.tenant = std::move(tenant);
  wanted.conflicts = {id};
  step<conflict>(
      std::move(wanted),
      [id, how, who](actors::tenant_picture& p) { return actors::resolve_conflict(p, id, how, who); }, done);
}

void scripted_engine::restore_losing(tenant_id tenant, std::string id, std::string who,
                                     actors::answer_to<conflict> done) {
  persistence::load_request wanted;
  wanted.tenant = std::move(tenant);
  wanted.conflicts = {id};
  step<conflict>(
      std::move(wanted), [id, who](actors::tenant_picture& p) { return actors::restore_losing(p, id, who); },
      done);
}

void scripted_engine::provider_changed(tenant_id, provider_id provider, bool connected) {
  note("changed " + provider.str() + (connected ? " connected" : ""));
}

void scripted_engine::remove_provider(tenant_id tenant, provider_id provider, actors::answer_to<bool> done) {
  store_.delete_provider(tenant, provider, {}, [done](const result<std::vector<fact>>& r) {
    done(r.map([](const auto&) { return true; }));
  });
}

void scripted_engine::list_calendars(tenant_id, provider_id,
                                     actors::answer_to<std::vector<calendar_listing>> done) {
  done(std::vector{calendar_listing{calendar_id("c1"), "Work", "Europe/Berlin", true, true}});
}

void scripted_engine::sync_now(tenant_id, provider_id provider, sync_mode mode,
                               actors::answer_to<sync_run> done) {
  asked_mode = mode;
  if (on_sync) return done(on_sync(provider));
  done(failure(errc::not_found, "provider_not_found", "There is no such calendar provider."));
}

/// The only node there is.
void scripted_engine::tenant_created(tenant_id tenant, actors::answer_to<bool> done) {
  note("tenant_created " + tenant.str());
  persistence::lease_round round{"0192a000-0000-7000-8000-0000000000f1",
                                 "0192a000-0000-7000-8000-0000000000f2"};
  round.arriving = true;
  store_.keep_leases(round, [this, done](const result<persistence::lease_news>& news) {
    if (news)
      for (const auto& l : news->held) store_.hold(l.tenant, l.epoch);
    done(true);
  });
}

void scripted_engine::renew_channel(tenant_id, provider_id, actors::answer_to<channel> done) {
  done(channel{"channel-1", "", instant(std::chrono::hours(24)), ""});
}

void scripted_engine::replay_pushes(tenant_id tenant, std::vector<dead_letter> letters,
                                    actors::answer_to<int> done) {
  note("replay_pushes " + std::to_string(letters.size()));
  tenant_changes c;
  c.tenant = tenant;
  for (const auto& l : letters) c.letters_ended.push_back({key_of(l), letter_state::replayed});
  const auto count = static_cast<int>(letters.size());
  store_.commit(std::move(c), [done, count](const result<std::vector<fact>>& committed) {
    done(committed.map([count](const auto&) { return count; }));
  });
}

void scripted_engine::reread_events(tenant_id, provider_id, std::vector<event_id> events,
                                    actors::answer_to<int> done) {
  note("reread_events " + std::to_string(events.size()));
  if (on_reread) return done(on_reread(events));
  done(static_cast<int>(events.size()));
}

void scripted_engine::try_webhook(tenant_id, webhook_id endpoint, std::int64_t sequence,
                                  actors::answer_to<webhook_delivery> done) {
  note("tried " + std::to_string(sequence));
  webhook_delivery d;
  d.id = make_uuid(outside_);
  d.endpoint = std::move(endpoint);
  d.cause = sequence > 0 ? delivery_cause::replay : delivery_cause::test;
  d.message = "message-" + std::to_string(sequence);
  d.type = sequence > 0 ? "SCHEDULE_ENTRY_CREATED" : "TEST";
  d.sequence = sequence;
  d.status = 204;
  d.took = std::chrono::milliseconds(12);
  d.at = outside_.now();
  done(on_try ? on_try(std::move(d)) : std::move(d));
}

actors::subscription scripted_engine::subscribe(tenant_id tenant, std::function<void(const fact&)> sink) {
  const std::lock_guard lock(guard_);
  const int reader = next_reader_++;
  readers_[reader] = {std::move(tenant), std::move(sink)};
  return actors::subscription([this, reader] {
    const std::lock_guard ending(guard_);
    readers_.erase(reader);
  });
}

void scripted_engine::status(actors::answer_to<actors::engine_status> done) {
  if (down) return done(failure(errc::stopped, "engine_stopped", "The engine is stopped."));
  done(actors::engine_status{});
}

// ---- the vendors' login ----

std::string scripted_oauth::consent_url(provider_type, const oauth_app& app, const std::string& redirect_uri,
                                        const std::string& state, const std::string& challenge,
                                        const std::string& nonce, const std::string& login_hint) const {
  return "https://vendor.test/consent?client=" + app.client_id + "&redirect=" + redirect_uri +
         "&state=" + state + "&challenge=" + challenge + "&nonce=" + nonce + "&hint=" + login_hint;
}

void scripted_oauth::exchange_code(provider_type, oauth_app, std::string, std::string, std::string verifier,
                                   std::string nonce, net::vendor_done<net::authorization> done) {
  seen_verifier = std::move(verifier);
  seen_nonce = std::move(nonce);
  if (refusal) return done(tl::unexpected(*refusal));
  net::authorization given;
  given.tokens = {"access-token", "refresh-token", instant(std::chrono::hours(1)), "calendar"};
  given.subject = subject;
  given.email = account;
  done(std::move(given));
}

// ---- asking ----

bool recorded_stream::write(std::string bytes) {
  const std::lock_guard lock(guard_);
  text_ += bytes;
  wake_.notify_all();
  return true;
}

bool recorded_stream::saw(const std::string& text) {
  std::unique_lock lock(guard_);
  return wake_.wait_for(lock, std::chrono::seconds(10),
                        [&] { return text_.find(text) != std::string::npos; });
}

std::string recorded_stream::all() {
  const std::lock_guard lock(guard_);
  return text_;
}

namespace {

/// Either an answer or an open stream, once.
struct answer_sink : net::http_responder::sink {
  std::promise<net::http_response> answered;
  std::promise<std::shared_ptr<recorded_stream>> opened;

  void answer(net::http_response r) override {
    opened.set_value(nullptr);
    answered.set_value(std::move(r));
  }
  std::shared_ptr<net::http_stream> stream(net::http_response head) override {
    auto s = std::make_shared<recorded_stream>();
    answered.set_value(std::move(head));
    opened.set_value(s);
    return s;
  }
  void abort() override {}
};

net::http_request request_of(const std::string& key, const std::string& method, const std::string& target,
                             const std::string& body, net::header_list more) {
  net::http_request r;
  r.method = method;
  r.target = target;
  r.path = target.substr(0, target.find('?'));
  if (r.path.size() < target.size()) r.query = target.substr(r.path.size() + 1);
  r.headers = std::move(more);
  if (!key.empty()) r.headers.emplace_back("Authorization", "Bearer " + key);
  if (!body.empty() && net::find_header(r.headers, "Content-Type").empty())
    r.headers.emplace_back("Content-Type", "application/json");
  r.body = body;
  r.peer = "192.0.2.1";
  return r;
}

template <class T>
T wait_for(std::future<T> f) {
  if (f.wait_for(std::chrono::seconds(20)) != std::future_status::ready)
    throw std::runtime_error("no answer");
  return f.get();
}

world shifted(std::shared_ptr<std::atomic<std::int64_t>> offset) {
  auto w = real_world();
  w.now = [now = w.now, offset = std::move(offset)] { return now() + std::chrono::seconds(offset->load()); };
  return w;
}

settings settings_of_test(const char* admin_key) {
  settings s;
  s.public_url = "https://kalends.test";
  s.admin_key = admin_key;
  s.google = oauth_app{"google-client", "google-secret", ""};
  s.microsoft = oauth_app{"microsoft-client", "microsoft-secret", "common"};
  return s;
}

services with_others(services s, std::function<result<net::http_reply>(const net::outgoing_request&)> other) {
  s.send_on = [other = std::move(other)](const net::outgoing_request& r, const net::http_client::done& done) {
    done(other(r));
  };
  return s;
}

services with_figures(services s, const char* metrics_token) {
  s.configured.metrics_token = metrics_token;
  s.scrape = [](const std::function<void(std::string)>& done) { done("figure 1\n"); };
  s.examine = [](const std::function<void(std::string)>& done) { done(R"({"state":"ok","items":[]})"); };
  return s;
}

} // namespace

served_api::served_api()
    : outside_(shifted(clock_)),
      vault_(*persistence::token_vault::with_keys({{"k1", std::string(32, 'k')}}, "k1", outside_)),
      db_(database_.open()), store_(persistence::open_engine_store(*db_, vault_, outside_)),
      engine_(std::make_shared<scripted_engine>(*store_, outside_)),
      oauth_(std::make_shared<scripted_oauth>()),
      front_(std::make_unique<front>(
          with_others(with_figures({*db_, vault_, engine_, oauth_, settings_of_test(admin_key), outside_,
                                    [this](const std::string& token, const std::string& audience,
                                           const auto& done) { done(on_push_token(token, audience)); }},
                                   metrics_token),
                      [this](const net::outgoing_request& r) { return on_send_on(r); }))) {}

void served_api::start_anew(const std::string& with_admin_key) {
  former_front_ = std::exchange(
      front_, std::make_unique<front>(services{*db_, vault_, engine_, oauth_,
                                               settings_of_test(with_admin_key.c_str()), outside_}));
}

net::http_response served_api::ask(const std::string& key, const std::string& method,
                                   const std::string& target, const std::string& body,
                                   net::header_list more) {
  auto sink = std::make_shared<answer_sink>();
  auto answer = sink->answered.get_future();
  front_->accept(request_of(key, method, target, body, std::move(more)),
                 net::http_responder(std::move(sink)));
  return wait_for(std::move(answer));
}

std::shared_ptr<recorded_stream> served_api::ask_stream(const std::string& key, const std::string& target,
                                                        net::header_list more) {
  auto sink = std::make_shared<answer_sink>();
  auto opened = sink->opened.get_future();
  front_->accept(request_of(key, "GET", target, {}, std::move(more)), net::http_responder(std::move(sink)));
  return wait_for(std::move(opened));
}

tenant_keys served_api::make_tenant(const std::string& name) {
  tenant_keys t;
  const auto made =
      ask(admin_key, "POST", "/v1/admin/tenants", json::serialize(json::object{{"name", name}}));
  t.id = body_of(made).at("id").as_string().c_str();
  const auto key_of = [&](const std::string& role) {
    const auto r = ask(admin_key, "POST", "/v1/admin/tenants/" + t.id + "/keys",
                       json::serialize(json::object{{"name", role}, {"role", role}}));
    return std::string(body_of(r).at("key").as_string().c_str());
  };
  t.admin = key_of("admin");
  t.operator_ = key_of("operator");
  t.reader = key_of("reader");
  return t;
}

std::string served_api::make_user(const tenant_keys& t, const std::string& email) {
  const auto r =
      ask(t.admin, "POST", "/v1/users", json::serialize(json::object{{"email", email}, {"name", "Ada"}}));
  return body_of(r).at("id").as_string().c_str();
}

std::string served_api::make_provider(const tenant_keys& t, const std::string& user,
                                      const std::string& type) {
  const auto r = ask(t.admin, "POST", "/v1/calendar-providers",
                     json::serialize(json::object{{"type", type}, {"user_id", user}}));
  return body_of(r).at("id").as_string().c_str();
}

std::string served_api::make_entry(const tenant_keys& t, const std::string& title) {
  const auto r =
      ask(t.operator_, "POST", "/v1/schedule-entries",
          R"({"start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"}, "title": ")" + title + "\"}");
  return body_of(r).at("id").as_string().c_str();
}

void served_api::commit(const tenant_keys& t, tenant_changes c) {
  c.tenant = tenant_id(t.id);
  std::promise<std::string> done;
  store_->commit(std::move(c), [&](const result<std::vector<fact>>& r) {
    done.set_value(r ? "" : r.error().code + ": " + r.error().detail);
  });
  ASSERT_EQ(done.get_future().get(), "");
}

void served_api::set(const tenant_keys& t, const char* sql) {
  const auto done = db_->run_now<bool>({tenant_id(t.id)}, [&](persistence::transaction& tx) -> result<bool> {
    auto did = tx.query({sql, sql}, {});
    if (!did) return tl::unexpected(did.error());
    return true;
  });
  ASSERT_TRUE(done.has_value()) << done.error().detail;
}

std::vector<std::string> served_api::audit(const tenant_keys& t, const std::string& action) {
  std::vector<std::string> out;
  for (int tries = 0; tries < 200 && out.empty(); ++tries) { // denials are written behind the answer
    for (const auto& line : items_of(ask(t.admin, "GET", "/v1/audit-log?limit=200")))
      if (line.at("action").as_string() == action)
        out.insert(out.begin(), line.at("subject").as_string().c_str());
    if (out.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return out;
}

json::object body_of(const net::http_response& r) {
  json::error_code failed;
  const auto v = json::parse(r.body, failed);
  if (failed || !v.is_object())
    throw std::runtime_error("no JSON: " + std::to_string(r.status) + " " + r.body);
  return v.as_object();
}

json::array items_of(const net::http_response& r) { return body_of(r).at("items").as_array(); }

std::string code_of(const net::http_response& r) {
  return r.status < 400 ? std::to_string(r.status) : std::string(body_of(r).at("code").as_string().c_str());
}

std::string header_of(const net::http_response& r, std::string_view name) {
  return std::string(net::find_header(r.headers, name));
}

} // namespace kalends::api
