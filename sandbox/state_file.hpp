// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/state_part.hpp"
#include "schema/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace kalends::sandbox {

struct core;
class signing_keys;

/// The memory of a sandbox beyond its process: `state.jsonl`, a log of changed records, and one PEM file of
/// signing keys for each vendor. What has been saved survives kill -9 of the process, not a crash of the
/// machine: nothing is flushed to the medium. Every member is called with the core locked.
class state_file {
public:
  /// Reads what an earlier sandbox left in `directory` (made if it is missing) into `c`, which must be fresh
  /// and have its halves open, and holds the directory until destroyed. Errors: `state_dir_unusable`,
  /// `state_dir_in_use`, `state_file_unreadable`, `state_file_foreign`; then `c` must not be used.
  static result<std::unique_ptr<state_file>> open(core& c, const std::filesystem::path& directory);
  ~state_file();
  state_file(const state_file&) = delete;
  state_file& operator=(const state_file&) = delete;

  /// Appends what changed since the last save; costs next to nothing when nothing did. Error:
  /// `state_not_saved`, and the next save writes everything anew.
  result<void> save();
  std::uint64_t bytes() const { return size_; } ///< of the log

private:
  state_file(core& c, std::filesystem::path directory);
  result<void> take_directory();
  result<void> load();
  result<void> read_lines(state_reader& in);
  result<void> load_keys(signing_keys& keys, const char* name, std::size_t& saved);
  bool save_keys(const signing_keys& keys, const char* name, std::size_t& saved);
  void gather(state_writer& out);
  bool append(const std::string& lines);
  bool rewrite();

  core& core_;
  std::filesystem::path directory_;
  written_record settings_;
  int lock_ = -1;
  int log_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t compact_size_ = 0;                   ///< when it held every record once
  bool whole_ = false;                               ///< the log tells everything up to the last save
  std::size_t google_keys_ = 0, microsoft_keys_ = 0; ///< saved
};

} // namespace kalends::sandbox
