// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/plan_sync.hpp"

/// The host's edits of a series, or of a part of one. Version and scope were checked by the caller, who owns
/// `before`.
namespace kalends::actors {

result<schedule_entry> change_whole(tenant_picture& p, const schedule_entry& before, const entry_edit& edit);
result<schedule_entry> change_occurrence(tenant_picture& p, const schedule_entry& before,
                                         const entry_edit& edit);
result<schedule_entry> change_following(tenant_picture& p, const schedule_entry& before,
                                        const entry_edit& edit);
result<void> remove_occurrence(tenant_picture& p, const schedule_entry& before, recurrence_id at);
result<void> remove_following(tenant_picture& p, const schedule_entry& before, recurrence_id at);

} // namespace kalends::actors
