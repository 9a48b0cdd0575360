// SPDX-License-Identifier: Apache-2.0
#include "commands/mail_sender.hpp"

#include "commands/notice_words.hpp"
#include "net/smtp.hpp"
#include "observe/log.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

namespace kalends::commands {

namespace {

using namespace std::chrono_literals;
using persistence::mail_state;
using persistence::notice_to_mail;

constexpr auto look_period = 3s;
/// Longer than sending all that is taken at once can take: within it nobody else takes these mails.
constexpr auto held_for = 15min;
constexpr auto first_wait = 30s;
constexpr auto longest_wait = 6h;
/// With waits that double, some two days.
constexpr int most_attempts = 14;
/// News of last week is none.
constexpr auto too_old = std::chrono::days(7);
constexpr std::size_t tenants_at_once = 50, mails_at_once = 10;

std::chrono::milliseconds wait_after(int attempts) {
  std::chrono::milliseconds wait = first_wait;
  for (int i = 1; i < attempts && wait < longest_wait; ++i) wait *= 2;
  return std::min<std::chrono::milliseconds>(wait, longest_wait);
}

} // namespace

struct mail_sender::impl {
  impl(persistence::database& d, mail_parts s, world w, observe::mail_meter& m)
      : db(d), configured(std::move(s)), outside(std::move(w)), told(m) {}

  void live();
  void round();
  /// Whether there may be more.
  bool serve(const tenant_id& tenant);
  void send(const tenant_id& tenant, const notice_to_mail& n);
  persistence::mail_outcome outcome_of(const notice_to_mail& n, const result<void>& sent) const;
  result<std::vector<tenant_id>> look() const;

  persistence::database& db;
  const mail_parts configured;
  const world outside;
  observe::mail_meter& told;
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<bool> stopping = false;
  std::thread thread;
};

mail_sender::mail_sender(persistence::database& db, mail_parts configured, world outside,
                         observe::mail_meter& told)
    : impl_(std::make_unique<impl>(db, std::move(configured), std::move(outside), told)) {
  impl_->thread = std::thread([i = impl_.get()] { i->live(); });
}

mail_sender::~mail_sender() { stop(); }

void mail_sender::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void mail_sender::impl::live() {
  for (;;) {
    round();
    std::unique_lock lock(mutex);
    if (changed.wait_for(lock, look_period, [this] { return stopping.load(); })) return;
  }
}

/// `database::look` answers on another thread; this one has nothing else to do.
result<std::vector<tenant_id>> mail_sender::impl::look() const {
  using ids = std::vector<tenant_id>;
  auto answer = std::make_shared<std::promise<result<ids>>>();
  auto waits = answer->get_future();
  db.look<ids>(
      [now = outside.now()](persistence::transaction& tx) {
        return persistence::tenants_with_mail_due(tx, now, tenants_at_once);
      },
      [answer](result<ids> found) { answer->set_value(std::move(found)); });
  return waits.get();
}

void mail_sender::impl::round() {
  const auto due = look();
  if (!due) return; // the database is away: the next round asks again
  for (const auto& tenant : *due)
    if (stopping.load() || !serve(tenant)) return;
}

bool mail_sender::impl::serve(const tenant_id& tenant) {
  const auto now = outside.now();
  using mails = std::vector<notice_to_mail>;
  const auto taken = db.run_now<mails>({tenant}, [&](persistence::transaction& tx) {
    return persistence::take_due_mail(tx, now, instant(now + held_for), instant(now - too_old),
                                      mails_at_once);
  });
  if (!taken) return false;
  for (const auto& n : *taken) {
    if (stopping.load()) return false; // what was taken and not sent is due again in some minutes
    send(tenant, n);
  }
  return true;
}

persistence::mail_outcome mail_sender::impl::outcome_of(const notice_to_mail& n,
                                                        const result<void>& sent) const {
  const auto now = outside.now();
  if (sent) return {mail_state::sent, {}, now};
  const auto& e = sent.error();
  if (e.kind == errc::invalid || n.attempts >= most_attempts) return {mail_state::given_up, e.code, now};
  return {mail_state::waiting, e.code, instant(now + wait_after(n.attempts))};
}

void mail_sender::impl::send(const tenant_id& tenant, const notice_to_mail& n) {
  const auto message = net::compose(words_of(n, configured.public_url, configured.mail.from, outside.now()));
  const auto sent = message.and_then([&](const std::string& text) {
    return net::send_mail(configured.mail, configured.extra_ca_file, n.to, text, stopping);
  });
  if (!sent && sent.error().kind == errc::stopped) return;
  const auto outcome = outcome_of(n, sent);
  const auto kept = db.run_now<bool>({tenant}, [&](persistence::transaction& tx) -> result<bool> {
    if (auto done = persistence::settle_mail(tx, n.id, outcome, outside.now(), make_uuid(outside)); !done)
      return tl::unexpected(done.error());
    return true;
  });
  told.mail_settled(outcome.state == mail_state::waiting ? "retried" : persistence::name_of(outcome.state));
  observe::log(outcome.state == mail_state::sent ? observe::log_level::info : observe::log_level::warn,
               outcome.state == mail_state::sent ? "a notice was mailed" : "a notice could not be mailed",
               {{"tenant", tenant.str()},
                {"notification", n.id},
                {"state", std::string(persistence::name_of(outcome.state))},
                {"attempts", n.attempts},
                {"code", outcome.code},
                {"detail", sent ? std::string() : sent.error().detail},
                {"kept", kept ? 1 : 0}});
}

} // namespace kalends::commands
