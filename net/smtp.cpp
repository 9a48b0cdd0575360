// SPDX-License-Identifier: Apache-2.0
#include "net/smtp.hpp"

#include "net/mail_message.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>

namespace kalends::net {
namespace {

constexpr long connect_seconds = 15, whole_seconds = 60;

struct curl_end {
  void operator()(CURL* c) const { curl_easy_cleanup(c); }
};
struct list_end {
  void operator()(curl_slist* l) const { curl_slist_free_all(l); }
};

struct reading {
  const std::string& text;
  std::size_t done = 0;
};

std::size_t read_on(char* into, std::size_t size, std::size_t count, void* from) {
  auto& r = *static_cast<reading*>(from);
  const auto n = std::min(size * count, r.text.size() - r.done);
  std::memcpy(into, r.text.data() + r.done, n);
  r.done += n;
  return n;
}

int give_up(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
}

bool on_this_machine(const std::string& host) {
  return host == "127.0.0.1" || host == "::1" || host == "localhost";
}

/// With the name that we greet with: the sender's domain.
std::string address_of(const mail_settings& s) {
  // Without TLS the name is not looked up: it might lead elsewhere.
  const auto host = s.host == "localhost" ? std::string("127.0.0.1") : s.host;
  return (s.security == mail_security::tls ? "smtps://" : "smtp://") +
         (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(s.port) +
         "/" + s.from.substr(s.from.rfind('@') + 1);
}

result<void> told(CURLcode outcome, long status, const std::atomic<bool>& stop) {
  if (outcome == CURLE_OK) return {};
  if (stop.load()) return failure(errc::stopped, "stopping", "The server is stopping.");
  const auto words = std::string(curl_easy_strerror(outcome)) +
                     (status >= 400 ? " (" + std::to_string(status) + ")" : std::string());
  const bool login = outcome == CURLE_LOGIN_DENIED || status == 530 || status == 534 || status == 535;
  if (login) return failure(errc::retry_later, "mail_login_refused", words);
  if (status >= 550 && status <= 559) return failure(errc::invalid, "mail_refused", words);
  if (status >= 400) return failure(errc::retry_later, "mail_deferred", words);
  if (outcome == CURLE_SSL_CONNECT_ERROR || outcome == CURLE_PEER_FAILED_VERIFICATION ||
      outcome == CURLE_USE_SSL_FAILED || outcome == CURLE_SSL_CACERT_BADFILE)
    return failure(errc::retry_later, "mail_tls_failed", words);
  return failure(errc::retry_later, "mail_server_away", words);
}

} // namespace

result<void> send_mail(const mail_settings& s, const std::string& extra_ca_file, const std::string& to,
                       const std::string& message, const std::atomic<bool>& stop) {
  if (s.security == mail_security::none && !on_this_machine(s.host))
    return failure(errc::invalid, "mail_plain_refused", "Without TLS mail goes to this machine alone.");
  if (!is_mail_address(s.from) || !is_mail_address(to))
    return failure(errc::invalid, "malformed_address", "An address is name@host, in ASCII.");
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const std::unique_ptr<CURL, curl_end> curl(curl_easy_init());
  const std::unique_ptr<curl_slist, list_end> recipients(
      curl_slist_append(nullptr, ("<" + to + ">").c_str()));
  if (!curl || !recipients) return failure(errc::retry_later, "mail_server_away", "No memory.");
  auto* c = curl.get();
  const auto url = address_of(s);
  const auto sender = "<" + s.from + ">";
  reading body{message};
  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(c, CURLOPT_PROXY, "");
  curl_easy_setopt(c, CURLOPT_USE_SSL,
                   static_cast<long>(s.security == mail_security::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  curl_easy_setopt(c, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!extra_ca_file.empty()) curl_easy_setopt(c, CURLOPT_CAINFO, extra_ca_file.c_str());
  if (!s.user.empty()) {
    curl_easy_setopt(c, CURLOPT_USERNAME, s.user.c_str());
    curl_easy_setopt(c, CURLOPT_PASSWORD, s.password.c_str());
  }
  curl_easy_setopt(c, CURLOPT_MAIL_FROM, sender.c_str());
  curl_easy_setopt(c, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(c, CURLOPT_READFUNCTION, read_on);
  curl_easy_setopt(c, CURLOPT_READDATA, &body);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, give_up);
  curl_easy_setopt(c, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&stop));
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, connect_seconds);
  curl_easy_setopt(c, CURLOPT_TIMEOUT, whole_seconds);
  const auto outcome = curl_easy_perform(c);
  long status = 0;
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
  return told(outcome, status, stop);
}

} // namespace kalends::net
