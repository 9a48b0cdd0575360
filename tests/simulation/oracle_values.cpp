// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/oracle.hpp"

#include <cctype>

namespace kalends::simulation {

/// Title, notes, place, time.
std::array<std::string, 4> oracle::values_of(const appointment& a) {
  std::string start;
  if (const auto* at = std::get_if<zoned_time>(&a.start)) start = write_local(*at);
  if (const auto* on = std::get_if<calendar_date>(&a.start)) start = write_date(*on);
  return {a.title, a.notes, a.location, start};
}

oracle::value* oracle::find(const std::string& text) {
  auto at = values_.find(text);
  return at == values_.end() ? nullptr : &at->second;
}

// ---------------------------------------------------------------- who wrote what

void oracle::person_wrote(const appointment& before, const appointment& after) {
  const auto was = values_of(before);
  const auto is = values_of(after);
  for (std::size_t i = 0; i < was.size(); ++i) {
    if (was[i] == is[i]) continue;
    if (auto* v = find(was[i])) v->overwritten = true;
    if (!is[i].empty()) values_.try_emplace(is[i]);
  }
}

void oracle::host_writes(const std::string& text) { values_[text].by_host = true; }

/// What a host is told is true, and durable.
void oracle::host_heard(const tenant_id& t, const entry_id& e, bool removed,
                        const result<schedule_entry>& answer) {
  if (!answer) return;
  const auto& entries = ledger_->tenants.at(t).entries;
  auto at = entries.find(e);
  if (removed) {
    if (at != entries.end()) log_.violation(8, "a deletion was acknowledged and the entry is there");
    return;
  }
  if (at == entries.end()) return; // deleted since
  if (at->second.version < answer->version)
    return log_.violation(8, "entry " + e.str() + ": version " + std::to_string(answer->version) +
                                 " was acknowledged and is not there");
  if (at->second.version == answer->version && values_of(at->second.what) != values_of(answer->what))
    log_.violation(8, "entry " + e.str() + " is not what was acknowledged");
}

void oracle::notice_accepted(account& a, std::uint64_t told) { accepted_[a.provider].push_back(told); }

// ---------------------------------------------------------------- what became of it

/// What the ledger keeps of the side that lost: under "losing", or of an adopted event as it was found.
void oracle::learn_losing_values(const decision& d) {
  auto from = d.inputs.find("\"losing\":{");
  if (d.why == reason::pull_adopted) from = d.inputs.find("\"event\":{");
  if (from == std::string::npos) return;
  std::string word;
  int depth = 0;
  for (auto at = d.inputs.find('{', from); at < d.inputs.size(); ++at) {
    const char c = d.inputs[at];
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    if (depth == 0) break;
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == ':') {
      word += c;
      continue;
    }
    if (auto* v = find(word)) v->lost = true;
    word.clear();
  }
}

/// A commit shows only the last state of its entries; what one of them said in between is told by decisions.
/// A conflict names the groups that one side lost; if it was the calendar, its others were taken all the
/// same.
void oracle::see_taken_values(const decision& d) {
  const bool conflict = d.why == reason::pull_conflict_newest || d.why == reason::pull_conflict_local ||
                        d.why == reason::pull_conflict_external || d.why == reason::pull_conflict_manual;
  const bool took = conflict || d.why == reason::pull_created || d.why == reason::pull_updated ||
                    d.why == reason::pull_merged;
  std::string refused;
  if (conflict && d.inputs.find("\"winner\":\"local\"") != std::string::npos)
    refused = d.inputs.substr(0, d.inputs.find(']'));
  const auto& events = accounts_->at(d.provider).model.events;
  auto event = events.find(d.event);
  if (!took || event == events.end()) return;
  static const std::array<const char*, 4> groups{"\"title\"", "\"notes\"", "\"location\"", "\"time\""};
  for (const auto& [version, what] : event->second.versions) {
    if (d.inputs.find('"' + version + '"') == std::string::npos) continue;
    const auto said = values_of(what);
    for (std::size_t i = 0; i < said.size(); ++i) {
      const bool named = d.why == reason::pull_created || d.inputs.find(groups[i]) != std::string::npos;
      if (!named || refused.find(groups[i]) != std::string::npos) continue;
      if (auto* v = find(said[i])) v->in_entry = true;
    }
  }
}

/// A value leaves an entry when somebody who saw it wrote another, or when it lost and is kept.
void oracle::check_values(const rows& t, const tenant_changes& c) {
  for (const auto& d : c.decisions) {
    learn_losing_values(d);
    see_taken_values(d);
  }
  for (const auto& w : c.entries) {
    const auto after = values_of(w.entry.what);
    auto at = t.entries.find(w.entry.id);
    const auto before = at != t.entries.end() ? values_of(at->second.what) : std::array<std::string, 4>{};
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (after[i] == before[i]) continue;
      auto* old = find(before[i]);
      auto* fresh = find(after[i]);
      bool by_host = fresh != nullptr && fresh->by_host && !fresh->in_entry;
      // Several changes in one commit: a host's value may have stood in between.
      by_host = by_host || w.entry.version > w.stored_version + 1;
      if (fresh != nullptr) fresh->in_entry = true;
      if (old == nullptr || old->overwritten || old->lost) continue;
      if (!by_host)
        log_.violation(8, "'" + before[i] + "' in entry " + w.entry.id.str() + " gave way to '" + after[i] +
                              "', seen by nobody and kept nowhere");
      old->overwritten = true;
    }
  }
}

} // namespace kalends::simulation
