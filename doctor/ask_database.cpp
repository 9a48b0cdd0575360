// SPDX-License-Identifier: Apache-2.0
#include "doctor/ask_database.hpp"

#include "persistence/directory.hpp"

#include <future>
#include <iterator>

namespace kalends::doctor {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto slice = 100ms;
constexpr std::size_t tenants_at_once = 500;
constexpr int portions = 40; ///< of tenants; the rest is not looked at

template <class T>
using work_of = std::function<result<T>(persistence::transaction&)>;

class patient {
public:
  patient(persistence::database& db, const std::stop_token& stop, std::chrono::milliseconds within)
      : db_(db), stop_(stop), until_(clock::now() + within) {}

  template <class T>
  result<T> look(work_of<T> work) const {
    auto [answer, heard] = expect<T>();
    db_.look<T>(std::move(work), [answer = answer](result<T> r) { answer->set_value(std::move(r)); });
    return wait(heard);
  }
  template <class T>
  result<T> run(std::vector<tenant_id> tenants, work_of<T> work) const {
    auto [answer, heard] = expect<T>();
    db_.run<T>(std::move(tenants), std::move(work),
               [answer = answer](result<T> r) { answer->set_value(std::move(r)); });
    return wait(heard);
  }

private:
  template <class T>
  static auto expect() {
    auto answer = std::make_shared<std::promise<result<T>>>();
    auto heard = answer->get_future();
    return std::pair(std::move(answer), std::move(heard));
  }
  template <class T>
  result<T> wait(std::future<result<T>>& heard) const {
    while (!stop_.stop_requested() && clock::now() < until_)
      if (heard.wait_for(slice) == std::future_status::ready) return heard.get();
    return failure(errc::retry_later, "database_away", "The database did not answer in time.");
  }

  persistence::database& db_;
  const std::stop_token& stop_;
  clock::time_point until_;
};

struct timed_look {
  persistence::server_look found;
  instant asked_at{}, answered_at{};
};

/// All tenants' grants, a portion of tenants at a time: no transaction sees the grants of everybody.
void ask_about_grants(const patient& db, database_facts& out) {
  persistence::grant_look sum;
  tenant_id after;
  for (int n = 0;; ++n) {
    if (n == portions) {
      out.all_grants = false;
      break;
    }
    using ids = std::vector<tenant_id>;
    const auto some = db.run<ids>({}, [after](persistence::transaction& tx) {
      return persistence::list_tenant_ids(tx, after, tenants_at_once);
    });
    if (!some) {
      out.calendars_away = some.error();
      return;
    }
    if (some->empty()) break;
    auto part = db.run<persistence::grant_look>(
        *some, [](persistence::transaction& tx) { return persistence::look_at_grants(tx); });
    if (!part) {
      out.calendars_away = part.error();
      return;
    }
    std::move(part->scopes.begin(), part->scopes.end(), std::back_inserter(sum.scopes));
    for (const auto& [type, count] : part->own_clients) sum.own_clients[type] += count;
    if (some->size() < tenants_at_once) break;
    after = some->back();
  }
  out.grants = std::move(sum);
}

/// What only the schema of this program has.
void ask_about_calendars(const patient& db, const installation& what, instant now, database_facts& out) {
  if (auto n = db.look<int>([](persistence::transaction& tx) { return persistence::count_nodes(tx); }); n)
    out.nodes = *n;
  if (const auto& url = what.server.webhook_url; !url.empty())
    if (auto n = db.look<int>([url, now](persistence::transaction& tx) {
          return persistence::count_confirmed_channels(tx, url, now);
        });
        n)
      out.confirmed_channels = *n;
  using lost = std::vector<persistence::lost_grant>;
  auto gone = db.look<lost>([](persistence::transaction& tx) { return persistence::list_lost_grants(tx); });
  if (gone)
    out.lost = std::move(*gone);
  else
    out.calendars_away = gone.error();
  ask_about_grants(db, out);
}

} // namespace

database_facts ask_database(const installation& what, const instruments& with, const std::stop_token& stop,
                            std::chrono::milliseconds within) {
  database_facts out;
  out.not_made = with.database_not_made;
  out.away = with.database_away;
  out.schema_needed = persistence::newest_schema_version();
  if (with.database == nullptr) return out;
  const patient db(*with.database, stop, within);
  auto seen =
      db.look<timed_look>([now = with.outside.now](persistence::transaction& tx) -> result<timed_look> {
        timed_look t;
        if (auto ready = tx.query({"examination_begin", "SELECT 1"}); !ready)
          return tl::unexpected(ready.error());
        t.asked_at = now();
        auto found = persistence::look_at_server(tx);
        t.answered_at = now();
        if (!found) return tl::unexpected(found.error());
        t.found = std::move(*found);
        return t;
      });
  if (!seen) {
    out.away = seen.error();
    return out;
  }
  out.asked_at = seen->asked_at;
  out.answered_at = seen->answered_at;
  out.server = std::move(seen->found);
  if (out.server->schema_version == out.schema_needed) ask_about_calendars(db, what, with.outside.now(), out);
  return out;
}

} // namespace kalends::doctor
