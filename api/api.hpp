// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/engine.hpp"
#include "net/http_client.hpp"
#include "net/http_message.hpp"
#include "net/oauth.hpp"
#include "net/oidc_check.hpp"
#include "observe/house_meter.hpp"
#include "persistence/database.hpp"
#include "persistence/token_vault.hpp"
#include "schema/settings.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kalends::api {

struct api_parts {
  persistence::database& db;
  const persistence::token_vault& vault;
  actors::engine& engine;
  net::oauth_client& oauth;
  settings configured;
  world outside;
  net::oidc_checker& push_tokens;
  net::http_client& http; ///< for requests that another node has to answer
  observe::house_meter& meter;
  observe::meter& told;
  /// Answers with the text of GET /metrics, from any thread.
  std::function<void(std::function<void(std::string)>)> scrape;
  /// Answers with the doctor's report as JSON, from any thread.
  std::function<void(std::function<void(std::string)>)> examine;
  /// Reasons besides database and engine why the server is not ready: name and reason; an empty reason: it
  /// is.
  std::function<std::vector<std::pair<std::string, std::string>>()> more_checks;
  bool mail_offered = false; ///< there is a server that takes mail
};

/// Everything that answers HTTP: the REST resources, connecting a calendar, the vendors' webhooks, the event
/// stream, health and the pages. Reads go to the database, changes of the schedule and of providers go
/// through the engine. Thread-safe. Lives longer than the server.
class http_api {
public:
  explicit http_api(api_parts parts);
  ~http_api();
  net::http_handler handler();
  /// Event streams end now, and no new one begins.
  void end_streams();

private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

} // namespace kalends::api
