// SPDX-License-Identifier: Apache-2.0
#include "tests/net/http_server_fixture.hpp"
#include "tests/support/self_signed.hpp"

#include <gmock/gmock.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <atomic>
#include <csignal>
#include <future>
#include <optional>

namespace kalends::net {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// -- TLS

/// A TLS client that says one request and keeps what a resumption needs.
class tls_peer {
public:
  explicit tls_peer(const std::string& ca_file) : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    SSL_CTX_load_verify_locations(context_.get(), ca_file.c_str(), nullptr);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  }
  /// The answer, or nothing when the handshake fails. `most` is the highest protocol version offered.
  std::string get(std::uint16_t port, int most) {
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), most);
    std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_ssl_connect(context_.get()), BIO_free_all);
    BIO_set_conn_hostname(bio.get(), ("127.0.0.1:" + std::to_string(port)).c_str());
    SSL* ssl = nullptr;
    BIO_get_ssl(bio.get(), &ssl);
    SSL_set_security_level(ssl, 0);
    if (session_) SSL_set_session(ssl, session_.get());
    if (BIO_do_handshake(bio.get()) != 1) return {};
    BIO_puts(bio.get(), "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    std::string out;
    char bytes[4096];
    for (int n; (n = BIO_read(bio.get(), bytes, sizeof bytes)) > 0;)
      out.append(bytes, static_cast<std::size_t>(n));
    ended_orderly = (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
    resumed = SSL_session_reused(ssl) == 1;
    session_.reset(SSL_get1_session(ssl));
    return out;
  }
  bool resumed = false;
  bool ended_orderly = false;

private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> session_{nullptr, SSL_SESSION_free};
};

class http_server_tls_test : public http_server_fixture {
protected:
  void SetUp() override {
    options.certificate_file = certificate.certificate_file();
    options.private_key_file = certificate.key_file();
  }
  kalends::testing::self_signed certificate;
};

TEST_F(http_server_tls_test, speaks_both_modern_versions_and_resumes_sessions) {
  serve([](http_request q, const http_responder& r) { r(text(q.tls ? "secure" : "plain")); });
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls_peer peer(certificate.ca_file());

    EXPECT_THAT(peer.get(server->port(), version), EndsWith("secure"));
    EXPECT_FALSE(peer.resumed);
    EXPECT_TRUE(peer.ended_orderly);
    EXPECT_THAT(peer.get(server->port(), version), EndsWith("secure"));
    EXPECT_TRUE(peer.resumed);
  }
}

TEST_F(http_server_tls_test, refuses_old_versions) {
  serve(echo);
  tls_peer peer(certificate.ca_file());

  EXPECT_EQ(peer.get(server->port(), TLS1_1_VERSION), "");
}

TEST_F(http_server_tls_test, hangs_up_on_plain_text_and_on_slow_handshakes) {
  options.header_timeout = 1s;
  serve(echo);
  auto plain = connect();
  auto silent = connect();

  plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

  EXPECT_THAT(plain.read_all(), Not(HasSubstr("HTTP")));
  EXPECT_TRUE(silent.at_end());
}

TEST_F(http_server_tls_test, refuses_a_key_that_does_not_fit) {
  io_threads threads;
  kalends::testing::self_signed other;
  options.private_key_file = other.key_file();

  EXPECT_EQ(http_server::start(threads, options, echo).error().code, "bad_certificate");
}

// -- life and death

class http_server_life_test : public http_server_fixture {};

TEST_F(http_server_life_test, reports_a_port_that_is_taken) {
  serve(echo);
  http_server_options second;
  second.port = server->port();

  auto started = http_server::start(*io, second, echo);

  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, "address_in_use");
}

TEST_F(http_server_life_test, reports_a_bad_certificate_and_a_bad_address) {
  io_threads threads;
  http_server_options no_file, no_address;
  no_file.certificate_file = "/nonexistent/cert.pem";
  no_address.address = "not an address";

  EXPECT_EQ(http_server::start(threads, no_file, echo).error().code, "bad_certificate");
  EXPECT_EQ(http_server::start(threads, no_address, echo).error().code, "bad_address");
}

TEST_F(http_server_life_test, finishes_requests_in_progress_when_stopped) {
  serve_inbox();
  auto idle = connect();
  auto busy = connect();
  busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto [request, respond] = held.take();

  auto stopped = std::async(std::launch::async, [&] { server->stop(5s); });
  EXPECT_EQ(idle.read_all(), "");
  respond(text("done"));
  const auto answer = busy.read_answer();
  busy.close();

  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_THAT(answer, EndsWith("done"));
  EXPECT_EQ(stopped.wait_for(4s), std::future_status::ready);
  EXPECT_THROW(connect(), std::system_error);
}

TEST_F(http_server_life_test, ends_streams_when_stopped) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto stream = held.take().second.stream({});
  stream->write("x");
  peer.read_until("x\r\n");

  auto stopped = std::async(std::launch::async, [&] { server->stop(5s); });

  EXPECT_EQ(peer.read_all(), "0\r\n\r\n");
  EXPECT_FALSE(stream->write("y"));
  peer.close();
  stopped.get();
}

TEST_F(http_server_life_test, stops_without_waiting_longer_than_its_grace) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto [request, respond] = held.take();

  server->stop(50ms);

  EXPECT_TRUE(peer.at_end());
  respond(text("nobody hears this"));
}

TEST_F(http_server_life_test, lets_a_responder_outlive_server_and_threads) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  auto first = held.take();
  auto other = connect();
  other.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  auto stream = held.take().second.stream({});

  server.reset();
  io.reset();

  first.second(text("late"));
  EXPECT_FALSE(stream->write("late"));
}

TEST_F(http_server_life_test, survives_threads_that_stop_first) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto pending = held.take();

  io->stop();
  server.reset();
  io.reset();

  pending.second(text("late"));
  EXPECT_TRUE(peer.at_end());
}

TEST_F(http_server_life_test, runs_delayed_work_on_a_thread) {
  io_threads threads;
  std::promise<std::thread::id> ran;

  threads.after(1ms, [&] { ran.set_value(std::this_thread::get_id()); });

  EXPECT_NE(ran.get_future().get(), std::this_thread::get_id());
}

TEST_F(http_server_life_test, hears_the_signal_to_stop_once) {
  io_threads threads;
  std::promise<void> heard;
  threads.on_stop_signal([&] { heard.set_value(); });

  std::raise(SIGTERM);

  EXPECT_EQ(heard.get_future().wait_for(5s), std::future_status::ready);
}

} // namespace
} // namespace kalends::net
