// SPDX-License-Identifier: Apache-2.0
#include "doctor/report_text.hpp"

#include <algorithm>
#include <string_view>

namespace kalends::doctor {

namespace {

constexpr std::size_t line_width = 100;
constexpr std::size_t state_width = 8;
constexpr std::size_t check_width = 18;
constexpr std::size_t text_column = 2 + state_width + 1 + check_width + 1;

struct paint {
  std::string_view word, code;
};

paint paint_of(finding_state s) {
  switch (s) {
  case finding_state::ok:
    return {"ok", "\x1b[32m"};
  case finding_state::warning:
    return {"WARNING", "\x1b[33m"};
  case finding_state::problem:
    return {"PROBLEM", "\x1b[1;31m"};
  case finding_state::skipped:
    break;
  }
  return {"skipped", "\x1b[2m"};
}

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  if (out.size() < width) out.append(width - out.size(), ' ');
  return out;
}

/// Broken between words; lines after the first begin at `column`.
std::string wrapped(std::string_view text, std::size_t column) {
  std::string out;
  std::size_t at = column;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" \n"), text.size());
    const auto word = text.substr(0, end);
    const bool breaks = end < text.size() && text[end] == '\n';
    if (at > column && at + 1 + word.size() > line_width) {
      out += "\n" + std::string(column, ' ');
      at = column;
    } else if (at > column) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
    if (breaks) {
      out += "\n" + std::string(column, ' ');
      at = column;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

void add_line(std::string& out, std::string_view label, std::string_view text) {
  if (text.empty()) return;
  constexpr std::size_t label_width = 7;
  out += std::string(text_column, ' ') + padded(label, label_width) +
         wrapped(text, text_column + label_width) + "\n";
}

/// What is to be pasted stands on lines of its own and is not broken.
void add_literal(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out += std::string(text_column + 7, ' ') + std::string(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void add_finding(std::string& out, const finding& f, bool colour) {
  const auto p = paint_of(f.state);
  const std::string begin = colour ? std::string(p.code) : std::string();
  const std::string end = colour ? "\x1b[0m" : "";
  out += "  " + begin + padded(p.word, state_width) + end + " " + padded(f.check, check_width) + " ";
  if (f.check.size() > check_width) out += "\n" + std::string(text_column, ' ');
  out += wrapped(f.subject.empty() ? f.found : f.subject + ": " + f.found, text_column) + "\n";
  add_line(out, "means", f.consequence);
  add_line(out, "do", f.remedy);
  add_literal(out, f.copy);
}

} // namespace

std::string report_text(const report& r, bool colour) {
  std::string out;
  for (const auto a : all_areas) {
    const auto in_it = [a](const finding& f) { return f.where == a; };
    if (std::none_of(r.findings.begin(), r.findings.end(), in_it)) continue;
    out += std::string(out.empty() ? "" : "\n") + (colour ? "\x1b[1m" : "") + std::string(title_of(a)) +
           (colour ? "\x1b[0m" : "") + "\n";
    for (const auto& f : r.findings)
      if (in_it(f)) add_finding(out, f, colour);
  }
  const auto n = [&](finding_state s) { return std::to_string(count(r, s)); };
  out += "\nProblems: " + n(finding_state::problem) + ", warnings: " + n(finding_state::warning) +
         ", well: " + n(finding_state::ok) + ", skipped: " + n(finding_state::skipped) + ". Took " +
         std::to_string(r.took.count()) + " ms.\n";
  return out;
}

} // namespace kalends::doctor
