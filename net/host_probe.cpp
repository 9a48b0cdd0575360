// SPDX-License-Identifier: Apache-2.0
#include "net/host_probe.hpp"

#include "net/freed_by.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <future>
#include <memory>
#include <thread>
#include <utility>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto slice = 100ms; ///< how late a stop request may be heard
constexpr std::size_t names_limit = 20;

using ssl_context = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;
using ssl_session = std::unique_ptr<SSL, freed_by<SSL_free>>;
using certificate = std::unique_ptr<X509, freed_by<X509_free>>;
using certificate_store = std::unique_ptr<X509_STORE, freed_by<X509_STORE_free>>;
using verification = std::unique_ptr<X509_STORE_CTX, freed_by<X509_STORE_CTX_free>>;

struct open_socket {
  int fd = -1;
  ~open_socket() {
    if (fd >= 0) ::close(fd);
  }
};

// ---- names

/// The resolver knows no deadline: whoever gives up leaves it to its thread, which owns all it touches.
name_look resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = AF_UNSPEC;
  addrinfo* found = nullptr;
  name_look out;
  if (const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); failed != 0) {
    out.failure = ::gai_strerror(failed);
    return out;
  }
  for (const auto* a = found; a != nullptr; a = a->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(a->ai_addr, a->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0)
      out.addresses.emplace_back(text.data());
  }
  ::freeaddrinfo(found);
  return out;
}

// ---- waiting

/// Until `fd` is ready for `events`; false at the deadline or when asked to stop.
bool await(int fd, short events, clock::time_point until, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
    if (left <= 0ms) return false;
    pollfd p{fd, events, 0};
    const int n = ::poll(&p, 1, static_cast<int>(std::min(left, std::chrono::milliseconds(slice)).count()));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
  return false;
}

struct endpoint {
  sockaddr_storage where{};
  socklen_t size = 0;
};

endpoint endpoint_of(const std::string& numeric, std::uint16_t port) {
  endpoint e;
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(numeric.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return e;
  std::memcpy(&e.where, found->ai_addr, found->ai_addrlen);
  e.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return e;
}

/// Connects, or says why not.
std::string connect_to(open_socket& s, const std::string& address, std::uint16_t port,
                       clock::time_point until, const std::stop_token& stop) {
  const auto e = endpoint_of(address, port);
  if (e.size == 0) return "not an address";
  s.fd = ::socket(e.where.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (s.fd < 0) return std::strerror(errno);
  if (::connect(s.fd, reinterpret_cast<const sockaddr*>(&e.where), e.size) == 0) return {};
  if (errno != EINPROGRESS) return std::strerror(errno);
  if (!await(s.fd, POLLOUT, until, stop)) return "no connection in time";
  int failed = 0;
  socklen_t size = sizeof failed;
  if (::getsockopt(s.fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0) return std::strerror(errno);
  return failed == 0 ? std::string() : std::string(std::strerror(failed));
}

std::string last_tls_error() {
  std::array<char, 256> text{};
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "the other side ended the connection";
  ERR_error_string_n(code, text.data(), text.size());
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : text.data();
}

std::string shake_hands(SSL* tls, int fd, clock::time_point until, const std::stop_token& stop) {
  for (;;) {
    ERR_clear_error();
    const int done = SSL_connect(tls);
    if (done == 1) return {};
    const int why = SSL_get_error(tls, done);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return last_tls_error();
    if (!await(fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until, stop))
      return "no TLS handshake in time";
  }
}

// ---- certificates

std::optional<instant> time_of(const ASN1_TIME* t) {
  std::tm parts{};
  if (t == nullptr || ASN1_TIME_to_tm(t, &parts) != 1) return std::nullopt;
  return instant(std::chrono::seconds(::timegm(&parts)));
}

std::string name_text(const X509_NAME* name) {
  const std::unique_ptr<BIO, freed_by<BIO_free>> out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string octets_text(const ASN1_OCTET_STRING* octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(octets) == 4 ? AF_INET : AF_INET6;
  const char* shown = ::inet_ntop(family, ASN1_STRING_get0_data(octets), text.data(), text.size());
  return shown != nullptr ? shown : "";
}

std::vector<std::string> names_of(X509* c) {
  std::vector<std::string> out;
  auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(c, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all) && out.size() < names_limit; ++i) {
    const auto* n = sk_GENERAL_NAME_value(all, i);
    if (n->type == GEN_DNS)
      out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(n->d.dNSName)),
                       static_cast<std::size_t>(ASN1_STRING_length(n->d.dNSName)));
    else if (n->type == GEN_IPADD)
      out.push_back(octets_text(n->d.iPAddress));
  }
  GENERAL_NAMES_free(all);
  return out;
}

/// X509_V_OK, or why `leaf` does not lead to the store. Expiry is somebody else's question.
int verify(X509* leaf, STACK_OF(X509) * sent, const std::string& extra_ca_file) {
  const certificate_store store(X509_STORE_new());
  const verification run(X509_STORE_CTX_new());
  if (!store || !run) return X509_V_ERR_OUT_OF_MEM;
  X509_STORE_set_default_paths(store.get());
  if (!extra_ca_file.empty()) X509_STORE_load_file(store.get(), extra_ca_file.c_str());
  ERR_clear_error();
  if (X509_STORE_CTX_init(run.get(), store.get(), leaf, sent) != 1) return X509_V_ERR_UNSPECIFIED;
  X509_STORE_CTX_set_default(run.get(), "ssl_server");
  X509_STORE_CTX_set_flags(run.get(), X509_V_FLAG_NO_CHECK_TIME);
  if (X509_verify_cert(run.get()) == 1) return X509_V_OK;
  return X509_STORE_CTX_get_error(run.get());
}

void read_times(tls_look& out, X509* c) {
  const auto begins = time_of(X509_get0_notBefore(c));
  const auto ends = time_of(X509_get0_notAfter(c));
  if (begins && (!out.begins_at || *begins > *out.begins_at)) out.begins_at = begins;
  if (ends && (!out.ends_at || *ends < *out.ends_at)) out.ends_at = ends;
}

void read_certificate(tls_look& out, SSL* tls, const std::string& host, const std::string& extra_ca_file) {
  const certificate leaf(SSL_get1_peer_certificate(tls));
  if (!leaf) return;
  auto* sent = SSL_get_peer_cert_chain(tls);
  out.issuer = name_text(X509_get_issuer_name(leaf.get()));
  out.names = names_of(leaf.get());
  out.name_matches = kind_of_address(host) == address_kind::not_an_address
                         ? X509_check_host(leaf.get(), host.data(), host.size(), 0, nullptr) == 1
                         : X509_check_ip_asc(leaf.get(), host.c_str(), 0) == 1;
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    auto* c = sk_X509_value(sent, i);
    const bool root = X509_NAME_cmp(X509_get_issuer_name(c), X509_get_subject_name(c)) == 0;
    if (i == 0 || !root) read_times(out, c); // a root that was sent along is not what is trusted
  }
  const int verdict = verify(leaf.get(), sent, {});
  out.trusted = verdict == X509_V_OK;
  if (!out.trusted) out.verdict = X509_verify_cert_error_string(verdict);
  out.trusted_by_extra = !extra_ca_file.empty() && verify(leaf.get(), sent, extra_ca_file) == X509_V_OK;
  out.self_signed = X509_NAME_cmp(X509_get_issuer_name(leaf.get()), X509_get_subject_name(leaf.get())) == 0;
  out.incomplete = !out.trusted && !out.self_signed && sk_X509_num(sent) == 1;
}

} // namespace

name_look look_up_name(const std::string& host, std::chrono::milliseconds within, std::stop_token stop) {
  if (kind_of_address(host) != address_kind::not_an_address) return {{host}, {}};
  auto answer = std::make_shared<std::promise<name_look>>();
  auto heard = answer->get_future();
  std::thread([answer, host] { answer->set_value(resolve(host)); }).detach();
  const auto until = clock::now() + within;
  while (!stop.stop_requested() && clock::now() < until)
    if (heard.wait_for(slice) == std::future_status::ready) {
      auto found = heard.get();
      std::vector<std::string> once;
      for (auto& a : found.addresses)
        if (std::find(once.begin(), once.end(), a) == once.end()) once.push_back(std::move(a));
      return {std::move(once), std::move(found.failure)};
    }
  return {{}, "the resolver did not answer in time"};
}

tls_look look_at_tls(const std::string& host, std::uint16_t port, const std::string& extra_ca_file,
                     std::chrono::milliseconds within, std::stop_token stop) {
  tls_look out;
  const auto until = clock::now() + within;
  const auto found = look_up_name(host, within, stop);
  out.failure = found.failure;
  open_socket s;
  for (const auto& address : found.addresses) {
    if (s.fd >= 0) ::close(std::exchange(s.fd, -1));
    out.failure = connect_to(s, address, port, until, stop);
    if ((out.connected = out.failure.empty())) break;
  }
  if (!out.connected) return out;
  const ssl_context context(SSL_CTX_new(TLS_client_method()));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) {
    out.failure = last_tls_error();
    return out;
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const ssl_session tls(SSL_new(context.get()));
  if (!tls || SSL_set_fd(tls.get(), s.fd) != 1) {
    out.failure = last_tls_error();
    return out;
  }
  if (kind_of_address(host) == address_kind::not_an_address)
    SSL_set_tlsext_host_name(tls.get(), host.c_str());
  out.failure = shake_hands(tls.get(), s.fd, until, stop);
  out.shaken = out.failure.empty();
  if (out.shaken) read_certificate(out, tls.get(), host, extra_ca_file);
  return out;
}

} // namespace kalends::net
