// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/world.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

/// What the parts of the sandbox share to be kept on disk: records, each of a kind and with a key of its own,
/// written when they change. `state_file.hpp` owns the file.
namespace kalends::sandbox {

/// Collects what changed since the last save. A part puts the records that are new or other than before and
/// drops those that are gone; it keeps for itself what it has put.
class state_writer {
public:
  /// `everything`: nothing has been written before, whatever the part remembers.
  explicit state_writer(bool everything) : everything_(everything) {}

  bool everything() const { return everything_; }
  void put(std::string_view kind, std::string_view key, const boost::json::object& value);
  void drop(std::string_view kind, std::string_view key);
  /// The lines to append, each one a JSON array of records; empty when nothing changed.
  std::string take();

private:
  void add(std::string_view kind, std::string_view key, std::string_view value);

  bool everything_;
  std::string lines_;
  std::size_t in_line_ = 0;
};

/// Hands the records of a state file to the parts. Whatever a part throws on a record becomes an error that
/// names it.
class state_reader {
public:
  /// Takes one line of the file; later records replace earlier ones. Throws when it is not such a line.
  void read(std::string_view line);
  /// Calls `take` with every record of this kind, in the order of their keys.
  void each(std::string_view kind,
            const std::function<void(const std::string& key, const boost::json::object& value)>& take);
  /// A kind that is in the file and that no part asked for; empty when there is none.
  std::string unknown_kind() const;

private:
  std::map<std::string, std::map<std::string, boost::json::object>, std::less<>> kinds_;
  std::set<std::string, std::less<>> asked_;
};

inline const std::string& state_key(const std::string& key) { return key; }
inline std::string_view state_key(std::string_view key) { return key; }
/// Numbers sort as text in their own order.
inline std::string state_key(std::uint64_t key) {
  auto text = std::to_string(key);
  return std::string(20 - text.size(), '0') + text;
}

template <class Record>
const Record& plain_record(const Record& r) {
  return r;
}
template <class Record>
const Record& plain_record(const std::reference_wrapper<const Record>& r) {
  return r.get();
}

/// What has been written of a map: walked beside the map as it is, it tells what changed. `Mark` is made from
/// a record and equals it for as long as the record need not be written again.
template <class Key, class Mark>
class written_map {
public:
  /// `form` makes the JSON of a record, `prefix` stands before every key.
  template <class Map, class Form>
  void save(state_writer& out, std::string_view kind, std::string_view prefix, const Map& now, Form form) {
    if (out.everything()) marks_.clear();
    auto old = marks_.begin();
    const auto drop_old = [&] {
      out.drop(kind, std::string(prefix).append(state_key(old->first)));
      old = marks_.erase(old);
    };
    for (const auto& [key, referred] : now) {
      const auto& record = plain_record(referred);
      while (old != marks_.end() && old->first < key) drop_old();
      if (old != marks_.end() && old->first == key) {
        if (old->second == record) {
          ++old;
          continue;
        }
        old->second = record;
        ++old;
      } else {
        marks_.emplace_hint(old, key, record);
      }
      out.put(kind, std::string(prefix).append(state_key(key)), form(record));
    }
    while (old != marks_.end()) drop_old();
  }

private:
  std::map<Key, Mark, std::less<>> marks_;
};

/// The mark of records that never change.
struct present {
  template <class Record>
  present(const Record&) {}
  friend bool operator==(const present&, const present&) { return true; }
};

/// A single record that is compared as a whole.
class written_record {
public:
  void save(state_writer& out, std::string_view kind, std::string_view key, boost::json::object now) {
    if (!out.everything() && now == before_) return;
    out.put(kind, key, now);
    before_ = std::move(now);
  }

private:
  boost::json::object before_;
};

// -- members of records; the readers throw when a member is missing or of another type --

inline std::int64_t state_time(instant t) { return t.time_since_epoch().count(); }

template <class Number>
Number number_at(const boost::json::object& o, std::string_view name) {
  return o.at(name).to_number<Number>();
}
inline instant time_at(const boost::json::object& o, std::string_view name) {
  return instant(std::chrono::milliseconds(number_at<std::int64_t>(o, name)));
}
inline std::string string_at(const boost::json::object& o, std::string_view name) {
  return std::string(o.at(name).as_string());
}
inline bool bool_at(const boost::json::object& o, std::string_view name) { return o.at(name).as_bool(); }

template <class Texts>
boost::json::array state_texts(const Texts& texts) {
  boost::json::array out;
  for (const auto& text : texts) out.emplace_back(boost::json::string(text));
  return out;
}

} // namespace kalends::sandbox
