// SPDX-License-Identifier: Apache-2.0
#include "commands/admin_desk.hpp"
#include "commands/commands.hpp"
#include "commands/notice_words.hpp"
#include "net/smtp.hpp"

#include <atomic>
#include <cstdio>
#include <iostream>

namespace kalends::commands {

int try_mail(const mail_options& options) {
  const auto c = read_configuration(options.given);
  for (const auto& p : c.problems) std::cerr << p << "\n";
  if (!c.problems.empty()) return bad_configuration;
  const auto& mail = c.value.mail;
  if (!mail.wanted()) {
    std::cerr << "mail.host (KALENDS_MAIL_HOST) is not set: no mail is sent.\n";
    return bad_configuration;
  }
  const auto outside = real_world();
  const std::atomic<bool> never = false;
  const auto sent = net::compose(trial_mail(options.to, mail.from, make_uuid(outside), outside.now()))
                        .and_then([&](const std::string& text) {
                          return net::send_mail(mail, c.value.server.extra_ca_file, options.to, text, never);
                        });
  if (!sent) {
    std::cerr << sent.error().code << ": " << sent.error().detail << "\n";
    return 1;
  }
  std::printf("%s took a mail for %s.\n", mail.host.c_str(), options.to.c_str());
  return 0;
}

} // namespace kalends::commands
