// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/directory.hpp"
#include "schema/result.hpp"
#include "schema/sync.hpp"

#include <optional>
#include <string>
#include <vector>

/// What people ask about the schedule: reads only, since the tenant actor alone writes entries and mappings
/// (engine_store).
namespace kalends::persistence {

struct entry_filter {
  user_id assigned_to;         ///< empty: anyone
  std::optional<instant> from; ///< ends after
  std::optional<instant> to;   ///< starts before
};
result<std::optional<schedule_entry>> find_entry(transaction& tx, const entry_id& id);
result<page_of<schedule_entry>> list_entries(transaction& tx, const entry_filter& filter,
                                             const std::string& cursor, std::size_t limit);

/// How one entry stands in each calendar that it has to do with.
struct entry_sync_line {
  provider_id provider;
  event_id event;
  bool linked = false;
  bool removing = false;
  bool held = false;    ///< `removing`, and a person is asked first
  bool pending = false; ///< outbox rows wait
  std::int64_t entry_version = 0;
  std::string unsayable; ///< this version of the entry cannot be expressed there: the decision's inputs
};
result<std::vector<entry_sync_line>> sync_status(transaction& tx, const entry_id& id);

struct decision_line {
  decision what;
  instant time{};
};
/// Decisions about `entry`; with an empty one, those that concern no entry, and of `event`'s entry those that
/// speak of it. Newest first. What else is given narrows them.
struct decision_filter {
  entry_id entry;
  provider_id provider;
  event_id event;
  std::optional<reason> why;
  user_id of_person = {}; ///< those that concern a calendar of theirs, or none
};
result<page_of<decision_line>> list_decisions(transaction& tx, const decision_filter& filter,
                                              const std::string& cursor, std::size_t limit);

result<std::optional<sync_run>> find_run(transaction& tx, const run_id& id);
/// Newest first.
/// Of one calendar, or of all of a person's, if given.
result<page_of<sync_run>> list_runs(transaction& tx, const provider_id& provider, const std::string& cursor,
                                    std::size_t limit, const user_id& of_person = {});

/// Oldest first, after `sequence`.
result<std::vector<fact>> list_facts(transaction& tx, std::int64_t after, std::size_t limit);
result<std::int64_t> last_sequence(transaction& tx);
/// Error resync `cursor_expired` if facts after `sequence` were forgotten already.
result<void> check_facts_kept(transaction& tx, std::int64_t sequence);

/// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the first answer to (key, request
/// fingerprint), kept 24 hours.
struct kept_answer {
  std::string fingerprint; ///< SHA-256 of method, path and body
  int status = 0;          ///< 0: the first request is still under way
  std::string headers;     ///< JSON object
  std::string body;
};
/// Inserts the claim; the existing answer if somebody was first.
result<std::optional<kept_answer>> claim_answer(transaction& tx, const std::string& key,
                                                const std::string& fingerprint, instant now);
result<void> keep_answer(transaction& tx, const std::string& key, const kept_answer& a);
result<void> release_answer(transaction& tx, const std::string& key);
/// Of all tenants the transaction acts for; says how many.
result<std::size_t> delete_expired_answers(transaction& tx, instant now);

} // namespace kalends::persistence
