// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"
#include "api/letting_in.hpp"
#include "persistence/own_things.hpp"

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

/// What was read, without what is not the person's.
result<stretch_of_facts> read_stretch(persistence::transaction& tx, const principal& who, std::int64_t after,
                                      std::size_t limit) {
  auto found = persistence::list_facts(tx, after, limit);
  if (!found) return tl::unexpected(found.error());
  stretch_of_facts out;
  out.more = found->size() == limit;
  out.through = found->empty() ? after : found->back().sequence;
  if (!who.person()) {
    out.facts = std::move(*found);
    return out;
  }
  auto own = persistence::own_facts(tx, who.user, std::move(*found));
  if (!own) return tl::unexpected(own.error());
  out.facts = std::move(*own);
  return out;
}

read_facts facts_of(const call& c) {
  return [&db = c.with().db, who = c.who, check = check_of(c)](
             std::int64_t after, std::size_t limit, std::function<void(result<stretch_of_facts>)> done) {
    check([&db, who, after, limit, done = std::move(done)](const result<void>& alive) {
      if (!alive) return done(tl::unexpected(alive.error()));
      db.run<stretch_of_facts>(
          {who.tenant},
          [who, after, limit](persistence::transaction& tx) { return read_stretch(tx, who, after, limit); },
          done);
    });
  };
}

void open_stream(const call_ptr& c, std::int64_t after) {
  auto out = c->open_stream(stream_head());
  if (!out) return;
  const auto live = c->who.person() ? live_facts::only_a_hint : live_facts::shown;
  const auto stream = std::make_shared<event_stream>(std::move(out), facts_of(*c), after, live);
  // Listening begins before reading, so that nothing falls between the two.
  stream->hold(c->with().engine->subscribe(c->who.tenant, [stream](const fact& f) { stream->tell(f); }));
  c->at->streams.add(stream);
  stream->begin();
}

/// {"items": […], "next_cursor": …}; facts are put in as they are, since their data is JSON already.
net::http_response feed(const stretch_of_facts& read, std::int64_t after, const std::string& only_type) {
  std::string body = "{\"items\":[";
  bool first = true;
  for (const auto& f : read.facts) {
    if (!only_type.empty() && name_of(f.type) != only_type) continue;
    if (!std::exchange(first, false)) body += ',';
    body += fact_json(f);
  }
  body += "],\"next_cursor\":";
  const auto last = std::to_string(read.through);
  body += read.more ? '"' + last + '"' : std::string("null");
  body += ",\"last_sequence\":" + (read.through == after ? std::string("null") : last) + "}";
  return {200, {{"Content-Type", "application/json"}}, std::move(body)};
}

} // namespace

void list_events(const call_ptr& c) {
  query_reader query(c->request.query);
  const auto after = std::max(query.sequence("after"), query.sequence("cursor"));
  const auto limit = query.limit();
  const auto type = query.text("type", 64).value_or("");
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  answer_from(c,
              [who = c->who, after, limit, type](persistence::transaction& tx) -> result<net::http_response> {
                if (after > 0)
                  if (auto kept = persistence::check_facts_kept(tx, after); !kept)
                    return tl::unexpected(kept.error());
                return read_stretch(tx, who, after, limit).map([&](const stretch_of_facts& read) {
                  return feed(read, after, type);
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
  const auto stream = std::make_shared<live_stream>(std::move(out), check_of(*c));
  stream->hold(c->with().engine->subscribe(tenant_id(), [stream](const fact& f) { stream->tell(f); }));
  c->at->streams.add(stream);
  stream->beat(); // the reader sees at once that it is connected
}

} // namespace kalends::api
