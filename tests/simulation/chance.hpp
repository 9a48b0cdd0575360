// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace kalends::simulation {

/// All chance of a simulated world: one seed, one sequence. No distribution of the standard library, because
/// those differ between libraries.
class chance {
public:
  explicit chance(unsigned seed) : dice_(seed) {}

  unsigned below(std::size_t n) { return static_cast<unsigned>(dice_() % n); }
  /// 0: never.
  bool one_in(unsigned n) { return n != 0 && below(n) == 0; }
  bool coin() { return one_in(2); }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from.at(below(from.size()));
  }
  std::string bytes(std::size_t n) {
    std::string text(n, '\0');
    for (auto& b : text) b = static_cast<char>(dice_() & 0xff);
    return text;
  }

private:
  std::mt19937 dice_;
};

} // namespace kalends::simulation
