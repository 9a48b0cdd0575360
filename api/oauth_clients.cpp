// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"
#include "persistence/connections.hpp"

#include <algorithm>
#include <cctype>

namespace kalends::api {
namespace {

constexpr std::size_t client_bytes = 512;

result<provider_type> path_vendor(const call& c) {
  if (auto type = read_name<provider_type>(c.path[0])) return *type;
  return failure(errc::not_found, "oauth_client_not_found", "A vendor is google or microsoft.");
}

struct client_fields {
  oauth_app app;
  bool names_authority = false;
};

client_fields read_client(object_reader& body) {
  client_fields out;
  const text_rule needed{.max_bytes = client_bytes, .required = true, .may_be_empty = false};
  out.app.client_id = body.text("client_id", needed).value_or("");
  out.app.client_secret = body.text("client_secret", needed).value_or("");
  const auto authority = body.text("authority_tenant", {.max_bytes = 253, .null_is_empty = true});
  out.app.authority_tenant = authority.value_or("");
  out.names_authority = !out.app.authority_tenant.empty();
  const auto plain = [](unsigned char ch) { return std::isalnum(ch) != 0 || ch == '-' || ch == '.'; };
  if (!std::all_of(out.app.authority_tenant.begin(), out.app.authority_tenant.end(), plain))
    body.refuse("unknown_value", "A directory id, a domain, common or organizations.", "authority_tenant");
  return out;
}

/// The client without its secret.
net::http_response shown(provider_type type, const oauth_app& app) {
  const std::string_view vendor = name_of(type);
  return json_answer(200, boost::json::object{{"type", boost::json::string(vendor.data(), vendor.size())},
                                              {"client_id", app.client_id},
                                              {"authority_tenant", text_or_null(app.authority_tenant)},
                                              {"has_secret", !app.client_secret.empty()}});
}

} // namespace

void put_oauth_client(const call_ptr& c) {
  const auto type = path_vendor(*c);
  if (!type) return c->fail(type.error());
  auto wanted = read_body(*c, read_client);
  if (!wanted) return c->fail(wanted.error());
  if (*type == provider_type::google && wanted->names_authority)
    return c->fail(
        {errc::invalid, "unknown_field", "Google has no authority tenant.", "authority_tenant", {}});
  if (*type == provider_type::microsoft && !wanted->names_authority) wanted->app.authority_tenant = "common";
  answer_from(
      c, [c, type = *type, app = wanted->app](persistence::transaction& tx) -> result<net::http_response> {
        if (auto r = persistence::put_oauth_app(tx, c->with().vault, type, app); !r)
          return tl::unexpected(r.error());
        const auto subject = "oauth_client:" + std::string(name_of(type));
        if (auto a = persistence::append_audit(tx, audit_of(*c, "oauth_client.changed", subject)); !a)
          return tl::unexpected(a.error());
        return shown(type, app);
      });
}

void get_oauth_client(const call_ptr& c) {
  const auto type = path_vendor(*c);
  if (!type) return c->fail(type.error());
  answer_from(c, [c, type = *type](persistence::transaction& tx) -> result<net::http_response> {
    return present(persistence::find_oauth_app(tx, c->with().vault, type), "oauth_client_not_found")
        .map([type](const oauth_app& app) { return shown(type, app); });
  });
}

void delete_oauth_client(const call_ptr& c) {
  const auto type = path_vendor(*c);
  if (!type) return c->fail(type.error());
  answer_from(c, [c, type = *type](persistence::transaction& tx) -> result<net::http_response> {
    if (auto gone = present(persistence::delete_oauth_app(tx, type), "oauth_client_not_found"); !gone)
      return tl::unexpected(gone.error());
    const auto subject = "oauth_client:" + std::string(name_of(type));
    if (auto a = persistence::append_audit(tx, audit_of(*c, "oauth_client.deleted", subject)); !a)
      return tl::unexpected(a.error());
    return no_content();
  });
}

} // namespace kalends::api
