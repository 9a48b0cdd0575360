// SPDX-License-Identifier: Apache-2.0
#include "api/call.hpp"

#include "api/correlation.hpp"
#include "api/idempotency.hpp"
#include "api/json_reader.hpp"
#include "observe/log.hpp"

#include <exception>

namespace kalends::api {
namespace {

void add_missing(net::http_response& r, std::string_view name, std::string_view value) {
  if (net::find_header(r.headers, name).empty()) r.headers.emplace_back(name, value);
}

/// Whatever the route thinks of caching: it was for this person.
void keep_out_of_caches(net::http_response& r) {
  std::erase_if(r.headers, [](const auto& h) { return h.first == "Cache-Control"; });
  r.headers.emplace_back("Cache-Control", "no-store");
}

} // namespace

call::call(std::shared_ptr<house> h, net::http_request r, net::http_responder answer)
    : request(std::move(r)), id(correlation_id(request.headers, h->with.outside)), at(std::move(h)),
      answer_(std::move(answer)) {}

std::string call::new_id() const { return claim ? claim->reserved_id : make_uuid(with().outside); }

result<boost::json::object> call::body() const {
  if (request.body.empty()) return boost::json::object{};
  return read_object(request.body);
}

void call::finish(net::http_response r) {
  if (!claim) return send(std::move(r));
  keep_answer_then(shared_from_this(), std::move(r),
                   [self = shared_from_this()](net::http_response kept) { self->send(std::move(kept)); });
}

void call::fail(const error& e) {
  if (e.kind == errc::not_found && where && !where->subject.empty() && is_uuid(path[0]))
    note_denial(*this, who.tenant, who.actor(), std::string(where->subject) + ":" + path[0], e.code);
  finish(problem(e));
}

void call::send(net::http_response r) {
  if (by_session) keep_out_of_caches(r);
  secure(r);
  tell_correlation(r, id);
  tell(r.status);
  answer_(std::move(r));
}

std::shared_ptr<net::http_stream> call::open_stream(net::http_response head) {
  secure(head);
  tell_correlation(head, id);
  tell(head.status);
  return answer_.stream(std::move(head));
}

/// Writes are worth a line, reads and notices only to those who ask for it.
void call::tell(int status) const {
  using namespace observe;
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began_);
  const std::string_view method = where ? where->method : "other";
  const std::string_view route = where ? where->path : "other";
  with().meter->request_answered(method, route, status, took);
  const bool writes = where && where->needs != access::open && where->method != "GET";
  const auto level = status >= 500 && route != "/readyz" ? log_level::warn
                     : writes                            ? log_level::info
                                                         : log_level::debug;
  if (!logs(level)) return;
  log(level, "a request was answered",
      {{"request", id},
       {"tenant", who.tenant},
       {"method", method},
       {"route", route},
       {"status", status},
       {"took_us", took.count()},
       {"actor", who.actor()},
       {"peer", request.peer}});
}

void guarded(const call_ptr& c, const std::function<void()>& step) {
  try {
    step();
  } catch (const std::exception& e) {
    // The text of a foreign exception may quote a value: its type says enough.
    observe::log(observe::log_level::error, "a request failed by our own mistake",
                 {{"request", c->id},
                  {"tenant", c->who.tenant},
                  {"route", c->where ? c->where->path : std::string_view()},
                  {"exception", typeid(e).name()}});
    c->fail({errc::broken, "internal", "The request could not be carried out.", {}, {}});
  }
}

void answer_from(const call_ptr& c, const tenant_id& tenant, transaction_work<net::http_response> work) {
  ask<net::http_response>(c, tenant, std::move(work), [c](net::http_response r) { c->finish(std::move(r)); });
}

void answer_from(const call_ptr& c, transaction_work<net::http_response> work) {
  answer_from(c, c->who.tenant, std::move(work));
}

net::http_response json_answer(int status, const boost::json::value& body) {
  return {status, {{"Content-Type", "application/json"}}, boost::json::serialize(body)};
}

net::http_response no_content() { return {204, {}, {}}; }

void secure(net::http_response& r) {
  add_missing(r, "X-Content-Type-Options", "nosniff");
  add_missing(r, "Referrer-Policy", "no-referrer");
  add_missing(r, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  add_missing(r, "Cache-Control", "no-store");
}

audit_line audit_of(const call& c, std::string action, std::string subject,
                    const boost::json::object& detail) {
  const auto& outside = c.with().outside;
  auto traced = detail;
  traced["request_id"] = c.id;
  return {make_uuid(outside), outside.now(),      c.who.actor(),
          std::move(action),  std::move(subject), boost::json::serialize(traced),
          c.request.peer};
}

void note_denial(const call& c, const tenant_id& tenant, const std::string& actor, const std::string& subject,
                 const std::string& code) {
  const auto now = c.with().outside.now();
  if (tenant.empty() || !c.at->denials.lets_through(tenant.str() + actor + subject, now)) return;
  auto line = audit_of(c, "access.denied", subject, {{"code", code}});
  line.actor = actor;
  c.with().db.run<bool>(
      {tenant},
      [line = std::move(line)](persistence::transaction& tx) -> result<bool> {
        return persistence::append_audit(tx, line).map([] { return true; });
      },
      [](const result<bool>& written) {
        if (!written)
          observe::log(observe::log_level::warn, "a denial could not be recorded",
                       {{"code", written.error().code}});
      });
}

} // namespace kalends::api
