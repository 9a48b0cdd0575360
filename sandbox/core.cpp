// SPDX-License-Identifier: Apache-2.0
#include "sandbox/core.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace kalends::sandbox {

struct core::pass {
  std::shared_ptr<call> c;
  std::function<void(outcome)> done;
  std::optional<fault_plan> fault;
  bool inner = false; ///< a part of another request, which answers for both
};

core::core(world w) : outside(w), clock(w.now), people(std::move(w)), push(*this) {}

core::~core() = default;

result<account*> core::open_account(account a) {
  auto* vendors = half(a.kind);
  if (!vendors) return failure(errc::invalid, "no_such_vendor", "this vendor's half is not open", "kind");
  auto added = people.add(std::move(a));
  if (added) vendors->open_account(**added);
  return added;
}

void core::handle(net::http_request request, std::function<void(outcome)> done) {
  {
    const std::lock_guard lock(mutex);
    auto p = std::make_shared<pass>();
    p->c = std::make_shared<call>();
    p->c->request = std::move(request);
    p->done = std::move(done);
    for (auto v : {vendor::google, vendor::microsoft})
      if (auto* h = half(v)) h->tick();
    guarded_begin(p);
  }
  push.pump();
}

outcome core::nested(net::http_request request) {
  std::optional<outcome> got;
  auto p = std::make_shared<pass>();
  p->c = std::make_shared<call>();
  p->c->request = std::move(request);
  p->done = [&](outcome o) { got = std::move(o); };
  p->inner = true;
  guarded_begin(p);
  if (!got) throw std::logic_error("this route answers later");
  return std::move(*got);
}

void core::guarded_begin(const std::shared_ptr<pass>& p) {
  try {
    begin(p);
  } catch (const std::exception& e) {
    end(p, json_answer(500, {{"error", {{"code", "sandbox_failure"}, {"message", e.what()}}}}));
  }
}

outcome core::ask(net::http_request request) {
  std::optional<outcome> got;
  handle(std::move(request), [&](outcome o) { got = std::move(o); });
  if (!got) throw std::logic_error("this route answers later");
  return std::move(*got);
}

void core::begin(const std::shared_ptr<pass>& p) {
  auto& c = *p->c;
  if (!routes.match(c))
    return end(p, text_answer(404, "<html><title>Error 404 (Not Found)</title></html>\n", "text/html"));
  const auto& to = *c.to;
  if (to.kind && to.needs_grant)
    if (auto refused = half(*to.kind)->authorize(c)) return end(p, std::move(*refused));
  if (to.kind) p->fault = faults.strike(*to.kind, c.who ? c.who->email : "", c.method);
  const bool spoils_answer =
      p->fault && (p->fault->cut || p->fault->status != 0 || !p->fault->reason.empty());
  if (spoils_answer && !p->fault->after_effect) return end(p, {});
  if (to.start)
    to.start(p->c, [this, p](net::http_response answer) { end(p, std::move(answer)); });
  else
    end(p, to.answer(c));
}

namespace {

/// What the journal keeps of a request: never a credential.
journal_entry entry_of(const call& c) {
  journal_entry e;
  if (c.to) e.kind = c.to->kind;
  if (c.who) e.account = c.who->email;
  e.method = c.method;
  e.verb = c.request.method;
  e.target = c.request.target;
  for (const auto& field : c.request.headers) {
    const auto is = [&](std::string_view name) {
      return !net::find_header({{field.first, "x"}}, name).empty();
    };
    if (!is("Authorization") && !is("Cookie")) e.headers.push_back(field);
  }
  if (!c.method.starts_with("oauth.")) e.body = c.request.body;
  e.wrote = c.wrote;
  return e;
}

} // namespace

void core::end(const std::shared_ptr<pass>& p, net::http_response answer) {
  if (!p->done) return;
  auto& c = *p->c;
  outcome out{std::move(answer), false, {}};
  if (p->fault) {
    const auto& f = *p->fault;
    out.latency = f.latency;
    out.cut = f.cut;
    if (!f.reason.empty())
      out.response = half(*c.to->kind)->standard_error(f.reason, f.status);
    else if (f.status != 0)
      out.response =
          text_answer(f.status, f.body, f.content_type.empty() ? "application/json" : f.content_type);
    out.response.headers.insert(out.response.headers.end(), f.headers.begin(), f.headers.end());
  }
  if (kept && !p->inner)
    if (const auto saved = kept->save(); !saved)
      out.response =
          json_answer(500, {{"error", {{"code", saved.error().code}, {"message", saved.error().detail}}}});
  if (!c.to || c.to->kind) {
    auto e = entry_of(c);
    e.time = now();
    e.status = out.cut ? 0 : out.response.status;
    if (p->fault) e.fault = p->fault->id;
    log.add(std::move(e));
  }
  auto done = std::exchange(p->done, nullptr);
  done(std::move(out));
}

} // namespace kalends::sandbox
