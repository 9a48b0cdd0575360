// SPDX-License-Identifier: Apache-2.0
#include "tests/net/http_server_fixture.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <csignal>
#include <future>
#include <optional>

namespace kalends::net {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class http_server_test : public http_server_fixture {};

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

TEST_F(http_server_test, takes_a_trusted_proxys_word_on_who_asks) {
  options.proxies = read_networks("127.0.0.0/8").value();
  serve_inbox();
  auto peer = connect();
  peer.send("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n");

  auto [request, respond] = held.take();

  EXPECT_EQ(request.peer, "203.0.113.9");
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

} // namespace
} // namespace kalends::net
