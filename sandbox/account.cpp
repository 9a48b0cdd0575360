// SPDX-License-Identifier: Apache-2.0
#include "sandbox/account.hpp"

#include "sandbox/jwt.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace kalends::sandbox {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_loopback(std::string_view uri) {
  const auto scheme = uri.find("://");
  if (scheme == std::string_view::npos) return false;
  const auto host = uri.substr(scheme + 3);
  return std::ranges::any_of(std::array{"127.0.0.1", "localhost", "[::1]"}, [&](std::string_view name) {
    return host.starts_with(name) &&
           (host.size() == name.size() ||
            std::string_view(":/?").find(host[name.size()]) != std::string_view::npos);
  });
}

std::string hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const unsigned char c : bytes) {
    out += digits[c >> 4U];
    out += digits[c & 15U];
  }
  return out;
}

} // namespace

std::string_view name_of(vendor v) { return v == vendor::google ? "google" : "microsoft"; }

std::optional<vendor> vendor_named(std::string_view name) {
  if (name == "google") return vendor::google;
  if (name == "microsoft") return vendor::microsoft;
  return std::nullopt;
}

bool oauth_client::allows(std::string_view redirect_uri) const {
  return std::ranges::any_of(redirect_uris, [&](const std::string& uri) {
    return uri == "*" ? is_loopback(redirect_uri) : uri == redirect_uri;
  });
}

result<account*> directory::add(account a) {
  a.email = lower(a.email);
  const auto at = a.email.find('@');
  if (at == std::string::npos || at == 0 || at + 1 == a.email.size())
    return failure(errc::invalid, "malformed_email", "an account needs an email address", "email");
  if (accounts_.contains(a.email))
    return failure(errc::duplicate, "duplicate_account", "this account exists already", "email");
  if (a.display_name.empty()) a.display_name = a.email.substr(0, at);
  if (a.subject.empty()) a.subject = a.kind == vendor::google ? "1" + random_digits(20) : random_text(32);
  if (a.object_id.empty()) a.object_id = random_uuid();
  if (a.tenant_id.empty()) {
    const auto domain = a.email.substr(at);
    for (const auto& [email, other] : accounts_)
      if (other.kind == a.kind && email.ends_with(domain)) a.tenant_id = other.tenant_id;
    if (a.tenant_id.empty()) a.tenant_id = random_uuid();
  }
  auto email = a.email;
  return &accounts_.emplace(std::move(email), std::move(a)).first->second;
}

account* directory::find(std::string_view email) {
  const auto it = accounts_.find(lower(email));
  return it == accounts_.end() ? nullptr : &it->second;
}

std::vector<account*> directory::all() {
  std::vector<account*> out;
  for (auto& [email, a] : accounts_) out.push_back(&a);
  return out;
}

oauth_client& directory::register_client(oauth_client c) {
  if (c.client_id.empty())
    c.client_id = c.kind == vendor::google
                      ? random_digits(12) + "-" + random_text(24) + ".apps.googleusercontent.com"
                      : random_uuid();
  if (c.client_secret.empty())
    c.client_secret = (c.kind == vendor::google ? "GOCSPX-" : "") + random_text(24);
  auto& slot = clients_[c.client_id];
  slot = std::move(c);
  return slot;
}

const oauth_client* directory::find_client(std::string_view client_id) const {
  const auto it = clients_.find(client_id);
  return it == clients_.end() ? nullptr : &it->second;
}

std::vector<const oauth_client*> directory::clients() const {
  std::vector<const oauth_client*> out;
  for (const auto& [name, c] : clients_) out.push_back(&c);
  return out;
}

oauth_code& directory::add_code(oauth_code c, instant now, std::string_view prefix) {
  std::erase_if(codes_,
                [&](const auto& known) { return known.second.expires + std::chrono::hours(1) < now; });
  c.text = std::string(prefix) + random_text(48);
  auto& slot = codes_[c.text];
  slot = std::move(c);
  return slot;
}

oauth_code* directory::find_code(std::string_view text) {
  const auto it = codes_.find(text);
  return it == codes_.end() ? nullptr : &it->second;
}

grant& directory::allow(const account& who, std::string_view client_id,
                        const std::set<std::string, std::less<>>& scopes, instant now) {
  auto* live = live_grant(who.email, client_id);
  if (!live) {
    grant fresh{random_uuid(), who.email, std::string(client_id), {}, now, false};
    auto key = fresh.id;
    live = &grants_.emplace(std::move(key), std::move(fresh)).first->second;
  }
  live->scopes.insert(scopes.begin(), scopes.end());
  return *live;
}

grant* directory::find_grant(std::string_view id) {
  const auto it = grants_.find(id);
  return it == grants_.end() ? nullptr : &it->second;
}

grant* directory::live_grant(std::string_view email, std::string_view client_id) {
  for (auto& [key, g] : grants_)
    if (!g.revoked && g.email == email && g.client_id == client_id) return &g;
  return nullptr;
}

oauth_token& directory::issue(token_kind kind, const grant& g, std::set<std::string, std::less<>> scopes,
                              instant now, std::chrono::seconds lifetime, std::string_view prefix) {
  std::erase_if(tokens_,
                [&](const auto& known) { return known.second.expires + std::chrono::hours(24) < now; });
  oauth_token t;
  t.text = std::string(prefix) + random_text(kind == token_kind::access ? 96 : 72);
  t.kind = kind;
  t.grant_id = g.id;
  t.email = g.email;
  t.client_id = g.client_id;
  t.scopes = std::move(scopes);
  t.made = now;
  t.expires = now + lifetime;
  auto key = t.text;
  return tokens_.emplace(std::move(key), std::move(t)).first->second;
}

oauth_token* directory::find_token(std::string_view text) {
  const auto it = tokens_.find(text);
  return it == tokens_.end() ? nullptr : &it->second;
}

oauth_token* directory::live_token(std::string_view text, token_kind kind, instant now) {
  auto* t = find_token(text);
  if (!t || t->kind != kind || t->revoked || t->expires <= now) return nullptr;
  const auto* g = find_grant(t->grant_id);
  const auto* who = find(t->email);
  return g && !g->revoked && who && !who->blocked ? t : nullptr;
}

void directory::revoke(grant& g) {
  g.revoked = true;
  for (auto& [text, t] : tokens_)
    if (t.grant_id == g.id) t.revoked = true;
}

std::size_t directory::revoke_all(std::string_view email, std::string_view client_id) {
  std::size_t n = 0;
  for (auto& [key, g] : grants_)
    if (!g.revoked && g.email == email && (client_id.empty() || g.client_id == client_id)) {
      revoke(g);
      ++n;
    }
  return n;
}

void directory::cap_refresh_tokens(std::string_view email, std::string_view client_id, std::size_t limit) {
  std::vector<oauth_token*> live;
  for (auto& [text, t] : tokens_)
    if (t.kind == token_kind::refresh && !t.revoked && t.email == email && t.client_id == client_id)
      live.push_back(&t);
  std::ranges::stable_sort(live, {}, &oauth_token::made);
  for (std::size_t i = 0; i + limit < live.size(); ++i) live[i]->revoked = true;
}

std::string directory::random_text(std::size_t bytes) const { return base64url(world_.random_bytes(bytes)); }

std::string directory::random_digits(std::size_t n) const {
  std::string out;
  for (const unsigned char c : world_.random_bytes(n)) out += static_cast<char>('0' + c % 10);
  return out;
}

std::string directory::random_uuid() const {
  auto bytes = world_.random_bytes(16);
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x40U);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U);
  auto h = hex(bytes);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) h.insert(at, "-");
  return h;
}

std::set<std::string, std::less<>> split_scopes(std::string_view text) {
  std::set<std::string, std::less<>> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) out.emplace(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string join_scopes(const std::set<std::string, std::less<>>& scopes) {
  std::string out;
  for (const auto& s : scopes) out += (out.empty() ? "" : " ") + s;
  return out;
}

} // namespace kalends::sandbox
