// SPDX-License-Identifier: Apache-2.0
#include "actors/entry_changes.hpp"
#include "schema/text.hpp"

#include <algorithm>

namespace kalends::actors {
namespace {

schedule_entry edited(schedule_entry e, const entry_edit& edit) {
  if (edit.title) e.what.title = clean_text(*edit.title);
  if (edit.notes) e.what.notes = clean_text(*edit.notes);
  if (edit.location) e.what.location = clean_text(*edit.location);
  if (edit.start) e.what.start = *edit.start;
  if (edit.end) e.what.end = *edit.end;
  if (edit.is_private) e.what.is_private = *edit.is_private;
  if (edit.status) {
    e.status = *edit.status;
    e.what.is_tentative = e.status == entry_status::tentative;
  }
  if (edit.work) e.work = *edit.work;
  if (edit.assigned) {
    e.assigned = *edit.assigned;
    std::sort(e.assigned.begin(), e.assigned.end());
    e.assigned.erase(std::unique(e.assigned.begin(), e.assigned.end()), e.assigned.end());
  }
  return e;
}

result<void> check_times(const appointment& a) {
  const auto fault = fault_of_times(a);
  if (!fault) return {};
  return failure(errc::invalid, std::string(*fault),
                 *fault == "mixed_all_day" ? "Start and end are both dates or both times."
                                           : "The end has to lie after the start.",
                 "end");
}

tl::unexpected<error> missing_entry() {
  return failure(errc::not_found, "entry_not_found", "There is no entry with this id.");
}

result<void> check_version(const schedule_entry& e, std::optional<std::int64_t> expected) {
  if (!expected || *expected == e.version) return {};
  return failure(errc::conflict, "version_mismatch",
                 "The entry has version " + std::to_string(e.version) + " by now.");
}

bool same(const schedule_entry& a, const schedule_entry& b) {
  return difference(a.what, b.what).empty() && a.status == b.status && a.work == b.work &&
         a.assigned == b.assigned;
}

} // namespace

result<schedule_entry> create_entry(tenant_picture& p, entry_id id, const entry_edit& edit) {
  if (p.entry(id) != nullptr)
    return failure(errc::conflict, "entry_exists", "There is an entry with this id already.");
  if (!edit.start) return failure(errc::invalid, "missing_start", "An entry needs a start.", "start");
  if (!edit.end) return failure(errc::invalid, "missing_end", "An entry needs an end.", "end");
  schedule_entry e;
  e.id = id;
  e = edited(std::move(e), edit);
  if (auto ok = check_times(e.what); !ok) return tl::unexpected(ok.error());

  commit_new_entry(p, std::move(e), provider_id());
  return *p.entry(id);
}

result<schedule_entry> change_entry(tenant_picture& p, const entry_id& id, const entry_edit& edit) {
  const auto* before = p.entry(id);
  if (before == nullptr) return missing_entry();
  if (auto ok = check_version(*before, edit.expected_version); !ok) return tl::unexpected(ok.error());
  auto after = edited(*before, edit);
  if (edit.start || edit.end)
    if (auto ok = check_times(after.what); !ok) return tl::unexpected(ok.error());
  if (same(*before, after)) return *before;
  return commit_change(p, *before, std::move(after), provider_id());
}

result<void> remove_entry(tenant_picture& p, const entry_id& id,
                          std::optional<std::int64_t> expected_version) {
  const auto* before = p.entry(id);
  if (before == nullptr) return missing_entry();
  if (auto ok = check_version(*before, expected_version); !ok) return tl::unexpected(ok.error());
  commit_deletion(p, *before, provider_id());
  return {};
}

} // namespace kalends::actors
