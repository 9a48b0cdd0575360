// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/microsoft_error.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The part of OData's query options that Graph honours for events.
namespace kalends::sandbox::microsoft {

/// One event as filters and orderings see it: rendered in UTC, with its extended properties beside it.
struct filter_row {
  const boost::json::object* event = nullptr;
  const std::map<std::string, std::string>* extended = nullptr;
};

/// A parsed `$filter`.
class event_filter {
public:
  struct node;
  /// Errors as Graph's: `RequestBroker--ParseUri`, `UnsupportedEntityExpression`.
  static expected<event_filter> parse(std::string_view text);
  bool matches(const filter_row& row) const;

private:
  std::shared_ptr<const node> root_;
};

struct query_options {
  std::vector<std::string> select; ///< empty: everything
  std::optional<event_filter> filter;
  std::string order_by; ///< "start/dateTime", "lastModifiedDateTime", "subject", …; empty: none
  bool descending = false;
  std::size_t top = 10;
  std::size_t skip = 0;
  std::vector<std::string>
      extended_ids; ///< of $expand=singleValueExtendedProperties($filter=id eq '…' [or …])
  bool exception_occurrences = false; ///< of $expand=exceptionOccurrences
};

/// Reads `$…` of a decoded query. Unknown options, properties and expansions are refused.
expected<query_options> read_options(const std::vector<std::pair<std::string, std::string>>& query);

/// Keeps the chosen properties, `id` and the annotations.
boost::json::object select_from(boost::json::object event, const std::vector<std::string>& select);
/// Whether `a` stands before `b`.
bool ordered_before(const query_options& options, const boost::json::object& a, const boost::json::object& b);

} // namespace kalends::sandbox::microsoft
