// SPDX-License-Identifier: Apache-2.0
#include "persistence/google_relays.hpp"

namespace kalends::persistence {
namespace {

const statement upsert_relay{
    "put_google_relay",
    "INSERT INTO google_relays (tenant_id, topic, subscription, service_account, changed_at)"
    " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id) DO UPDATE SET topic = excluded.topic,"
    " subscription = excluded.subscription, service_account = excluded.service_account,"
    " changed_at = excluded.changed_at"};
const statement select_relay{"find_google_relay",
                             "SELECT topic, subscription, service_account, changed_at FROM google_relays"
                             " WHERE tenant_id = $1"};
const statement drop_relay{"delete_google_relay", "DELETE FROM google_relays WHERE tenant_id = $1"};

} // namespace

result<void> put_google_relay(transaction& tx, const google_relay& r) {
  return tx.query(upsert_relay, {tx.tenant(), r.topic, r.subscription, r.service_account, r.changed_at})
      .map([](const rows&) {});
}

result<std::optional<google_relay>> find_google_relay(transaction& tx) {
  return tx.query(select_relay, {tx.tenant()}).map([](const rows& r) {
    return r.empty() ? std::nullopt
                     : std::optional(google_relay{r.text(0, 0), r.text(0, 1), r.text(0, 2), r.time(0, 3)});
  });
}

result<bool> delete_google_relay(transaction& tx) {
  return tx.query(drop_relay, {tx.tenant()}).map([](const rows& r) { return r.affected() > 0; });
}

} // namespace kalends::persistence
