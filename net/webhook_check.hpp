// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "schema/ids.hpp"
#include "schema/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::net {

/// What we give a vendor as channel token / clientState: whose calendar it is, and a secret that proves it.
/// Text: tenant (32 hex) "." provider (32 hex) "." secret (43 base64url characters): 109 characters, under
/// Graph's 128.
struct channel_ticket {
  tenant_id tenant;
  provider_id provider;
  std::string secret;
};
std::string write_ticket(const channel_ticket& t);
std::optional<channel_ticket> read_ticket(std::string_view text);

/// One notice that still has to prove itself by its ticket's secret.
struct unproven_notice {
  channel_ticket ticket;
  std::string channel; ///< Google channel id, Graph subscription id
  enum class kind {
    changed,
    opened,
    reauthorization_required,
    subscription_removed,
    missed
  } what = kind::changed;
};

/// Reads X-Goog-Channel-Token and friends. Errors (invalid): `notice_headers_missing`,
/// `notice_ticket_malformed`.
result<unproven_notice> read_google_notice(const header_list& headers);
/// Reads a Graph change or lifecycle notification. Items whose clientState is no ticket are counted in
/// `refused`.
struct graph_notices {
  std::vector<unproven_notice> items;
  std::size_t refused = 0;
};
/// Errors (invalid): `notice_body_malformed`; at most 1,000 items, above: `too_many_items`.
result<graph_notices> read_graph_notices(std::string_view body);
/// The decoded token of Graph's validation handshake (at most 4 KiB), if this request is one.
std::optional<std::string> graph_validation_token(const http_request& r);

} // namespace kalends::net
