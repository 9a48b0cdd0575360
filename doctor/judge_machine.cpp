// SPDX-License-Identifier: Apache-2.0
#include "doctor/judge.hpp"
#include "doctor/words.hpp"

#include <cstdio>

/// Keys, disk, limits of the process, and what watches it.
namespace kalends::doctor {
namespace {

constexpr int for_others = 077;

std::string octal(int mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode) & 07777U);
  return text;
}

std::string gigabytes(std::uintmax_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", static_cast<double>(bytes) / 1e9);
  return text;
}

void judge_vault(findings& out, const facts& f) {
  const auto& m = f.machine;
  const auto& file = m.vault_key;
  const auto subject = m.vault_keys_given ? std::string("KALENDS_VAULT_KEYS") : file.path;
  constexpr auto lost = "Without it no stored token can be opened: every calendar would have to be connected "
                        "again.";
  if (!m.vault_keys_given && !file.there) {
    if (f.database.not_made)
      return out.skip("vault_key", subject, "The first start makes it, beside the database.");
    return out.problem(
        "vault_key", subject,
        {"There is no key.", std::string("The server does not start. ") + lost,
         "Bring the file back from where it is kept. If the installation is new and its database "
         "your own, make one:",
         "kalends keys init"});
  }
  if (!m.vault_keys_given && (file.mode & for_others) != 0)
    return out.problem(
        "vault_key", subject,
        {"Others on this machine may read it: its mode is " + octal(file.mode) + ".",
         "Whoever has it and the database opens every token. The server refuses to start with it.",
         "Take that right away:", "chmod 600 " + subject});
  if (m.vault_failure)
    return out.problem("vault_key", subject,
                       {m.vault_failure->detail, "The server does not start.",
                        "Bring the right key back from where it is kept."});
  out.ok("vault_key", subject,
         m.vault_keys_given ? "Keys are given by the environment. Keep a copy elsewhere."
                            : "It is there, and only its owner may read it. Keep a copy elsewhere.");
}

void judge_admin_key(findings& out, const facts& f) {
  const auto& file = f.machine.admin_key;
  if (!file.there || !f.of.server.admin_key.empty()) return;
  if ((file.mode & for_others) == 0) return out.ok("admin_key", file.path, "Only its owner may read it.");
  out.problem("admin_key", file.path,
              {"Others on this machine may read it: its mode is " + octal(file.mode) + ".",
               "Whoever has it may do everything in every tenant.",
               "Take that right away:", "chmod 600 " + file.path});
}

void judge_space(findings& out, const facts& f) {
  const auto& m = f.machine;
  if (!m.free_bytes)
    return out.skip("disk_space", m.data_dir, "It is not there yet, or cannot be looked at.");
  const auto found = gigabytes(*m.free_bytes) + " of " + gigabytes(m.all_bytes) + " are free.";
  const bool embedded = f.of.server.database_url.empty();
  if (*m.free_bytes >= space_warning || (!embedded && *m.free_bytes >= space_problem))
    return out.ok("disk_space", m.data_dir, found);
  out.add(*m.free_bytes < space_problem && embedded ? finding_state::problem : finding_state::warning,
          "disk_space", m.data_dir,
          {found,
           embedded ? "When it is full the database stops, and with it everything."
                    : "When it is full, files of the server cannot be written.",
           "Make room, or move data_dir to a larger file system. What is kept for how long is set by "
           "keep.facts_days, keep.decisions_days and their like.",
           "df -h " + m.data_dir});
}

void judge_descriptors(findings& out, const facts& f) {
  const auto& m = f.machine;
  if (!m.descriptors_soft) return;
  const auto n = *m.descriptors_soft;
  const auto who = f.by_server ? "The server" : "A process started as this command was";
  const auto found = who + std::string(" may open ") + std::to_string(n) + " files and connections.";
  if (n >= descriptors_warning || (is_trial(f.of) && n >= descriptors_problem))
    return out.ok("file_descriptors", "limit", found);
  out.add(n < descriptors_problem ? finding_state::problem : finding_state::warning, "file_descriptors",
          "limit",
          {found, "Each connection and each event stream is one: above the limit, new ones are refused.",
           "In the systemd unit set LimitNOFILE; in a shell, ulimit -n before the start; in a container, "
           "--ulimit nofile.",
           "LimitNOFILE=65536"});
}

void judge_metrics(findings& out, const facts& f) {
  if (!f.of.server.metrics_token.empty())
    return out.ok("metrics_token", "metrics.token", "GET /metrics has a token of its own.");
  if (is_trial(f.of)) return out.skip("metrics_token", "metrics.token", "Nobody has to watch a trial.");
  out.warn(
      "metrics_token", "metrics.token",
      {"metrics.token is not set.",
       "Prometheus can read /metrics only with the admin key, which may do everything.",
       "Make a token, set metrics.token (KALENDS_METRICS_TOKEN) to it, give it to Prometheus as its bearer "
       "token, and restart the server.",
       "openssl rand -hex 32"});
}

} // namespace

std::vector<finding> judge_storage(const facts& f) {
  findings out{area::storage};
  judge_vault(out, f);
  judge_admin_key(out, f);
  judge_space(out, f);
  return std::move(out.all);
}

std::vector<finding> judge_operation(const facts& f) {
  findings out{area::operation};
  judge_descriptors(out, f);
  judge_metrics(out, f);
  return std::move(out.all);
}

} // namespace kalends::doctor
