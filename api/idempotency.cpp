// SPDX-License-Identifier: Apache-2.0
#include "api/idempotency.hpp"

#include "net/oauth.hpp"
#include "observe/log.hpp"
#include "persistence/schedule.hpp"

namespace kalends::api {
namespace json = boost::json;
namespace {

using persistence::kept_answer;

constexpr const char* header_name = "Idempotency-Key";

/// What stands in `headers` of a key that has no answer yet.
struct unfinished {
  std::string reserved_id;
  std::int64_t since_ms = 0;
  std::string life; ///< of the process that works on it
};

std::string write(const unfinished& u) {
  return json::serialize(
      json::object{{"reserved_id", u.reserved_id}, {"since_ms", u.since_ms}, {"life", u.life}});
}

unfinished read_unfinished(const std::string& text) {
  unfinished out;
  json::error_code failed;
  const auto v = json::parse(text, failed);
  if (failed || !v.is_object()) return out;
  if (const auto* id = v.get_object().if_contains("reserved_id"); id && id->is_string())
    out.reserved_id = id->get_string().c_str();
  if (const auto* at = v.get_object().if_contains("since_ms"); at && at->is_int64())
    out.since_ms = at->get_int64();
  if (const auto* life = v.get_object().if_contains("life"); life && life->is_string())
    out.life = life->get_string().c_str();
  return out;
}

/// Whether somebody may still be working on it. `held_here`: a request of this process is.
bool under_way(const unfinished& u, const house& h, bool held_here, instant now) {
  const bool only_process = h.with.configured.database_url.empty();
  if (!held_here && (only_process || u.life == h.life)) return false;
  return now - instant{std::chrono::milliseconds(u.since_ms)} < claim_lifetime;
}

net::http_response replay(const kept_answer& kept) {
  net::http_response out{kept.status, {}, kept.body};
  json::error_code failed;
  const auto headers = json::parse(kept.headers, failed);
  if (!failed && headers.is_object())
    for (const auto& h : headers.get_object())
      if (h.value().is_string()) out.headers.emplace_back(h.key(), h.value().get_string().c_str());
  out.headers.emplace_back("Idempotency-Replayed", "true");
  return out;
}

std::string headers_json(const net::header_list& headers) {
  json::object out;
  for (const auto& [name, value] : headers) out[name] = value;
  return json::serialize(out);
}

/// What became of the attempt to claim a key: ours, or somebody's answer.
struct claimed {
  std::optional<answer_claim> ours;
  std::optional<net::http_response> theirs;
};

result<claimed> claim(persistence::transaction& tx, const call& c, answer_claim wanted) {
  const auto now = c.with().outside.now();
  auto existing = persistence::claim_answer(tx, wanted.key, wanted.fingerprint, now);
  if (!existing) return tl::unexpected(existing.error());
  wanted.reserved_id = make_uuid(c.with().outside);
  if (*existing) {
    const auto& kept = **existing;
    if (kept.fingerprint != wanted.fingerprint)
      return failure(
          errc::invalid, "idempotency_key_reused",
          "This key was used for another request. Send each request that is to be done with a new one.",
          header_name);
    if (kept.status != 0 && kept.status < 500) return claimed{std::nullopt, replay(kept)};
    const auto left = read_unfinished(kept.headers);
    if (kept.status == 0 && under_way(left, *c.at, !wanted.held, now))
      return failure(errc::conflict, "idempotency_in_progress",
                     "The first request with this key is not answered yet. Send this one again in a moment.",
                     header_name);
    wanted.repeated = true;
    if (is_uuid(left.reserved_id)) wanted.reserved_id = left.reserved_id;
  }
  const kept_answer begun{
      wanted.fingerprint, 0, write({wanted.reserved_id, now.time_since_epoch().count(), c.at->life}), {}};
  if (auto kept = persistence::keep_answer(tx, wanted.key, begun); !kept) return tl::unexpected(kept.error());
  return claimed{std::move(wanted), std::nullopt};
}

} // namespace

std::shared_ptr<void> held_keys::hold(const tenant_id& tenant, const std::string& key) {
  const std::lock_guard lock(keys_->guard);
  const auto [at, fresh] = keys_->held.emplace(tenant, key);
  if (!fresh) return nullptr;
  return std::shared_ptr<void>(keys_.get(), [keys = keys_, at = at](void*) {
    const std::lock_guard release(keys->guard);
    keys->held.erase(at);
  });
}

void claim_key_then(const call_ptr& c, std::function<void()> then) {
  const auto key = net::find_header(c->request.headers, header_name);
  if (!c->where->idempotent || key.empty()) return then();
  answer_claim wanted;
  wanted.key = key;
  if (key.size() > idempotency_key_bytes)
    return c->fail({errc::invalid,
                    "malformed_idempotency_key",
                    "At most " + std::to_string(idempotency_key_bytes) + " bytes.",
                    header_name,
                    {}});
  wanted.held = c->at->held.hold(c->who.tenant, wanted.key);
  const auto asked = c->request.query.empty() ? c->request.path : c->request.path + '?' + c->request.query;
  // A person's answer is for nobody else, whoever guesses the key.
  const auto whose = c->who.person() ? c->who.user.str() + '\n' : std::string();
  wanted.fingerprint = net::sha256(whose + c->request.method + '\n' + asked + '\n' + c->request.body);
  ask<claimed>(
      c, c->who.tenant, [c, wanted](persistence::transaction& tx) { return claim(tx, *c, wanted); },
      [c, then = std::move(then)](claimed got) {
        if (got.theirs) return c->finish(std::move(*got.theirs));
        c->claim = std::move(got.ours);
        then();
      });
}

void keep_answer_then(const call_ptr& c, net::http_response answer,
                      std::function<void(net::http_response)> then) {
  const auto held = *std::exchange(c->claim, std::nullopt);
  kept_answer kept{held.fingerprint, answer.status, headers_json(answer.headers), answer.body};
  if (answer.status >= 500) kept = {held.fingerprint, 503, write({held.reserved_id, 0, {}}), {}};
  c->with().db.run<bool>(
      {c->who.tenant},
      [key = held.key, kept = std::move(kept)](persistence::transaction& tx) -> result<bool> {
        return persistence::keep_answer(tx, key, kept).map([] { return true; });
      },
      [c, still = held.held, answer = std::move(answer),
       then = std::move(then)](const result<bool>& r) mutable {
        still.reset();
        if (!r)
          observe::log(observe::log_level::warn, "an answer could not be kept for its Idempotency-Key",
                       {{"tenant", c->who.tenant}, {"request", c->id}, {"code", r.error().code}});
        then(std::move(answer));
      });
}

} // namespace kalends::api
