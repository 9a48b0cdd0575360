// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/house_fixture.hpp"

#include "actors/event_bus.hpp"
#include "actors/plan_renewal.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <array>

namespace kalends::actors {
namespace {

constexpr int calendars = 1'000;
constexpr std::chrono::milliseconds day = 24h;

/// Both vendors' channels, answered at once. Keeps watch over what must never happen.
class channel_vendor final : public net::calendar_client {
public:
  struct story {
    instant expires_at{}, renewed_at{};
    int fails = 0; ///< attempts that are yet to fail
  };
  explicit channel_vendor(const instant& clock) : now(clock) {}

  const instant& now;
  std::map<std::string, story> channels; ///< by calendar
  instant away_until{};
  int renewals = 0, failures = 0, expired = 0;
  std::array<int, 10> gaps{};           ///< hours above 40 between two renewals that went well
  int other_gaps = 0;                   ///< outside of that
  std::map<std::int64_t, int> per_hour; ///< renewals by the hour of the year

  std::string cursor_fingerprint() const override { return "query-1"; }
  net::call_token open_channel(net::calendar_access who, net::channel_request request,
                               net::vendor_done<channel> done) override {
    return settle(who, {request.channel_id, "resource", request.expires_at, ""}, done);
  }
  net::call_token renew_channel(net::calendar_access who, channel current, instant until,
                                net::vendor_done<channel> done) override {
    return settle(who, {current.id, "", until, ""}, done);
  }
  net::call_token close_channel(net::calendar_access, channel, net::vendor_done<bool> done) override {
    done(true);
    return net::call_token([] {});
  }
  net::call_token list_changes(net::calendar_access, net::list_request,
                               net::vendor_done<change_page> done) override {
    return refuse(done);
  }
  net::call_token get_event(net::calendar_access, event_id, net::vendor_done<calendar_event> done) override {
    return refuse(done);
  }
  net::call_token insert_event(net::calendar_access, net::new_event,
                               net::vendor_done<calendar_event> done) override {
    return refuse(done);
  }
  net::call_token update_event(net::calendar_access, net::event_update,
                               net::vendor_done<calendar_event> done) override {
    return refuse(done);
  }
  net::call_token delete_event(net::calendar_access, event_id, std::string,
                               net::vendor_done<bool> done) override {
    return refuse(done);
  }
  net::call_token write_occurrence(net::calendar_access, net::occurrence_write,
                                   net::vendor_done<bool> done) override {
    return refuse(done);
  }
  net::call_token list_calendars(net::calendar_access,
                                 net::vendor_done<std::vector<calendar_listing>> done) override {
    return refuse(done);
  }

private:
  template <class T>
  static net::call_token refuse(const net::vendor_done<T>& done) {
    done(failure(errc::retry_later, "vendor_away", "The vendor is away."));
    return net::call_token([] {});
  }
  net::call_token settle(const net::calendar_access& who, const channel& fresh,
                         const net::vendor_done<channel>& done) {
    auto& c = channels[who.calendar.str()];
    if (c.renewed_at != instant{} && c.expires_at <= now) ++expired;
    if (now < away_until || c.fails > 0) {
      ++failures;
      c.fails = std::max(0, c.fails - 1);
      return refuse(done);
    }
    if (c.renewed_at != instant{}) note_gap(now - c.renewed_at);
    ++renewals;
    ++per_hour[std::chrono::floor<std::chrono::hours>(now).time_since_epoch().count()];
    c.renewed_at = now;
    c.expires_at = fresh.expires_at;
    done(fresh);
    return net::call_token([] {});
  }
  void note_gap(std::chrono::milliseconds gap) {
    const auto hour = (gap - 40h) / std::chrono::hours(1);
    if (gap < 40h || gap > 50h + 1s)
      ++other_gaps;
    else
      ++gaps[static_cast<std::size_t>(std::min<std::int64_t>(hour, 9))];
  }
};

struct renewal_meter final : observe::meter {
  int good = 0, bad = 0;
  std::map<std::string, int, std::less<>> codes;
  void channel_renewed(observe::calendar_label, const error* failed) override {
    ++(failed != nullptr ? bad : good);
    if (failed != nullptr) ++codes[failed->code];
  }
};

/// A thousand calendars whose channels were opened together. The clock jumps from what is due to what is due.
class renewal_year_test : public house_fixture {
protected:
  ~renewal_year_test() override { // before the vendor goes
    close();
    supervisor = nullptr;
    bus = nullptr;
  }
  renewal_year_test() {
    configured.webhook_url = "https://kalends.example.org";
    configured.poll_interval = std::chrono::hours(24 * 500);
    for (int i = 0; i < calendars; ++i) {
      auto& c = add_calendar(name(i), i % 2 == 0 ? provider_type::google : provider_type::microsoft);
      c.calendar = calendar_id(name(i).str());
      c.next_poll_at = now + day * 500;
      c.next_reconcile_at = now + day * 500;
      rows(name(i)).tokens->access_expires_at = now + day * 500;
      rows(name(i)).read_from->window = {}; // not what this is about
    }
  }
  static provider_id name(int i) {
    auto digits = std::to_string(100'000 + i);
    return provider_id("0192a000-0000-7000-8000-000000" + digits);
  }

  void open() {
    bus = system->spawn<event_bus>(std::ref(store));
    const auto s = staff();
    auto refresh = [this](provider_type, const oauth_app&, grant current, const answer_to<grant>& done) {
      current.access_expires_at = now + day * 500;
      done(current);
      return net::call_token([] {});
    };
    const auto gate = governor::open([this] { return now; }, meter); // time goes by in leaps
    const staff_parts parts{store,    vendor, vendor, refresh, configured, outside(),
                            channels, meter,  held,   s.node,  gate};
    supervisor = system->spawn<actors::supervisor>(parts, bus);
    answers<bool> opened;
    tell(supervisor, house_opened{opened.slot()});
    look_later();
  }
  /// As a killed process leaves it: only the rows stay.
  void close() {
    for (auto& [id, t] : house_state().tenants) {
      if (t.actor) caf::anon_send_exit(t.actor, caf::exit_reason::kill);
      for (auto& [pid, p] : t.providers)
        if (p.actor) caf::anon_send_exit(p.actor, caf::exit_reason::kill);
    }
    caf::anon_send_exit(supervisor, caf::exit_reason::kill);
    caf::anon_send_exit(bus, caf::exit_reason::kill);
    run();
    store.asked.clear();
  }
  /// The slow look at the rows would look at all of them at every jump.
  void look_later() { house_state().next_look = now + day * 500; }

  void until(instant end) {
    while (!house_state().due.empty() && house_state().due.begin()->first <= end) {
      now = std::max(now, house_state().due.begin()->first);
      sched().advance_time(250ms);
      run();
    }
    now = end;
    store.asked.clear();
  }
  void open_all_channels() {
    for (int i = 0; i < calendars; ++i) tell_calendar(name(i), wake{wake_reason::reloaded, 0});
  }
  const channel_health& health(int i) { return rows(name(i)).calendar.push; }
  /// The busiest hour from `from` on.
  int busiest(instant from) const {
    int most = 0;
    for (const auto& [hour, n] : vendor.per_hour)
      if (hour >= std::chrono::floor<std::chrono::hours>(from).time_since_epoch().count())
        most = std::max(most, n);
    return most;
  }

  channel_vendor vendor{now};
  renewal_meter meter;
  /// The tenant stays with this node, however the clock jumps.
  std::shared_ptr<lease_book> held = std::make_shared<lease_book>([] { return 1h; });
  const instant new_year = now;
};

TEST_F(renewal_year_test, no_channel_expires_and_none_goes_longer_than_the_cadence) {
  open();
  open_all_channels();
  ASSERT_EQ(vendor.renewals, calendars);
  until(new_year + day * 365);

  EXPECT_EQ(vendor.expired, 0);
  EXPECT_EQ(vendor.failures, 0);
  EXPECT_EQ(vendor.other_gaps, 0);
  const int turns = vendor.renewals - calendars; // 365 d in steps of 40 h to 50 h
  EXPECT_GT(turns, calendars * 185);
  EXPECT_LT(turns, calendars * 205);
  for (const auto n : vendor.gaps) { // spread evenly over ten hours
    EXPECT_GT(n, turns / 10 * 9 / 10);
    EXPECT_LT(n, turns / 10 * 11 / 10);
  }
  EXPECT_LT(busiest(new_year + 1h), 150);      // the first turn: a thousand in ten hours
  EXPECT_LT(busiest(new_year + day * 60), 60); // later: all over the cadence, 22 an hour on the average
  EXPECT_EQ(meter.good, vendor.renewals);
  EXPECT_EQ(static_cast<int>(facts(fact_type::calendar_channel_renewed)), turns);
  for (int i = 0; i < calendars; ++i) {
    ASSERT_EQ(health(i).cause, renewal_cause::clock);
    ASSERT_EQ(health(i).attempted_at, vendor.channels[name(i).str()].renewed_at);
    ASSERT_EQ(health(i).failures, 0);
    ASSERT_GT(*health(i).renews_at, now);
    ASSERT_LE(*health(i).renews_at, *health(i).attempted_at + renewal_cadence);
    ASSERT_EQ(rows(name(i)).channels.size(), 1u);
  }
}

TEST_F(renewal_year_test, what_fails_is_tried_again_told_once_and_costs_no_channel) {
  open();
  open_all_channels();
  until(new_year + day * 11); // the sixth turn is in full swing

  // The vendor is away for six hours: what was due meanwhile is tried again and again, and then gets through.
  vendor.away_until = now + 6h;
  until(now + 3h);
  const auto failing = std::count_if(rows().providers.begin(), rows().providers.end(),
                                     [](const auto& p) { return p.second.calendar.push.failures > 0; });
  EXPECT_GT(failing, 2); // then the circuit is open, and the others are spared the attempt
  EXPECT_EQ(static_cast<std::ptrdiff_t>(facts(fact_type::calendar_channel_renewal_failed)), failing);
  for (const auto& [id, p] : rows().providers) {
    if (p.calendar.push.failures == 0) continue;
    EXPECT_EQ(p.calendar.push.error_code, "vendor_away");
    ASSERT_TRUE(p.calendar.problem);
    EXPECT_EQ(p.calendar.problem->code, "channel_renewal_failed");
    EXPECT_LE(*p.calendar.push.renews_at, now + longest_backoff);
  }
  until(now + 4h);
  EXPECT_EQ(meter.bad, vendor.failures);
  for (const auto& [id, p] : rows().providers) {
    EXPECT_EQ(p.calendar.push.failures, 0);
    EXPECT_FALSE(p.calendar.problem);
  }

  // Ten renewals fail five times each; ten channels are lost.
  for (int i = 0; i < 10; ++i) vendor.channels[name(i).str()].fails = 5;
  for (int i = 10; i < 20; ++i) {
    rows(name(i)).stale = false;
    tell_calendar(name(i), wake{wake_reason::channel_lost, 0});
    EXPECT_EQ(health(i).cause, renewal_cause::lost);
    EXPECT_EQ(health(i).attempted_at, now);
    EXPECT_EQ(health(i).failures, 0);
  }
  until(now + day * 4);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(health(i).failures, 0) << i;

  // Nobody at home for three hours: the plans that went by are told, and made up for within minutes.
  close();
  const auto down_at = now;
  now += 3h;
  const auto told = facts(fact_type::calendar_channel_renewal_failed);
  const auto overdue = std::count_if(rows().providers.begin(), rows().providers.end(), [&](const auto& p) {
    return *p.second.calendar.push.renews_at <= now - renewal_overdue_after;
  });
  ASSERT_GT(overdue, 10);
  open();
  until(now + 5min);
  EXPECT_EQ(static_cast<std::ptrdiff_t>(facts(fact_type::calendar_channel_renewal_failed) - told), overdue);
  EXPECT_EQ(meter.codes["channel_renewal_missed"], overdue);
  for (const auto& [id, p] : rows().providers) {
    EXPECT_GT(*p.calendar.push.renews_at, down_at + 3h);
    EXPECT_FALSE(p.calendar.problem);
  }
  until(now + day * 30);
  EXPECT_EQ(vendor.expired, 0);
}

} // namespace
} // namespace kalends::actors
