// SPDX-License-Identifier: Apache-2.0
#include "persistence/notifications.hpp"

#include "persistence/directory.hpp"
#include "persistence/own_things.hpp"
#include "persistence/row_codec.hpp"

namespace kalends::persistence {
namespace {

#define KALENDS_NOTICE_TABLES                                                                                \
  " FROM notifications n JOIN providers p ON p.tenant_id = n.tenant_id AND p.provider_id = n.provider_id"    \
  " JOIN provider_state s ON s.tenant_id = n.tenant_id AND s.provider_id = n.provider_id"                    \
  " LEFT JOIN conflicts k ON k.tenant_id = n.tenant_id AND k.conflict_id = n.conflict_id"                    \
  " LEFT JOIN entries e ON e.tenant_id = n.tenant_id AND e.entry_id = k.entry_id"

const statement select_notifications{
    "list_notifications",
    "SELECT n.notification_id, n.kind, n.provider_id, p.type, p.account, p.calendar_name,"
    " CASE WHEN n.kind = 1 AND n.ended_at IS NULL THEN s.problem_code END,"
    " CASE WHEN n.kind = 1 AND n.ended_at IS NULL THEN s.problem_detail END, n.conflict_id, k.entry_id,"
    " CASE WHEN $4::uuid IS NULL OR $4 = ANY (e.assigned) THEN e.title END, coalesce(k.groups, 0),"
    " n.opened_at, n.ended_at, CASE WHEN $4 IS NULL THEN n.members_seen_at ELSE n.seen_at END, n.mail_state,"
    " n.mailed_at" KALENDS_NOTICE_TABLES " WHERE n.tenant_id = $1 AND n.notification_id < $2"
    " AND (NOT $5::boolean OR n.ended_at IS NULL)" KALENDS_OF_PERSON(
        "n.provider_id", "$4") " ORDER BY n.notification_id DESC LIMIT $3"};

const statement select_unseen{
    "count_unseen_notifications",
    "SELECT count(*) FROM notifications n WHERE n.tenant_id = $1 AND n.ended_at IS NULL"
    " AND CASE WHEN $2::uuid IS NULL THEN n.members_seen_at ELSE n.seen_at END IS NULL" KALENDS_OF_PERSON(
        "n.provider_id", "$2")};

const statement update_seen{
    "see_notifications",
    "WITH there AS (SELECT n.notification_id, CASE WHEN $2::uuid IS NULL THEN n.members_seen_at ELSE "
    "n.seen_at"
    " END IS NULL AS unseen FROM notifications n WHERE n.tenant_id = $1"
    " AND CASE WHEN $3::uuid IS NULL THEN n.ended_at IS NULL ELSE n.notification_id = $3 "
    "END" KALENDS_OF_PERSON(
        "n.provider_id",
        "$2") "),"
              " marked AS (UPDATE notifications n SET members_seen_at = CASE WHEN $2 IS NULL THEN $4 ELSE"
              " n.members_seen_at END, seen_at = CASE WHEN $2 IS NULL THEN n.seen_at ELSE $4 END FROM there"
              " WHERE n.tenant_id = $1 AND n.notification_id = there.notification_id AND there.unseen "
              "RETURNING 1)"
              " SELECT (SELECT count(*) FROM there), (SELECT count(*) FROM marked)"};

const statement select_wishes{
    "mail_wishes",
    "SELECT t.wants_mail, coalesce((SELECT u.wants_mail FROM users u"
    " WHERE u.tenant_id = $1 AND u.user_id = $2), true) FROM tenants t WHERE t.tenant_id = $1"};
const statement update_wish{"mail_wish_of_person",
                            "UPDATE users SET wants_mail = $3 WHERE tenant_id = $1 AND user_id = $2"};
const statement update_tenant_wish{"mail_wish_of_tenant",
                                   "UPDATE tenants SET wants_mail = $2 WHERE tenant_id = $1"};

const statement select_due_tenants{
    "tenants_with_mail_due", "SELECT tenant_id FROM notifications WHERE mail_state = 0 AND mail_due_at <= $1"
                             " GROUP BY tenant_id ORDER BY min(mail_due_at) LIMIT $2"};

// A calendar that shows everybody is nobody's alone: those who look after the tenant see its notices.
const statement end_unwanted{
    "end_unwanted_mail",
    "UPDATE notifications n SET mail_state = 3 FROM providers p JOIN users u ON u.tenant_id = p.tenant_id"
    " AND u.user_id = p.user_id JOIN tenants t ON t.tenant_id = p.tenant_id"
    " WHERE n.tenant_id = $1 AND n.mail_state = 0 AND n.mail_due_at <= $2 AND p.tenant_id = n.tenant_id"
    " AND p.provider_id = n.provider_id"
    " AND (p.scope <> 'user' OR NOT u.wants_mail OR NOT t.wants_mail OR n.opened_at < $3)"};
const statement take_mail{
    "take_due_mail",
    "WITH due AS (SELECT notification_id FROM notifications WHERE tenant_id = $1 AND mail_state = 0"
    " AND mail_due_at <= $2 ORDER BY mail_due_at LIMIT $4 FOR UPDATE SKIP LOCKED),"
    " taken AS (UPDATE notifications n SET mail_attempts = n.mail_attempts + 1, mail_due_at = $3 FROM due"
    " WHERE n.tenant_id = $1 AND n.notification_id = due.notification_id RETURNING n.*)"
    " SELECT n.notification_id, n.kind, u.email, u.name, t.name, n.provider_id, p.type, p.account,"
    " p.calendar_name, s.problem_code, n.conflict_id, e.title, coalesce(e.is_private, false)"
    " OR coalesce(m.masked, false), coalesce(k.groups, 0), k.base, k.entry_values, k.event_values,"
    " n.mail_attempts FROM taken n"
    " JOIN providers p ON p.tenant_id = n.tenant_id AND p.provider_id = n.provider_id"
    " JOIN provider_state s ON s.tenant_id = n.tenant_id AND s.provider_id = n.provider_id"
    " JOIN users u ON u.tenant_id = n.tenant_id AND u.user_id = p.user_id"
    " JOIN tenants t ON t.tenant_id = n.tenant_id"
    " LEFT JOIN conflicts k ON k.tenant_id = n.tenant_id AND k.conflict_id = n.conflict_id"
    " LEFT JOIN entries e ON e.tenant_id = n.tenant_id AND e.entry_id = k.entry_id"
    " LEFT JOIN mappings m ON m.tenant_id = n.tenant_id AND m.entry_id = k.entry_id"
    " AND m.provider_id = n.provider_id ORDER BY n.notification_id"};
const statement settle_sql{
    "settle_mail", "UPDATE notifications SET mail_state = $3, mail_code = $4, mail_due_at = $5,"
                   " mailed_at = CASE $3::smallint WHEN 1 THEN $6::timestamptz ELSE mailed_at END"
                   " WHERE tenant_id = $1 AND notification_id = $2 AND (mail_state = 0 OR $3::smallint = 1)"};
const statement old_notifications{
    "forget_notifications", "DELETE FROM notifications WHERE tenant_id = $1 AND notification_id IN (SELECT"
                            " notification_id FROM notifications WHERE tenant_id = $1 AND ended_at < $2"
                            " ORDER BY notification_id LIMIT $3)"};

notification read_notification(const rows& r, std::size_t i) {
  notification n;
  n.id = r.text(i, 0);
  n.kind = read_number(r.integer(i, 1), notification_kind::calendar);
  n.provider = r.as<provider_id>(i, 2);
  n.type = read_enum<provider_type>(r.view(i, 3));
  n.account = r.text(i, 4);
  n.calendar_name = r.text(i, 5);
  n.problem_code = r.optional_text(i, 6).value_or("");
  n.problem_detail = r.optional_text(i, 7).value_or("");
  n.conflict_id = r.optional_text(i, 8).value_or("");
  n.entry = r.as<entry_id>(i, 9);
  n.entry_title = r.optional_text(i, 10);
  n.groups = field_set::from_bits(static_cast<std::uint16_t>(r.integer(i, 11)));
  n.opened_at = r.time(i, 12);
  n.ended_at = r.optional_time(i, 13);
  n.seen_at = r.optional_time(i, 14);
  n.mail = read_number(r.integer(i, 15), mail_state::not_wanted);
  n.mailed_at = r.optional_time(i, 16);
  return n;
}

/// Whether any side of the conflict was private: nothing of it stands in a mail then.
bool a_side_is_private(const rows& r, std::size_t i) {
  for (const int side : {14, 15, 16})
    if (!r.is_null(i, side) && read_base(r.view(i, side)).is_private) return true;
  return false;
}

notice_to_mail read_mail(const rows& r, std::size_t i) {
  notice_to_mail n;
  n.id = r.text(i, 0);
  n.kind = read_number(r.integer(i, 1), notification_kind::calendar);
  n.to = r.text(i, 2);
  n.name = r.text(i, 3);
  n.tenant_name = r.text(i, 4);
  n.provider = r.as<provider_id>(i, 5);
  n.type = read_enum<provider_type>(r.view(i, 6));
  n.account = r.text(i, 7);
  n.calendar_name = r.text(i, 8);
  n.problem_code = r.optional_text(i, 9).value_or("");
  n.conflict_id = r.optional_text(i, 10).value_or("");
  if (!r.boolean(i, 12) && !a_side_is_private(r, i)) n.title = r.optional_text(i, 11).value_or("");
  n.groups = field_set::from_bits(static_cast<std::uint16_t>(r.integer(i, 13)));
  n.attempts = static_cast<int>(r.integer(i, 17));
  return n;
}

} // namespace

std::string_view name_of(notification_kind k) {
  return k == notification_kind::conflict ? "conflict" : "calendar";
}

std::string_view name_of(mail_state s) {
  constexpr std::string_view names[] = {"waiting", "sent", "given_up", "not_wanted"};
  return names[static_cast<std::size_t>(s)];
}

result<page_of<notification>> list_notifications(transaction& tx, const notification_filter& filter,
                                                 const std::string& cursor, std::size_t limit) {
  const auto after = continue_from(cursor, highest_uuid);
  if (!after) return tl::unexpected(after.error());
  const auto size = page_size(limit);
  auto found =
      tx.query(select_notifications, {tx.tenant(), *after, size + 1, filter.of_person, filter.only_open});
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_page<notification>(*found, size, read_notification, [](const notification& n) { return n.id; });
}

result<std::int64_t> count_unseen(transaction& tx, const user_id& of_person) {
  auto found = tx.query(select_unseen, {tx.tenant(), of_person});
  if (!found) return tl::unexpected(std::move(found.error()));
  return found->integer(0, 0);
}

result<seen_count> mark_seen(transaction& tx, const std::string& id, const user_id& of_person, instant now) {
  auto done = tx.query(update_seen, {tx.tenant(), of_person, text_or_null(id), now});
  if (!done) return tl::unexpected(std::move(done.error()));
  return seen_count{done->integer(0, 0), done->integer(0, 1)};
}

result<mail_wishes> find_mail_wishes(transaction& tx, const user_id& person) {
  auto found = tx.query(select_wishes, {tx.tenant(), person});
  if (!found) return tl::unexpected(std::move(found.error()));
  if (found->empty()) return failure(errc::not_found, "tenant_gone", "This tenant does not exist any more.");
  return mail_wishes{found->boolean(0, 0), found->boolean(0, 1)};
}

result<void> put_mail_wish(transaction& tx, const user_id& person, bool wanted) {
  auto done = person.empty() ? tx.query(update_tenant_wish, {tx.tenant(), wanted})
                             : tx.query(update_wish, {tx.tenant(), person, wanted});
  if (!done) return tl::unexpected(std::move(done.error()));
  return {};
}

result<std::vector<tenant_id>> tenants_with_mail_due(transaction& tx, instant now, std::size_t limit) {
  auto found = tx.query(select_due_tenants, {now, limit});
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_all<tenant_id>(*found, [](const rows& r, std::size_t i) { return r.as<tenant_id>(i, 0); });
}

result<std::vector<notice_to_mail>> take_due_mail(transaction& tx, instant now, instant again_at,
                                                  instant too_old, std::size_t limit) {
  if (auto ended = tx.query(end_unwanted, {tx.tenant(), now, too_old}); !ended)
    return tl::unexpected(std::move(ended.error()));
  auto found = tx.query(take_mail, {tx.tenant(), now, again_at, limit});
  if (!found) return tl::unexpected(std::move(found.error()));
  return read_all<notice_to_mail>(*found, read_mail);
}

result<void> settle_mail(transaction& tx, const std::string& id, const mail_outcome& outcome, instant now,
                         const std::string& audit_id) {
  auto done =
      tx.query(settle_sql, {tx.tenant(), id, number_of(outcome.state), outcome.code, outcome.due, now});
  if (!done) return tl::unexpected(std::move(done.error()));
  if (outcome.state == mail_state::waiting || done->affected() == 0) return {};
  audit_line line;
  line.id = audit_id;
  line.time = now;
  line.actor = "engine";
  line.action = outcome.state == mail_state::sent ? "notification.mailed" : "notification.mail_given_up";
  line.subject = "notification:" + id;
  line.detail = outcome.code.empty() ? "{}" : "{\"code\":\"" + outcome.code + "\"}";
  return append_audit(tx, line);
}

result<std::size_t> forget_notifications(transaction& tx, instant until, std::size_t limit) {
  auto done = tx.query(old_notifications, {tx.tenant(), until, limit});
  if (!done) return tl::unexpected(std::move(done.error()));
  return done->affected();
}

} // namespace kalends::persistence
