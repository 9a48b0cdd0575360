// SPDX-License-Identifier: Apache-2.0
#include "net/webhook_sender.hpp"

#include "net/reaction.hpp"

#include <utility>

namespace kalends::net {

webhook_sender::webhook_sender(std::shared_ptr<http_client> http, world w, std::string agent)
    : http_(std::move(http)), world_(std::move(w)), agent_(std::move(agent)) {}

call_token webhook_sender::send(const webhook_message& m, std::function<void(result<webhook_answer>)> heard) {
  outgoing_request request;
  request.method = "POST";
  request.url = m.url;
  request.headers = webhook_headers(m.secret, m.secret_before, m.id, world_.now(), m.payload);
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Accept-Encoding", "identity"); // nothing is unpacked that nobody reads
  request.headers.emplace_back("User-Agent", agent_);
  request.body = m.payload;
  request.connect_timeout = deadline / 2;
  request.read_timeout = deadline;
  request.total_timeout = deadline;
  request.body_limit = answer_bytes;
  return http_->send(std::move(request), [heard = std::move(heard), now = world_.now](result<http_reply> r) {
    if (!r) return heard(tl::unexpected(std::move(r.error())));
    heard(webhook_answer{r->status, read_retry_after(find_header(r->headers, "Retry-After"), now())});
  });
}

} // namespace kalends::net
