// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.hpp"
#include "net/io_threads.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/self_signed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <future>
#include <mutex>
#include <optional>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;
using kalends::testing::raw_peer;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Keeps requests with their responders until a test takes them.
class inbox {
public:
  void put(http_request request, http_responder responder) {
    std::lock_guard lock(mutex_);
    items_.emplace_back(std::move(request), std::move(responder));
    changed_.notify_all();
  }
  std::pair<http_request, http_responder> take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 5s, [&] { return !items_.empty(); }))
      throw std::runtime_error("no request came");
    auto first = std::move(items_.front());
    items_.erase(items_.begin());
    return first;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<http_request, http_responder>> items_;
};

http_response text(std::string body) { return {200, {{"Content-Type", "text/plain"}}, std::move(body)}; }

void echo(http_request request, const http_responder& respond) {
  respond(text(request.method + " " + request.path + " " + request.query + " " + request.body));
}

class http_server_test : public ::testing::Test {
protected:
  void serve(http_handler handler, std::size_t threads = 1) {
    io = std::make_unique<io_threads>(threads);
    auto started = http_server::start(*io, options, std::move(handler));
    ASSERT_TRUE(started.has_value()) << started.error().detail;
    server = std::move(*started);
  }
  void serve_inbox() {
    serve([this](http_request q, http_responder r) { held.put(std::move(q), std::move(r)); });
  }
  raw_peer connect() { return raw_peer::connect(server->port()); }

  http_server_options options;
  inbox held;
  std::unique_ptr<io_threads> io;
  std::unique_ptr<http_server> server;
};

TEST_F(http_server_test, answers_many_requests_on_one_connection) {
  serve(echo);
  auto peer = connect();

  for (int i = 0; i < 3; ++i) {
    peer.send("POST /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    const auto answer = peer.read_answer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nDate: "));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nPOST /a b x=1 hello"));
    EXPECT_THAT(answer, Not(HasSubstr("Connection:")));
  }
}

TEST_F(http_server_test, answers_pipelined_requests_in_order) {
  serve(echo);
  auto peer = connect();

  std::string all;
  for (int i = 0; i < 50; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  peer.send(all);

  for (int i = 0; i < 50; ++i)
    EXPECT_THAT(peer.read_answer(), EndsWith("\r\n\r\nGET /" + std::to_string(i) + "  "));
}

TEST_F(http_server_test, answers_pipelined_requests_in_order_from_another_thread) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");

  auto [first, answer_first] = held.take();
  answer_first(text("one"));
  auto [second, answer_second] = held.take();
  answer_second(text("two"));

  EXPECT_EQ(first.path, "/1");
  EXPECT_EQ(second.path, "/2");
  EXPECT_THAT(peer.read_answer(), EndsWith("one"));
  EXPECT_THAT(peer.read_answer(), EndsWith("two"));
}

TEST_F(http_server_test, tells_the_handler_who_asks) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET http://example.org/x?y=z HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n");

  auto [request, respond] = held.take();

  EXPECT_EQ(request.peer, "127.0.0.1");
  EXPECT_FALSE(request.tls);
  EXPECT_EQ(request.target, "http://example.org/x?y=z");
  EXPECT_EQ(request.path, "/x");
  EXPECT_EQ(request.query, "y=z");
  EXPECT_EQ(find_header(request.headers, "x-a"), "1");
}

TEST_F(http_server_test, reads_chunked_bodies) {
  serve(echo);
  auto peer = connect();

  peer.send("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  peer.send("lo\r\n1;x=y\r\n!\r\n0\r\nTrailer: t\r\n\r\n");

  EXPECT_THAT(peer.read_answer(), EndsWith("PUT /  hello!"));
}

TEST_F(http_server_test, reads_bodies_larger_than_its_buffer) {
  serve([](http_request q, const http_responder& r) { r(text(std::to_string(q.body.size()))); });
  auto peer = connect();

  peer.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'x'));

  EXPECT_THAT(peer.read_answer(), EndsWith("\r\n\r\n1000000"));
}

TEST_F(http_server_test, sends_large_answers_whole) {
  serve([](http_request, const http_responder& r) { r(text(std::string(8 << 20, 'y'))); });
  auto peer = connect();

  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");

  for (int i = 0; i < 2; ++i) {
    const auto answer = peer.read_answer();
    EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 8u << 20);
  }
}

TEST_F(http_server_test, says_continue_when_the_peer_waits_for_it) {
  serve(echo);
  auto peer = connect();

  peer.send("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(peer.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("ok");

  EXPECT_THAT(peer.read_answer(), EndsWith("PUT /  ok"));
}

TEST_F(http_server_test, answers_head_without_a_body) {
  serve([](http_request, const http_responder& r) { r(text("12345")); });
  auto peer = connect();

  peer.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");

  const auto head = peer.read_until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(peer.read_answer(), EndsWith("\r\n\r\n12345"));
}

TEST_F(http_server_test, sends_no_length_and_no_body_with_204) {
  serve([](http_request, const http_responder& r) { r({204, {}, "must not be seen"}); });
  auto peer = connect();

  peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

  const auto all = peer.read_all();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(all, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(all, EndsWith("\r\n\r\n"));
}

TEST_F(http_server_test, closes_for_http_1_0_unless_asked_to_stay) {
  serve(echo);
  auto leaving = connect();
  auto staying = connect();

  leaving.send("GET /a HTTP/1.0\r\n\r\n");
  staying.send("GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

  EXPECT_THAT(leaving.read_all(), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(staying.read_answer(), HasSubstr("Connection: keep-alive\r\n"));
}

// -- refusals

struct bad_request {
  std::string bytes;
  std::string status;
  std::string code;
};

TEST_F(http_server_test, refuses_what_is_no_request) {
  serve(echo);
  const std::vector<bad_request> cases{
      {"nonsense\r\n\r\n", "400", "malformed_request"},
      {"GET / HTTP/1.1\r\n\r\n", "400", "malformed_request"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400", "malformed_request"},
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "400", "malformed_request"},
      {"GET / HTTP/1.1\r\nHost: a\r\nA B: c\r\n\r\n", "400", "malformed_request"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "400", "malformed_request"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400",
       "malformed_request"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400",
       "malformed_request"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400", "malformed_request"},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505", "http_version_not_supported"},
  };
  for (const auto& bad : cases) {
    auto peer = connect();
    peer.send(bad.bytes);
    const auto answer = peer.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + bad.status)) << bad.bytes;
    EXPECT_THAT(answer, HasSubstr("application/problem+json"));
    EXPECT_THAT(answer, HasSubstr("\"code\":\"" + bad.code + "\""));
  }
}

TEST_F(http_server_test, refuses_headers_over_the_limit) {
  serve(echo);
  auto one_line = connect();
  auto many_lines = connect();

  one_line.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(20'000, 'x'));
  std::string lines = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 2000; ++i) lines += "X-" + std::to_string(i) + ": yyyyyyyyyy\r\n";
  many_lines.send(lines);

  EXPECT_THAT(one_line.read_all(), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(many_lines.read_all(), HasSubstr("header_too_large"));
}

TEST_F(http_server_test, refuses_bodies_over_the_limit) {
  options.body_limit = 1000;
  serve(echo);
  auto counted = connect();
  auto chunked = connect();

  counted.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
  chunked.send("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
               std::string(1001, 'x'));

  EXPECT_THAT(counted.read_all(), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(chunked.read_all(), HasSubstr("body_too_large"));
}

TEST_F(http_server_test, lets_a_peer_read_the_refusal_while_it_still_sends) {
  options.body_limit = 1000;
  serve(echo);
  auto peer = connect();

  peer.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n");
  peer.send(std::string(500'000, 'x'));

  EXPECT_THAT(peer.read_all(), StartsWith("HTTP/1.1 413"));
}

TEST_F(http_server_test, gives_up_on_a_slow_request) {
  options.header_timeout = 1s;
  serve(echo);
  auto slow_header = connect();
  auto slow_body = connect();

  slow_header.send("GET / HTT");
  slow_body.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");

  EXPECT_THAT(slow_header.read_all(), HasSubstr("request_timeout"));
  EXPECT_THAT(slow_body.read_all(), StartsWith("HTTP/1.1 408"));
}

TEST_F(http_server_test, closes_idle_connections_silently) {
  options.idle_timeout = 1s;
  serve(echo);
  auto fresh = connect();
  auto used = connect();
  used.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  used.read_answer();

  EXPECT_EQ(fresh.read_all(), "");
  EXPECT_EQ(used.read_all(), "");
}

TEST_F(http_server_test, turns_away_one_connection_too_many) {
  options.connection_limit = 2;
  serve(echo);
  auto first = connect();
  auto second = connect();
  first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  first.read_answer();
  second.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  second.read_answer();

  auto third = connect();

  const auto refusal = third.read_answer();
  EXPECT_THAT(refusal, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(refusal, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(refusal, HasSubstr("too_many_connections"));
}

// -- the responder

TEST_F(http_server_test, answers_500_for_a_lost_request) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

  { auto lost = held.take(); }

  const auto answer = peer.read_answer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answer, HasSubstr("\"code\":\"no_answer\""));
}

TEST_F(http_server_test, answers_500_when_the_handler_drops_or_throws) {
  serve([](http_request q, http_responder) {
    if (q.path == "/throw") throw std::runtime_error("secret");
  });
  auto peer = connect();

  peer.send("GET /drop HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer.read_answer(), HasSubstr("no_answer"));
  peer.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto answer = peer.read_answer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answer, Not(HasSubstr("secret")));
}

TEST_F(http_server_test, counts_only_the_first_answer) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

  auto [request, respond] = held.take();
  respond(text("first"));
  respond(text("second"));
  EXPECT_EQ(respond.stream({}), nullptr);

  EXPECT_THAT(peer.read_answer(), EndsWith("first"));
  peer.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  held.take().second(text("third"));
  EXPECT_THAT(peer.read_answer(), EndsWith("third"));
}

TEST_F(http_server_test, answers_504_when_the_handler_takes_too_long) {
  options.answer_timeout = 1s;
  serve_inbox();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto [request, respond] = held.take();

  const auto answer = peer.read_answer();
  respond(text("late"));

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 504"));
  EXPECT_THAT(answer, HasSubstr("handler_timeout"));
  EXPECT_EQ(peer.read_all(), "");
}

TEST_F(http_server_test, cuts_the_connection_on_abort) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

  held.take().second.abort();

  EXPECT_TRUE(peer.at_end());
}

TEST_F(http_server_test, answers_many_connections_from_one_foreign_thread) {
  serve_inbox();
  std::vector<raw_peer> peers;
  for (int i = 0; i < 200; ++i) {
    peers.push_back(connect());
    peers.back().send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  std::vector<std::pair<http_request, http_responder>> all;
  for (int i = 0; i < 200; ++i) all.push_back(held.take());

  for (auto& [request, respond] : all) respond(text("for " + request.path));

  for (int i = 0; i < 200; ++i)
    EXPECT_THAT(peers[static_cast<std::size_t>(i)].read_answer(), EndsWith("for /" + std::to_string(i)));
}

TEST_F(http_server_test, spreads_connections_over_its_threads) {
  std::mutex mutex;
  std::map<std::thread::id, int> seen;
  serve(
      [&](http_request, const http_responder& respond) {
        std::lock_guard lock(mutex);
        ++seen[std::this_thread::get_id()];
        respond(text("x"));
      },
      2);

  for (int i = 0; i < 10; ++i) {
    auto peer = connect();
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    peer.read_answer();
  }

  std::lock_guard lock(mutex);
  ASSERT_EQ(seen.size(), 2u);
  for (const auto& [thread, count] : seen) EXPECT_EQ(count, 5);
}

// -- streams

TEST_F(http_server_test, streams_chunks_until_the_stream_is_dropped) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

  auto stream = held.take().second.stream({200, {{"Content-Type", "text/event-stream"}}, ""});
  EXPECT_THAT(peer.read_until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(stream->write("data: 1\n\n"));
  EXPECT_EQ(peer.read_until("\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
  EXPECT_TRUE(stream->write("x"));
  stream.reset();

  EXPECT_EQ(peer.read_until("0\r\n\r\n"), "1\r\nx\r\n0\r\n\r\n");
  peer.send("GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
  held.take().second(text("after"));
  EXPECT_THAT(peer.read_answer(), EndsWith("after"));
}

TEST_F(http_server_test, stops_a_stream_whose_reader_sleeps) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto stream = held.take().second.stream({});

  std::size_t written = 0;
  while (stream->write(std::string(64 * 1024, 'x'))) {
    written += 64 * 1024;
    ASSERT_LT(written, 64u << 20);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_FALSE(stream->write("more"));
  stream.reset();

  EXPECT_GE(written, 1u << 20);
  EXPECT_THAT(peer.read_all(), Not(EndsWith("0\r\n\r\n")));
}

TEST_F(http_server_test, tells_the_writer_when_the_reader_has_left) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto stream = held.take().second.stream({});
  ASSERT_TRUE(stream->write("x"));
  peer.read_until("x\r\n");

  peer.close();

  const auto latest = std::chrono::steady_clock::now() + 5s;
  while (stream->write("y") && std::chrono::steady_clock::now() < latest) std::this_thread::sleep_for(1ms);
  EXPECT_FALSE(stream->write("y"));
}

TEST_F(http_server_test, notices_a_peer_that_leaves_before_the_answer) {
  serve_inbox();
  std::optional<raw_peer> peer(connect());
  peer->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto [request, respond] = held.take();

  peer.reset();

  // Streaming tells whether the connection still stands.
  const auto latest = std::chrono::steady_clock::now() + 5s;
  std::this_thread::sleep_for(50ms);
  auto stream = respond.stream({});
  while (stream && stream->write("y") && std::chrono::steady_clock::now() < latest)
    std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(!stream || !stream->write("y"));
}

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

class http_server_tls_test : public http_server_test {
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

TEST_F(http_server_test, reports_a_port_that_is_taken) {
  serve(echo);
  http_server_options second;
  second.port = server->port();

  auto started = http_server::start(*io, second, echo);

  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, "address_in_use");
}

TEST_F(http_server_test, reports_a_bad_certificate_and_a_bad_address) {
  io_threads threads;
  http_server_options no_file, no_address;
  no_file.certificate_file = "/nonexistent/cert.pem";
  no_address.address = "not an address";

  EXPECT_EQ(http_server::start(threads, no_file, echo).error().code, "bad_certificate");
  EXPECT_EQ(http_server::start(threads, no_address, echo).error().code, "bad_address");
}

TEST_F(http_server_test, finishes_requests_in_progress_when_stopped) {
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

TEST_F(http_server_test, ends_streams_when_stopped) {
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

TEST_F(http_server_test, stops_without_waiting_longer_than_its_grace) {
  serve_inbox();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto [request, respond] = held.take();

  server->stop(50ms);

  EXPECT_TRUE(peer.at_end());
  respond(text("nobody hears this"));
}

TEST_F(http_server_test, lets_a_responder_outlive_server_and_threads) {
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

TEST_F(http_server_test, survives_threads_that_stop_first) {
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

TEST_F(http_server_test, runs_delayed_work_on_a_thread) {
  io_threads threads;
  std::promise<std::thread::id> ran;

  threads.after(1ms, [&] { ran.set_value(std::this_thread::get_id()); });

  EXPECT_NE(ran.get_future().get(), std::this_thread::get_id());
}

TEST_F(http_server_test, hears_the_signal_to_stop_once) {
  io_threads threads;
  std::promise<void> heard;
  threads.on_stop_signal([&] { heard.set_value(); });

  std::raise(SIGTERM);

  EXPECT_EQ(heard.get_future().wait_for(5s), std::future_status::ready);
}

} // namespace
} // namespace kalends::net
