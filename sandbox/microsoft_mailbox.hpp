// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/account.hpp"
#include "sandbox/microsoft_event.hpp"
#include "sandbox/microsoft_knobs.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kalends::sandbox::microsoft {

struct calendar_item {
  std::uint64_t key = 0;
  std::string id, short_id;
  std::string name;
  std::string color = "auto";
  bool is_default = false;
  bool can_edit = true; ///< false: subscribed, holidays, shared for reading
  std::uint64_t version = 1;
  friend bool operator==(const calendar_item&, const calendar_item&) = default;
};

/// A message Exchange would have sent because of a meeting. Tests look here for invitations nobody asked for.
struct mail {
  instant time;
  std::string to;
  std::string kind; ///< "request", "update", "cancellation", "response"
  std::string subject;
};

enum class change_kind { created, updated, deleted };

/// An item found by an id: the whole event, or one instance of it.
struct found_item {
  event_item* item = nullptr;
  std::optional<local_days> date;
  bool immutable = false; ///< the id was of this form
};

struct write_context {
  change_author author = change_author::application;
  instant now{};
  std::string if_match; ///< empty: unconditional
};

/// One person's calendars and events. Not thread-safe: the core's mutex guards it. Items are never erased, so
/// that deltas can tell of deletions; a mailbox holds at most `item_limit`.
class mailbox {
public:
  static constexpr std::size_t item_limit = 200'000;
  static constexpr std::size_t mail_limit = 10'000;

  /// Called after every change of an item, deletion included.
  using listener = std::function<void(const mailbox&, const event_item&, change_kind)>;

  mailbox(const account& owner, const knobs& k, listener on_change);

  const account& owner() const { return *owner_; }
  const knobs& settings() const { return *knobs_; }

  // -- calendars --
  const std::map<std::uint64_t, calendar_item>& calendars() const { return calendars_; }
  const calendar_item& default_calendar() const { return calendars_.at(1); }
  const calendar_item* find_calendar(std::string_view id) const; ///< either spelling
  const calendar_item& calendar(std::uint64_t key) const { return calendars_.at(key); }
  calendar_item& add_calendar(std::string name, bool can_edit);
  expected<const calendar_item*> change_calendar(std::string_view id, const boost::json::object& body);
  /// Its events go with it. The default calendar stays.
  std::optional<refusal> remove_calendar(std::string_view id, const write_context& w);

  // -- events --
  const std::map<std::uint64_t, event_item>& items() const { return items_; }
  /// Deleted items are found too; most callers want `read`.
  std::optional<found_item> find(std::string_view id);
  expected<found_item> read(std::string_view id, instant now);

  struct creation {
    event_item* item = nullptr;
    bool replayed = false; ///< the same transactionId and content as before
  };
  expected<creation> create(std::uint64_t calendar, const boost::json::object& body, const write_context& w);
  expected<found_item> change(std::string_view id, const boost::json::object& body, const write_context& w);
  std::optional<refusal> remove(std::string_view id, const write_context& w);
  /// What Outlook's drag to another calendar does: a new regular id, the same immutable one.
  std::optional<refusal> move(std::string_view id, std::string_view calendar, instant now);
  /// Exchange's own processing: the change key advances, the content stays.
  std::optional<refusal> touch(std::string_view id, instant now);
  /// `accept`, `tentativelyAccept`, `decline` of an invitation, `cancel` of an own meeting.
  std::optional<refusal> respond(std::string_view id, std::string_view action,
                                 const boost::json::object& body, const write_context& w);

  // -- microsoft_meetings.cpp: one meeting in several mailboxes --
  /// Everybody who is or was a guest of that own event.
  std::vector<std::string> invited_to(std::uint64_t key);
  /// An invitation, an update or a cancellation arrives.
  void receive(const mailbox& from, const event_item& meeting, bool cancelled, instant now);
  /// A guest's answer arrives.
  void tally(std::uint64_t key, std::string_view address, std::string_view answer, instant now);

  std::string change_key_of(const event_item& item) const;
  const std::vector<mail>& mails() const { return mails_; }

  // -- delta --
  std::uint64_t last_sequence() const { return last_sequence_; }
  std::uint64_t generation() const { return generation_; }
  void forget_sync_state() { ++generation_; }

  // -- microsoft_state.cpp: kept and found again, without the mails; the loaders throw on malformed records
  // --
  void save(state_writer& out);
  void load_facts(const boost::json::object& o);
  void load_calendar(const boost::json::object& o);
  void load_item(const boost::json::object& o);

private:
  std::optional<refusal> check_writable(const event_item& item, const write_context& w) const;
  std::optional<refusal> check_match(const found_item& found, const write_context& w) const;
  expected<found_item> open_for_write(std::string_view id, const write_context& w);
  std::optional<refusal> apply(found_item& found, const event_change& change);
  void stamp(event_item& item, change_kind kind, instant now);
  void write_mails(const event_item& item, std::string_view kind, instant now);
  void drop(event_item& item, instant now);

  const account* owner_;
  const knobs* knobs_;
  listener on_change_;
  std::map<std::uint64_t, calendar_item> calendars_;
  std::map<std::uint64_t, event_item> items_;
  std::unordered_map<std::string, std::uint64_t> by_id_;
  struct transaction {
    std::uint64_t item = 0;
    std::string content;
  };
  std::unordered_map<std::string, transaction> transactions_;
  std::vector<mail> mails_;
  std::uint64_t last_key_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t generation_ = 1;
  struct {
    written_map<std::uint64_t, calendar_item> calendars;
    written_record facts;
    std::uint64_t sequence = 0; ///< items changed later are to be written
  } written_;
};

} // namespace kalends::sandbox::microsoft
