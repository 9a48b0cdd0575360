// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/ids.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace kalends::persistence {

/// What the nodes that share a database tell each other through it. Called on the listener's thread.
struct node_words {
  /// A calendar of another node's tenant was marked; the counter that its mark has reached.
  std::function<void(const tenant_id&, const provider_id&, std::int64_t mark)> stale;
  /// Leases were given away, a node left, or a tenant was made.
  std::function<void()> leases;
};

/// Listens on a connection of its own, which it makes anew for as long as it lives. A word may be lost while
/// the connection is: what it speaks of stands in rows, which everybody looks at now and then.
class node_listener {
public:
  node_listener(std::string url, std::string role, node_words heard);
  ~node_listener(); ///< no word is passed on afterwards
  node_listener(const node_listener&) = delete;
  node_listener& operator=(const node_listener&) = delete;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// "leases", or "stale <tenant> <provider> <counter>"; anything else is passed over.
void pass_on(std::string_view word, const node_words& heard);

} // namespace kalends::persistence
