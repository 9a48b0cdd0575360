// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/front.hpp"
#include "persistence/engine_store.hpp"
#include "tests/support/temp_database.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace kalends::api {

/// An engine that plans and commits as the real one does, without actors; what needs a vendor is a script.
class scripted_engine final : public engine_door {
public:
  scripted_engine(persistence::engine_store& store, world outside)
      : store_(store), outside_(std::move(outside)) {}

  std::function<result<bool>(const net::unproven_notice&)> on_notice = [](const auto&) { return true; };
  std::function<result<sync_run>(provider_id)> on_sync;
  sync_mode asked_mode = sync_mode::changes; ///< of the last sync
  std::atomic<bool> hold_creates = false;    ///< creates wait for `release_creates`
  std::atomic<bool> down = false;
  std::optional<persistence::node_line> owner; ///< another node that runs all tenants

  void release_creates();
  std::vector<std::string> told() const; ///< "created <id>", "changed <id> 1", …

  void notice(net::unproven_notice n, actors::answer_to<bool> done) override { done(on_notice(n)); }
  void create_entry(tenant_id tenant, entry_id id, actors::entry_edit edit,
                    actors::answer_to<schedule_entry> done) override;
  void change_entry(tenant_id tenant, entry_id id, actors::entry_edit edit,
                    actors::answer_to<schedule_entry> done) override;
  void remove_entry(tenant_id tenant, entry_id id, actors::entry_edit which,
                    actors::answer_to<bool> done) override;
  void resolve_conflict(tenant_id tenant, std::string id, conflict_resolution how, std::string who,
                        actors::answer_to<conflict> done) override;
  void restore_losing(tenant_id tenant, std::string id, std::string who,
                      actors::answer_to<conflict> done) override;
  void provider_changed(tenant_id tenant, provider_id provider, bool connected) override;
  void provider_resumed(tenant_id, provider_id provider) override { note("resumed " + provider.str()); }
  void remove_provider(tenant_id tenant, provider_id provider, actors::answer_to<bool> done) override;
  void list_calendars(tenant_id tenant, provider_id provider,
                      actors::answer_to<std::vector<calendar_listing>> done) override;
  void sync_now(tenant_id tenant, provider_id provider, sync_mode mode,
                actors::answer_to<sync_run> done) override;
  void renew_channel(tenant_id tenant, provider_id provider, actors::answer_to<channel> done) override;
  void approve_removals(tenant_id, provider_id, removal_answer answer,
                        actors::answer_to<bool> done) override {
    note(answer.yes ? "approved" : "refused");
    last_answer = answer;
    done(on_approval());
  }
  removal_answer last_answer;
  std::function<result<bool>()> on_approval = [] { return true; };
  /// The letters end as the real tenant ends them; nothing is pushed.
  void replay_pushes(tenant_id tenant, std::vector<dead_letter> letters,
                     actors::answer_to<int> done) override;
  /// What `on_reread` says; else as many as were asked for.
  void reread_events(tenant_id tenant, provider_id provider, std::vector<event_id> events,
                     actors::answer_to<int> done) override;
  std::function<result<int>(const std::vector<event_id>&)> on_reread;
  void webhooks_changed(tenant_id) override { note("webhooks_changed"); }
  /// What `on_try` says; else it was delivered.
  void try_webhook(tenant_id, webhook_id endpoint, std::int64_t sequence,
                   actors::answer_to<webhook_delivery> done) override;
  std::function<result<webhook_delivery>(webhook_delivery)> on_try;
  bool runs_here(const tenant_id&) const override { return !owner; }
  void find_owner(tenant_id, actors::answer_to<std::optional<persistence::node_line>> done) override {
    done(owner);
  }
  void tenant_created(tenant_id tenant, actors::answer_to<bool> done) override;
  void tenant_removed(tenant_id tenant, actors::answer_to<bool> done) override {
    note("tenant_removed " + tenant.str());
    done(true);
  }
  actors::subscription subscribe(tenant_id tenant, std::function<void(const fact&)> sink) override;
  void status(actors::answer_to<actors::engine_status> done) override;

private:
  /// Loads the entry, lets `verb` decide, commits, tells the facts.
  template <class T>
  void step(persistence::load_request wanted, std::function<result<T>(actors::tenant_picture&)> verb,
            actors::answer_to<T> done);
  template <class T>
  void step(tenant_id tenant, entry_id id, std::function<result<T>(actors::tenant_picture&)> verb,
            actors::answer_to<T> done);
  template <class T>
  void step_with(std::map<provider_id, provider> calendars, persistence::load_request wanted,
                 std::function<result<T>(actors::tenant_picture&)> verb, actors::answer_to<T> done);
  void note(std::string what);
  void publish(const std::vector<fact>& facts);

  persistence::engine_store& store_;
  world outside_;
  mutable std::mutex guard_;
  std::vector<std::string> told_;
  std::vector<std::function<void()>> held_;
  int next_reader_ = 0;
  std::map<int, std::pair<tenant_id, std::function<void(const fact&)>>> readers_;
};

/// The vendors' login: every code is good and belongs to `account`.
class scripted_oauth final : public oauth_door {
public:
  std::string account = "ada@example.test";
  std::string subject = "subject-1";
  std::optional<error> refusal;
  std::string seen_verifier, seen_nonce, seen_challenge; ///< of the last call

  std::string consent_url(provider_type type, const oauth_app& app, const std::string& redirect_uri,
                          const std::string& state, const std::string& challenge, const std::string& nonce,
                          const std::string& login_hint) const override;
  void exchange_code(provider_type type, oauth_app app, std::string redirect_uri, std::string code,
                     std::string verifier, std::string nonce,
                     net::vendor_done<net::authorization> done) override;
};

/// What came back over an answer that stays open.
struct recorded_stream : net::http_stream {
  bool write(std::string bytes) override;
  /// Waits (at most ten seconds) until `text` was written.
  bool saw(const std::string& text);
  std::string all();

private:
  std::mutex guard_;
  std::condition_variable wake_;
  std::string text_;
};

struct tenant_keys {
  std::string id, admin, operator_, reader;
};

/// The whole API over a throwaway database, without a socket.
class served_api : public testing::Test {
protected:
  static constexpr const char* admin_key = "the-installation's-admin-key";
  static constexpr const char* metrics_token = "a-token-for-those-who-scrape";

  served_api();

  /// Asks and waits for the answer.
  net::http_response ask(const std::string& key, const std::string& method, const std::string& target,
                         const std::string& body = {}, net::header_list more = {});
  std::shared_ptr<recorded_stream> ask_stream(const std::string& key, const std::string& target,
                                              net::header_list more = {});
  tenant_keys make_tenant(const std::string& name);
  std::string make_user(const tenant_keys& t, const std::string& email);
  std::string make_provider(const tenant_keys& t, const std::string& user, const std::string& type);
  std::string make_entry(const tenant_keys& t, const std::string& title);
  /// Makes the changes of an engine's step true, whatever they are.
  void commit(const tenant_keys& t, tenant_changes c);
  /// Runs one statement on the tenant's rows: what only an engine with a vendor could make so.
  void set(const tenant_keys& t, const char* sql);
  /// "action subject" of the newest lines, oldest first, once there are at least `count`.
  std::vector<std::string> audit(const tenant_keys& t, const std::string& action);
  void pass(std::chrono::seconds time) { offset_ += time.count(); }
  /// A process that comes after the first one, whose requests may still be under way. Once.
  void start_anew(const std::string& with_admin_key = admin_key);

  /// What is found out about the token of a push.
  std::function<result<net::oidc_identity>(const std::string& token, const std::string& audience)>
      on_push_token = [](const std::string&, const std::string&) -> result<net::oidc_identity> {
    return failure(errc::forbidden, "oidc_token_refused", "The token's signature is wrong.");
  };

  /// What another node answers to what is sent on to it.
  std::function<result<net::http_reply>(const net::outgoing_request&)> on_send_on = [](const auto&) {
    return failure(errc::retry_later, "connect_failed", "Nobody is there.");
  };

private:
  std::shared_ptr<std::atomic<std::int64_t>> clock_ = std::make_shared<std::atomic<std::int64_t>>(0);
  std::atomic<std::int64_t>& offset_ = *clock_;

protected:
  tests::temp_database database_;
  world outside_;
  persistence::token_vault vault_;
  std::unique_ptr<persistence::database> db_;
  std::unique_ptr<persistence::engine_store> store_;
  std::shared_ptr<scripted_engine> engine_;
  std::shared_ptr<scripted_oauth> oauth_;
  std::unique_ptr<front> front_;
  std::unique_ptr<front> former_front_;
};

boost::json::object body_of(const net::http_response& r);
boost::json::array items_of(const net::http_response& r);
std::string code_of(const net::http_response& r);
std::string header_of(const net::http_response& r, std::string_view name);

} // namespace kalends::api
