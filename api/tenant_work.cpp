// SPDX-License-Identifier: Apache-2.0
#include "api/tenant_work.hpp"
#include "api/handling.hpp"
#include "observe/log.hpp"

/// What an operator says about tenants: names, stages, which features they have, and whether they are worked
/// for.
namespace kalends::api {
namespace json = boost::json;
namespace {

/// Tenants that a stop of everything is told to.
constexpr std::size_t tenants_told = 10'000;

struct tenant_change {
  std::optional<std::string> name;
  std::optional<release_stage> stage;
  std::optional<bool> stopped, rehearses;
  std::vector<std::pair<feature, bool>> flags;
};

tenant_change read_tenant_change(object_reader& body) {
  tenant_change out;
  out.name = body.text("name", {.may_be_empty = false});
  out.stage = body.choice<release_stage>("release_stage");
  out.stopped = body.flag("work_stopped");
  out.rehearses = body.flag("rehearsal_default");
  if (auto flags = body.object("flags", false)) {
    for (const auto f : all_features)
      if (const auto on = flags->flag(name_of(f))) out.flags.emplace_back(f, *on);
    (void)flags->close();
  }
  for (const auto* name : {"id", "created_at", "work_stopped_at"}) body.read_only(name);
  if (!out.name && !out.stage && !out.stopped && !out.rehearses && out.flags.empty())
    body.refuse("missing_field",
                "Say what is to be changed: name, release_stage, flags, work_stopped or rehearsal_default.",
                "name");
  return out;
}

/// Changes `t`, and says what of it is news.
std::vector<std::pair<std::string, json::object>> apply(const tenant_change& wanted, tenant& t, instant now) {
  std::vector<std::pair<std::string, json::object>> news;
  if (wanted.name && *wanted.name != t.name) {
    t.name = *wanted.name;
    news.emplace_back("tenant.renamed", json::object{});
  }
  if (wanted.stage && *wanted.stage != t.stage) {
    news.emplace_back("tenant.stage_changed",
                      json::object{{"from", name_of(t.stage)}, {"to", name_of(*wanted.stage)}});
    t.stage = *wanted.stage;
  }
  for (const auto& [f, on] : wanted.flags) {
    const bool was = !t.withheld.contains(f);
    if (was == on) continue;
    if (on)
      t.withheld.erase(f);
    else
      t.withheld.insert(f);
    news.emplace_back("tenant.flag_changed", json::object{{"flag", name_of(f)}, {"on", on}});
  }
  if (wanted.rehearses && *wanted.rehearses != t.rehearses) {
    t.rehearses = *wanted.rehearses;
    news.emplace_back("tenant.rehearsal_default_changed", json::object{{"on", t.rehearses}});
  }
  if (wanted.stopped && *wanted.stopped != t.work_stopped_at.has_value()) {
    t.work_stopped_at = *wanted.stopped ? std::optional(now) : std::nullopt;
    news.emplace_back(*wanted.stopped ? "tenant.work_stopped" : "tenant.work_released", json::object{});
  }
  return news;
}

json::object work_json(const work_switch& w) {
  auto time = [](const std::optional<instant>& t) { return t ? json::value(to_rfc3339(*t)) : json::value(); };
  return {{"work_stopped", w.stopped_at.has_value()},
          {"work_stopped_at", time(w.stopped_at)},
          {"changed_at", time(w.changed_at)},
          {"changed_by", text_or_null(w.changed_by)}};
}

bool read_work(object_reader& body) {
  const auto stop = body.flag("work_stopped");
  if (!stop) body.refuse("missing_field", "Say true or false.", "work_stopped");
  return stop.value_or(false);
}

/// The switch and a line in every tenant's audit log, in one transaction.
void switch_everything(const call_ptr& c, bool stop, const std::vector<tenant_id>& tenants) {
  auto work = [c, stop](persistence::transaction& tx) -> result<work_switch> {
    auto before = persistence::find_work_switch(tx);
    if (!before || before->stopped_at.has_value() == stop) return before;
    auto line = audit_of(*c, stop ? "work.stopped_everywhere" : "work.released_everywhere", "installation");
    const work_switch now{stop ? std::optional(line.time) : std::nullopt, line.time, line.actor};
    if (auto put = persistence::put_work_switch(tx, now); !put) return tl::unexpected(put.error());
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < tx.tenants().size(); ++i) ids.push_back(make_uuid(c->with().outside));
    if (auto noted = persistence::append_audit_everywhere(tx, line, ids); !noted)
      return tl::unexpected(noted.error());
    observe::log(observe::log_level::warn,
                 stop ? "an operator stopped the work of all tenants"
                      : "an operator released the work of all tenants",
                 {{"actor", line.actor}});
    return now;
  };
  c->with().db.run<work_switch>(tenants, std::move(work), [c](const result<work_switch>& now) {
    guarded(c, [&] {
      if (!now) return c->fail(now.error());
      c->finish(json_answer(200, work_json(*now)));
    });
  });
}

} // namespace

result<void> check_feature(persistence::transaction& tx, feature f) {
  const auto found = present(persistence::find_tenant(tx), "tenant_not_found");
  if (!found) return tl::unexpected(found.error());
  if (!found->withheld.contains(f)) return {};
  return failure(errc::forbidden, "feature_withheld",
                 "This tenant does not have the feature \"" + std::string(name_of(f)) +
                     "\". The installation's operator can switch it on.");
}

result<std::optional<instant>> work_stopped_since(persistence::transaction& tx) {
  const auto found = persistence::find_tenant(tx);
  if (!found) return tl::unexpected(found.error());
  if (*found && (*found)->work_stopped_at) return (*found)->work_stopped_at;
  return persistence::find_work_switch(tx).map([](const work_switch& w) { return w.stopped_at; });
}

result<void> check_may_connect(persistence::transaction& tx, provider_type type) {
  const auto wanted = type == provider_type::google ? feature::connect_google : feature::connect_microsoft;
  if (auto may = check_feature(tx, wanted); !may) return may;
  const auto since = work_stopped_since(tx);
  if (!since) return tl::unexpected(since.error());
  if (!*since) return {};
  return failure(errc::conflict, "work_stopped",
                 "An operator has stopped the work for this tenant. Calendars can be connected when the stop "
                 "is lifted.");
}

void show_stop(provider& p, std::optional<instant> since) {
  if (!since || p.problem || p.status != provider_status::active) return;
  p.problem =
      provider_problem{"work_stopped",
                       "The installation's operator has stopped the work for this tenant. What is to be done "
                       "waits, and is done when the stop is lifted.",
                       *since};
}

void change_tenant(const call_ptr& c) {
  const auto id = path_id<tenant_id>(*c, 0, "tenant_not_found");
  if (!id) return c->fail(id.error());
  auto wanted = read_body(*c, read_tenant_change);
  if (!wanted) return c->fail(wanted.error());
  answer_from(
      c, *id, [c, wanted = std::move(*wanted)](persistence::transaction& tx) -> result<net::http_response> {
        auto found = present(persistence::lock_tenant(tx), "tenant_not_found");
        if (!found) return tl::unexpected(found.error());
        const auto news = apply(wanted, *found, c->with().outside.now());
        if (!news.empty())
          if (auto r = persistence::update_tenant(tx, *found); !r) return tl::unexpected(r.error());
        for (const auto& [action, detail] : news)
          if (auto a =
                  persistence::append_audit(tx, audit_of(*c, action, "tenant:" + found->id.str(), detail));
              !a)
            return tl::unexpected(a.error());
        return json_answer(200, to_json(*found));
      });
}

void get_work(const call_ptr& c) {
  look<work_switch>(c, persistence::find_work_switch,
                    [c](const work_switch& now) { c->finish(json_answer(200, work_json(now))); });
}

void put_work(const call_ptr& c) {
  const auto stop = read_body(*c, read_work);
  if (!stop) return c->fail(stop.error());
  look<std::vector<tenant_id>>(
      c, [](persistence::transaction& tx) { return persistence::list_tenant_ids(tx, {}, tenants_told); },
      [c, stop = *stop](const std::vector<tenant_id>& tenants) { switch_everything(c, stop, tenants); });
}

} // namespace kalends::api
