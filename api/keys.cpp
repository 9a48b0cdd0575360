// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"
#include "api/tickets.hpp"
#include "net/oauth.hpp"

namespace kalends::api {
namespace {

struct new_key {
  std::string name;
  key_role role = key_role::reader;
};

new_key read_key(object_reader& body) {
  new_key out;
  out.name = body.text("name", {.required = true, .may_be_empty = false}).value_or("");
  if (const auto word = body.text("role", {.max_bytes = 64, .required = true})) {
    const auto role = read_role(*word);
    if (!role) body.refuse("unknown_value", "A role is reader, operator or admin.", "role");
    out.role = role.value_or(key_role::reader);
  }
  return out;
}

} // namespace

void create_key(const call_ptr& c) {
  const auto tenant = path_id<tenant_id>(*c, 0, "tenant_not_found");
  if (!tenant) return c->fail(tenant.error());
  const auto wanted = read_body(*c, read_key);
  if (!wanted) return c->fail(wanted.error());
  answer_from(
      c, *tenant,
      [c, tenant = *tenant, wanted = *wanted](persistence::transaction& tx) -> result<net::http_response> {
        const auto& outside = c->with().outside;
        auto owner = present(persistence::find_tenant(tx), "tenant_not_found");
        if (!owner) return tl::unexpected(owner.error());
        const api_key key{api_key_id(make_uuid(outside)), wanted.name, wanted.role, outside.now(), {}};
        const auto text = make_key(tenant, outside);
        if (auto r = persistence::insert_key(tx, key, net::sha256(text)); !r)
          return tl::unexpected(r.error());
        if (auto a = persistence::append_audit(
                tx, audit_of(*c, "key.created", "key:" + key.id.str(), {{"role", name_of(key.role)}}));
            !a)
          return tl::unexpected(a.error());
        auto shown = to_json(key);
        shown["key"] = text; // the only time it is shown
        return created("/v1/admin/tenants/" + tenant.str() + "/keys/" + key.id.str(), shown);
      });
}

void list_keys(const call_ptr& c) {
  const auto tenant = path_id<tenant_id>(*c, 0, "tenant_not_found");
  if (!tenant) return c->fail(tenant.error());
  const auto wanted = read_list_request(*c);
  if (!wanted) return c->fail(wanted.error());
  answer_from(c, *tenant, [wanted = *wanted](persistence::transaction& tx) -> result<net::http_response> {
    auto owner = present(persistence::find_tenant(tx), "tenant_not_found");
    if (!owner) return tl::unexpected(owner.error());
    return list_answer(persistence::list_keys(tx, wanted.cursor, wanted.limit));
  });
}

void revoke_key(const call_ptr& c) {
  const auto tenant = path_id<tenant_id>(*c, 0, "tenant_not_found");
  if (!tenant) return c->fail(tenant.error());
  const auto key = path_id<api_key_id>(*c, 1, "key_not_found");
  if (!key) return c->fail(key.error());
  ask<bool>(
      c, *tenant,
      [c, key = *key](persistence::transaction& tx) -> result<bool> {
        auto gone = present(persistence::revoke_key(tx, key, c->with().outside.now()), "key_not_found");
        if (!gone) return tl::unexpected(gone.error());
        return persistence::append_audit(tx, audit_of(*c, "key.revoked", "key:" + key.str())).map([] {
          return true;
        });
      },
      [c, key = *key](bool) { // after the commit, so that a look-up under way cannot bring it back
        c->at->keys.drop(key);
        c->finish(no_content());
      });
}

} // namespace kalends::api
