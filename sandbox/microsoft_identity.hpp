// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/core.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kalends::sandbox::microsoft {

/// The identity platform v2.0: discovery, authorize, token, keys. Everything runs with the core locked. There
/// is no revocation endpoint, as at Microsoft.
class identity {
public:
  explicit identity(core& c) : core_(c) {}
  void add_routes(router& routes);
  /// The error body of the token endpoint for an OAuth error ("invalid_grant", "temporarily_unavailable", …)
  /// or an AADSTS number ("AADSTS50076"); nothing for other names.
  std::optional<net::http_response> named_error(std::string_view name, int status) const;

private:
  /// An authorize request that may be answered by redirect.
  struct authorization {
    const oauth_client* client = nullptr;
    std::string redirect_uri, state, scope, nonce, challenge, challenge_method, response_mode, prompt,
        login_hint;
    std::vector<std::pair<std::string, std::string>> query; ///< as it came
    std::string tenant;
  };
  /// What makes the whole token request fail.
  struct failed_grant {
    int status = 400;
    std::string error; ///< RFC 6749
    int code = 0;      ///< AADSTS
    std::string text;
    std::string suberror;
  };

  net::http_response discovery(call& c);
  net::http_response instances(call& c);
  net::http_response keys(call& c);
  net::http_response authorize(call& c);
  net::http_response decide(call& c);
  net::http_response token(call& c);
  net::http_response logout(call& c);

  net::http_response
  answer_authorization(call& c, const std::vector<std::pair<std::string, std::string>>& fields, bool decided);
  net::http_response consent_page(const authorization& a) const;
  net::http_response grant_code(const authorization& a, const account& who, bool forced);
  net::http_response send_back(const authorization& a,
                               std::vector<std::pair<std::string, std::string>> fields) const;
  net::http_response send_error(const authorization& a, std::string error, int code,
                                const std::string& text) const;
  std::vector<const account*> accounts_for(const std::string& tenant) const;

  net::http_response fail(const failed_grant& f) const;
  std::optional<failed_grant> check_client(const call& c, const oauth_client*& client) const;
  net::http_response redeem_code(call& c, const oauth_client& client);
  net::http_response redeem_refresh(call& c, const oauth_client& client);
  net::http_response tokens_for(const account& who, const oauth_client& client, const grant& g,
                                const std::string& scope, const std::string& nonce, bool offline);
  std::string id_token(const account& who, const std::string& audience, const std::string& nonce) const;

  core& core_;
};

} // namespace kalends::sandbox::microsoft
