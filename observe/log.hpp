// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

/// The server's log: one line per event on standard error, as JSON or as text. Fields are ids, codes and
/// figures; never a secret, and never what stands in somebody's calendar.
namespace kalends::observe {

enum class log_level { debug, info, warn, error, critical };
enum class log_format { text, json };

/// One named value of a line. Lives only as long as the call that it is an argument of.
class log_field {
public:
  log_field(std::string_view name, std::string_view text) : name_(name), text_(text) {}
  log_field(std::string_view name, const std::string& text) : name_(name), text_(text) {}
  log_field(std::string_view name, const char* text) : name_(name), text_(text) {}
  template <class Tag>
  log_field(std::string_view name, const id<Tag>& v) : name_(name), text_(v.str()) {}
  template <std::integral T>
  log_field(std::string_view name, T number)
      : name_(name), number_(static_cast<std::int64_t>(number)), is_number_(true) {}

  std::string_view name() const noexcept { return name_; }
  std::string_view text() const noexcept { return text_; }
  std::int64_t number() const noexcept { return number_; }
  bool is_number() const noexcept { return is_number_; }

private:
  std::string_view name_, text_;
  std::int64_t number_ = 0;
  bool is_number_ = false;
};

/// Writes a line: time, level, message, fields in the order given. Names in use: `tenant`, `provider`, `run`,
/// `request`, `code`, `detail`. A field whose text is empty is left out. Any thread.
///
///   observe::log(log_level::warn, "the channel could not be renewed", {{"tenant", t}, {"code", e.code}});
void log(log_level level, std::string_view message, std::initializer_list<log_field> fields = {});

/// Whether a line of this level is written at all, for those whose fields cost something to make.
bool logs(log_level level) noexcept;

/// Lines go to standard error from here on. `least`: "debug", "info", "warn", "error", "critical" or "off";
/// anything else is "info". Again, with another format, when the settings have been read.
void open_log(log_format format, std::string_view least);

/// The line without its end, as `log` writes it: for tests.
std::string render_line(log_format format, std::string_view time, log_level level, std::string_view message,
                        std::initializer_list<log_field> fields);

} // namespace kalends::observe
