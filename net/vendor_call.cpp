// SPDX-License-Identifier: Apache-2.0
#include "net/vendor_call.hpp"

#include <algorithm>

namespace kalends::net {
namespace {

tl::unexpected<error> cancelled_call() {
  return failure(errc::stopped, "call_cancelled", "The call was cancelled.");
}

} // namespace

vendor_call::vendor_call(std::shared_ptr<http_client> http, world w, std::string access_token, reaction react)
    : http_(std::move(http)), world_(std::move(w)), access_token_(std::move(access_token)), react_(react) {}

void vendor_call::ask(asked what, outgoing_request request, next then) {
  send(std::move(request), [self = shared_from_this(), what, then = std::move(then)](
                               result<http_reply> reply) { then(self->judge(what, std::move(reply))); });
}

result<std::string> vendor_call::judge(asked what, result<http_reply> reply) const {
  if (!reply) return tl::unexpected(std::move(reply.error()));
  if (reply->status >= 200 && reply->status < 300) return std::move(reply->body);
  auto refused = react_(what, *reply, world_.now());
  if (!access_token_.empty() && refused.detail.find(access_token_) != std::string::npos)
    refused.detail = "The vendor answered " + std::to_string(reply->status) + " and quoted a secret.";
  return tl::unexpected(std::move(refused));
}

void vendor_call::send(outgoing_request request, http_client::done then) {
  unsigned step = 0;
  {
    const std::scoped_lock lock(mutex_);
    step = ++step_;
    if (cancelled_) step = 0;
  }
  if (step == 0) return then(cancelled_call());
  request.headers.emplace_back("Authorization", "Bearer " + access_token_);
  request.headers.emplace_back("Accept", "application/json");
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  auto sent = http_->send(std::move(request), std::move(then));
  call_token discarded;
  {
    const std::scoped_lock lock(mutex_);
    // The answer may be here already and have begun the next step: its token must not be replaced.
    if (step == step_ && !cancelled_) {
      discarded = std::move(current_);
      current_ = std::move(sent);
    } else if (step != step_) {
      sent.release();
    }
  }
}

call_token vendor_call::token() {
  return call_token([self = shared_from_this()] { self->cancel(); });
}

void vendor_call::cancel() {
  call_token current;
  {
    const std::scoped_lock lock(mutex_);
    cancelled_ = true;
    current = std::move(current_);
  }
}

std::string origin_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const auto end = url.find_first_of("/?#", scheme + 3);
  std::string out(url.substr(0, end));
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

} // namespace kalends::net
