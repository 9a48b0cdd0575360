// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kalends::api {

class call;

/// Who may use a route: anybody, the holder of the installation's admin key, whoever scrapes (the metrics
/// token or the admin key), a browser that signed in, or a tenant's key or session of at least this role. Who
/// runs the installation may do everything in the tenant that they name. What a person may do who signed in
/// for themselves is said by person_rules.cpp.
enum class access { open, installation, scraper, session, reader, operator_, admin };

struct route {
  std::string_view method;
  std::string_view path; ///< "/v1/users/{id}": a name in braces stands for one segment
  access needs;
  void (*begin)(const std::shared_ptr<call>&);
  /// What the first id of the path names: a UUID of it that is not found leaves a trace. Empty: no trace.
  std::string_view subject = {};
  /// An Idempotency-Key is honoured. Never for an answer that holds a secret, because answers are kept in a
  /// table.
  bool idempotent = false;
  /// Needs the tenant's actors: done by the node that runs the tenant, which another node hands it to.
  bool by_owner = false;
};

/// All routes of the contract, in the order of openapi.yaml.
std::span<const route> routes();

inline constexpr std::size_t path_values_limit = 2;
using path_values = std::array<std::string, path_values_limit>;

struct route_match {
  const route* found = nullptr;
  path_values values;  ///< what stood for the names, in order
  std::string allowed; ///< "GET, HEAD, PATCH": what the path knows; empty when nobody knows the path
};

/// HEAD finds the route of GET.
route_match match(std::span<const route> table, std::string_view method, std::string_view path);

} // namespace kalends::api
