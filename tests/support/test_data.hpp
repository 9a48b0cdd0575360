// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace kalends::testing {

/// A file under tests/data.
inline std::string test_data(const std::string& name) {
  std::ifstream file(std::string(KALENDS_TEST_DATA) + "/" + name, std::ios::binary);
  if (!file) throw std::runtime_error("no such test data: " + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// `text` with every `from` replaced.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

} // namespace kalends::testing
