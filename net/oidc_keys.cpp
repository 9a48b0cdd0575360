// SPDX-License-Identifier: Apache-2.0
#include "net/http_rules.hpp"
#include "net/oidc_check.hpp"

#include <algorithm>
#include <charconv>
#include <mutex>

namespace kalends::net {
namespace {

using std::chrono::seconds;

error keys_away() {
  return {errc::retry_later, "oidc_keys_away", "The issuer's keys cannot be fetched.", {}, {}};
}

/// How long the answer may be kept (RFC 9111 section 5.2.2), within our own bounds.
seconds age_of(const http_reply& reply) {
  auto value = find_header(reply.headers, "Cache-Control");
  seconds age = oidc_checker::usual_age;
  while (!value.empty()) {
    const auto end = std::min(value.find(','), value.size());
    auto word = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    while (word.starts_with(' ')) word.remove_prefix(1);
    const auto equals = word.find('=');
    if (same_name(word, "no-store") || same_name(word, "no-cache")) return oidc_checker::shortest_age;
    if (equals == std::string_view::npos || !same_name(word.substr(0, equals), "max-age")) continue;
    const auto digits = word.substr(equals + 1);
    std::int64_t n = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), n);
    if (read.ec == std::errc::result_out_of_range) n = oidc_checker::longest_age.count();
    if (read.ptr != digits.data()) age = seconds(std::clamp<std::int64_t>(n, 0, 1'000'000));
  }
  return std::clamp(age, oidc_checker::shortest_age, oidc_checker::longest_age);
}

result<std::vector<oidc_key>> read_reply(const result<http_reply>& reply) {
  if (!reply) return tl::unexpected(reply.error());
  if (reply->status != 200) return tl::unexpected(keys_away());
  return read_oidc_keys(reply->body);
}

} // namespace

struct oidc_checker::impl : std::enable_shared_from_this<impl> {
  struct question {
    std::string token;
    oidc_rule rule;
    done on_done;
  };

  impl(std::shared_ptr<http_client> h, std::string url, std::string i, world w)
      : http(std::move(h)), keys_url(std::move(url)), issuer(std::move(i)), outside(std::move(w)) {}

  const std::shared_ptr<http_client> http;
  const std::string keys_url, issuer;
  const world outside;

  std::mutex guard;
  std::shared_ptr<const std::vector<oidc_key>> keys = std::make_shared<std::vector<oidc_key>>();
  instant fresh_until{};        ///< of the keys
  instant next_unknown_fetch{}; ///< before it, an unknown key stays unknown
  instant next_try{};           ///< after a fetch that failed
  bool fetching = false;
  std::vector<question> waiting;

  void ask(question q) {
    const auto now = outside.now();
    std::unique_lock lock(guard);
    if (now < fresh_until) {
      const auto known = keys;
      lock.unlock();
      auto answer = check_oidc_token(q.token, *known, q.rule, now);
      if (answer || answer.error().code != "oidc_key_unknown") return q.on_done(std::move(answer));
      lock.lock();
      if (!fetching && now < next_unknown_fetch) {
        lock.unlock();
        return q.on_done(std::move(answer));
      }
    }
    const bool may_wait = waiting.size() < waiting_limit && (fetching || now >= next_try);
    if (!may_wait) {
      lock.unlock();
      return q.on_done(tl::unexpected(keys_away()));
    }
    waiting.push_back(std::move(q));
    if (std::exchange(fetching, true)) return;
    lock.unlock();
    fetch();
  }

  void fetch() {
    outgoing_request r;
    r.url = keys_url;
    r.headers = {{"Accept", "application/json"}};
    r.body_limit = oidc_key_set_limit;
    r.total_timeout = seconds(10);
    http->send(std::move(r), [me = shared_from_this()](result<http_reply> reply) { me->take(reply); })
        .release();
  }

  void take(const result<http_reply>& reply) {
    auto fresh = read_reply(reply);
    const auto now = outside.now();
    std::vector<question> asked;
    {
      const std::lock_guard lock(guard);
      fetching = false;
      asked.swap(waiting);
      if (fresh) {
        keys = std::make_shared<const std::vector<oidc_key>>(*fresh);
        fresh_until = now + age_of(*reply);
        next_unknown_fetch = now + unknown_key_pause;
      } else {
        next_try = now + failed_fetch_pause;
      }
    }
    for (auto& q : asked)
      q.on_done(fresh ? check_oidc_token(q.token, *fresh, q.rule, now)
                      : result<oidc_identity>(tl::unexpected(keys_away())));
  }
};

oidc_checker::oidc_checker(std::shared_ptr<http_client> http, std::string keys_url, std::string issuer,
                           world w)
    : impl_(std::make_shared<impl>(std::move(http), std::move(keys_url), std::move(issuer), std::move(w))) {}

void oidc_checker::check(std::string token, std::string audience, done on_done) {
  impl_->ask({std::move(token), {impl_->issuer, std::move(audience)}, std::move(on_done)});
}

} // namespace kalends::net
