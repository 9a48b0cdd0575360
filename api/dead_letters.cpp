// SPDX-License-Identifier: Apache-2.0
#include "persistence/dead_letters.hpp"
#include "api/handling.hpp"

#include <algorithm>
#include <map>

namespace kalends::api {
namespace json = boost::json;
namespace {

/// Replayed in one request: the events of a calendar are asked for one by one.
constexpr std::size_t replays_at_once = 100;
constexpr auto not_found = "dead_letter_not_found";

std::optional<std::string> path_letter(const call& c) {
  return is_uuid(c.path[0]) ? std::optional(c.path[0]) : std::nullopt;
}

error no_such_letter() { return {errc::not_found, not_found, "There is no such thing."}; }

/// What a replay has to do, and what came of it. One vendor may fail while others work: what failed stays
/// open, and the answer says how many.
struct replay_work : std::enable_shared_from_this<replay_work> {
  std::vector<dead_letter> pushes;
  std::map<provider_id, std::vector<event_id>> pulls;
  int put_back = 0, read_again = 0, failed = 0;
  std::optional<error> last;

  void add(const dead_letter& l) {
    if (l.kind == letter_kind::push)
      pushes.push_back(l);
    else
      pulls[l.provider].push_back(l.event);
  }
  void begin(const call_ptr& c, std::function<void(const replay_work&)> then) {
    if (pushes.empty()) return reread(c, then);
    auto done = [self = shared_from_this(), c, then](const result<int>& n) {
      guarded(c, [&] {
        self->count(n, self->put_back, self->pushes.size());
        self->reread(c, then);
      });
    };
    c->with().engine->replay_pushes(c->who.tenant, pushes, done);
  }

private:
  void reread(const call_ptr& c, std::function<void(const replay_work&)> then) {
    if (pulls.empty()) return then(*this);
    const auto at = pulls.begin();
    const auto provider = at->first;
    const auto events = at->second;
    pulls.erase(at);
    auto done = [self = shared_from_this(), c, then, size = events.size()](const result<int>& n) {
      guarded(c, [&] {
        self->count(n, self->read_again, size);
        self->reread(c, then);
      });
    };
    c->with().engine->reread_events(c->who.tenant, provider, events, done);
  }
  void count(const result<int>& n, int& into, std::size_t size) {
    if (n) {
      into += *n;
      return;
    }
    failed += static_cast<int>(size);
    last = n.error();
  }
};

/// Notes who asked, then replays.
void replay(const call_ptr& c, const std::vector<dead_letter>& letters, const std::string& subject,
            std::function<void(const replay_work&)> then) {
  auto work = std::make_shared<replay_work>();
  for (const auto& l : letters)
    if (l.state == letter_state::open) work->add(l);
  json::object detail{{"letters", letters.size()}};
  ask<bool>(
      c, c->who.tenant,
      [c, subject, detail](persistence::transaction& tx) -> result<bool> {
        return persistence::append_audit(tx, audit_of(*c, "dead_letter.replayed", subject, detail)).map([] {
          return true;
        });
      },
      [c, work, then = std::move(then)](bool) { work->begin(c, then); });
}

persistence::letter_filter read_filter(object_reader& body) {
  persistence::letter_filter f;
  f.provider = provider_id(body.uuid("provider_id").value_or(""));
  f.entry = entry_id(body.uuid("entry_id").value_or(""));
  f.code = body.text("code", {.max_bytes = 64}).value_or("");
  f.state = letter_state::open;
  return f;
}

} // namespace

void list_dead_letters(const call_ptr& c) {
  query_reader query(c->request.query);
  persistence::letter_filter filter;
  filter.of_person = c->who.user;
  filter.provider = provider_id(query.uuid("provider_id"));
  filter.entry = entry_id(query.uuid("entry_id"));
  filter.code = query.text("code", 64).value_or("");
  const auto state = query.text("state", 16).value_or("open");
  filter.state = read_name<letter_state>(state);
  if (!filter.state && state != "all")
    query.refuse("unknown_value", "It is open, replayed, settled, dismissed or all.", "state");
  const list_request wanted{query.cursor(), query.limit()};
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  answer_from(c, [filter, wanted](persistence::transaction& tx) {
    return list_answer(persistence::list_letters(tx, filter, wanted.cursor, wanted.limit));
  });
}

void get_dead_letter(const call_ptr& c) {
  const auto id = path_letter(*c);
  if (!id) return c->fail(no_such_letter());
  answer_from(c, [id = *id](persistence::transaction& tx) -> result<net::http_response> {
    return present(persistence::find_letter(tx, id), not_found).map([](const dead_letter& l) {
      return json_answer(200, to_json(l));
    });
  });
}

void replay_dead_letter(const call_ptr& c) {
  const auto id = path_letter(*c);
  if (!id) return c->fail(no_such_letter());
  auto find = [id = *id](persistence::transaction& tx) -> result<dead_letter> {
    return present(persistence::find_letter(tx, id), not_found);
  };
  auto show = [c, find](int status) {
    answer_from(c, [find, status](persistence::transaction& tx) -> result<net::http_response> {
      return find(tx).map([status](const dead_letter& l) { return json_answer(status, to_json(l)); });
    });
  };
  ask<dead_letter>(c, c->who.tenant, find, [c, show](const dead_letter& l) {
    if (l.state != letter_state::open) return show(200); // done already
    replay(c, {l}, "dead_letter:" + l.id, [c, show](const replay_work& w) {
      if (w.last) return c->fail(*w.last);
      show(202);
    });
  });
}

void replay_dead_letters(const call_ptr& c) {
  const auto body = c->body();
  if (!body) return c->fail(body.error());
  object_reader reader(*body);
  auto filter = read_filter(reader);
  filter.of_person = c->who.user;
  std::int64_t limit = replays_at_once;
  if (const auto* given = reader.any("limit")) {
    limit = given->is_int64() ? given->as_int64() : 0;
    if (limit < 1 || limit > static_cast<std::int64_t>(replays_at_once))
      reader.refuse("malformed_parameter", "It is a number from 1 to 100.", "limit");
  }
  if (auto sound = reader.close(); !sound) return c->fail(sound.error());
  using letters = std::vector<dead_letter>;
  ask<letters>(
      c, c->who.tenant,
      [filter, limit](persistence::transaction& tx) -> result<letters> {
        auto page = persistence::list_letters(tx, filter, {}, static_cast<std::size_t>(limit));
        if (!page) return tl::unexpected(page.error());
        return std::move(page->items);
      },
      [c](const letters& found) {
        replay(c, found, "dead_letters", [c](const replay_work& w) {
          c->finish(json_answer(
              202,
              json::object{{"put_back", w.put_back}, {"read_again", w.read_again}, {"failed", w.failed}}));
        });
      });
}

void dismiss_dead_letter(const call_ptr& c) {
  const auto id = path_letter(*c);
  if (!id) return c->fail(no_such_letter());
  answer_from(c, [c, id = *id](persistence::transaction& tx) -> result<net::http_response> {
    const auto letter = present(persistence::find_letter(tx, id), not_found);
    if (!letter) return tl::unexpected(letter.error());
    const auto gone = persistence::dismiss_letter(tx, id, c->with().outside.now());
    if (!gone) return tl::unexpected(gone.error());
    if (!*gone) return no_content(); // closed already
    auto noted = persistence::append_audit(
        tx, audit_of(*c, "dead_letter.dismissed", "dead_letter:" + id, {{"code", letter->code}}));
    if (!noted) return tl::unexpected(noted.error());
    return no_content();
  });
}

} // namespace kalends::api
