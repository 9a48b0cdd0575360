// SPDX-License-Identifier: Apache-2.0
#include "observe/log.hpp"

#include "schema/world.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <memory>

namespace kalends::observe {

namespace {

std::atomic<log_format> format_in_use = log_format::text;

/// Longer texts are cut: a line is read by people and by tools with limits of their own.
constexpr std::size_t text_limit = 2'000;

spdlog::level::level_enum spd(log_level l) {
  switch (l) {
  case log_level::debug:
    return spdlog::level::debug;
  case log_level::info:
    return spdlog::level::info;
  case log_level::warn:
    return spdlog::level::warn;
  case log_level::error:
    return spdlog::level::err;
  case log_level::critical:
    break;
  }
  return spdlog::level::critical;
}

std::string_view name_of(log_level l) {
  static constexpr std::array<std::string_view, 5> names{"debug", "info", "warn", "error", "critical"};
  return names.at(static_cast<std::size_t>(l));
}

/// Between quotes. Control characters are escaped in both formats, so that nobody can forge a line.
void quote(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  const bool cut = text.size() > text_limit;
  if (cut) {
    text = text.substr(0, text_limit);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.remove_suffix(1);
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) text.remove_suffix(1);
  }
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  if (cut) out += "…";
  out += '"';
}

/// Text that needs no quotes in a text line.
bool is_plain(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '\\' || c == '=' || c == 0x7F) return false;
  return !text.empty() && text.size() <= text_limit;
}

void add_json(std::string& out, const log_field& f) {
  out += ',';
  quote(out, f.name());
  out += ':';
  if (f.is_number())
    out += std::to_string(f.number());
  else
    quote(out, f.text());
}

void add_text(std::string& out, const log_field& f) {
  out += ' ';
  out += f.name();
  out += '=';
  if (f.is_number())
    out += std::to_string(f.number());
  else if (is_plain(f.text()))
    out += f.text();
  else
    quote(out, f.text());
}

} // namespace

std::string render_line(log_format format, std::string_view time, log_level level, std::string_view message,
                        std::initializer_list<log_field> fields) {
  std::string out;
  out.reserve(160 + message.size());
  const bool json = format == log_format::json;
  if (json) {
    out += "{\"time\":\"";
    out += time;
    out += "\",\"level\":\"";
    out += name_of(level);
    out += "\",\"message\":";
    quote(out, message);
  } else {
    out += time;
    out += ' ';
    out += name_of(level);
    out += ' ';
    // The message is ours; what it was made from need not be.
    std::string safe;
    quote(safe, message);
    out.append(safe, 1, safe.size() - 2);
  }
  for (const auto& f : fields) {
    if (!f.is_number() && f.text().empty()) continue;
    json ? add_json(out, f) : add_text(out, f);
  }
  if (json) out += '}';
  return out;
}

bool logs(log_level level) noexcept { return spdlog::should_log(spd(level)); }

void log(log_level level, std::string_view message, std::initializer_list<log_field> fields) {
  if (!logs(level)) return;
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  spdlog::default_logger_raw()->log(
      spd(level), spdlog::string_view_t(render_line(format_in_use.load(std::memory_order_relaxed),
                                                    to_rfc3339(now), level, message, fields)));
}

void open_log(log_format format, std::string_view least) {
  format_in_use = format;
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_pattern("%v");
  auto logger = std::make_shared<spdlog::logger>("kalends", std::move(sink));
  auto level = spdlog::level::from_str(std::string(least));
  if (level == spdlog::level::off && least != "off") level = spdlog::level::info;
  logger->set_level(level);
  spdlog::set_default_logger(std::move(logger));
}

} // namespace kalends::observe
