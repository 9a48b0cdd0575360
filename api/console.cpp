// SPDX-License-Identifier: Apache-2.0
#include "api/console.hpp"
#include "api/handling.hpp"
#include "net/crypto.hpp"

#include <algorithm>

/// What the installation's operator sees of all tenants at once: how they stand, never what is in their
/// calendars.
namespace kalends::api {
namespace json = boost::json;
namespace {

using persistence::operator_figures;
using persistence::provider_line;
using persistence::provider_question;

constexpr std::size_t words_bytes = 200;

json::value time_json(const std::optional<instant>& t) {
  return t ? json::value(to_rfc3339(*t)) : json::value();
}

json::object counts_json(const std::map<std::string, std::int64_t>& counts) {
  json::object out;
  for (const auto& [name, n] : counts) out[name] = n;
  return out;
}

json::object standing_json(const operator_figures& s) {
  return {{"providers",
           {{"total", s.providers},
            {"by_type", counts_json(s.by_type)},
            {"by_state", counts_json(s.by_state)},
            {"by_health", counts_json(s.by_health)}}},
          {"freshness",
           {{"within_5_minutes", s.read_within_5_minutes},
            {"within_1_hour", s.read_within_1_hour},
            {"within_1_day", s.read_within_1_day},
            {"earlier", s.read_earlier},
            {"never", s.never_read},
            {"oldest_sync_at", time_json(s.oldest_read)}}},
          {"backlog",
           {{"outbox", s.outbox_rows},
            {"oldest_outbox_at", time_json(s.oldest_outbox_row)},
            {"stale_marks", s.stale_marks},
            {"oldest_mark_at", time_json(s.oldest_mark)}}},
          {"open_conflicts", s.open_conflicts},
          {"open_dead_letters", s.open_dead_letters},
          {"approvals_waiting", s.approvals_waiting}};
}

json::object line_json(const provider_line& l) {
  auto out = to_json(l.what);
  out["tenant"] = tenant_ref(l.tenant, l.tenant_name);
  out["user_email"] = text_or_null(l.user_email);
  out["health"] = persistence::name_of(l.health);
  out["work_stopped"] = l.work_stopped;
  out["stale_since"] = time_json(l.stale_since);
  out["outbox_waiting"] = l.outbox_waiting;
  out["open_dead_letters"] = l.open_dead_letters;
  out["open_conflicts"] = l.open_conflicts;
  return out;
}

template <class T>
std::optional<T> read_word(query_reader& query, std::string_view name,
                           std::optional<T> (*read)(std::string_view)) {
  const auto word = query.text(name, 64);
  if (!word) return std::nullopt;
  auto value = read(*word);
  if (!value) query.refuse("unknown_value", "\"" + *word + "\" is not a known value.", name);
  return value;
}

/// Of the query; `order` is what its cursors are good for.
result<provider_question> read_question(const call& c, std::string& order) {
  query_reader query(c.request.query);
  provider_question q;
  q.tenant = tenant_id(query.uuid("tenant_id"));
  q.type = read_word<provider_type>(query, "type", read_name<provider_type>);
  q.status = read_word<provider_status>(query, "state", read_name<provider_status>);
  q.health = read_word<persistence::provider_health>(query, "health", persistence::read_health);
  q.words = query.text("q", words_bytes).value_or("");
  if (q.words.find('\0') != std::string::npos)
    query.refuse("malformed_parameter", "A text holds no NUL.", "q");
  order = query.text("sort", 64).value_or("name");
  std::string_view by = order;
  if ((q.descending = by.starts_with('-'))) by.remove_prefix(1);
  const auto sort = persistence::read_provider_sort(by);
  if (!sort)
    query.refuse(
        "unknown_value",
        "It is name, tenant, state, last_sync, next_poll, channel_expiry or failures; with a - before "
        "it, the other way round.",
        "sort");
  q.by = sort.value_or(persistence::provider_sort::name);
  q.limit = query.limit();
  const auto cursor = query.cursor();
  if (auto sound = query.close(); !sound) return tl::unexpected(sound.error());
  auto after = read_cursor(order, cursor);
  if (!after) return tl::unexpected(after.error());
  q.after = std::move(*after);
  return q;
}

} // namespace

json::object tenant_ref(const tenant_id& id, const std::string& name) {
  return {{"id", id.str()}, {"name", name}};
}

std::string write_cursor(std::string_view order, const persistence::sort_mark& after) {
  return net::base64url(std::string(order) + "\n" + after.tenant.str() + "\n" + after.id + "\n" + after.key);
}

result<std::optional<persistence::sort_mark>> read_cursor(std::string_view order, std::string_view text) {
  if (text.empty()) return std::nullopt;
  auto malformed = [] {
    return failure(errc::invalid, "malformed_cursor", "Cursors come from next_cursor, for the same order.",
                   "cursor");
  };
  auto raw = net::from_base64url(text);
  if (!raw || raw->find('\0') != std::string::npos) return malformed();
  std::string_view rest = *raw;
  auto next = [&rest] {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return std::string(part);
  };
  const auto of = next(), tenant = next(), id = next();
  if (of != order || !is_uuid(tenant) || !is_uuid(id)) return malformed();
  return persistence::sort_mark{std::string(rest), tenant_id(tenant), id};
}

void list_all_providers(const call_ptr& c) {
  std::string order;
  const auto q = read_question(*c, order);
  if (!q) return c->fail(q.error());
  using page = persistence::sorted_page<provider_line>;
  look<page>(
      c,
      [q = *q, now = c->with().outside.now()](persistence::transaction& tx) {
        return persistence::list_all_providers(tx, q, now);
      },
      [c, order](const page& found) {
        json::array items;
        for (const auto& line : found.items) items.push_back(line_json(line));
        c->finish(json_answer(
            200, json::object{{"items", std::move(items)},
                              {"next_cursor",
                               found.next ? json::value(write_cursor(order, *found.next)) : json::value()}}));
      });
}

void get_summary(const call_ptr& c) {
  using persistence::whole_standing;
  look<whole_standing>(
      c,
      [now = c->with().outside.now()](persistence::transaction& tx) {
        return persistence::count_installation(tx, now);
      },
      [c](const whole_standing& found) {
        auto body = standing_json(found.all);
        body["tenants"] = json::object{{"total", found.tenants}, {"stopped", found.tenants_stopped}};
        body["work_stopped"] = found.everything_stopped;
        const auto refused = c->at->refused.count(c->with().outside.now());
        body["notices_refused"] = json::object{{"last_24_hours", refused.last_24_hours},
                                               {"last_at", time_json(refused.last_at)},
                                               {"last_code", text_or_null(refused.last_code)}};
        c->finish(json_answer(200, body));
      });
}

void add_standings(const call_ptr& c, page_of<tenant> page) {
  std::vector<tenant_id> ids;
  for (const auto& t : page.items) ids.push_back(t.id);
  using standings = std::map<tenant_id, operator_figures>;
  look<standings>(
      c,
      [ids, now = c->with().outside.now()](persistence::transaction& tx) {
        return persistence::count_tenants(tx, ids, now);
      },
      [c, page = std::move(page)](const standings& found) {
        json::array items;
        for (const auto& t : page.items) {
          auto item = to_json(t);
          const auto at = found.find(t.id);
          item["summary"] = standing_json(at == found.end() ? operator_figures{} : at->second);
          items.push_back(std::move(item));
        }
        c->finish(json_answer(
            200, json::object{{"items", std::move(items)}, {"next_cursor", text_or_null(page.next_cursor)}}));
      });
}

} // namespace kalends::api
