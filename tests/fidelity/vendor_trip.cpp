// SPDX-License-Identifier: Apache-2.0
#include "tests/fidelity/vendor_trip.hpp"

#include "actors/plan_occurrences.hpp"
#include "net/calendar_client.hpp"
#include "tests/fidelity/normalised.hpp"
#include "tests/fidelity/transport.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

namespace kalends::fidelity {
namespace {

using namespace std::chrono;
using net::occurrence_write;

constexpr auto email = "dana@example.com";
/// The journal and the tombstones of a sandbox grow: after so many trips it is begun anew.
constexpr int trips_per_sandbox = 250;

world steady_world(const std::shared_ptr<instant>& clock) {
  const auto state = std::make_shared<std::uint64_t>(42);
  return {[clock] { return *clock; },
          [state](std::size_t n) {
            std::string out;
            while (out.size() < n)
              out += static_cast<char>((*state = *state * 6364136223846793005ULL + 1442695040888963407ULL) >>
                                       56U);
            return out;
          }};
}

/// The call ends before it returns: there is no network.
template <class T, class Call>
result<T> outcome(Call call) {
  std::optional<result<T>> told;
  auto token = call([&](result<T> r) { told = std::move(r); });
  if (!told) throw std::logic_error("a call without an answer");
  return std::move(*told);
}

std::string written(const calendar_time& t) {
  if (const auto* d = std::get_if<calendar_date>(&t)) return write_date(*d);
  const auto& z = std::get<zoned_time>(t);
  return write_with_offset(z) + "[" + z.time_zone + "]";
}

std::string written(const appointment& a) {
  std::string out = "\"" + a.title + "\" | \"" + a.notes + "\" | \"" + a.location + "\" | " +
                    written(a.start) + " to " + written(a.end) + (a.is_private ? " private" : "") +
                    (a.is_tentative ? " tentative" : "");
  for (const auto& g : a.attendees)
    out += "\n  guest " + g.email + " \"" + g.name + "\" " + std::string(name_of(g.response)) +
           (g.is_optional ? " optional" : "") + (g.is_organizer ? " organizer" : "");
  if (!a.repeats) return out;
  out += "\n  " + a.repeats->rrule;
  const bool dates = is_all_day(a.start);
  for (const auto at : a.repeats->rdates) out += "\n  added " + write_slot(at, dates);
  for (const auto at : a.repeats->exdates) out += "\n  cancelled " + write_slot(at, dates);
  for (const auto& c : a.repeats->changed)
    out += "\n  changed " + write_slot(c.at, dates) + ": " + written(c.what);
  return out;
}

std::string named(field_set groups) {
  std::string out;
  for (const auto name : names_of(groups)) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

} // namespace

struct vendor_trip::impl {
  explicit impl(provider_type v) : vendor(v) { open(); }

  bool google() const { return vendor == provider_type::google; }
  void open();
  result<calendar_event> get(const event_id& id);
  std::string write(const specimen& s, event_id& id);
  std::string write_occurrences(const specimen& s, const event_id& id, const appointment& actual);
  std::string write_one(occurrence_write w);
  std::string compare(const specimen& s, const calendar_event& e, trip_end& end) const;

  provider_type vendor;
  std::shared_ptr<instant> clock = std::make_shared<instant>(sys_days(year(2026) / 1 / 5) + hours(9));
  world outside = steady_world(clock);
  std::unique_ptr<sandbox::core> core;
  std::unique_ptr<net::calendar_client> client;
  net::calendar_access who;
  int trips = 0;
};

void vendor_trip::impl::open() {
  client.reset();
  core = std::make_unique<sandbox::core>(outside);
  core->base_url = "https://sandbox.test";
  sandbox::open_halves(*core);
  core->push.use([](net::outgoing_request, net::http_client::done done) {
    done(net::http_reply{200, {}, ""});
  });
  sandbox::account a;
  a.email = email;
  a.kind = google() ? sandbox::vendor::google : sandbox::vendor::microsoft;
  a.time_zone = "Europe/Berlin";
  if (!core->open_account(a)) throw std::logic_error("the sandbox refused its account");
  core->people.register_client({"app-1", "secret-1", a.kind, {"*"}});
  const auto scopes = google() ? sandbox::split_scopes("https://www.googleapis.com/auth/calendar")
                               : sandbox::split_scopes("Calendars.ReadWrite User.Read offline_access");
  auto& grant = core->people.allow(*core->people.find(email), "app-1", scopes, core->now());
  who.access_token =
      core->people.issue(sandbox::token_kind::access, grant, scopes, core->now(), hours(24 * 365), "t").text;
  net::vendor_endpoints e;
  e.google_calendar = core->base_url + "/calendar/v3";
  e.microsoft_graph = core->base_url + "/v1.0";
  client = google() ? net::make_google_calendar(short_circuit(), e, outside)
                    : net::make_microsoft_graph(short_circuit(), e, outside);
}

result<calendar_event> vendor_trip::impl::get(const event_id& id) {
  return outcome<calendar_event>([&](auto done) { return client->get_event(who, id, done); });
}

std::string vendor_trip::impl::write_one(occurrence_write w) {
  const auto done = outcome<bool>([&](auto d) { return client->write_occurrence(who, w, d); });
  const auto at = write_slot(w.at, is_all_day(w.master.start));
  if (!done)
    return "the occurrence at " + at + " was refused: " + done.error().code + " " + done.error().detail;
  return *done ? "" : "the occurrence at " + at + " is not there";
}

/// By the engine's own plan.
std::string vendor_trip::impl::write_occurrences(const specimen& s, const event_id& id,
                                                 const appointment& actual) {
  using kind = occurrence_write::kind;
  constexpr std::array kinds{kind::cancel, kind::change, kind::restore};
  for (const auto& step : actors::plan_occurrences(s.what, actual, vendor)) {
    if (!step.refused.empty()) return "the plan refuses: " + std::string(step.refused);
    if (auto failed = write_one({kinds.at(static_cast<std::size_t>(step.how)), id, actual, step.at,
                                 step.changed, step.what, s.invites});
        !failed.empty())
      return failed;
  }
  return {};
}

std::string vendor_trip::impl::write(const specimen& s, event_id& id) {
  net::new_event e;
  if (google()) e.event = event_id("case" + std::to_string(s.seed));
  if (!google()) e.transaction_id = "case-" + std::to_string(s.seed);
  e.tag = entry_id(make_uuid(outside));
  e.what = s.what;
  e.invites = s.invites;
  const auto inserted =
      outcome<calendar_event>([&](auto done) { return client->insert_event(who, e, done); });
  if (!inserted) return "the insert was refused: " + inserted.error().code + " " + inserted.error().detail;
  id = inserted->id;
  if (!s.what.repeats) return {};
  const auto actual = get(id);
  if (!actual) return "reading was refused: " + actual.error().code + " " + actual.error().detail;
  return write_occurrences(s, id, actual->what);
}

std::string vendor_trip::impl::compare(const specimen& s, const calendar_event& e, trip_end& end) const {
  if (e.unreadable) return "came back unreadable: " + *e.unreadable;
  auto got = canonical_series(e.what);
  if (!got) return "came back as no series: " + got.error().code + " " + got.error().detail;
  auto wanted = s.what;
  // The calendar's own person stands in the list as the organizer, and who was not asked has no guests.
  std::erase_if(got->attendees, [](const attendee& g) { return g.is_organizer; });
  if (!s.invites) wanted.attendees.clear();
  wanted = as_spelled(vendor, std::move(wanted), *got, end.normalised);
  const auto changed = difference(wanted, *got);
  if (changed.empty()) return {};
  return named(changed) + "\n wanted " + written(wanted) + "\n got    " + written(*got);
}

vendor_trip::vendor_trip(provider_type vendor) : impl_(std::make_unique<impl>(vendor)) {}
vendor_trip::~vendor_trip() = default;

std::string_view vendor_trip::name() const { return name_of(impl_->vendor); }

trip_end vendor_trip::there_and_back(const specimen& s) {
  trip_end end;
  if (const auto refused = net::unsayable(impl_->vendor, s.what)) {
    end.refusal = *refused;
    return end;
  }
  if (++impl_->trips % trips_per_sandbox == 0) impl_->open();
  send_requests_to(*impl_->core);
  *impl_->clock += minutes(1);

  event_id id;
  end.change = impl_->write(s, id);
  if (end.change.empty()) {
    const auto back = impl_->get(id);
    end.change = back ? impl_->compare(s, *back, end) : "reading was refused: " + back.error().code;
  }
  if (!end.change.empty()) end.change += "\n from   " + written(s.what);
  if (!id.empty())
    (void)outcome<bool>([&](auto done) { return impl_->client->delete_event(impl_->who, id, {}, done); });
  return end;
}

} // namespace kalends::fidelity
