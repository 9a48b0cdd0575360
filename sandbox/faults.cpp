// SPDX-License-Identifier: Apache-2.0
#include "sandbox/faults.hpp"

#include "sandbox/journal.hpp"

#include <algorithm>
#include <cctype>

namespace kalends::sandbox {

namespace json = boost::json;

namespace {

tl::unexpected<error> malformed(std::string detail, std::string_view field) {
  return failure(errc::invalid, "malformed_fault", std::move(detail), std::string(field));
}

notice_fault notice_fault_named(std::string_view name) {
  if (name == "drop") return notice_fault::drop;
  if (name == "duplicate") return notice_fault::duplicate;
  if (name == "delay") return notice_fault::delay;
  if (name == "reorder") return notice_fault::reorder;
  return notice_fault::none;
}

/// Fills in one member of the plan, or says what is wrong with it.
result<void> read_field(fault_plan& p, std::string_view key, const json::value& v) {
  const auto text = [&] { return v.is_string() ? std::string(v.get_string()) : std::string(); };
  const bool natural = v.is_int64() && v.get_int64() >= 0;
  const auto number = [&] { return natural ? static_cast<std::uint64_t>(v.get_int64()) : 0; };
  if (key == "vendor") {
    p.kind = vendor_named(text());
    if (!p.kind) return malformed("vendor is google or microsoft", key);
  } else if (key == "account" || key == "method" || key == "reason" || key == "body" ||
             key == "content_type") {
    if (!v.is_string()) return malformed("a string is needed", key);
    (key == "account"  ? p.account
     : key == "method" ? p.method
     : key == "reason" ? p.reason
     : key == "body"   ? p.body
                       : p.content_type) = text();
  } else if (key == "skip" || key == "times" || key == "status" || key == "latency_ms" ||
             key == "delay_seconds") {
    if (!natural) return malformed("a number from 0 on is needed", key);
    if (key == "skip") p.skip = number();
    if (key == "times") p.times = number();
    if (key == "status") p.status = static_cast<int>(std::min<std::uint64_t>(number(), 999));
    if (key == "latency_ms")
      p.latency = std::chrono::milliseconds(std::min<std::uint64_t>(number(), 120'000));
    if (key == "delay_seconds") p.delay = std::chrono::seconds(std::min<std::uint64_t>(number(), 10'000'000));
  } else if (key == "retry_after") {
    p.headers.emplace_back("Retry-After", natural ? std::to_string(number()) : text());
  } else if (key == "headers" && v.is_object()) {
    for (const auto& [name, value] : v.get_object())
      if (value.is_string()) p.headers.emplace_back(std::string(name), std::string(value.get_string()));
  } else if (key == "cut" || key == "after_effect") {
    if (!v.is_bool()) return malformed("true or false is needed", key);
    (key == "cut" ? p.cut : p.after_effect) = v.get_bool();
  } else if (key == "notice") {
    p.notice = notice_fault_named(text());
    if (p.notice == notice_fault::none) return malformed("notice is drop, duplicate, delay or reorder", key);
    p.method = "notice";
  } else {
    return malformed("unknown member", key);
  }
  return {};
}

} // namespace

result<fault_plan> fault_plans::read(const json::object& o) {
  fault_plan p;
  for (const auto& [key, value] : o)
    if (auto ok = read_field(p, key, value); !ok) return tl::unexpected(ok.error());
  std::ranges::transform(p.account, p.account.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (p.method == "notice" && p.notice == notice_fault::none)
    return malformed("say what happens to notices", "notice");
  const bool does_something = p.status != 0 || !p.reason.empty() || p.cut || p.latency.count() > 0;
  if (p.notice == notice_fault::none && !does_something)
    return malformed("needs one of status, reason, cut, latency_ms, notice", "status");
  return p;
}

const fault_plan& fault_plans::add(fault_plan p) {
  p.id = "fault-" + std::to_string(++last_);
  return plans_.emplace_back(std::move(p));
}

bool fault_plans::remove(std::string_view id) {
  return std::erase_if(plans_, [&](const fault_plan& p) { return p.id == id; }) > 0;
}

json::array fault_plans::report() const {
  json::array out;
  for (const auto& p : plans_)
    out.push_back(json::object{{"id", p.id},
                               {"vendor", p.kind ? json::value(name_of(*p.kind)) : json::value(nullptr)},
                               {"account", p.account},
                               {"method", p.method},
                               {"skip", p.skip},
                               {"times", p.times},
                               {"status", p.status},
                               {"reason", p.reason},
                               {"cut", p.cut},
                               {"after_effect", p.after_effect},
                               {"seen", p.seen},
                               {"struck", p.struck}});
  return out;
}

std::optional<fault_plan> fault_plans::strike(vendor v, std::string_view account, std::string_view method) {
  std::optional<fault_plan> first;
  for (auto& p : plans_) {
    const bool mine =
        method == "notice" ? p.method == "notice" : p.method != "notice" && method_matches(p.method, method);
    if (!mine || (p.kind && *p.kind != v) || (!p.account.empty() && p.account != account)) continue;
    ++p.seen;
    if (first || p.seen <= p.skip || (p.times != 0 && p.struck >= p.times)) continue;
    ++p.struck;
    first = p;
  }
  return first;
}

} // namespace kalends::sandbox
