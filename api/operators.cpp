// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"
#include "api/passwords.hpp"
#include "net/totp.hpp"
#include "persistence/sign_in.hpp"

namespace kalends::api {
namespace json = boost::json;
namespace {

constexpr const char* not_found = "operator_not_found";

struct operator_wish {
  std::string email, password;
};

void read_password(object_reader& body, operator_wish& out) {
  out.password = read_secret(body, "password");
  if (out.password.size() < shortest_password)
    body.refuse("password_too_short", "A password has at least 12 bytes.", "password");
}

operator_wish read_new(object_reader& body) {
  operator_wish out;
  out.email =
      body.text("email", {.max_bytes = email_bytes, .required = true, .may_be_empty = false}).value_or("");
  for (char& ch : out.email)
    if (ch >= 'A' && ch <= 'Z') ch = static_cast<char>(ch - 'A' + 'a');
  if (!looks_like_email(out.email)) body.refuse("malformed_email", "An address is name@host.", "email");
  read_password(body, out);
  return out;
}

operator_wish read_reset(object_reader& body) {
  operator_wish out;
  read_password(body, out);
  return out;
}

json::object operator_json(const operator_account& o) {
  return {{"id", o.id}, {"email", o.email}, {"created_at", to_rfc3339(o.created_at)}};
}

/// With what only this answer shows.
json::object with_secret(const operator_account& o) {
  auto shown = operator_json(o);
  shown["totp_secret"] = net::base32(o.totp_secret);
  shown["otpauth_uri"] = net::otpauth_uri(o.email, o.totp_secret);
  return shown;
}

error clearer(error e) {
  if (e.code == "unique_violation")
    return {errc::conflict, "operator_exists", "There is an operator with this address.", "email", {}};
  return e;
}

result<operator_account> find_by_id(persistence::transaction& tx, const std::string& id) {
  const auto all = persistence::list_operators(tx);
  if (!all) return tl::unexpected(all.error());
  for (const auto& o : *all)
    if (o.id == id) return o;
  return failure(errc::not_found, not_found, "There is no such operator.");
}

result<net::http_response> keep_new(persistence::transaction& tx, const call& c, const operator_account& o) {
  if (auto kept = persistence::insert_operator(tx, c.with().vault, o); !kept)
    return tl::unexpected(clearer(kept.error()));
  const auto line = audit_of(c, "operator.created", "operator:" + o.id, {{"email", o.email}});
  if (auto a = persistence::append_installation_log(tx, line); !a) return tl::unexpected(a.error());
  return created("/v1/admin/operators/" + o.id, with_secret(o));
}

/// Whoever knew the former password is signed out.
result<net::http_response> keep_reset(persistence::transaction& tx, const call& c, operator_account o) {
  const auto known = find_by_id(tx, o.id);
  if (!known) return tl::unexpected(known.error());
  o.email = known->email;
  o.created_at = known->created_at;
  const auto kept = present(persistence::reset_operator(tx, c.with().vault, o), not_found);
  if (!kept) return tl::unexpected(kept.error());
  if (auto ended = persistence::delete_sessions_of_operator(tx, o.id); !ended)
    return tl::unexpected(ended.error());
  const auto line = audit_of(c, "operator.reset", "operator:" + o.id, {{"email", o.email}});
  if (auto a = persistence::append_installation_log(tx, line); !a) return tl::unexpected(a.error());
  return json_answer(200, with_secret(o));
}

} // namespace

void create_operator(const call_ptr& c) {
  const auto wanted = read_body(*c, read_new);
  if (!wanted) return c->fail(wanted.error());
  hash_then(c, wanted->password, [c, email = wanted->email](password_hash hash) {
    const auto& outside = c->with().outside;
    operator_account made;
    made.id = make_uuid(outside);
    made.email = email;
    made.password = std::move(hash);
    made.totp_secret = outside.random_bytes(net::totp_secret_bytes);
    made.created_at = outside.now();
    answer_from(c, installation_rows(),
                [c, made](persistence::transaction& tx) { return keep_new(tx, *c, made); });
  });
}

void list_operators(const call_ptr& c) {
  answer_from(c, installation_rows(), [](persistence::transaction& tx) -> result<net::http_response> {
    const auto all = persistence::list_operators(tx);
    if (!all) return tl::unexpected(all.error());
    json::array items;
    for (const auto& o : *all) items.emplace_back(operator_json(o));
    return json_answer(200, json::object{{"items", std::move(items)}, {"next_cursor", nullptr}});
  });
}

void reset_operator(const call_ptr& c) {
  const auto id = path_id<std::string>(*c, 0, not_found);
  if (!id) return c->fail(id.error());
  const auto wanted = read_body(*c, read_reset);
  if (!wanted) return c->fail(wanted.error());
  hash_then(c, wanted->password, [c, id = *id](password_hash hash) {
    operator_account anew;
    anew.id = id;
    anew.password = std::move(hash);
    anew.totp_secret = c->with().outside.random_bytes(net::totp_secret_bytes);
    answer_from(c, installation_rows(),
                [c, anew](persistence::transaction& tx) { return keep_reset(tx, *c, anew); });
  });
}

void delete_operator(const call_ptr& c) {
  const auto id = path_id<std::string>(*c, 0, not_found);
  if (!id) return c->fail(id.error());
  answer_from(
      c, installation_rows(), [c, id = *id](persistence::transaction& tx) -> result<net::http_response> {
        const auto known = find_by_id(tx, id);
        if (!known) return tl::unexpected(known.error());
        const auto gone = present(persistence::delete_operator(tx, id), not_found);
        if (!gone) return tl::unexpected(gone.error());
        const auto line = audit_of(*c, "operator.removed", "operator:" + id, {{"email", known->email}});
        if (auto a = persistence::append_installation_log(tx, line); !a) return tl::unexpected(a.error());
        return no_content();
      });
}

void list_installation_log(const call_ptr& c) {
  const auto wanted = read_list_request(*c);
  if (!wanted) return c->fail(wanted.error());
  answer_from(c, installation_rows(), [wanted = *wanted](persistence::transaction& tx) {
    return list_answer(persistence::list_installation_log(tx, wanted.cursor, wanted.limit));
  });
}

} // namespace kalends::api
