// SPDX-License-Identifier: Apache-2.0
#include "api/keep_notice.hpp"
#include "api/resources.hpp"
#include "net/webhook_check.hpp"

#include <atomic>

/// The vendors' notices. An answer of 2xx says "durable"; whatever cannot prove itself is refused and changes
/// nothing. Thousands per second pass here, so nothing is logged or written per notice besides the engine's
/// own mark.
namespace kalends::api {
namespace {

error refused() {
  return {errc::forbidden, "notice_refused", "The notification does not prove where it comes from.", {}, {}};
}

/// What became of the items of one delivery. The last answer decides: passing trouble wants the whole
/// delivery again, and one good item makes it a good delivery.
struct delivery {
  call_ptr c;
  std::atomic<std::size_t> open;
  std::atomic<std::size_t> durable{0};
  std::atomic<bool> failed{false};

  delivery(call_ptr from, std::size_t items) : c(std::move(from)), open(items) {}

  void settle(const result<bool>& r) {
    if (r) {
      durable.fetch_add(1);
    } else if (!is_refusal(r.error())) {
      failed.store(true);
    }
    if (open.fetch_sub(1) == 1) answer();
  }

  void answer() const {
    if (failed.load())
      return c->finish(
          problem({errc::retry_later, "database_away", "The notification could not be kept.", {}, {}}));
    if (durable.load() == 0) return c->finish(problem(refused()));
    c->finish({202, {}, {}});
  }
};

net::http_response handshake(std::string token) {
  return {200,
          {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
          std::move(token)};
}

} // namespace

bool is_refusal(const error& e) {
  return e.kind == errc::invalid || e.kind == errc::not_found || e.kind == errc::forbidden;
}

void tell_of_refusal(const call_ptr& c, std::string_view code) {
  c->with().told->notice_refused(code);
  c->at->refused.note(code, c->with().outside.now());
}

void keep_notice(const call_ptr& c, provider_type from, net::unproven_notice n,
                 actors::answer_to<bool> done) {
  auto tell = [c, from, tenant = n.ticket.tenant, done = std::move(done)](const result<bool>& kept) {
    if (kept)
      c->with().told->notices_accepted(tenant, from, 1);
    else if (is_refusal(kept.error()))
      tell_of_refusal(c, kept.error().code);
    done(kept);
  };
  c->with().engine->notice(std::move(n), std::move(tell));
}

void google_webhook(const call_ptr& c) {
  auto notice = net::read_google_notice(c->request.headers);
  if (!notice) {
    tell_of_refusal(c, notice.error().code);
    return c->finish(problem(refused()));
  }
  keep_notice(c, provider_type::google, std::move(*notice), [c](const result<bool>& kept) {
    if (kept) return c->finish(no_content());
    if (is_refusal(kept.error())) return c->finish(problem(refused()));
    c->finish(problem({errc::retry_later, "database_away", "The notification could not be kept.", {}, {}}));
  });
}

void microsoft_webhook(const call_ptr& c) {
  if (auto token = net::graph_validation_token(c->request)) return c->finish(handshake(std::move(*token)));
  auto notices = net::read_graph_notices(c->request.body);
  if (!notices) {
    tell_of_refusal(c, notices.error().code);
    return c->finish(problem(notices.error()));
  }
  if (notices->items.empty()) {
    tell_of_refusal(c, "notice_ticket_malformed");
    return c->finish(problem(refused()));
  }
  const auto whole = std::make_shared<delivery>(c, notices->items.size());
  for (auto& item : notices->items)
    keep_notice(c, provider_type::microsoft, std::move(item),
                [whole](const result<bool>& kept) { whole->settle(kept); });
}

} // namespace kalends::api
