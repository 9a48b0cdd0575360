// SPDX-License-Identifier: Apache-2.0
#include "sandbox/notifier.hpp"

#include "sandbox/core.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace kalends::sandbox {

namespace json = boost::json;

namespace {

/// How long `reorder` holds a notice back when no other follows.
constexpr std::chrono::seconds reorder_patience{30};

bool is_accepted(const retry_rule& rule, const result<net::http_reply>& reply) {
  return reply && rule.accepted.contains(reply->status);
}

bool is_retried(const retry_rule& rule, const result<net::http_reply>& reply) {
  if (!reply) return rule.retry_unreachable && reply.error().kind != errc::stopped;
  return rule.retry_any || rule.retried.contains(reply->status) ||
         (rule.retry_any_5xx && reply->status >= 500);
}

} // namespace

notifier::~notifier() = default;

void notifier::post(notice n) {
  if (n.due == instant{}) n.due = core_.now();
  const auto fault = core_.faults.strike(n.kind, n.account, "notice");
  const auto kind = fault ? fault->notice : notice_fault::none;
  const auto put = [&](notice one) {
    one.number = ++last_;
    outbox_.push_back(std::move(one));
  };
  if (kind == notice_fault::drop) return;
  if (kind == notice_fault::delay) n.due += fault->delay;
  if (kind == notice_fault::duplicate) put(n);
  if (kind == notice_fault::reorder && !held_back_) {
    n.due += reorder_patience;
    n.number = ++last_;
    held_back_ = std::move(n);
    return;
  }
  put(std::move(n));
  if (held_back_) {
    auto late = std::exchange(held_back_, std::nullopt);
    late->due = core_.now();
    put(std::move(*late));
  }
  if (outbox_.size() > notice_outbox_limit) outbox_.pop_front();
}

void notifier::ask(net::outgoing_request request, std::function<void(result<net::http_reply>)> done) {
  questions_.push_back({std::move(request), std::move(done)});
}

void notifier::forget_channel(std::string_view channel) {
  std::erase_if(outbox_, [&](const notice& n) { return n.channel == channel && !n.in_flight; });
}

void notifier::pump() {
  std::vector<std::pair<std::uint64_t, net::outgoing_request>> sends;
  std::list<question> questions;
  notice_transport send;
  {
    const std::lock_guard lock(core_.mutex);
    if (!transport_) return;
    send = transport_;
    const auto now = core_.now();
    if (held_back_ && held_back_->due <= now) {
      held_back_->number = ++last_;
      outbox_.push_back(*std::exchange(held_back_, std::nullopt));
    }
    std::set<std::string_view> busy;
    for (const auto& n : outbox_)
      if (n.in_flight) busy.insert(n.channel);
    for (auto& n : outbox_) {
      if (n.in_flight || n.due > now || !busy.insert(n.channel).second) continue;
      n.in_flight = true;
      const auto credential = n.prepare ? n.prepare(n.request) : std::string();
      auto& sent = sends.emplace_back(n.number, n.request).second;
      if (!credential.empty()) sent.headers.emplace_back("Authorization", credential);
    }
    questions.swap(questions_);
  }
  const std::weak_ptr<int> alive = alive_;
  for (auto& [number, request] : sends)
    send(std::move(request), [this, alive, number = number](result<net::http_reply> reply) {
      if (alive.lock()) settle(number, std::move(reply));
    });
  for (auto& q : questions)
    send(std::move(q.request), [this, alive, done = std::move(q.done)](result<net::http_reply> reply) {
      if (!alive.lock()) return;
      {
        const std::lock_guard lock(core_.mutex);
        done(std::move(reply));
      }
      pump();
    });
}

void notifier::settle(std::uint64_t number, result<net::http_reply> reply) {
  {
    const std::lock_guard lock(core_.mutex);
    const auto n = std::ranges::find(outbox_, number, &notice::number);
    if (n == outbox_.end()) return;
    journal_entry e;
    e.time = core_.now();
    e.kind = n->kind;
    e.account = n->account;
    e.method = "notice";
    e.verb = n->request.method;
    e.target = n->request.url;
    e.headers = n->request.headers;
    e.body = n->request.body;
    e.status = reply ? reply->status : 0;
    if (!reply) e.error = reply.error().code;
    core_.log.add(std::move(e));
    ++n->attempt;
    n->in_flight = false;
    const bool accepted = is_accepted(n->rule, reply);
    if (!accepted && is_retried(n->rule, reply) && n->attempt < n->rule.attempts) {
      const auto doubled = n->rule.first_wait * (1LL << std::min<std::size_t>(n->attempt - 1, 30));
      n->due = core_.now() + std::min<std::chrono::seconds>(doubled, n->rule.longest_wait);
    } else {
      const auto over = std::move(*n);
      outbox_.erase(n);
      if (over.on_end) over.on_end(accepted, reply ? reply->status : 0, reply ? reply->body : std::string());
    }
  }
  pump();
}

namespace {

json::object form_of(const notice& n) {
  json::array headers;
  for (const auto& [name, value] : n.request.headers) headers.push_back(json::array{name, value});
  return {{"vendor", name_of(n.kind)},
          {"account", n.account},
          {"channel", n.channel},
          {"method", n.request.method},
          {"url", n.request.url},
          {"headers", std::move(headers)},
          {"body", n.request.body},
          {"timeout_ms", n.request.total_timeout.count()},
          {"due", state_time(n.due)},
          {"attempt", n.attempt},
          {"concerns", state_texts(n.concerns)}};
}

notice notice_from(const json::object& o) {
  notice n;
  n.kind = vendor_named(string_at(o, "vendor")).value();
  n.account = string_at(o, "account");
  n.channel = string_at(o, "channel");
  n.request.method = string_at(o, "method");
  n.request.url = string_at(o, "url");
  for (const auto& field : o.at("headers").as_array())
    n.request.headers.emplace_back(field.at(0).as_string(), field.at(1).as_string());
  n.request.body = string_at(o, "body");
  n.request.total_timeout = std::chrono::milliseconds(number_at<std::int64_t>(o, "timeout_ms"));
  n.request.connect_timeout = std::min(n.request.connect_timeout, n.request.total_timeout);
  n.request.read_timeout = std::min(n.request.read_timeout, n.request.total_timeout);
  n.due = time_at(o, "due");
  n.attempt = number_at<std::size_t>(o, "attempt");
  for (const auto& id : o.at("concerns").as_array()) n.concerns.emplace_back(id.as_string());
  return n;
}

} // namespace

void notifier::save(state_writer& out) {
  std::map<std::uint64_t, std::reference_wrapper<const notice>> all;
  for (const auto& n : outbox_) all.emplace_hint(all.end(), n.number, n);
  if (held_back_) all.emplace(held_back_->number, *held_back_);
  written_.save(out, "notice", "", all, [](const notice& n) { return form_of(n); });
}

void notifier::load(state_reader& in) {
  in.each("notice", [&](const std::string&, const json::object& o) {
    auto n = notice_from(o);
    if (auto* half = core_.half(n.kind)) half->adopt(n);
    n.number = ++last_;
    outbox_.push_back(std::move(n));
  });
}

} // namespace kalends::sandbox
