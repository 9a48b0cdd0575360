// SPDX-License-Identifier: Apache-2.0
#include "doctor/judge.hpp"
#include "doctor/web_address.hpp"
#include "net/crypto.hpp"
#include "net/http_message.hpp"

#include <algorithm>
#include <initializer_list>

/// What the vendors' pages and token endpoints mean. Seen at both: Google answers a refused consent with a
/// redirect to an error page whose `authError` is a protocol buffer in base64 that begins with the reason;
/// Microsoft with a page that holds an AADSTS number.
/// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
namespace kalends::doctor {
namespace {

bool holds_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view w) { return text.find(w) != std::string_view::npos; });
}

/// What Google's error page was told; empty: nothing.
std::string auth_error(std::string_view location) {
  const auto question = location.find('?');
  if (question == std::string_view::npos) return {};
  for (auto& [name, value] : net::parse_query(location.substr(question + 1))) {
    if (name != "authError") continue;
    std::replace(value.begin(), value.end(), '+', '-');
    std::replace(value.begin(), value.end(), ' ', '-');
    std::replace(value.begin(), value.end(), '/', '_');
    while (value.ends_with('=')) value.pop_back();
    if (auto raw = net::from_base64url(value)) return std::move(*raw);
  }
  return {};
}

/// A number of Microsoft's, however the page writes it.
bool holds_code(std::string_view text, std::string_view number) {
  for (const auto before : {"AADSTS", "\"sErrorCode\":\"", "\"error_codes\":["}) {
    const std::string whole = before + std::string(number);
    for (auto at = text.find(whole); at != std::string_view::npos; at = text.find(whole, at + 1)) {
      const auto next = at + whole.size();
      if (next >= text.size() || text[next] < '0' || text[next] > '9') return true;
    }
  }
  return false;
}

constexpr std::string_view local_endings[] = {".local", ".lan", ".internal", ".home", ".corp", ".intranet"};

/// A name that only a local network knows.
bool only_local(std::string_view host) {
  return host.find('.') == std::string_view::npos ||
         std::any_of(std::begin(local_endings), std::end(local_endings),
                     [&](std::string_view end) { return host.ends_with(end); });
}

} // namespace

consent_verdict read_consent(provider_type vendor, const web_look& answer, std::string_view redirect_uri) {
  const std::string_view to = answer.location;
  if (to.starts_with(redirect_uri) && to.size() > redirect_uri.size() &&
      (to[redirect_uri.size()] == '?' || to[redirect_uri.size()] == '#'))
    return holds_any(to, {"unauthorized_client", "invalid_client"}) ? consent_verdict::unknown_client
                                                                    : consent_verdict::accepted;
  const auto told = auth_error(to) + " " + answer.location + " " + answer.body;
  if (holds_any(told, {"redirect_uri_mismatch"}) || holds_code(told, "50011"))
    return consent_verdict::redirect_mismatch;
  if (holds_any(told, {"invalid_client", "deleted_client", "unauthorized_client"}) ||
      holds_code(told, "700016"))
    return consent_verdict::unknown_client;
  // Google looks at client and redirect URI before it asks who somebody is.
  const bool went_on = vendor == provider_type::google && answer.status >= 300 && answer.status < 400 &&
                       !holds_any(told, {"authError", "/error"});
  return went_on ? consent_verdict::accepted : consent_verdict::unclear;
}

client_verdict read_client(provider_type vendor, const web_look& answer) {
  const auto& body = answer.body;
  if (vendor == provider_type::microsoft) {
    if (holds_code(body, "7000222")) return client_verdict::expired_secret;
    if (holds_code(body, "7000215")) return client_verdict::wrong_secret;
    if (holds_code(body, "700016")) return client_verdict::unknown_client;
  }
  // "The OAuth client was not found." has the same code as a wrong secret, and another description.
  if (holds_any(body, {"\"invalid_client\""}))
    return holds_any(body, {"not found", "deleted"}) ? client_verdict::unknown_client
                                                     : client_verdict::wrong_secret;
  if (holds_any(body, {"\"unauthorized_client\"", "\"deleted_client\""}))
    return client_verdict::unknown_client;
  return holds_any(body, {"\"invalid_grant\"", "\"redirect_uri_mismatch\""}) ? client_verdict::known
                                                                             : client_verdict::unclear;
}

std::string redirect_complaint(provider_type vendor, std::string_view redirect_uri) {
  const auto a = read_web_address(redirect_uri);
  if (!a) return "It is no http or https URL.";
  if (a->has_extras) return "It has a user name, a query or a fragment, which vendors refuse.";
  if (redirect_uri.find('*') != std::string_view::npos) return "It has a wildcard, which vendors refuse.";
  if (redirect_uri.size() > 256) return "It is longer than 256 characters, which Microsoft refuses.";
  if (!a->https && !a->loopback()) return "It is http, which vendors accept of localhost alone.";
  if (a->loopback()) return {};
  if (vendor != provider_type::google) return {};
  if (net::kind_of_address(a->host) != net::address_kind::not_an_address)
    return "Its host is a numeric address, which Google refuses.";
  if (only_local(a->host)) return "Its host is not below a public top-level domain, which Google demands.";
  return {};
}

} // namespace kalends::doctor
