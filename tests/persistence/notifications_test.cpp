// SPDX-License-Identifier: Apache-2.0
#include "persistence/notifications.hpp"

#include "persistence/retention.hpp"
#include "tests/persistence/store_fixture.hpp"

namespace kalends::persistence {
namespace {

const statement count_notices{"test_count_notices",
                              "SELECT count(*) FROM notifications WHERE tenant_id = $1"};
const statement share_calendar{"test_share", "UPDATE providers SET scope = 'tenant' WHERE tenant_id = $1"};
const statement audit_actions{"test_audit",
                              "SELECT count(*) FROM audit_log WHERE tenant_id = $1 AND action = $2"};

struct notifications_test : store_fixture {
  household h = add_household();

  conflict about(const entry_id& e, bool is_private = false) {
    conflict k;
    k.id = uuid();
    k.provider = h.calendar;
    k.entry = e;
    k.event = event_id("ev-" + k.id);
    k.groups.add(field_group::title);
    k.base = k.local = k.external = meeting("Visit");
    k.external.is_private = is_private;
    k.event_version = "v1";
    k.opened_at = now;
    return k;
  }
  /// An entry with an open conflict about it.
  conflict dispute(bool is_private = false) {
    auto c = changes(h);
    auto w = new_entry(h, "Visit");
    w.entry.what.is_private = is_private;
    c.entries = {w};
    c.conflicts = {about(w.entry.id)};
    auto made = c.conflicts.front();
    must(commit(std::move(c)));
    return made;
  }
  void settle(conflict k) {
    k.state = conflict_state::resolved;
    k.resolved_at = now;
    auto c = changes(h);
    c.conflicts = {k};
    must(commit(std::move(c)));
  }
  void become(provider_status s) {
    std::optional<provider_problem> problem;
    if (s == provider_status::action_required)
      problem = provider_problem{"grant_revoked", "The consent was taken back.", now};
    must(wait_for<std::vector<fact>>([&](auto done) {
      store->save_health(h.tenant, h.calendar, s, problem, {}, {}, {}, std::move(done));
    }));
  }
  std::vector<notification> seen_by(const user_id& person, bool only_open = true) {
    return must(as(h.tenant,
                   [&](transaction& tx) {
                     return list_notifications(tx, {person, only_open}, {}, 50);
                   }))
        .items;
  }
  std::int64_t unseen(const user_id& person) {
    return must(as(h.tenant, [&](transaction& tx) { return count_unseen(tx, person); }));
  }
  std::vector<notice_to_mail> take() {
    return must(as(h.tenant, [&](transaction& tx) {
      return take_due_mail(tx, now, instant(now + 15min), instant(now - std::chrono::days(7)), 10);
    }));
  }
  void settled(const std::string& id, mail_outcome o) {
    must(as(h.tenant, [&](transaction& tx) -> result<void> { return settle_mail(tx, id, o, now, uuid()); }));
  }
  std::vector<tenant_id> due() {
    return must(wait_for<std::vector<tenant_id>>([&](auto done) {
      db->look<std::vector<tenant_id>>([&](transaction& tx) { return tenants_with_mail_due(tx, now, 10); },
                                       std::move(done));
    }));
  }
  std::int64_t count(const statement& s, std::vector<sql_value> values) {
    return must(as(h.tenant, [&](transaction& tx) -> result<std::int64_t> {
      auto found = tx.query(s, std::move(values));
      if (!found) return tl::unexpected(found.error());
      return found->integer(0, 0);
    }));
  }
};

TEST_F(notifications_test, a_conflict_is_told_once_and_ends_with_its_decision) {
  const auto k = dispute();

  const auto found = seen_by({});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, notification_kind::conflict);
  EXPECT_EQ(found[0].conflict_id, k.id);
  EXPECT_EQ(found[0].entry_title, "Visit");
  EXPECT_TRUE(found[0].groups.has(field_group::title));
  auto grown = k;
  grown.groups.add(field_group::notes);
  auto c = changes(h);
  c.conflicts = {grown};
  must(commit(std::move(c)));
  EXPECT_EQ(count(count_notices, {h.tenant}), 1) << "a conflict that grows is no other";

  settle(k);
  EXPECT_TRUE(seen_by({}).empty());
  ASSERT_EQ(seen_by({}, false).size(), 1u);
  EXPECT_TRUE(seen_by({}, false)[0].ended_at);
  EXPECT_EQ(seen_by({}, false)[0].mail, mail_state::not_wanted);
}

TEST_F(notifications_test, what_a_policy_decided_is_told_to_nobody) {
  auto c = changes(h);
  const auto w = new_entry(h, "Visit");
  c.entries = {w};
  auto k = about(w.entry.id);
  k.state = conflict_state::resolved;
  k.resolved_at = now;
  c.conflicts = {k};
  must(commit(std::move(c)));

  EXPECT_EQ(count(count_notices, {h.tenant}), 0);
}

TEST_F(notifications_test, a_calendar_is_told_once_for_each_time_it_needs_its_owner) {
  become(provider_status::action_required);
  become(provider_status::action_required);
  ASSERT_EQ(seen_by(h.user).size(), 1u);
  EXPECT_EQ(seen_by(h.user)[0].problem_code, "grant_revoked");

  become(provider_status::active);
  EXPECT_TRUE(seen_by(h.user).empty());
  become(provider_status::action_required);
  EXPECT_EQ(seen_by(h.user).size(), 1u);
  EXPECT_EQ(count(count_notices, {h.tenant}), 2);
}

TEST_F(notifications_test, a_person_and_the_members_see_each_for_themselves) {
  dispute();
  become(provider_status::action_required);
  const auto other = add_user(h.tenant, "bob@example.test");
  EXPECT_EQ(unseen(h.user), 2);
  EXPECT_EQ(unseen({}), 2);
  EXPECT_EQ(unseen(other), 0);
  EXPECT_TRUE(seen_by(other).empty());

  const auto id = seen_by(h.user)[0].id;
  const auto mark = [&](const std::string& which, const user_id& who) {
    return must(as(h.tenant, [&](transaction& tx) { return mark_seen(tx, which, who, now); }));
  };
  EXPECT_EQ(mark(id, other).there, 0);
  EXPECT_EQ(mark(id, h.user).marked, 1);
  EXPECT_EQ(mark(id, h.user).there, 1) << "once more changes nothing";
  EXPECT_EQ(unseen(h.user), 1);
  EXPECT_EQ(unseen({}), 2);
  EXPECT_EQ(mark({}, {}).marked, 2);
  EXPECT_EQ(unseen({}), 0);
  EXPECT_EQ(unseen(h.user), 1);
}

TEST_F(notifications_test, a_mail_is_taken_by_one_sender_and_sent_once) {
  const auto k = dispute();
  EXPECT_EQ(due(), std::vector{h.tenant});

  const auto taken = take();
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].title, "Visit");
  EXPECT_EQ(taken[0].conflict_id, k.id);
  EXPECT_EQ(taken[0].attempts, 1);
  EXPECT_TRUE(take().empty()) << "it is under way";
  settled(taken[0].id, {mail_state::waiting, "mail_deferred", instant(now + 30s)});
  EXPECT_TRUE(take().empty());
  now += 31s;
  ASSERT_EQ(take().size(), 1u);
  settled(taken[0].id, {mail_state::sent, {}, now});
  now += 24h;
  EXPECT_TRUE(take().empty());
  EXPECT_TRUE(due().empty());
  EXPECT_EQ(seen_by({})[0].mail, mail_state::sent);
  EXPECT_EQ(count(audit_actions, {h.tenant, "notification.mailed"}), 1);
}

TEST_F(notifications_test, a_sender_that_died_leaves_its_mail_to_the_next) {
  dispute();
  EXPECT_EQ(take().size(), 1u);
  now += 16min;
  const auto again = take();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempts, 2);
}

TEST_F(notifications_test, nobody_is_mailed_who_does_not_want_it_or_too_late) {
  const auto wish = [&](const user_id& who, bool wanted) {
    must(as(h.tenant, [&](transaction& tx) -> result<void> { return put_mail_wish(tx, who, wanted); }));
  };
  wish(h.user, false);
  dispute();
  EXPECT_TRUE(take().empty());
  wish(h.user, true);
  EXPECT_TRUE(take().empty()) << "what was not wanted then is no news now";

  wish({}, false);
  dispute();
  EXPECT_TRUE(take().empty());
  wish({}, true);

  dispute();
  now += std::chrono::days(8);
  EXPECT_TRUE(take().empty());
  for (const auto& n : seen_by({})) EXPECT_EQ(n.mail, mail_state::not_wanted);
  must(as(h.tenant, [&](transaction& tx) { return tx.query(share_calendar, {h.tenant}); }));
  dispute();
  EXPECT_TRUE(take().empty()) << "a calendar that shows everybody is nobody's";
}

TEST_F(notifications_test, no_title_of_anything_private_leaves_by_mail) {
  dispute(true);
  ASSERT_EQ(take().size(), 1u);
  auto c = changes(h);
  const auto w = new_entry(h, "Doctor");
  c.entries = {w};
  c.conflicts = {about(w.entry.id, true)};
  must(commit(std::move(c)));

  now += 16min;
  for (const auto& n : take()) EXPECT_EQ(n.title, "");
}

TEST_F(notifications_test, what_ended_long_ago_is_forgotten) {
  become(provider_status::action_required);
  become(provider_status::active);
  const auto tidy = [&](instant when) {
    return must(as(h.tenant, [&](transaction& tx) { return forget_old_rows(tx, {}, when); })).notifications;
  };
  const auto today = real_world().now();
  EXPECT_EQ(tidy(today + std::chrono::days(80)), 0u);
  EXPECT_EQ(tidy(today + std::chrono::days(100)), 1u);
}

} // namespace
} // namespace kalends::persistence
