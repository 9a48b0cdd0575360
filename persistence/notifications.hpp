// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/transaction.hpp"
#include "schema/conflict.hpp"
#include "schema/directory.hpp"
#include "schema/provider.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

/// What needs a person and was told once: triggers of the schema write the rows (0025_notifications.sql).
namespace kalends::persistence {

enum class notification_kind { conflict, calendar };
enum class mail_state { waiting, sent, given_up, not_wanted };
std::string_view name_of(notification_kind k);
std::string_view name_of(mail_state s);

struct notification {
  std::string id; ///< UUIDv7
  notification_kind kind{};
  provider_id provider;
  provider_type type{};
  std::string account, calendar_name;
  std::string problem_code, problem_detail; ///< of a calendar that still needs its owner
  std::string conflict_id;                  ///< of a conflict, and what follows
  entry_id entry;
  std::optional<std::string> entry_title; ///< none: the entry is gone, or not theirs to read
  field_set groups;
  instant opened_at{};
  std::optional<instant> ended_at, seen_at; ///< seen by whoever asks: the person, or the tenant's members
  mail_state mail{};
  std::optional<instant> mailed_at;
};

/// Whose: a person's, of the calendars that are theirs alone; empty: all of the tenant, for its members.
struct notification_filter {
  user_id of_person;
  bool only_open = true;
};
/// Newest first.
result<page_of<notification>> list_notifications(transaction& tx, const notification_filter& filter,
                                                 const std::string& cursor, std::size_t limit);
/// Of those that are open.
result<std::int64_t> count_unseen(transaction& tx, const user_id& of_person);
/// That one, or with an empty id all that are open; how many were unseen until now and are there at all.
struct seen_count {
  std::int64_t there = 0, marked = 0;
};
result<seen_count> mark_seen(transaction& tx, const std::string& id, const user_id& of_person, instant now);

/// Whether notices are mailed: what the tenant wants, and what the person wants (true without a person).
struct mail_wishes {
  bool tenant = true, person = true;
};
result<mail_wishes> find_mail_wishes(transaction& tx, const user_id& person);
/// The person's, or without one the tenant's.
result<void> put_mail_wish(transaction& tx, const user_id& person, bool wanted);

// ---- for whoever sends ----

/// For `database::look`: tenants in which a mail is due, those that wait longest first.
result<std::vector<tenant_id>> tenants_with_mail_due(transaction& tx, instant now, std::size_t limit);

/// Everything that a mail says and where it goes.
struct notice_to_mail {
  std::string id;
  notification_kind kind{};
  std::string to, name; ///< the person
  std::string tenant_name;
  provider_id provider;
  provider_type type{};
  std::string account, calendar_name, problem_code;
  std::string conflict_id;
  std::string title; ///< of the entry; empty if it is private on any side, masked, or gone
  field_set groups;
  int attempts = 0; ///< this one included
};
/// Takes due mails to send them: nobody else gets them before `again_at`. What nobody wants, or what is older
/// than `too_old`, ends here. Commit before sending: then a crash repeats at most the mail under way.
result<std::vector<notice_to_mail>> take_due_mail(transaction& tx, instant now, instant again_at,
                                                  instant too_old, std::size_t limit);
/// What came of one. `waiting`: again at `due`. Writes the audit log when it is over.
struct mail_outcome {
  mail_state state{};
  std::string code; ///< of a failure
  instant due{};
};
result<void> settle_mail(transaction& tx, const std::string& id, const mail_outcome& outcome, instant now,
                         const std::string& audit_id);

/// Forgets those that ended before `until`, at most `limit`. Those of conflicts go with their conflict.
result<std::size_t> forget_notifications(transaction& tx, instant until, std::size_t limit);

} // namespace kalends::persistence
