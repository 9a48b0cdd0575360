// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/state_part.hpp"
#include "schema/result.hpp"
#include "schema/world.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::sandbox {

enum class vendor { google, microsoft };

std::string_view name_of(vendor v);
std::optional<vendor> vendor_named(std::string_view name);

/// A person with a mailbox. The email is unique over both vendors and compares in lower case.
struct account {
  std::string email;
  vendor kind = vendor::google;
  std::string display_name;
  std::string time_zone = "UTC"; ///< IANA
  std::string subject;           ///< Google `sub`; Microsoft: pairwise `sub`
  std::string object_id;         ///< Microsoft `oid`, a UUID
  std::string tenant_id;         ///< Microsoft `tid`, a UUID; accounts of one mail domain share it
  bool blocked = false;          ///< every call answers as if the account were gone
  friend bool operator==(const account&, const account&) = default;
};

/// A registered application. `redirect_uris` compare byte for byte; the single entry "*" allows any loopback
/// URI.
struct oauth_client {
  std::string client_id;
  std::string client_secret;
  vendor kind = vendor::google;
  std::vector<std::string> redirect_uris;

  bool allows(std::string_view redirect_uri) const;
  friend bool operator==(const oauth_client&, const oauth_client&) = default;
};

/// What a person allowed an application to do. Revoking it kills its tokens.
struct grant {
  std::string id;
  std::string email;
  std::string client_id;
  std::set<std::string, std::less<>> scopes;
  instant made;
  bool revoked = false;
  friend bool operator==(const grant&, const grant&) = default;
};

enum class token_kind { access, refresh };

struct oauth_token {
  std::string text;
  token_kind kind = token_kind::access;
  std::string grant_id;
  std::string email;
  std::string client_id;
  std::set<std::string, std::less<>> scopes;
  instant made;
  instant expires; ///< refresh tokens: of disuse
  bool revoked = false;
  friend bool operator==(const oauth_token&, const oauth_token&) = default;
};

/// An authorization code on its way through the browser.
struct oauth_code {
  std::string text;
  std::string email;
  std::string client_id;
  std::string redirect_uri;
  std::string scope; ///< as granted, in the order asked for
  std::string nonce;
  std::string challenge;        ///< empty: no PKCE
  std::string challenge_method; ///< "S256" or "plain"
  bool offline = false;         ///< a refresh token was asked for
  bool forced_consent = false;  ///< `prompt=consent`
  bool used = false;
  instant expires;
  std::string grant_id; ///< set on exchange, so that a reused code can revoke what it gave
  friend bool operator==(const oauth_code&, const oauth_code&) = default;
};

/// People, applications and what the former gave the latter. Guarded by the core's mutex; pointers stay valid
/// until the thing is removed.
class directory {
public:
  explicit directory(world w) : world_(std::move(w)) {}

  /// Errors: `duplicate_account`, `malformed_email`.
  result<account*> add(account a);
  account* find(std::string_view email);
  std::vector<account*> all();

  /// Empty id or secret: made here. Registering an id again replaces its secret and redirect URIs.
  oauth_client& register_client(oauth_client c);
  const oauth_client* find_client(std::string_view client_id) const;
  std::vector<const oauth_client*> clients() const;

  oauth_code& add_code(oauth_code c, instant now, std::string_view prefix);
  oauth_code* find_code(std::string_view text);

  /// The live grant of this account to this application, made or widened by `scopes`.
  grant& allow(const account& who, std::string_view client_id,
               const std::set<std::string, std::less<>>& scopes, instant now);
  grant* find_grant(std::string_view id);
  grant* live_grant(std::string_view email, std::string_view client_id);
  oauth_token& issue(token_kind kind, const grant& g, std::set<std::string, std::less<>> scopes, instant now,
                     std::chrono::seconds lifetime, std::string_view prefix);
  oauth_token* find_token(std::string_view text);
  /// A token that is neither revoked nor expired, whose grant and account are alive.
  oauth_token* live_token(std::string_view text, token_kind kind, instant now);
  void revoke(grant& g);
  /// All grants of the account, or those to one application. Returns how many.
  std::size_t revoke_all(std::string_view email, std::string_view client_id = {});
  /// Live refresh tokens of this account and application beyond `limit` are revoked, oldest first.
  void cap_refresh_tokens(std::string_view email, std::string_view client_id, std::size_t limit);

  /// `bytes` of chance as unpadded base64url.
  std::string random_text(std::size_t bytes) const;
  std::string random_digits(std::size_t n) const;
  std::string random_uuid() const; ///< version 4

  // -- account_state.cpp: kept and found again; `load` throws on malformed records --
  void save(state_writer& out);
  void load(state_reader& in);

private:
  world world_;
  std::map<std::string, account, std::less<>> accounts_;
  std::map<std::string, oauth_client, std::less<>> clients_;
  std::map<std::string, oauth_code, std::less<>> codes_;
  std::map<std::string, grant, std::less<>> grants_;
  std::map<std::string, oauth_token, std::less<>> tokens_;
  struct {
    written_map<std::string, account> accounts;
    written_map<std::string, oauth_client> clients;
    written_map<std::string, oauth_code> codes;
    written_map<std::string, grant> grants;
    written_map<std::string, oauth_token> tokens;
  } written_;
};

/// Splits "openid email x" at spaces; a set loses the order, so what is echoed keeps the original text.
std::set<std::string, std::less<>> split_scopes(std::string_view text);
std::string join_scopes(const std::set<std::string, std::less<>>& scopes);

} // namespace kalends::sandbox
