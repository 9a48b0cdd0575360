// SPDX-License-Identifier: Apache-2.0
#include "net/host_probe.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace kalends::net {
namespace {

/// 128 bits; IPv4 stands in its mapped form, ::ffff:0:0/96.
using address_bits = std::array<unsigned char, 16>;

struct range {
  const char* from;
  int bits;
  address_kind kind;
};

/// The first that fits. RFC 6890 and IANA's special-purpose registries.
constexpr range ranges[] = {
    {"127.0.0.0", 8, address_kind::loopback},     {"10.0.0.0", 8, address_kind::internal},
    {"172.16.0.0", 12, address_kind::internal},   {"192.168.0.0", 16, address_kind::internal},
    {"100.64.0.0", 10, address_kind::internal},   {"169.254.0.0", 16, address_kind::internal},
    {"0.0.0.0", 8, address_kind::reserved},       {"192.0.0.0", 24, address_kind::reserved},
    {"192.0.2.0", 24, address_kind::reserved},    {"198.18.0.0", 15, address_kind::reserved},
    {"198.51.100.0", 24, address_kind::reserved}, {"203.0.113.0", 24, address_kind::reserved},
    {"224.0.0.0", 3, address_kind::reserved},     {"0.0.0.0", 0, address_kind::open},
    {"::1", 128, address_kind::loopback},         {"::", 128, address_kind::reserved},
    {"fc00::", 7, address_kind::internal},        {"fe80::", 10, address_kind::internal},
    {"2001:db8::", 32, address_kind::reserved},   {"100::", 64, address_kind::reserved},
    {"ff00::", 8, address_kind::reserved},        {"2000::", 3, address_kind::open},
};

/// False: it is no numeric address. `offset`: how many bits stand before it in the mapped form.
bool read(const char* text, address_bits& into, int& offset) {
  in_addr four{};
  into.fill(0);
  offset = 0;
  if (::inet_pton(AF_INET, text, &four) == 1) {
    into[10] = into[11] = 0xff;
    std::memcpy(&into[12], &four, sizeof four);
    offset = 96;
    return true;
  }
  return ::inet_pton(AF_INET6, text, into.data()) == 1;
}

bool within(const address_bits& a, const address_bits& range, int bits) {
  for (int i = 0; i < bits; ++i) {
    const auto at = static_cast<std::size_t>(i / 8);
    const unsigned mask = 0x80U >> (i % 8);
    if ((a[at] & mask) != (range[at] & mask)) return false;
  }
  return true;
}

} // namespace

address_kind kind_of_address(std::string_view numeric) {
  std::string text(numeric.substr(0, numeric.find('%'))); // fe80::1%eth0
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  address_bits wanted{}, known{};
  int offset = 0;
  if (!read(text.c_str(), wanted, offset)) return address_kind::not_an_address;
  for (const auto& r : ranges)
    if (read(r.from, known, offset) && within(wanted, known, offset + r.bits)) return r.kind;
  return address_kind::reserved;
}

} // namespace kalends::net
