// SPDX-License-Identifier: Apache-2.0
#include "api/console.hpp"
#include "api/forwarding.hpp"
#include "api/handling.hpp"

namespace kalends::api {
namespace json = boost::json;
namespace {

struct new_tenant {
  std::string name;
  bool rehearses = false;
};

new_tenant read_new(object_reader& body) {
  return {body.text("name", {.required = true, .may_be_empty = false}).value_or(""),
          body.flag("rehearsal_default").value_or(false)};
}

/// The tenant of the path, for the operator's routes.
result<tenant_id> path_tenant(const call& c) { return path_id<tenant_id>(c, 0, "tenant_not_found"); }

/// Gathers tenants with their providers one tenant after the other: each look-up acts for one tenant only.
struct overview {
  std::vector<tenant> tenants;
  std::string next_cursor;
  json::array items;
};
using overview_ptr = std::shared_ptr<overview>;

void add_next_tenant(const call_ptr& c, const overview_ptr& o) {
  if (o->items.size() == o->tenants.size())
    return c->finish(json_answer(
        200, json::object{{"items", std::move(o->items)}, {"next_cursor", text_or_null(o->next_cursor)}}));
  const auto& next = o->tenants[o->items.size()];
  ask<page_of<provider>>(
      c, next.id,
      [](persistence::transaction& tx) { return persistence::list_providers(tx, user_id(), "", list_limit); },
      [c, o](const page_of<provider>& page) {
        auto item = to_json(o->tenants[o->items.size()]);
        json::array providers;
        for (const auto& p : page.items) providers.push_back(to_json(p));
        item["providers"] = std::move(providers);
        item["more_providers"] = !page.next_cursor.empty();
        o->items.push_back(std::move(item));
        add_next_tenant(c, o);
      });
}

struct tenants_request : list_request {
  bool summed = false; ///< with=summary
};
result<tenants_request> read_tenants_request(const call& c) {
  query_reader query(c.request.query);
  tenants_request out{{query.cursor(), query.limit()}};
  if (const auto with = query.text("with", 16)) {
    out.summed = *with == "summary";
    if (!out.summed) query.refuse("unknown_value", "Tenants come with their summary.", "with");
  }
  if (auto sound = query.close(); !sound) return tl::unexpected(sound.error());
  return out;
}

/// One stretch of the directory: ids first, which need no tenant, then the rows of exactly those.
void page_through_tenants(const call_ptr& c, std::size_t most,
                          std::function<void(std::vector<tenant>, std::string, bool summed)> then) {
  const auto wanted = read_tenants_request(*c);
  if (!wanted) return c->fail(wanted.error());
  if (!wanted->cursor.empty() && !is_uuid(wanted->cursor))
    return c->fail({errc::invalid, "malformed_cursor", "Cursors come from next_cursor.", "cursor", {}});
  const auto limit = std::min(wanted->limit, most);
  auto go_on = [c, limit, summed = wanted->summed,
                then = std::move(then)](result<std::vector<tenant_id>> ids) {
    guarded(c, [&] {
      if (!ids) return c->fail(ids.error());
      std::string next = ids->size() == limit ? ids->back().str() : "";
      if (ids->empty()) return then({}, next, summed);
      c->with().db.run<std::vector<tenant>>(
          *ids, [](persistence::transaction& tx) { return persistence::list_tenants(tx); },
          [c, then, next, summed](result<std::vector<tenant>> found) {
            guarded(c, [&] {
              if (!found) return c->fail(found.error());
              then(std::move(*found), next, summed);
            });
          });
    });
  };
  c->with().db.run<std::vector<tenant_id>>(
      {},
      [after = tenant_id(wanted->cursor), limit](persistence::transaction& tx) {
        return persistence::list_tenant_ids(tx, after, limit);
      },
      std::move(go_on));
}

} // namespace

void create_tenant(const call_ptr& c) {
  auto wanted = read_body(*c, read_new);
  if (!wanted) return c->fail(wanted.error());
  tenant made{tenant_id(make_uuid(c->with().outside)), std::move(wanted->name), c->with().outside.now()};
  made.rehearses = wanted->rehearses;
  ask<bool>(
      c, made.id,
      [c, made](persistence::transaction& tx) -> result<bool> {
        if (auto kept = persistence::insert_tenant(tx, made); !kept) return tl::unexpected(kept.error());
        return persistence::append_audit(tx, audit_of(*c, "tenant.created", "tenant:" + made.id.str()))
            .map([] { return true; });
      },
      [c, made](bool) {
        // It is there, whoever runs it and whenever that node begins.
        auto answer = [c, made](const result<bool>&) {
          c->finish(created("/v1/admin/tenants/" + made.id.str(), to_json(made)));
        };
        c->with().engine->tenant_created(made.id, answer);
      });
}

void list_tenants(const call_ptr& c) {
  page_through_tenants(c, list_limit, [c](std::vector<tenant> tenants, std::string next, bool summed) {
    page_of<tenant> page{std::move(tenants), std::move(next)};
    if (summed) return add_standings(c, std::move(page));
    c->finish(json_answer(200, list_json(page)));
  });
}

void get_overview(const call_ptr& c) {
  page_through_tenants(c, list_default, [c](std::vector<tenant> tenants, std::string next, bool) {
    add_next_tenant(c, std::make_shared<overview>(overview{std::move(tenants), std::move(next), {}}));
  });
}

void get_tenant(const call_ptr& c) {
  const auto id = path_tenant(*c);
  if (!id) return c->fail(id.error());
  answer_from(c, *id, [](persistence::transaction& tx) -> result<net::http_response> {
    return present(persistence::find_tenant(tx), "tenant_not_found").map([](const tenant& t) {
      return json_answer(200, to_json(t));
    });
  });
}

void erase_tenant(const call_ptr& c) {
  const auto id = path_tenant(*c);
  if (!id) return c->fail(id.error());
  auto erase = [c, id = *id](bool) {
    answer_from(c, id, [c, id](persistence::transaction& tx) -> result<net::http_response> {
      auto gone = present(persistence::erase_tenant(tx), "tenant_not_found");
      if (!gone) return tl::unexpected(gone.error());
      c->at->keys.drop(id);
      return no_content();
    });
  };
  auto stop_first = [c, id = *id, erase](const tenant&) {
    at_owner(c, id, [c, id, erase] { c->with().engine->tenant_removed(id, carry_on<bool>(c, erase)); });
  };
  ask<tenant>(
      c, *id,
      [](persistence::transaction& tx) { return present(persistence::find_tenant(tx), "tenant_not_found"); },
      stop_first);
}

} // namespace kalends::api
