// SPDX-License-Identifier: Apache-2.0
#include "net/client_call.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/io_threads.hpp"
#include "tests/support/http_imposter.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/self_signed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <future>
#include <thread>

namespace kalends::net {
namespace {

using namespace std::chrono_literals;
using kalends::testing::http_imposter;
using kalends::testing::raw_peer;
using kalends::testing::raw_server;
using kalends::testing::self_signed;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;

std::string gzipped(const std::string& text) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

class http_client_test : public ::testing::Test {
protected:
  std::future<result<http_reply>> start(outgoing_request request, call_token* token = nullptr) {
    if (!client) client = std::make_unique<http_client>(io, options);
    auto promise = std::make_shared<std::promise<result<http_reply>>>();
    auto future = promise->get_future();
    auto mine =
        client->send(std::move(request), [promise](auto outcome) { promise->set_value(std::move(outcome)); });
    if (token)
      *token = std::move(mine);
    else
      mine.release();
    return future;
  }
  result<http_reply> send(outgoing_request request) {
    auto future = start(std::move(request));
    if (future.wait_for(10s) != std::future_status::ready) throw std::runtime_error("the call never ended");
    return future.get();
  }
  result<http_reply> get(const std::string& url) {
    outgoing_request request;
    request.url = url;
    return send(std::move(request));
  }
  /// Answers every connection's first request with `bytes`, then closes.
  std::unique_ptr<raw_server> saying(std::string bytes) {
    return std::make_unique<raw_server>([b = std::move(bytes)](raw_peer& peer, int) {
      peer.read_until("\r\n\r\n");
      peer.send(b);
    });
  }
  static std::string at(const raw_server& server) {
    return "http://127.0.0.1:" + std::to_string(server.port()) + "/";
  }

  io_threads io;
  http_client_options options;
  std::unique_ptr<http_client> client;
};

std::string code_of(const result<http_reply>& r) {
  return r ? "answer " + std::to_string(r->status) : r.error().code;
}

// -- answers

TEST_F(http_client_test, sends_a_request_and_reads_the_answer) {
  http_imposter server;
  server.when("PATCH /a b").then(412, "{}", {{"ETag", "\"1\""}});
  outgoing_request request;
  request.method = "PATCH";
  request.url = server.url("/a%20b?x=%20#fragment");
  request.headers = {{"Authorization", "Bearer t"}, {"Content-Length", "99"}};
  request.body = "body";

  const auto reply = send(request);

  ASSERT_TRUE(reply) << reply.error().detail;
  EXPECT_EQ(reply->status, 412);
  EXPECT_EQ(reply->body, "{}");
  EXPECT_EQ(find_header(reply->headers, "etag"), "\"1\"");
  const auto seen = server.requests().at(0);
  EXPECT_EQ(seen.body, "body");
  EXPECT_EQ(seen.query, "x=%20");
  EXPECT_EQ(find_header(seen.headers, "Authorization"), "Bearer t");
  EXPECT_EQ(find_header(seen.headers, "Accept-Encoding"), "gzip");
  EXPECT_EQ(find_header(seen.headers, "Host"), "127.0.0.1:" + std::to_string(server.port()));
}

TEST_F(http_client_test, resolves_localhost) {
  http_imposter server;
  server.when("GET /").then(204);

  EXPECT_EQ(code_of(get("http://localhost:" + std::to_string(server.port()))), "answer 204");
}

TEST_F(http_client_test, reads_an_answer_to_head) {
  http_imposter server;
  server.when("HEAD /").then(200, "12345");
  outgoing_request request;
  request.method = "HEAD";
  request.url = server.url();

  const auto first = send(request);
  const auto second = send(request);

  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->body, "");
  EXPECT_EQ(find_header(second->headers, "Content-Length"), "5");
}

TEST_F(http_client_test, reads_chunks_interim_answers_and_bodies_ended_by_close) {
  auto chunked = saying(
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  auto closing = saying("HTTP/1.0 200 OK\r\n\r\nuntil the end");

  const auto first = get(at(*chunked));
  const auto second = get(at(*closing));

  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->body, "abcde");
  EXPECT_EQ(second->body, "until the end");
}

TEST_F(http_client_test, does_not_follow_redirects) {
  http_imposter server;
  server.when("GET /").then(302, "", {{"Location", "/other"}});

  EXPECT_EQ(code_of(get(server.url())), "answer 302");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(http_client_test, sends_and_reads_large_bodies) {
  http_imposter server;
  server.when("POST /").then([](const http_request& q, const http_responder& r) {
    r({200, {}, q.body + q.body});
  });
  outgoing_request request;
  request.method = "POST";
  request.url = server.url();
  request.body = std::string(1'500'000, 'x');

  const auto reply = send(request);

  ASSERT_TRUE(reply) << reply.error().detail;
  EXPECT_EQ(reply->body.size(), 3'000'000u);
}

// -- gzip

TEST_F(http_client_test, inflates_gzip) {
  const auto text = std::string(100'000, 'a') + "end";
  http_imposter server;
  server.when("GET /one").then(200, gzipped(text), {{"Content-Encoding", "gzip"}});
  server.when("GET /two").then(200, gzipped("first ") + gzipped("second"), {{"Content-Encoding", "gzip"}});

  const auto one = get(server.url("/one"));
  const auto two = get(server.url("/two"));

  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->body, text);
  EXPECT_THAT(one->headers, Not(Contains(Key("Content-Encoding"))));
  EXPECT_EQ(two->body, "first second");
}

TEST_F(http_client_test, stops_a_gzip_bomb_at_the_limit) {
  http_imposter server;
  server.when("GET /").then(200, gzipped(std::string(8 << 20, '\0')), {{"Content-Encoding", "gzip"}});
  outgoing_request request;
  request.url = server.url();
  request.body_limit = 100'000;

  const auto reply = send(request);

  EXPECT_EQ(code_of(reply), "body_too_large");
  EXPECT_EQ(reply.error().kind, errc::broken);
}

TEST_F(http_client_test, refuses_broken_gzip) {
  auto cut = gzipped(std::string(1000, 'a'));
  cut.resize(cut.size() - 4);
  http_imposter server;
  server.when("GET /cut").then(200, cut, {{"Content-Encoding", "gzip"}});
  server.when("GET /none").then(200, "not gzip", {{"Content-Encoding", "gzip"}});

  EXPECT_EQ(code_of(get(server.url("/cut"))), "malformed_answer");
  EXPECT_EQ(code_of(get(server.url("/none"))), "malformed_answer");
}

// -- misbehaving servers

TEST_F(http_client_test, refuses_bodies_over_the_limit) {
  auto counted = saying("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
  auto chunked =
      saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x'));
  auto endless = saying("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x'));

  for (auto* server : {counted.get(), chunked.get(), endless.get()}) {
    outgoing_request request;
    request.url = at(*server);
    request.body_limit = 1000;
    EXPECT_EQ(code_of(send(request)), "body_too_large");
  }
}

TEST_F(http_client_test, refuses_what_is_no_answer) {
  const std::vector<std::string> cases{
      "<html>hello</html>\r\n\r\n",
      "HTTP/1.1 xyz\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  };
  for (const auto& bytes : cases) {
    auto server = saying(bytes);
    const auto reply = get(at(*server));
    EXPECT_EQ(code_of(reply), "malformed_answer") << bytes.substr(0, 80);
    if (!reply) {
      EXPECT_EQ(reply.error().kind, errc::broken);
    }
  }
}

TEST_F(http_client_test, reports_a_truncated_answer) {
  auto in_body = saying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  auto in_chunk = saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
  auto in_header = saying("HTTP/1.1 200 OK\r\nConte");
  auto nothing = saying("");

  for (auto* server : {in_body.get(), in_chunk.get(), in_header.get(), nothing.get()}) {
    const auto reply = get(at(*server));
    EXPECT_EQ(code_of(reply), "connection_lost");
    if (!reply) {
      EXPECT_EQ(reply.error().kind, errc::retry_later);
    }
  }
}

TEST_F(http_client_test, gives_up_on_a_silent_server) {
  http_imposter server;
  server.when("GET /").then_hang();
  outgoing_request impatient, bounded;
  impatient.url = bounded.url = server.url();
  impatient.read_timeout = 100ms;
  bounded.total_timeout = 100ms;

  EXPECT_EQ(code_of(send(impatient)), "timeout");
  const auto reply = send(bounded);
  EXPECT_EQ(code_of(reply), "timeout");
  EXPECT_EQ(reply.error().kind, errc::retry_later);
}

TEST_F(http_client_test, gives_up_on_a_server_that_drips) {
  raw_server server([](raw_peer& peer, int) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (peer.send("x")) std::this_thread::sleep_for(5ms);
  });
  outgoing_request request;
  request.url = at(server);
  request.read_timeout = 5s;
  request.total_timeout = 200ms;

  EXPECT_EQ(code_of(send(request)), "timeout");
}

TEST_F(http_client_test, gives_up_on_a_handshake_that_hangs) {
  std::promise<void> end;
  auto ended = end.get_future().share();
  raw_server server([ended](raw_peer&, int) { ended.wait_for(5s); });
  outgoing_request request;
  request.url = "https://localhost:" + std::to_string(server.port());
  request.connect_timeout = 100ms;

  EXPECT_EQ(code_of(send(request)), "timeout");
  end.set_value();
}

TEST_F(http_client_test, reports_a_refused_connection_and_an_unknown_name) {
  std::uint16_t free_port = 0;
  {
    free_port = raw_server([](raw_peer&, int) {}).port();
  }

  const auto refused = get("http://127.0.0.1:" + std::to_string(free_port));

  EXPECT_EQ(code_of(refused), "connect_failed");
  EXPECT_EQ(refused.error().kind, errc::retry_later);
  EXPECT_EQ(code_of(get("http://no-such-host.invalid/")), "connect_failed");
}

TEST_F(http_client_test, refuses_requests_that_cannot_be_sent) {
  for (const auto* url :
       {"", "/relative", "ftp://h/", "http://", "http://u:p@h/", "http://h:0/", "http://h:99999/",
        "http://h:1x/", "http://h/a b", "http://h/\r\nX: y", "http://[::1/"})
    EXPECT_EQ(code_of(get(url)), "bad_url") << url;
  outgoing_request bad_header, bad_method;
  bad_header.url = bad_method.url = "http://127.0.0.1:1/";
  bad_header.headers = {{"X", "a\r\nY: b"}};
  bad_method.method = "GET /x";
  EXPECT_EQ(code_of(send(bad_header)), "bad_request");
  EXPECT_EQ(code_of(send(bad_method)), "bad_request");
}

TEST_F(http_client_test, keeps_secrets_out_of_its_errors) {
  auto server = saying("junk\r\n\r\n");
  outgoing_request request;
  request.url = at(*server) + "secret-path?token=secret-query";
  request.headers = {{"Authorization", "Bearer secret-token"}};

  const auto reply = send(request);

  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().detail, Not(HasSubstr("secret")));
  const auto bad = get("http://user:secret@h/");
  EXPECT_THAT(bad.error().detail, Not(HasSubstr("secret")));
}

// -- TLS

TEST_F(http_client_test, speaks_tls_to_a_server_it_trusts) {
  http_imposter server(http_imposter::security::tls);
  server.when("POST /").then([](const http_request& q, const http_responder& r) { r({200, {}, q.body}); });
  options.ca_file = server.ca_file();
  outgoing_request request;
  request.method = "POST";
  request.url = server.url();
  request.body = std::string(300'000, 'z');

  const auto first = send(request);
  request.url = "https://127.0.0.1:" + std::to_string(server.port());
  const auto by_address = send(request);

  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->body.size(), 300'000u);
  EXPECT_EQ(code_of(by_address), "answer 200");
  EXPECT_TRUE(server.requests().at(0).tls);
}

TEST_F(http_client_test, refuses_a_certificate_nobody_vouches_for) {
  http_imposter server(http_imposter::security::tls);
  server.when("GET /").then(200);

  const auto reply = get(server.url());

  EXPECT_EQ(code_of(reply), "tls_failed");
  EXPECT_EQ(reply.error().kind, errc::retry_later);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(http_client_test, refuses_a_certificate_for_another_name) {
  self_signed certificate("calendar.example");
  http_server_options tls;
  tls.certificate_file = certificate.certificate_file();
  tls.private_key_file = certificate.key_file();
  auto server = http_server::start(io, tls, [](http_request, const http_responder& r) { r({}); });
  ASSERT_TRUE(server);
  options.ca_file = certificate.ca_file();

  EXPECT_EQ(code_of(get("https://localhost:" + std::to_string((*server)->port()))), "tls_failed");
}

TEST_F(http_client_test, refuses_tls_when_its_trusted_certificates_cannot_be_read) {
  http_imposter server(http_imposter::security::tls);
  options.ca_file = "/nonexistent/ca.pem";

  EXPECT_EQ(code_of(get(server.url())), "tls_failed");
}

TEST_F(http_client_test, refuses_plain_text_where_tls_is_due) {
  http_imposter server;

  EXPECT_EQ(code_of(get("https://127.0.0.1:" + std::to_string(server.port()))), "tls_failed");
}

// -- cancelling

TEST_F(http_client_test, cancels_a_call_from_another_thread) {
  http_imposter server;
  server.when("GET /").then_hang();
  outgoing_request request;
  request.url = server.url();
  call_token token;
  auto pending = start(request, &token);
  server.wait_for_requests(1);

  token.cancel();

  const auto reply = pending.get();
  EXPECT_EQ(code_of(reply), "stopped");
  EXPECT_EQ(reply.error().kind, errc::stopped);
}

TEST_F(http_client_test, cancels_calls_that_wait_for_a_connection) {
  options.connections_per_host = 1;
  http_imposter server;
  server.when("GET /").then_hang();
  outgoing_request request;
  request.url = server.url();
  call_token first, second;
  auto busy = start(request, &first);
  auto waiting = start(request, &second);
  server.wait_for_requests(1);

  second.cancel();

  EXPECT_EQ(code_of(waiting.get()), "stopped");
  EXPECT_EQ(busy.wait_for(0s), std::future_status::timeout);
  first.cancel();
  EXPECT_EQ(code_of(busy.get()), "stopped");
}

TEST_F(http_client_test, ends_pending_calls_when_it_goes) {
  options.connections_per_host = 1;
  http_imposter server;
  server.when("GET /").then_hang();
  outgoing_request request;
  request.url = server.url();
  call_token token;
  auto busy = start(request, &token);
  auto waiting = start(request);
  server.wait_for_requests(1);

  client.reset();

  EXPECT_EQ(code_of(busy.get()), "stopped");
  EXPECT_EQ(code_of(waiting.get()), "stopped");
  token.cancel();
}

TEST_F(http_client_test, ends_pending_calls_when_the_threads_stopped_first) {
  http_imposter server;
  server.when("GET /").then_hang();
  auto threads = std::make_unique<io_threads>();
  auto mine = std::make_unique<http_client>(*threads, options);
  std::atomic<int> ended{0};
  outgoing_request request;
  request.url = server.url();
  auto token = mine->send(request, [&](auto) { ++ended; });
  server.wait_for_requests(1);

  threads->stop();
  mine.reset();
  threads.reset();

  EXPECT_EQ(ended, 1);
  token.cancel();
}

TEST_F(http_client_test, ends_every_call_once_whatever_cuts_in) {
  http_imposter server;
  server.when("GET /").then(200, "x");
  client = std::make_unique<http_client>(io, options);
  std::atomic<int> ended{0};
  std::vector<call_token> tokens;
  outgoing_request request;
  request.url = server.url();

  for (int i = 0; i < 500; ++i) {
    tokens.push_back(client->send(request, [&](auto) { ++ended; }));
    if (i % 3 == 0) tokens.back().cancel();
  }
  client.reset();
  tokens.clear();

  const auto latest = std::chrono::steady_clock::now() + 5s;
  while (ended < 500 && std::chrono::steady_clock::now() < latest) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(ended, 500);
}

// -- the pool

TEST_F(http_client_test, uses_a_connection_again) {
  std::atomic<int> connections{0};
  raw_server server([&](raw_peer& peer, int) {
    ++connections;
    while (!peer.read_until("\r\n\r\n").empty())
      if (!peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) break;
  });

  for (int i = 0; i < 5; ++i) EXPECT_EQ(code_of(get(at(server))), "answer 200");
  client.reset();

  EXPECT_EQ(connections, 1);
}

TEST_F(http_client_test, repeats_a_call_when_a_kept_connection_was_closed) {
  std::promise<void> closing;
  raw_server server([&](raw_peer& peer, int nth) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    if (nth > 0) return;
    peer.read_until("\r\n\r\n"); // the second request dies here, unanswered
    peer.close(true);
  });

  EXPECT_EQ(code_of(get(at(server))), "answer 200");
  EXPECT_EQ(code_of(get(at(server))), "answer 200");
}

TEST_F(http_client_test, never_says_twice_what_may_have_had_an_effect) {
  std::atomic<int> posts{0};
  raw_server server([&](raw_peer& peer, int) {
    for (;;) {
      const auto request = peer.read_until("\r\n\r\n");
      if (request.starts_with("POST")) {
        ++posts;
        return peer.close(true);
      }
      if (request.empty()) return;
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  });
  EXPECT_EQ(code_of(get(at(server))), "answer 200");

  outgoing_request post;
  post.method = "POST";
  post.url = at(server);
  EXPECT_EQ(code_of(send(post)), "connection_lost");
  EXPECT_EQ(posts, 1);
}

TEST_F(http_client_test, does_not_repeat_a_call_that_was_partly_answered) {
  std::atomic<int> connections{0};
  raw_server server([&](raw_peer& peer, int) {
    ++connections;
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nCont");
  });

  EXPECT_EQ(code_of(get(at(server))), "answer 200");
  EXPECT_EQ(code_of(get(at(server))), "connection_lost");
  EXPECT_EQ(connections, 1);
}

TEST_F(http_client_test, does_not_repeat_a_call_on_a_fresh_connection) {
  std::atomic<int> connections{0};
  raw_server server([&](raw_peer& peer, int) {
    ++connections;
    peer.read_until("\r\n\r\n");
  });

  EXPECT_EQ(code_of(get(at(server))), "connection_lost");
  EXPECT_EQ(connections, 1);
}

TEST_F(http_client_test, drops_a_kept_connection_that_the_server_closes) {
  std::atomic<int> connections{0};
  raw_server server([&](raw_peer& peer, int) {
    ++connections;
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });

  EXPECT_EQ(code_of(get(at(server))), "answer 200");
  EXPECT_EQ(code_of(get(at(server))), "answer 200");
  EXPECT_EQ(connections, 2);
}

TEST_F(http_client_test, lets_calls_wait_their_turn) {
  options.connections_per_host = 2;
  options.waiting_per_host = 3;
  http_imposter server;
  std::mutex mutex;
  std::vector<http_responder> held;
  server.when("GET /*").then([&](const http_request&, const http_responder& respond) {
    std::lock_guard lock(mutex);
    held.push_back(respond);
  });
  std::vector<std::future<result<http_reply>>> pending;

  for (int i = 0; i < 6; ++i) {
    outgoing_request request;
    request.url = server.url("/" + std::to_string(i));
    pending.push_back(start(request));
  }

  EXPECT_EQ(code_of(pending[5].get()), "too_many_calls");
  EXPECT_EQ(server.wait_for_requests(2).size(), 2u);
  for (std::size_t answered = 0; answered < 5; ++answered) {
    server.wait_for_requests(answered + 1);
    std::unique_lock lock(mutex);
    while (held.size() <= answered) {
      lock.unlock();
      std::this_thread::sleep_for(1ms);
      lock.lock();
    }
    held[answered]({200, {}, "x"});
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(code_of(pending[static_cast<std::size_t>(i)].get()), "answer 200");
  const auto seen = server.requests();
  EXPECT_EQ(seen[2].path, "/2");
  EXPECT_EQ(seen[3].path, "/3");
  EXPECT_EQ(seen[4].path, "/4");
}

TEST_F(http_client_test, counts_waiting_as_part_of_the_total_time) {
  options.connections_per_host = 1;
  http_imposter server;
  server.when("GET /").then_hang();
  outgoing_request patient, bounded;
  patient.url = bounded.url = server.url();
  bounded.total_timeout = 100ms;
  auto busy = start(patient);
  server.wait_for_requests(1);

  EXPECT_EQ(code_of(send(bounded)), "timeout");
}

TEST_F(http_client_test, closes_idle_connections) {
  options.idle_timeout = 1s;
  std::promise<void> closed;
  raw_server server([&](raw_peer& peer, int) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    if (peer.at_end()) closed.set_value();
  });

  EXPECT_EQ(code_of(get(at(server))), "answer 200");

  EXPECT_EQ(closed.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(http_client_test, carries_many_calls_at_once_over_two_threads) {
  io_threads two(2);
  http_client mine(two, options);
  http_imposter server(http_imposter::security::plain), other;
  server.when("GET /").then(200, "a");
  other.when("GET /").then(200, "b");
  std::atomic<int> good{0}, ended{0};

  for (int i = 0; i < 400; ++i) {
    outgoing_request request;
    request.url = (i % 2 ? server : other).url();
    mine.send(request,
              [&, wanted = i % 2 ? "a" : "b"](auto r) {
                if (r && r->body == wanted) ++good;
                ++ended;
              })
        .release();
  }

  const auto latest = std::chrono::steady_clock::now() + 10s;
  while (ended < 400 && std::chrono::steady_clock::now() < latest) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(good, 400);
}

// -- URLs

TEST_F(http_client_test, reads_urls) {
  const auto plain = parse_url("HTTP://Example.ORG");
  const auto full = parse_url("https://[::1]:8443/a/b?c=d#e");
  const auto query = parse_url("https://h?x");

  ASSERT_TRUE(plain && full && query);
  EXPECT_EQ(plain->to.text(), "http://example.org:80");
  EXPECT_EQ(plain->to.authority(), "example.org");
  EXPECT_EQ(plain->target, "/");
  EXPECT_EQ(full->to.host, "::1");
  EXPECT_EQ(full->to.authority(), "[::1]:8443");
  EXPECT_EQ(full->target, "/a/b?c=d");
  EXPECT_EQ(query->target, "/?x");
}

} // namespace
} // namespace kalends::net
