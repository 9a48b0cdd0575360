// SPDX-License-Identifier: Apache-2.0
#include "net/crypto.hpp"
#include "net/http_server.hpp"
#include "net/io_threads.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Google, as far as a load test needs it: says yes to everything, keeps nothing, and answers each listing
/// with five changed events. It is no judge of correctness (the sandbox is); it must only never be the
/// bottleneck.
///
/// Usage: bench_vendor_stub CHANNELS_FILE. Writes "port N" to standard output, and one line "id token" per
/// channel that is opened to the file. POST /_bench/hold keeps listings waiting until POST /_bench/release;
/// GET /_bench/counts says how many calls of each kind came. A calendar whose name begins with "importer" has
/// ten thousand events, in pages, for whoever reads it from the beginning.
namespace {

using namespace kalends;
using namespace std::chrono_literals;

constexpr int events_per_listing = 5;
constexpr int events_to_import = 10'000;
constexpr int events_per_page = 250;
constexpr std::size_t held_limit = 10'000;
constexpr std::string_view issuer = "https://accounts.google.com";

std::string field_of(const std::vector<std::pair<std::string, std::string>>& form, std::string_view name) {
  for (const auto& [key, value] : form)
    if (key == name) return value;
  return {};
}

/// The value of a string member in JSON that we know: written by one writer, without escapes in these values.
std::string json_text(std::string_view json, std::string_view name) {
  const auto quoted = "\"" + std::string(name) + "\":\"";
  const auto at = json.find(quoted);
  if (at == std::string_view::npos) return {};
  const auto from = at + quoted.size();
  return std::string(json.substr(from, json.find('"', from) - from));
}

net::http_response json_answer(std::string body) {
  return {200, {{"Content-Type", "application/json; charset=UTF-8"}}, std::move(body)};
}

net::http_response plain(int status) { return {status, {}, {}}; }

/// The same letters for the same calendar, in the alphabet that Google allows in event ids.
std::string event_stem(std::string_view calendar) {
  std::uint64_t h = 1469598103934665603ULL;
  for (const char c : calendar) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  std::string out = "bench";
  for (int i = 0; i < 13; ++i, h >>= 5) out += "0123456789abcdefghijklmnopqrstuv"[h & 31];
  return out;
}

class stub {
public:
  explicit stub(std::FILE* channels) : channels_(channels) {}

  void answer(const net::http_request& r, const net::http_responder& respond) {
    const std::string_view path = r.path;
    if (path.starts_with("/calendar/v3/calendars/")) return calendar(r, path.substr(23), respond);
    if (path.starts_with("/calendar/v3/users/me/calendarList")) return respond(calendars(r));
    if (path == "/token") return respond(token(r));
    if (path == "/o/oauth2/v2/auth") return respond(consent(r));
    if (path == "/calendar/v3/channels/stop" || path == "/revoke") return respond(plain(204));
    if (path == "/_bench/hold") return hold(respond);
    if (path == "/_bench/release") return release(respond);
    if (path == "/_bench/counts") return respond(counts());
    respond(plain(404));
  }

private:
  void calendar(const net::http_request& r, std::string_view rest, const net::http_responder& respond) {
    const auto slash = rest.find('/');
    const auto id = rest.substr(0, slash);
    const auto what = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
    if (what == "/events/watch") return respond(watch(r));
    if (what != "/events" || r.method != "GET") return respond(plain(404));
    ++listings_;
    if (id.starts_with("importer") && r.query.find("syncToken=") == std::string::npos)
      return respond(import_page(id, field_of(net::parse_query(r.query), "pageToken")));
    {
      const std::lock_guard lock(guard_);
      if (holding_ && held_.size() < held_limit) {
        held_.emplace_back(std::string(id), respond);
        return;
      }
    }
    respond(listing(id));
  }

  net::http_response listing(std::string_view calendar) {
    const auto now = std::to_string(++version_);
    const auto stem = event_stem(calendar);
    std::string body;
    body.reserve(8 * 1024);
    body += R"({"timeZone":"Europe/Berlin","nextSyncToken":"CPjDp8bench)" + now + R"(==","items":[)";
    for (int i = 0; i < events_per_listing; ++i) {
      if (i > 0) body += ',';
      append_event(body, stem, i, now);
    }
    body += "]}";
    return json_answer(std::move(body));
  }

  net::http_response import_page(std::string_view calendar, const std::string& page) const {
    const int from = page.empty() ? 0 : std::atoi(page.c_str());
    const int to = std::min(from + events_per_page, events_to_import);
    const auto stem = event_stem(calendar);
    std::string body;
    body.reserve(events_per_page * 1100);
    body += R"({"timeZone":"Europe/Berlin",)";
    if (to < events_to_import)
      body += R"("nextPageToken":")" + std::to_string(to) + R"(","items":[)";
    else
      body += R"("nextSyncToken":"CPjDp8bench==","items":[)";
    for (int i = from; i < to; ++i) {
      if (i > from) body += ',';
      append_event(body, stem, i, "1000000000");
    }
    body += "]}";
    return json_answer(std::move(body));
  }

  /// About one kilobyte. Title and notes change each time, the hours stay: the usual edit.
  void append_event(std::string& out, const std::string& stem, int i, const std::string& now) const {
    const auto n = std::to_string(i);
    out += R"({"id":")" + stem + n + R"(","etag":"\")" + now + n +
           R"(\"","status":"confirmed","summary":"Visit )";
    out += now + R"(","description":")" + now + notes_ + R"(","location":"Marienplatz 1, 80331 München",)";
    const auto day = std::to_string(i % 9 + 1);
    out += R"("start":{"dateTime":"2026-12-0)" + day;
    out += R"(T10:00:00+01:00","timeZone":"Europe/Berlin"},"end":{"dateTime":"2026-12-0)" + day;
    out += R"(T11:00:00+01:00","timeZone":"Europe/Berlin"},"visibility":"default","iCalUID":")" + stem + n;
    out += R"(@google.com","updated":"2026-11-20T09:00:00.000Z"})";
  }

  net::http_response watch(const net::http_request& r) {
    ++watches_;
    const auto id = json_text(r.body, "id");
    {
      const std::lock_guard lock(guard_);
      std::fprintf(channels_, "%s %s\n", id.c_str(), json_text(r.body, "token").c_str());
      std::fflush(channels_);
    }
    const auto expires = std::chrono::duration_cast<std::chrono::milliseconds>(
                             (std::chrono::system_clock::now() + 24h * 6).time_since_epoch())
                             .count();
    return json_answer(R"({"kind":"api#channel","id":")" + id + R"(","resourceId":"r)" + id +
                       R"(","expiration":")" + std::to_string(expires) + "\"}");
  }

  net::http_response calendars(const net::http_request& r) {
    ++others_;
    constexpr std::string_view scheme = "Bearer at-";
    const auto given = net::find_header(r.headers, "Authorization");
    if (!given.starts_with(scheme)) return plain(401);
    const std::string account(given.substr(scheme.size()));
    return json_answer(R"({"items":[{"id":")" + account + R"(","summary":")" + account +
                       R"(","timeZone":"Europe/Berlin","primary":true,"accessRole":"owner"}]})");
  }

  /// The code carries what the token answer must repeat, so nothing is kept between the two.
  net::http_response consent(const net::http_request& r) {
    ++others_;
    const auto asked = net::parse_query(r.query);
    const auto code = net::base64url(field_of(asked, "nonce") + " " + field_of(asked, "login_hint") + " " +
                                     field_of(asked, "client_id"));
    auto back = field_of(asked, "redirect_uri") + "?state=" + net::percent_encode(field_of(asked, "state")) +
                "&code=" + net::percent_encode(code);
    return {302, {{"Location", std::move(back)}}, {}};
  }

  net::http_response token(const net::http_request& r) {
    ++others_;
    const auto form = net::parse_query(r.body);
    const auto code = net::from_base64url(field_of(form, "code"));
    if (!code) return {400, {{"Content-Type", "application/json"}}, R"({"error":"invalid_grant"})"};
    const auto first = code->find(' ');
    const auto second = code->find(' ', first + 1);
    const auto nonce = code->substr(0, first);
    const auto account = code->substr(first + 1, second - first - 1);
    const auto client = code->substr(second + 1);
    const auto claims = R"({"iss":")" + std::string(issuer) + R"(","sub":"sub-)" + account + R"(","aud":")" +
                        client + R"(","email":")" + account + R"(","email_verified":true,"nonce":")" + nonce +
                        R"(","exp":4102444800})";
    const auto id_token =
        net::base64url(R"({"alg":"none"})") + "." + net::base64url(claims) + "." + net::base64url("unsigned");
    return json_answer(R"({"access_token":"at-)" + account + R"(","refresh_token":"rt-)" + account +
                       R"(","expires_in":86400,"token_type":"Bearer","id_token":")" + id_token + "\"}");
  }

  void hold(const net::http_responder& respond) {
    const std::lock_guard lock(guard_);
    holding_ = true;
    respond(plain(204));
  }

  void release(const net::http_responder& respond) {
    std::vector<std::pair<std::string, net::http_responder>> waiting;
    {
      const std::lock_guard lock(guard_);
      holding_ = false;
      waiting.swap(held_);
    }
    for (const auto& [id, to] : waiting) to(listing(id));
    respond(plain(204));
  }

  net::http_response counts() const {
    return json_answer(R"({"listings":)" + std::to_string(listings_) + R"(,"watches":)" +
                       std::to_string(watches_) + R"(,"others":)" + std::to_string(others_) + "}");
  }

  const std::string notes_ = " " + std::string(420, 'n');
  std::FILE* const channels_;
  std::atomic<std::uint64_t> version_{1'000'000'000};
  std::atomic<std::uint64_t> listings_{0}, watches_{0}, others_{0};
  std::mutex guard_;
  bool holding_ = false;
  std::vector<std::pair<std::string, net::http_responder>> held_;
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bench_vendor_stub CHANNELS_FILE\n", stderr);
    return 2;
  }
  std::FILE* const channels = std::fopen(argv[1], "w");
  if (channels == nullptr) {
    std::perror(argv[1]);
    return 1;
  }
  net::io_threads io(1);
  stub google(channels);
  std::mutex guard;
  std::condition_variable rung;
  bool asked = false;
  io.on_stop_signal([&] {
    const std::lock_guard lock(guard);
    asked = true;
    rung.notify_all();
  });
  auto listener = net::http_server::start(
      io, {}, [&](net::http_request r, net::http_responder respond) { google.answer(r, respond); });
  if (!listener) {
    std::fprintf(stderr, "%s\n", listener.error().detail.c_str());
    return 1;
  }
  std::printf("port %u\n", unsigned((*listener)->port()));
  std::fflush(stdout);
  std::unique_lock lock(guard);
  rung.wait(lock, [&] { return asked; });
  (*listener)->stop(100ms);
  io.stop();
  return 0;
}
