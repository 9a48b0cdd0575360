// SPDX-License-Identifier: Apache-2.0
#include "doctor/ask_machine.hpp"

#include "persistence/token_vault.hpp"

#include <filesystem>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timex.h>

namespace kalends::doctor {

namespace {

namespace fs = std::filesystem;

file_look look_at_file(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return {path, false, 0};
  return {path, true, static_cast<int>(found.st_mode & 07777)};
}

/// Asks, and sets nothing (`modes` is 0).
std::optional<bool> clock_is_disciplined() {
  timex t{};
  const int state = ::adjtimex(&t);
  if (state < 0) return std::nullopt;
  return state != TIME_ERROR && (t.status & STA_UNSYNC) == 0;
}

} // namespace

machine_facts look_at_machine(const settings& s, const world& w) {
  machine_facts out;
  out.vault_keys_given = !s.vault_keys.empty();
  out.vault_key = look_at_file(s.vault_key_file);
  out.admin_key = look_at_file(s.data_dir + "/admin.key");
  if (out.vault_keys_given || out.vault_key.there)
    if (auto vault = persistence::token_vault::load(s.vault_keys, s.vault_key_file, false, w); !vault)
      out.vault_failure = vault.error();
  std::error_code absolute;
  out.data_dir = fs::absolute(s.data_dir, absolute).string();
  std::error_code failed;
  const auto space = fs::space(s.data_dir, failed);
  if (!failed) {
    out.free_bytes = space.available;
    out.all_bytes = space.capacity;
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    out.descriptors_soft = limit.rlim_cur;
    out.descriptors_hard = limit.rlim_max;
  }
  out.clock_disciplined = clock_is_disciplined();
  return out;
}

} // namespace kalends::doctor
