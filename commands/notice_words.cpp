// SPDX-License-Identifier: Apache-2.0
#include "commands/notice_words.hpp"

#include "net/html_escape.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace kalends::commands {

namespace {

using persistence::notice_to_mail;
using persistence::notification_kind;

constexpr std::size_t longest_name = 120; ///< bytes of a title or a name in a mail

/// At most so much of it, ending at a character.
std::string shortened(std::string_view text) {
  if (text.size() <= longest_name) return std::string(text);
  auto end = longest_name;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string vendor_name(provider_type t) { return t == provider_type::google ? "Google" : "Microsoft"; }

std::string calendar_of(const notice_to_mail& n) {
  const auto& name = n.calendar_name.empty() ? n.account : n.calendar_name;
  return vendor_name(n.type) + " calendar" + (name.empty() ? "" : " " + shortened(name));
}

std::string group_words(field_set groups) {
  static const std::vector<std::pair<field_group, const char*>> names{
      {field_group::time, "time"},
      {field_group::title, "title"},
      {field_group::notes, "notes"},
      {field_group::location, "location"},
      {field_group::privacy, "privacy"},
      {field_group::status, "status"},
      {field_group::attendees, "guests"},
      {field_group::recurrence, "recurrence"},
      {field_group::occurrences, "single occurrences"}};
  std::string out;
  for (const auto& [group, name] : names)
    if (groups.has(group)) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

struct parts {
  std::string subject, lead, what, button, link;
};

parts of_conflict(const notice_to_mail& n, const std::string& base) {
  const auto entry =
      n.title.empty() ? std::string("an appointment of yours") : "“" + shortened(n.title) + "”";
  return {"Which change should stand? " +
              (n.title.empty() ? std::string("An appointment") : shortened(n.title)),
          "Two changes to " + entry + " do not fit together.",
          "It was changed in the schedule and in your " + calendar_of(n) + " (" + group_words(n.groups) +
              "). Until you decide, both keep what they say; everything else is synced. You can keep the "
              "schedule's "
              "values, keep the calendar's, or choose field by field.",
          "See both side by side", base + "/conflicts/" + n.conflict_id};
}

parts of_calendar(const notice_to_mail& n, const std::string& base) {
  return {"Your " + calendar_of(n) + " needs you", "Your " + calendar_of(n) + " is not synced any more.",
          "Its vendor does not let us in as it did" +
              (n.problem_code.empty() ? std::string() : " (" + n.problem_code + ")") +
              ". Nothing is lost: what has to be written waits until you connect it again.",
          "See what to do", base + "/calendars/" + n.provider.str()};
}

std::string page_of(const parts& p, const std::string& greeting, const std::string& foot) {
  const auto e = [](const std::string& s) { return net::escape_html(s); };
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + e(p.subject) +
         "</title></head>\n<body style=\"font-family:sans-serif;line-height:1.5;color:#1c1d22\">\n<p>" +
         e(greeting) + "</p>\n<p><strong>" + e(p.lead) + "</strong></p>\n<p>" + e(p.what) +
         "</p>\n<p><a href=\"" + e(p.link) + "\">" + e(p.button) + "</a><br>\n" + e(p.link) +
         "</p>\n<p style=\"color:#5b5d66\">" + e(foot) + "</p>\n</body></html>\n";
}

} // namespace

net::mail_message words_of(const notice_to_mail& n, const std::string& public_url, const std::string& from,
                           instant now) {
  const auto p =
      n.kind == notification_kind::conflict ? of_conflict(n, public_url) : of_calendar(n, public_url);
  const auto greeting = "Hello" + (n.name.empty() ? std::string() : " " + shortened(n.name)) + ",";
  const auto foot =
      "You get this once, because this calendar of " + shortened(n.tenant_name) +
      " is yours. The page asks you to sign in. Mails like this can be switched off there, at the bell.";
  net::mail_message m;
  m.from_name = "Kalends";
  m.from = from;
  m.to = n.to;
  m.subject = p.subject;
  m.text = greeting + "\n\n" + p.lead + "\n\n" + p.what + "\n\n" + p.button + ":\n" + p.link + "\n\n-- \n" +
           foot + "\n";
  m.html = page_of(p, greeting, foot);
  m.id = n.id;
  m.date = now;
  return m;
}

net::mail_message trial_mail(const std::string& to, const std::string& from, const std::string& id,
                             instant now) {
  net::mail_message m;
  m.from_name = "Kalends";
  m.from = from;
  m.to = to;
  m.subject = "A trial of Kalends' mail";
  m.text = "This mail was asked for by \"kalends admin mail test\". If you read it, mail works.\n";
  m.html = "<!doctype html>\n<html lang=\"en\"><head><meta "
           "charset=\"utf-8\"><title>Trial</title></head>\n<body><p>"
           "This mail was asked for by <code>kalends admin mail test</code>. If you read it, mail "
           "works.</p></body>"
           "</html>\n";
  m.id = id;
  m.date = now;
  return m;
}

} // namespace kalends::commands
