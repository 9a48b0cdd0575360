// SPDX-License-Identifier: Apache-2.0
#include "doctor/judge.hpp"
#include "doctor/web_address.hpp"
#include "doctor/words.hpp"

#include <cstdio>
#include <ctime>

#include <time.h>

/// Whether this machine, the database and the vendors agree on the time.
namespace kalends::doctor {

std::optional<std::chrono::milliseconds> clock_offset(const web_look& answer) {
  std::tm parts{};
  if (answer.date.empty() || ::strptime(answer.date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr)
    return std::nullopt;
  // The whole second has half of itself behind it, on average, and the answer half of the way.
  const instant theirs = instant(std::chrono::seconds(::timegm(&parts))) + std::chrono::milliseconds(500);
  const auto ours = answer.asked_at + (answer.answered_at - answer.asked_at) / 2;
  return theirs - std::chrono::time_point_cast<std::chrono::milliseconds>(ours);
}

namespace {

std::string seconds_text(std::chrono::milliseconds d) {
  char text[48];
  std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(std::chrono::abs(d).count()) / 1000.0);
  return text;
}

finding_state state_of(std::chrono::milliseconds offset) {
  const auto size = std::chrono::abs(offset);
  if (size > skew_problem) return finding_state::problem;
  return size > skew_warning ? finding_state::warning : finding_state::ok;
}

void judge_offset(findings& out, const char* check, const std::string& whose,
                  std::chrono::milliseconds offset, std::string consequence, std::string remedy) {
  const auto state = state_of(offset);
  if (state == finding_state::ok) return out.ok(check, whose, "Within " + seconds_text(offset) + " of ours.");
  out.add(state, check, whose,
          {"This machine's clock is " + seconds_text(offset) + (offset.count() > 0 ? " behind." : " ahead."),
           std::move(consequence), std::move(remedy), "timedatectl set-ntp true"});
}

void judge_vendor_clock(findings& out, const facts& f, provider_type t) {
  const auto& w = f.vendor(t).clock;
  const auto whose = vendor_name(t);
  if (!w.asked()) return;
  if (!w.answered())
    return out.add(is_trial(f.of) || !f.app(t) ? finding_state::skipped : finding_state::warning,
                   "vendor_clock", whose,
                   {"There is no answer from " + w.url + ": " + w.failure + ".",
                    f.app(t) ? "The clocks cannot be compared; and if the server cannot reach it either, no "
                               "token is renewed and no calendar synced."
                             : "",
                    "Let this machine reach it by https (firewall, proxy, DNS).", "curl -sSI " + w.url});
  const auto offset = clock_offset(w);
  if (!offset) return out.skip("vendor_clock", whose, w.url + " sent no date that can be read.");
  judge_offset(out, "vendor_clock", whose, *offset,
               "Tokens look valid that are not, or expired that are not; sign-ins, notices and push channels "
               "are refused, and \"the later change wins\" picks the wrong side.",
               "Let this machine keep its clock by NTP (systemd-timesyncd or chrony).");
}

void judge_database_clock(findings& out, const facts& f) {
  const auto& d = f.database;
  if (!d.server) return;
  const auto ours = d.asked_at + (d.answered_at - d.asked_at) / 2;
  judge_offset(out, "database_clock", "PostgreSQL",
               std::chrono::duration_cast<std::chrono::milliseconds>(d.server->clock - ours),
               "Leases of nodes, sessions and links are reckoned by two clocks that disagree: they end too "
               "early or too late.",
               "Let this machine and the database's keep their clocks by NTP (systemd-timesyncd or chrony).");
}

void judge_ntp(findings& out, const facts& f) {
  const auto& synced = f.machine.clock_disciplined;
  if (!synced) return out.skip("ntp", "kernel", "The kernel does not tell whether it is kept in time.");
  if (*synced) return out.ok("ntp", "kernel", "The kernel says that its clock is kept in time.");
  if (is_trial(f.of))
    return out.skip("ntp", "kernel",
                    "The kernel says that nobody keeps its clock; for a trial that is enough.");
  out.warn("ntp", "kernel",
           {"The kernel says that nobody keeps its clock in time.",
            "It drifts by seconds a day, until tokens and leases are misjudged.",
            "Let this machine keep its clock by NTP (systemd-timesyncd or chrony). In a container it is the "
            "host that has to.",
            "timedatectl set-ntp true"});
}

} // namespace

std::vector<finding> judge_clocks(const facts& f) {
  findings out{area::clocks};
  judge_vendor_clock(out, f, provider_type::google);
  judge_vendor_clock(out, f, provider_type::microsoft);
  judge_database_clock(out, f);
  judge_ntp(out, f);
  return std::move(out.all);
}

} // namespace kalends::doctor
