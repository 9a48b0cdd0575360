// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_graph.hpp"

#include "sandbox/microsoft_ids.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cctype>

namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;
using namespace std::chrono;

constexpr auto budget_window = minutes(10);

std::string slot_of(const call& c) { return c.token->client_id + ' ' + c.who->email; }

/// "…/calendars/{calendar}/…" also as "…/calendars('{calendar}')/…", for events alike.
std::vector<std::string> spellings(const std::string& pattern) {
  std::vector<std::string> out{pattern};
  for (const auto* name : {"calendars/{calendar}", "events/{event}"}) {
    const std::string plain(name);
    const auto slash = plain.find('/');
    const auto called = plain.substr(0, slash) + "('" + plain.substr(slash + 1) + "')";
    const auto known = out.size();
    for (std::size_t i = 0; i < known; ++i)
      if (const auto at = out[i].find(plain); at != std::string::npos)
        out.push_back(std::string(out[i]).replace(at, plain.size(), called));
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Calendars.ReadWrite, with or without the resource in front, in any case; reading needs less.
bool may(const oauth_token& token, bool write) {
  return std::any_of(token.scopes.begin(), token.scopes.end(), [&](const std::string& scope) {
    const auto name = lower(scope.substr(scope.rfind('/') == std::string::npos ? 0 : scope.rfind('/') + 1));
    if (name == ".default" || name == "calendars.readwrite" || name == "calendars.readwrite.shared")
      return true;
    return !write &&
           (name == "calendars.read" || name == "calendars.readbasic" || name == "calendars.read.shared");
  });
}

} // namespace

expected<json::object> body_of(const call& c) {
  boost::system::error_code failed;
  auto parsed = json::parse(c.request.body, failed);
  if (failed || !parsed.is_object())
    return refuse(400, "BadRequest",
                  "Unable to read JSON request payload. Please ensure Content-Type header is set and payload "
                  "is of valid JSON format.");
  return std::move(parsed.get_object());
}

net::http_response graph_answer(int status, const json::value& body) {
  return {status,
          {{"Content-Type",
            "application/"
            "json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"}},
          json::serialize(body)};
}

graph::graph(core& c)
    : subs(c, settings, [this](const std::string& email) { return box_of(email); }), core_(c) {}

void graph::open_mailbox(const account& owner) {
  boxes_[owner.email] = std::make_unique<mailbox>(
      owner, settings, [this](const mailbox& box, const event_item& item, change_kind kind) {
        subs.tell(box, item, kind);
        meeting_changed(box, item, kind);
      });
}

mailbox* graph::box_of(std::string_view email) {
  const auto found = boxes_.find(email);
  return found == boxes_.end() ? nullptr : found->second.get();
}

net::http_response graph::refusal_answer(const refusal& r) const {
  return error_answer(r, core_.now(), core_.people.random_uuid());
}

std::optional<net::http_response> graph::authorize(call& c) {
  const auto header = c.header("Authorization");
  const auto refused = [&](std::string message) {
    auto answer = refusal_answer({401, "InvalidAuthenticationToken", std::move(message), {}, {}});
    answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"\", authorization_uri=\"" +
                                                        core_.base_url + "/common/oauth2/v2.0/authorize\"");
    return answer;
  };
  if (lower(header.substr(0, 7)) != "bearer ") return refused("Access token is empty.");
  const auto text = header.substr(7);
  auto* token = core_.people.live_token(text, token_kind::access, core_.now());
  if (token == nullptr)
    return refused(core_.people.find_token(text) != nullptr
                       ? "Lifetime validation failed, the token is expired."
                       : "IDX14100: JWT is not well formed, there are no dots (.).");
  auto* who = core_.people.find(token->email);
  if (who == nullptr || who->kind != vendor::microsoft)
    return refused("Access token validation failure. Invalid audience.");
  c.token = token;
  c.who = who;
  if (c.to->name.starts_with("graph.me")) return std::nullopt;
  const bool write = c.request.method != "GET" && c.to->name != "graph.batch" &&
                     !c.to->name.starts_with("graph.subscriptions");
  if (!may(*token, write)) return refusal_answer(named_refusal("ErrorAccessDenied", 0));
  return std::nullopt;
}

std::optional<net::http_response> graph::take_slot(call& c) {
  if (c.request.method == "POST" && c.request.body.empty() && c.header("Content-Length").empty() &&
      c.request.tls)
    return net::http_response{411, {}, ""};
  const auto slot = slot_of(c);
  auto& spent = budgets_[slot];
  const auto now = core_.now();
  while (!spent.empty() && spent.front() <= now - budget_window) spent.pop_front();
  if (static_cast<std::int64_t>(spent.size()) >= settings.requests_per_window) {
    auto r = named_refusal("TooManyRequests", 0);
    const auto wait = ceil<seconds>(spent.front() + budget_window - now);
    r.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(1, wait.count())));
    return refusal_answer(r);
  }
  spent.push_back(now);
  if (!in_batch_ && in_flight_[slot] >= settings.concurrent_requests) {
    auto r = named_refusal("ApplicationThrottled", 0);
    r.headers.emplace_back("Retry-After", "1");
    return refusal_answer(r);
  }
  return std::nullopt;
}

void graph::decorate(const call& c, net::http_response& answer) const {
  const auto theirs = c.header("client-request-id");
  const auto ours = core_.people.random_uuid();
  answer.headers.emplace_back("request-id", ours);
  answer.headers.emplace_back("client-request-id", theirs.empty() ? ours : std::string(theirs));
  answer.headers.emplace_back(
      "x-ms-ags-diagnostic",
      R"({"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"5","ScaleUnit":"001","RoleInstance":"SANDBOX"}})");
}

void graph::serve(const std::shared_ptr<call>& c, const finish& done, handler h) {
  if (auto busy = take_slot(*c)) {
    decorate(*c, *busy);
    return done(std::move(*busy));
  }
  auto* box = box_of(c->who->email);
  auto answer = [&] {
    if (const auto user = c->params.find("user");
        user != c->params.end() && lower(user->second) != c->who->email && user->second != c->who->object_id)
      return refusal_answer(named_refusal("ErrorAccessDenied", 0));
    return (this->*h)(*c, *box);
  }();
  decorate(*c, answer);
  if (settings.service_milliseconds == 0 || in_batch_) return done(std::move(answer));
  auto slot = slot_of(*c);
  ++in_flight_[slot];
  held_.push_back({core_.outside.now() + milliseconds(settings.service_milliseconds), std::move(slot),
                   [done, answer = std::move(answer)] { done(answer); }});
}

void graph::tick() {
  const auto real = core_.outside.now();
  for (auto it = held_.begin(); it != held_.end();) {
    if (it->due > real) {
      ++it;
      continue;
    }
    --in_flight_[it->slot];
    const auto release = std::move(it->release);
    it = held_.erase(it);
    release();
  }
  deliver_copies();
  subs.tick();
}

void graph::add_mailbox_route(router& routes, const std::string& verb, const std::string& pattern,
                              const std::string& name, handler h) {
  for (const auto* owner : {"/v1.0/me", "/v1.0/users/{user}"})
    for (const auto& spelling : spellings(owner + pattern))
      routes.add({verb,
                  spelling,
                  name,
                  vendor::microsoft,
                  true,
                  {},
                  nullptr,
                  [this, h](const std::shared_ptr<call>& c, const finish& done) { serve(c, done, h); }});
}

void graph::add_late_route(router& routes, const std::string& verb, const std::string& pattern,
                           const std::string& name, late_handler h) {
  routes.add({verb,
              pattern,
              name,
              vendor::microsoft,
              true,
              {},
              nullptr,
              [this, h](const std::shared_ptr<call>& c, const finish& done) {
                const auto decorated = [this, c, done](net::http_response answer) {
                  decorate(*c, answer);
                  done(std::move(answer));
                };
                if (auto busy = take_slot(*c)) return decorated(std::move(*busy));
                (this->*h)(c, decorated);
              }});
}

void graph::add_routes(router& routes) {
  add_calendar_routes(routes);
  add_event_routes(routes);
  add_other_routes(routes);
}

std::string graph::link_base(const call& c) const {
  const auto target = std::string_view(c.request.target);
  return core_.base_url + std::string(target.substr(0, target.find('?')));
}

expected<const calendar_item*> graph::calendar_of(call& c, const mailbox& box) const {
  const auto id = c.params.find("calendar");
  if (id == c.params.end()) return &box.default_calendar();
  const auto* found = box.find_calendar(id->second);
  if (found == nullptr) return tl::unexpected(item_not_found());
  return found;
}

} // namespace kalends::sandbox::microsoft
