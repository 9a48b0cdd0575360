// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::simulation {

/// What happened in one world: how often (always), and in words (only when somebody wants to read it, because
/// the same seed tells the same story again).
class trace {
public:
  explicit trace(bool in_words) : in_words_(in_words) {}

  bool in_words() const { return in_words_; }
  /// `line` is called only if it is read.
  template <class Line>
  void say(Line&& line) {
    if (in_words_) keep(line());
  }
  void count(std::string_view what) { ++happened_[std::string(what)]; }
  /// A fault is counted and told.
  void fault(std::string_view kind) {
    count("fault:" + std::string(kind));
    say([&] { return "  fault: " + std::string(kind); });
  }
  /// An invariant does not hold. Only the first one counts: what follows from it is noise.
  void violation(int invariant, const std::string& what) {
    if (violation_.empty()) violation_ = "invariant " + std::to_string(invariant) + ": " + what;
  }

  const std::string& violation() const { return violation_; }
  const std::map<std::string, std::size_t>& happened() const { return happened_; }
  const std::deque<std::string>& last_lines() const { return lines_; }
  void at(int step) { step_ = step; }
  int step() const { return step_; }

private:
  void keep(std::string line) {
    lines_.push_back(std::to_string(step_) + " " + std::move(line));
    if (lines_.size() > most_lines) lines_.pop_front();
  }

  static constexpr std::size_t most_lines = 20'000;
  bool in_words_;
  int step_ = 0;
  std::string violation_;
  std::map<std::string, std::size_t> happened_;
  std::deque<std::string> lines_;
};

} // namespace kalends::simulation
