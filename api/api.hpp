// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/engine.hpp"
#include "net/http_message.hpp"
#include "net/oauth.hpp"
#include "net/oidc_check.hpp"
#include "persistence/database.hpp"
#include "persistence/token_vault.hpp"
#include "schema/settings.hpp"

#include <memory>

namespace kalends::api {

struct api_parts {
  persistence::database& db;
  const persistence::token_vault& vault;
  actors::engine& engine;
  net::oauth_client& oauth;
  settings configured;
  world outside;
  net::oidc_checker& push_tokens;
};

/// Everything that answers HTTP: the REST resources, connecting a calendar, the vendors' webhooks, the event
/// stream, health and the pages. Reads go to the database, changes of the schedule and of providers go
/// through the engine. Thread-safe. Lives longer than the server.
class http_api {
public:
  explicit http_api(api_parts parts);
  ~http_api();
  net::http_handler handler();

private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

} // namespace kalends::api
