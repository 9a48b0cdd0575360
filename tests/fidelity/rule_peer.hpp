// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/recurrence.hpp"

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kalends::fidelity {

/// The other library in a process of its own (rule_peer.mjs): it is asked in batches, so that it computes
/// while we do. The sandbox's expansion, libical's, is asked at once. One thread.
class rule_peer {
public:
  /// Throws if the process cannot be started.
  explicit rule_peer(const std::string& script);
  rule_peer(const rule_peer&) = delete;
  rule_peer& operator=(const rule_peer&) = delete;
  ~rule_peer();

  /// Queues the rule of a series, to be compared with ours. Nothing without a rule, or if the other library
  /// is known to be wrong about such rules: then it is counted.
  void ask(unsigned seed, const appointment& a);
  /// Sends what is queued; at most `batch` rules, or the pipes would fill.
  void send();
  /// Reads the answers to what was sent. Each difference is described.
  std::vector<std::string> differences();

  struct question {
    unsigned seed = 0;
    appointment what;
    std::string line;
    std::vector<std::int64_t> first;
    std::vector<std::int64_t> in_window;
    std::pair<std::int64_t, std::int64_t> window;
    bool has_window = false;
  };

  static constexpr std::size_t batch = 100;
  std::uint64_t compared = 0;                       ///< with the other library
  std::uint64_t by_sandbox = 0;                     ///< compared with the sandbox
  std::map<std::string, std::uint64_t> passed_over; ///< known faults of the other library, by name

private:
  std::string compare(const question& q, const std::string& answer) const;

  pid_t process_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
  std::vector<question> asked_;
  std::vector<std::string> differing_sandbox_;
};

} // namespace kalends::fidelity
