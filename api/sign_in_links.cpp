// SPDX-License-Identifier: Apache-2.0
#include "api/connect_pages.hpp"
#include "api/handling.hpp"
#include "api/pages.hpp"
#include "api/sessions.hpp"
#include "api/tickets.hpp"
#include "net/crypto.hpp"
#include "persistence/sign_in.hpp"

namespace kalends::api {
namespace json = boost::json;
namespace {

constexpr std::chrono::seconds shortest_life{60}, usual_life{600}, longest_life{86'400};
constexpr std::size_t return_to_bytes = 2048;

struct link_wish {
  user_id user;
  std::optional<key_role> role;
  std::chrono::seconds life = usual_life;
  std::string return_to;
};

/// A path of the pages, with whatever query and fragment.
bool leads_to_a_page(const std::string& wanted) {
  return wanted.starts_with('/') && !own_address("https://host", wanted).empty() &&
         is_page(std::string_view(wanted).substr(0, wanted.find_first_of("?#")));
}

void read_common(object_reader& body, link_wish& out) {
  if (const auto* given = body.any("expires_in")) {
    const auto seconds = given->is_int64() ? given->as_int64() : 0;
    if (seconds < shortest_life.count() || seconds > longest_life.count())
      body.refuse("unknown_value", "It is a number of seconds from 60 to 86400.", "expires_in");
    out.life = std::chrono::seconds(seconds);
  }
  out.return_to = body.text("return_to", {.max_bytes = return_to_bytes, .null_is_empty = true}).value_or("");
  if (!out.return_to.empty() && !leads_to_a_page(out.return_to))
    body.refuse("return_to_refused", "A path of the pages, like /calendars.", "return_to");
}

link_wish read_tenant_link(object_reader& body) {
  link_wish out;
  out.user = user_id(body.uuid("user_id").value_or(""));
  out.role = body.choice<key_role>("role");
  if (out.user.empty() != out.role.has_value())
    body.refuse("missing_field", "A link is for a user_id, or for a role.", "user_id");
  read_common(body, out);
  return out;
}

link_wish read_operator_link(object_reader& body) {
  link_wish out;
  out.role = key_role::admin;
  read_common(body, out);
  return out;
}

result<net::http_response> keep_link(persistence::transaction& tx, const call& c, const tenant_id& tenant,
                                     const link_wish& wish) {
  const auto& with = c.with();
  if (!wish.user.empty()) {
    const auto person = persistence::find_user(tx, wish.user);
    if (!person) return tl::unexpected(person.error());
    if (!*person) return failure(errc::invalid, "unknown_user", "There is no such user.", "user_id");
  }
  const auto token = make_link_token(tenant, with.outside);
  sign_in_link l;
  l.id = make_uuid(with.outside);
  l.hash = net::sha256(token);
  l.tenant = tenant;
  l.user = wish.user;
  l.role = wish.role.value_or(key_role::reader);
  l.return_to = wish.return_to;
  l.expires_at = with.outside.now() + wish.life;
  if (auto kept = persistence::insert_link(tx, l); !kept) return tl::unexpected(kept.error());
  const std::string lets_in = !l.user.empty()                 ? "user:" + l.user.str()
                              : tenant == installation_rows() ? std::string("operator")
                                                              : "role:" + std::string(name_of(l.role));
  const auto line = audit_of(c, "sign_in_link.created", "link:" + l.id, {{"lets_in", lets_in}});
  if (auto a = log_sign_in(tx, tenant, line); !a) return tl::unexpected(a.error());
  return json_answer(201, json::object{{"url", with.configured.public_url + "/sign-in#" + token},
                                       {"expires_at", to_rfc3339(l.expires_at)}});
}

void make_link(const call_ptr& c, const tenant_id& tenant, const result<link_wish>& wish) {
  if (!wish) return c->fail(wish.error());
  answer_from(c, tenant, [c, tenant, wish = *wish](persistence::transaction& tx) {
    return keep_link(tx, *c, tenant, wish);
  });
}

} // namespace

void create_sign_in_link(const call_ptr& c) { make_link(c, c->who.tenant, read_body(*c, read_tenant_link)); }

void create_operator_link(const call_ptr& c) {
  make_link(c, installation_rows(), read_body(*c, read_operator_link));
}

} // namespace kalends::api
