// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace kalends::actors {

/// Which events a read has shown, as 64-bit fingerprints with a seed of their own, in an open table: 16 to 32
/// bytes an event whatever its id's length. Two ids that pass for one do so in one read only, and to pass for
/// shown can only delay to the next read that a missing event is noticed.
class event_set {
public:
  /// A million events, 16 MB. Above, nothing is kept and `full` says so.
  static constexpr std::size_t limit = 1'000'000;

  explicit event_set(std::uint64_t seed = 0) : seed_(seed) {}

  /// Whether it had not been there.
  bool add(std::string_view id) {
    if (full_) return true;
    if ((size_ + 1) * 2 > table_.size()) grow();
    auto& slot = table_[place(fingerprint(id))];
    if (slot != 0) return false;
    slot = fingerprint(id);
    if (++size_ <= limit) return true;
    full_ = true;
    table_ = {};
    return true;
  }
  bool contains(std::string_view id) const { return !table_.empty() && table_[place(fingerprint(id))] != 0; }
  bool full() const { return full_; }
  std::size_t size() const { return full_ ? 0 : size_; }

private:
  /// FNV-1a, finished as in MurmurHash3; 0 is an empty slot.
  std::uint64_t fingerprint(std::string_view id) const {
    std::uint64_t h = 14'695'981'039'346'656'037ULL ^ seed_;
    for (const char c : id) h = (h ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    h ^= h >> 33;
    return h == 0 ? 1 : h;
  }
  /// Where it lies, or the empty slot where it belongs.
  std::size_t place(std::uint64_t print) const {
    auto at = static_cast<std::size_t>(print) & (table_.size() - 1);
    while (table_[at] != 0 && table_[at] != print) at = (at + 1) & (table_.size() - 1);
    return at;
  }
  void grow() {
    const auto old =
        std::exchange(table_, std::vector<std::uint64_t>(table_.empty() ? 64 : table_.size() * 2));
    for (const auto print : old)
      if (print != 0) table_[place(print)] = print;
  }

  std::uint64_t seed_;
  std::vector<std::uint64_t> table_; ///< a power of two, at most half of it taken
  std::size_t size_ = 0;
  bool full_ = false;
};

} // namespace kalends::actors
