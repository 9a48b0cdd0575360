// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"

#include <charconv>

namespace kalends::api {
namespace {

net::http_response stream_head() {
  return {200,
          {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}},
          {}};
}

error too_many_streams() {
  return {errc::retry_later, "too_many_streams", "Read /v1/events meanwhile.", {}, std::chrono::seconds(30)};
}

/// Last-Event-ID: nothing if the reader brings none.
result<std::optional<std::int64_t>> resume_point(const call& c) {
  const auto text = net::find_header(c.request.headers, "Last-Event-ID");
  if (text.empty()) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || value < 0)
    return failure(errc::invalid, "malformed_last_event_id", "It is the id of an event of this stream.",
                   "Last-Event-ID");
  return std::optional(value);
}

read_facts facts_of(persistence::database& db, const tenant_id& tenant) {
  return [&db, tenant](std::int64_t after, std::size_t limit,
                       std::function<void(result<std::vector<fact>>)> done) {
    db.run<std::vector<fact>>(
        {tenant},
        [after, limit](persistence::transaction& tx) { return persistence::list_facts(tx, after, limit); },
        std::move(done));
  };
}

void open_stream(const call_ptr& c, std::int64_t after) {
  auto out = c->open_stream(stream_head());
  if (!out) return;
  const auto stream =
      std::make_shared<event_stream>(std::move(out), facts_of(c->with().db, c->who.tenant), after);
  // Listening begins before reading, so that nothing falls between the two.
  stream->hold(c->with().engine->subscribe(c->who.tenant, [stream](const fact& f) { stream->tell(f); }));
  c->at->streams.add(stream);
  stream->begin();
}

/// {"items": […], "next_cursor": …}; facts are put in as they are, since their data is JSON already.
net::http_response feed(const std::vector<fact>& facts, std::size_t limit, const std::string& only_type) {
  std::string body = "{\"items\":[";
  bool first = true;
  for (const auto& f : facts) {
    if (!only_type.empty() && name_of(f.type) != only_type) continue;
    if (!std::exchange(first, false)) body += ',';
    body += fact_json(f);
  }
  body += "],\"next_cursor\":";
  body += facts.size() == limit ? '"' + std::to_string(facts.back().sequence) + '"' : std::string("null");
  body +=
      ",\"last_sequence\":" + (facts.empty() ? std::string("null") : std::to_string(facts.back().sequence)) +
      "}";
  return {200, {{"Content-Type", "application/json"}}, std::move(body)};
}

} // namespace

void list_events(const call_ptr& c) {
  query_reader query(c->request.query);
  const auto after = std::max(query.sequence("after"), query.sequence("cursor"));
  const auto limit = query.limit();
  const auto type = query.text("type", 64).value_or("");
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  answer_from(c, [after, limit, type](persistence::transaction& tx) -> result<net::http_response> {
    if (after > 0)
      if (auto kept = persistence::check_facts_kept(tx, after); !kept) return tl::unexpected(kept.error());
    return persistence::list_facts(tx, after, limit).map([&](const std::vector<fact>& facts) {
      return feed(facts, limit, type);
    });
  });
}

void stream_events(const call_ptr& c) {
  const auto from = resume_point(*c);
  if (!from) return c->fail(from.error());
  if (c->at->streams.full()) return c->fail(too_many_streams());
  if (c->request.method == "HEAD") return c->finish(stream_head());
  ask<std::int64_t>(
      c, c->who.tenant,
      [from = *from](persistence::transaction& tx) -> result<std::int64_t> {
        if (!from) return persistence::last_sequence(tx);
        return persistence::check_facts_kept(tx, *from).map([&] { return *from; });
      },
      [c](std::int64_t last) { open_stream(c, last); });
}

void stream_all_events(const call_ptr& c) {
  if (c->at->streams.full()) return c->fail(too_many_streams());
  if (c->request.method == "HEAD") return c->finish(stream_head());
  auto out = c->open_stream(stream_head());
  if (!out) return;
  const auto stream = std::make_shared<live_stream>(std::move(out));
  stream->hold(c->with().engine->subscribe(tenant_id(), [stream](const fact& f) { stream->tell(f); }));
  c->at->streams.add(stream);
  stream->beat(); // the reader sees at once that it is connected
}

} // namespace kalends::api
