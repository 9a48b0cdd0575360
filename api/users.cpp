// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"
#include "schema/calendar_time.hpp"

#include <algorithm>

namespace kalends::api {
namespace {

struct user_fields {
  std::optional<std::string> email, name, time_zone;
  std::optional<std::vector<std::string>> aliases;
};

void fold(std::string& text) {
  for (char& ch : text)
    if (ch >= 'A' && ch <= 'Z') ch = static_cast<char>(ch - 'A' + 'a');
}

std::optional<std::vector<std::string>> read_aliases(object_reader& body) {
  const auto* value = body.any("aliases");
  if (value == nullptr) return std::nullopt;
  const auto* list = value->if_array();
  if (list == nullptr) {
    body.refuse("wrong_type", "This field is a list of addresses.", "aliases");
    return std::nullopt;
  }
  if (list->size() > limits::user_aliases) {
    body.refuse("too_many_values", "At most " + std::to_string(limits::user_aliases) + " addresses.",
                "aliases");
    return std::nullopt;
  }
  std::vector<std::string> aliases;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto* one = (*list)[i].if_string();
    std::string address = one != nullptr ? std::string(one->data(), one->size()) : std::string();
    if (address.size() > email_bytes || !looks_like_email(address)) {
      body.refuse("malformed_email", "An address is name@host.", "aliases[" + std::to_string(i) + "]");
      return std::nullopt;
    }
    fold(address);
    aliases.push_back(std::move(address));
  }
  return aliases;
}

/// The one form in which they are kept: the e-mail is no alias.
void put_in_order(user& u) {
  auto& all = u.aliases;
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::erase(all, u.email);
}

user_fields read_fields(object_reader& body, bool needed) {
  user_fields out;
  out.email = body.text("email", {.max_bytes = email_bytes, .required = needed, .may_be_empty = false});
  if (out.email) {
    fold(*out.email);
    if (!looks_like_email(*out.email)) body.refuse("malformed_email", "An address is name@host.", "email");
  }
  out.aliases = read_aliases(body);
  out.name = body.text("name", {.required = needed, .may_be_empty = false});
  out.time_zone = body.text("time_zone", {.max_bytes = 128, .may_be_empty = false});
  if (out.time_zone && !is_iana_zone(*out.time_zone))
    body.refuse("unknown_time_zone", "A zone is an IANA name, like Europe/Berlin.", "time_zone");
  for (const auto* name : {"id", "created_at"}) body.read_only(name);
  return out;
}

user_fields read_new(object_reader& body) { return read_fields(body, true); }
user_fields read_change(object_reader& body) { return read_fields(body, false); }

error clearer(error e, const user& u) {
  const bool alias = e.field == "user_addresses_pkey" && !u.aliases.empty();
  if (e.code == "unique_violation")
    return {errc::conflict,
            "email_taken",
            "Another user of this tenant has this address.",
            alias ? "aliases" : "email",
            {}};
  return e;
}

/// A person's list of people.
void list_oneself(const call_ptr& c) {
  answer_from(c, [person = c->who.user](persistence::transaction& tx) {
    return list_answer(present(persistence::find_user(tx, person), "user_not_found").map([](const user& u) {
      return page_of<user>{{u}, {}};
    }));
  });
}

} // namespace

void create_user(const call_ptr& c) {
  auto wanted = read_body(*c, read_new);
  if (!wanted) return c->fail(wanted.error());
  user made{user_id(c->new_id()),    *wanted->email,
            *wanted->name,           wanted->time_zone.value_or("UTC"),
            c->with().outside.now(), wanted->aliases.value_or(std::vector<std::string>())};
  put_in_order(made);
  answer_from(c, [c, made](persistence::transaction& tx) -> result<net::http_response> {
    if (c->claim && c->claim->repeated) { // the first attempt may have been kept
      auto before = persistence::find_user(tx, made.id);
      if (!before) return tl::unexpected(before.error());
      if (*before) return created("/v1/users/" + made.id.str(), to_json(**before));
    }
    if (auto r = persistence::insert_user(tx, made); !r) return tl::unexpected(clearer(r.error(), made));
    if (auto a = persistence::append_audit(tx, audit_of(*c, "user.created", "user:" + made.id.str())); !a)
      return tl::unexpected(a.error());
    return created("/v1/users/" + made.id.str(), to_json(made));
  });
}

void list_users(const call_ptr& c) {
  const auto wanted = read_list_request(*c);
  if (!wanted) return c->fail(wanted.error());
  if (c->who.person()) return list_oneself(c);
  answer_from(c, [wanted = *wanted](persistence::transaction& tx) {
    return list_answer(persistence::list_users(tx, wanted.cursor, wanted.limit));
  });
}

void get_user(const call_ptr& c) {
  const auto id = path_id<user_id>(*c, 0, "user_not_found");
  if (!id) return c->fail(id.error());
  answer_from(c, [id = *id](persistence::transaction& tx) -> result<net::http_response> {
    return present(persistence::find_user(tx, id), "user_not_found").map([](const user& u) {
      return json_answer(200, to_json(u));
    });
  });
}

void change_user(const call_ptr& c) {
  const auto id = path_id<user_id>(*c, 0, "user_not_found");
  if (!id) return c->fail(id.error());
  const auto wanted = read_body(*c, read_change);
  if (!wanted) return c->fail(wanted.error());
  answer_from(c, [c, id = *id, wanted = *wanted](persistence::transaction& tx) -> result<net::http_response> {
    auto found = present(persistence::find_user(tx, id), "user_not_found");
    if (!found) return tl::unexpected(found.error());
    found->email = wanted.email.value_or(found->email);
    found->name = wanted.name.value_or(found->name);
    found->time_zone = wanted.time_zone.value_or(found->time_zone);
    found->aliases = wanted.aliases.value_or(std::move(found->aliases));
    put_in_order(*found);
    auto kept = persistence::update_user(tx, *found);
    if (!kept) return tl::unexpected(clearer(kept.error(), *found));
    if (auto there = present(kept, "user_not_found"); !there) return tl::unexpected(there.error());
    if (auto a = persistence::append_audit(tx, audit_of(*c, "user.changed", "user:" + id.str())); !a)
      return tl::unexpected(a.error());
    return json_answer(200, to_json(*found));
  });
}

void delete_user(const call_ptr& c) {
  const auto id = path_id<user_id>(*c, 0, "user_not_found");
  if (!id) return c->fail(id.error());
  answer_from(c, [c, id = *id](persistence::transaction& tx) -> result<net::http_response> {
    if (auto gone = present(persistence::delete_user(tx, id), "user_not_found"); !gone)
      return tl::unexpected(gone.error());
    if (auto a = persistence::append_audit(tx, audit_of(*c, "user.deleted", "user:" + id.str())); !a)
      return tl::unexpected(a.error());
    return no_content();
  });
}

} // namespace kalends::api
