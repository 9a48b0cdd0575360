// SPDX-License-Identifier: Apache-2.0
#include "actors/plan_rehearsal.hpp"

#include "actors/decision_inputs.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace kalends::actors {

namespace json = boost::json;

namespace {

constexpr std::size_t samples_kept = 10;
constexpr std::size_t sample_title_bytes = 200;
constexpr std::size_t sample_id_bytes = 200;

std::string start_of(const appointment& a) {
  if (const auto* day = std::get_if<calendar_date>(&a.start)) return write_date(*day);
  return write_with_offset(std::get<zoned_time>(a.start));
}

/// The ledger's word, or, for what it does not record because it comes by the thousand, the rule that left it
/// out.
std::string_view why_left_out(const tenant_changes& c, const provider& calendar) {
  if (!c.decisions.empty()) return name_of(c.decisions.back().why);
  if (calendar.direction == sync_direction::to_provider) return name_of(reason::pull_ignored_direction);
  if (calendar.imports != import_policy::all) return name_of(reason::pull_ignored_policy);
  return name_of(reason::pull_ignored_unknown);
}

bool pushes(const tenant_changes& c, const provider_id& calendar) {
  return std::any_of(c.outbox.begin(), c.outbox.end(), [&](const outbox_row& row) {
    return row.provider == calendar && row.action == push_action::upsert;
  });
}

} // namespace

rehearsal_plan::rehearsal_plan(tenant_id tenant, provider calendar, world w, unsayable_there unsayable)
    : tenant_(std::move(tenant)), calendar_(std::move(calendar)), world_(std::move(w)),
      unsayable_(std::move(unsayable)) {
  calendar_.rehearsing = false;
}

void rehearsal_plan::tally::add(sample s) {
  ++count;
  if (some.size() < samples_kept)
    some.push_back({std::string(cut_text(s.id, sample_id_bytes)),
                    std::string(cut_text(s.title, sample_title_bytes)), std::move(s.start)});
}

tenant_picture rehearsal_plan::picture() const {
  return tenant_picture(tenant_, std::map<provider_id, provider>{{calendar_.id, calendar_}}, world_);
}

void rehearsal_plan::add_events(std::span<const calendar_event> events,
                                std::span<const schedule_entry> entries, std::span<const mapping> links,
                                std::span<const meeting_line> meetings, std::span<const person_line> people) {
  auto p = picture();
  for (const auto& e : entries) p.know(e);
  for (const auto& m : links) p.know(m);
  for (const auto& m : meetings) p.know(m);
  for (const auto& l : people) p.know(l);
  for (const auto& e : events)
    if (!e.removed) add_event(p, e);
}

void rehearsal_plan::add_event(tenant_picture& p, const calendar_event& event) {
  ++events_;
  try {
    plan_pull(p, calendar_.id, event, removal::confirmed);
  } catch (const std::exception&) {
    p.take_changes();
    left_out_["planning_failed"].add({event.id.str(), "", ""});
    return;
  }
  const auto c = p.take_changes();
  const auto* link = p.link_of(calendar_.id, event);
  const auto* entry = link != nullptr ? p.entry(link->entry) : nullptr;
  if (entry == nullptr) {
    left_out_[std::string(why_left_out(c, calendar_))].add({event.id.str(), "", start_of(event.what)});
    return;
  }
  const sample shown{event.id.str(), entry->what.title, start_of(entry->what)};
  const auto written = [&](bool anew) {
    return std::any_of(c.entries.begin(), c.entries.end(), [&](const entry_write& w) {
      return w.entry.id == link->entry && (w.stored_version == 0) == anew;
    });
  };
  linked_entries_.insert(link->entry);
  if (written(true)) return created_here_.add(shown);
  linked_.add(shown);
  if (written(false)) changed_here_.add(shown);
  if (pushes(c, calendar_.id)) changed_there_.add(shown);
}

void rehearsal_plan::leave_out(const calendar_event& event, std::string_view why) {
  ++events_;
  left_out_[std::string(why)].add({event.id.str(), "", ""});
}

void rehearsal_plan::add_entries(std::span<const schedule_entry> entries) {
  auto p = picture();
  for (const auto& e : entries) {
    if (linked_entries_.contains(e.id)) continue;
    p.know(e);
    plan_backfill(p, calendar_.id, {&e, 1});
    if (!pushes(p.take_changes(), calendar_.id)) continue;
    const sample shown{e.id.str(), e.what.title, start_of(e.what)};
    if (unsayable_ && unsayable_(e.what)) {
      left_out_[std::string(name_of(reason::push_unsayable))].add(shown);
      continue;
    }
    created_there_.add(shown);
    if (calendar_.mails == guest_mail::guests) mailed_ += static_cast<int>(e.what.attendees.size());
  }
}

std::string rehearsal_plan::report() const {
  const auto shown = [](const tally& t) {
    json::array samples;
    for (const auto& s : t.some) samples.push_back({{"id", s.id}, {"title", s.title}, {"start", s.start}});
    return json::object{{"count", t.count}, {"samples", std::move(samples)}};
  };
  json::array skipped;
  for (const auto& [why, t] : left_out_) {
    auto one = shown(t);
    one["reason"] = why;
    skipped.push_back(std::move(one));
  }
  return json::serialize(json::object{{"complete", complete_},
                                      {"events_read", events_},
                                      {"created_here", shown(created_here_)},
                                      {"changed_here", shown(changed_here_)},
                                      {"created_there", shown(created_there_)},
                                      {"changed_there", shown(changed_there_)},
                                      {"linked", shown(linked_)},
                                      {"skipped", std::move(skipped)},
                                      {"mailed", mailed_}});
}

} // namespace kalends::actors
