// SPDX-License-Identifier: Apache-2.0
#include "sandbox/microsoft_delta.hpp"

#include "sandbox/microsoft_ids.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace kalends::sandbox::microsoft {

namespace {

namespace json = boost::json;
using namespace std::chrono;

constexpr std::string_view token_salt = "calendarView/delta";
constexpr std::size_t check_bytes = 9;

std::string check_sum(std::string_view text) {
  const auto salted = std::string(token_salt) + std::string(text);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> out{};
  SHA256(reinterpret_cast<const unsigned char*>(salted.data()), salted.size(), out.data());
  return {reinterpret_cast<const char*>(out.data()), check_bytes};
}

json::object tombstone(std::string id) {
  return {{"@odata.type", "#microsoft.graph.event"},
          {"id", std::move(id)},
          {"@removed", {{"reason", "deleted"}}}};
}

/// One stored item's share of a page: never split over two.
struct told {
  json::array whole_events; ///< singles, masters
  json::array instances;
};

class teller {
public:
  teller(const viewer& v, const delta_position& p) : v_(v), p_(p) {}

  told tell(const event_item& item) const {
    if (p_.of_events()) return tell_briefly(item);
    told out;
    if (const auto left = item.left.find(p_.calendar); left != item.left.end()) {
      if (!p_.initial && left->second.sequence > p_.from)
        out.whole_events.push_back(
            tombstone(v_.prefer.immutable_ids ? item.immutable_id : left->second.regular_id));
      return out;
    }
    if (item.deleted)
      tell_deleted(item, out);
    else
      tell_living(item, out);
    return out;
  }

private:
  told tell_briefly(const event_item& item) const {
    told out;
    const auto left = item.left.find(p_.calendar);
    if (left != item.left.end() || item.deleted) {
      const bool news = left == item.left.end() || left->second.sequence > p_.from;
      const bool moved = left != item.left.end() && !v_.prefer.immutable_ids;
      if (!p_.initial && news)
        out.whole_events.push_back(
            tombstone(moved ? left->second.regular_id : id_of(v_, item, std::nullopt)));
      return out;
    }
    const auto o = whole(item);
    if (o.start.at() < p_.window_start) return out;
    const auto all = render_event(v_, o);
    json::object brief{{"@odata.type", "#microsoft.graph.event"}};
    for (const char* name : {"@odata.etag", "id", "type", "start", "end"}) brief[name] = all.at(name);
    out.whole_events.push_back(std::move(brief));
    return out;
  }

  void tell_deleted(const event_item& item, told& out) const {
    if (p_.initial) return;
    out.whole_events.push_back(tombstone(id_of(v_, item, std::nullopt)));
    if (!item.rule) return;
    for (const auto& o : occurrences_in(item, p_.window_start, p_.window_end))
      out.instances.push_back(tombstone(id_of(v_, item, o.date)));
  }

  void tell_living(const event_item& item, told& out) const {
    const auto present = occurrences_in(item, p_.window_start, p_.window_end);
    if (present.empty()) {
      // Whatever happens outside the window looks like a deletion.
      if (!p_.initial) out.whole_events.push_back(tombstone(id_of(v_, item, std::nullopt)));
      return;
    }
    if (!item.rule) {
      out.whole_events.push_back(whole_event(present.front()));
      return;
    }
    if (p_.initial || !v_.box.settings().omit_master_later)
      out.whole_events.push_back(whole_event(whole(item)));
    for (const auto& o : present)
      out.instances.push_back(o.exception != nullptr ? whole_event(o) : render_stub(v_, o));
    if (p_.initial || !v_.box.settings().deleted_instance_tombstones) return;
    for (const auto date : item.cancelled) out.instances.push_back(tombstone(id_of(v_, item, date)));
  }

  json::object whole_event(const occurrence& o) const {
    json::object out{{"@odata.type", "#microsoft.graph.event"}};
    for (const auto& member : render_event(v_, o)) out[member.key()] = member.value();
    return out;
  }

  const viewer& v_;
  const delta_position& p_;
};

/// Items with news for the round, oldest change first.
std::vector<const event_item*> pending(const viewer& v, const delta_position& p) {
  std::vector<const event_item*> out;
  const auto from = std::max(p.from, p.after);
  for (const auto& [key, item] : v.box.items()) {
    const bool concerned = item.calendar == p.calendar || item.left.count(p.calendar) != 0;
    if (concerned && item.sequence > from && item.sequence <= p.upto) out.push_back(&item);
  }
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->sequence < b->sequence; });
  return out;
}

/// The last change that a reader may see yet.
std::uint64_t visible_sequence(const mailbox& box, instant now) {
  const seconds lag(box.settings().lag_seconds);
  auto visible = box.last_sequence();
  if (lag.count() == 0) return visible;
  for (const auto& [key, item] : box.items())
    if (item.changed > now - lag) visible = std::min(visible, item.sequence - 1);
  return visible;
}

void fill_page(const viewer& v, std::size_t page_size, delta_page& page) {
  auto& p = page.next;
  const auto items = pending(v, p);
  const teller tells(v, p);
  json::array instances;
  std::size_t at = 0;
  for (; at < items.size() && page.items.size() + instances.size() < page_size; ++at) {
    auto share = tells.tell(*items[at]);
    for (auto& e : share.whole_events) page.items.push_back(std::move(e));
    for (auto& e : share.instances) instances.push_back(std::move(e));
    p.after = items[at]->sequence;
  }
  for (auto& e : instances) page.items.push_back(std::move(e));
  p.between_pages = at < items.size();
}

} // namespace

std::string write_token(const delta_position& p) {
  const json::array fields{p.between_pages,
                           p.calendar,
                           p.window_start.time_since_epoch().count(),
                           p.window_end.time_since_epoch().count(),
                           p.generation,
                           p.issued.time_since_epoch().count(),
                           p.initial,
                           p.from,
                           p.upto,
                           p.after,
                           p.told_nothing};
  const auto text = json::serialize(fields);
  auto out = item_base64(check_sum(text) + text);
  while (out.back() == '=') out.pop_back();
  return out;
}

std::optional<delta_position> read_token(std::string_view token) {
  auto padded = std::string(token);
  while (padded.size() % 4 != 0) padded += '=';
  const auto bytes = item_base64_decode(padded);
  if (!bytes || bytes->size() <= check_bytes) return std::nullopt;
  const auto text = bytes->substr(check_bytes);
  if (check_sum(text) != bytes->substr(0, check_bytes)) return std::nullopt;
  const auto fields = json::parse(text).as_array();
  const auto number = [&](std::size_t i) { return fields.at(i).to_number<std::uint64_t>(); };
  const auto moment = [&](std::size_t i) {
    return instant(milliseconds(fields.at(i).to_number<std::int64_t>()));
  };
  const auto flag = [&](std::size_t i) { return fields.at(i).as_bool(); };
  return delta_position{flag(0), number(1), moment(2), moment(3), number(4), moment(5),
                        flag(6), number(7), number(8), number(9), flag(10)};
}

delta_position first_position(const mailbox& box, std::uint64_t calendar, instant window_start,
                              instant window_end) {
  delta_position p;
  p.calendar = calendar;
  p.window_start = window_start;
  p.window_end = window_end;
  p.generation = box.generation();
  return p;
}

expected<delta_page> read_page(const viewer& v, delta_position p, std::size_t page_size, instant now) {
  const auto& knobs = v.box.settings();
  const bool first_ever = p.issued == instant{};
  const bool aged = !first_ever && now - p.issued > days(knobs.token_days);
  if (p.generation != v.box.generation() || aged)
    return tl::unexpected(named_refusal("SyncStateNotFound", 0));
  const bool begins = !p.between_pages;
  if (begins) {
    p.initial = first_ever;
    p.upto = std::max(p.from, visible_sequence(v.box, now));
    p.after = 0;
    p.told_nothing = false;
  }
  delta_page page{{}, p};
  page.next.issued = now;
  if (begins && knobs.empty_first_page) {
    page.next.between_pages = page.next.told_nothing = true;
    return page;
  }
  fill_page(v, page_size, page);
  if (knobs.reverse_items) std::reverse(page.items.begin(), page.items.end());
  if (knobs.repeat_items) {
    const auto once = page.items;
    page.items.insert(page.items.end(), once.begin(), once.end());
  }
  if (knobs.endless_paging) {
    page.next = p;
    page.next.issued = now;
    page.next.between_pages = true;
    page.next.told_nothing = !p.told_nothing;
  } else if (!page.next.between_pages) {
    page.next.from = p.upto;
    page.next.after = 0;
  }
  return page;
}

} // namespace kalends::sandbox::microsoft
