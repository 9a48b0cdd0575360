// SPDX-License-Identifier: Apache-2.0
#include "actors/edited_entry.hpp"
#include "actors/entry_changes.hpp"
#include "actors/plan_series.hpp"

namespace kalends::actors {
namespace {

tl::unexpected<error> missing_entry() {
  return failure(errc::not_found, "entry_not_found", "There is no entry with this id.");
}

result<void> check_version(const schedule_entry& e, std::optional<std::int64_t> expected) {
  if (!expected || *expected == e.version) return {};
  return failure(errc::conflict, "version_mismatch",
                 "The entry has version " + std::to_string(e.version) + " by now.");
}

result<void> check_series(const schedule_entry& e, edit_scope scope) {
  if (scope == edit_scope::all || e.what.repeats) return {};
  return failure(errc::invalid, "not_a_series",
                 "This entry does not repeat; leave scope and occurrence out, or say scope=all.", "scope");
}

} // namespace

result<schedule_entry> create_entry(tenant_picture& p, entry_id id, const entry_edit& edit) {
  if (p.entry(id) != nullptr)
    return failure(errc::conflict, "entry_exists", "There is an entry with this id already.");
  if (!edit.start) return failure(errc::invalid, "missing_start", "An entry needs a start.", "start");
  if (!edit.end) return failure(errc::invalid, "missing_end", "An entry needs an end.", "end");
  schedule_entry e;
  e.id = id;
  auto made = edited(std::move(e), edit);
  if (!made) return tl::unexpected(made.error());
  commit_new_entry(p, std::move(*made), provider_id());
  return *p.entry(id);
}

result<schedule_entry> change_entry(tenant_picture& p, const entry_id& id, const entry_edit& edit) {
  const auto* known = p.entry(id);
  if (known == nullptr) return missing_entry();
  if (!edit.makes.empty())
    if (const auto* made = p.entry(edit.makes)) return *made;
  if (auto ok = check_version(*known, edit.expected_version); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_series(*known, edit.scope); !ok) return tl::unexpected(ok.error());
  const auto before = *known; // it lies in the picture
  if (edit.scope == edit_scope::single) return change_occurrence(p, before, edit);
  if (edit.scope == edit_scope::future) return change_following(p, before, edit);
  return change_whole(p, before, edit);
}

result<void> remove_part(tenant_picture& p, const entry_id& id, const entry_edit& which) {
  const auto* known = p.entry(id);
  if (known == nullptr) return missing_entry();
  if (auto ok = check_version(*known, which.expected_version); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_series(*known, which.scope); !ok) return tl::unexpected(ok.error());
  const auto before = *known;
  if (which.scope == edit_scope::single) return remove_occurrence(p, before, which.occurrence);
  if (which.scope == edit_scope::future) return remove_following(p, before, which.occurrence);
  commit_deletion(p, before, provider_id());
  return {};
}

result<void> remove_entry(tenant_picture& p, const entry_id& id,
                          std::optional<std::int64_t> expected_version) {
  entry_edit all;
  all.expected_version = expected_version;
  return remove_part(p, id, all);
}

} // namespace kalends::actors
