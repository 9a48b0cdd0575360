// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/call.hpp"
#include "api/json_reader.hpp"
#include "api/query_reader.hpp"
#include "api/resources.hpp"
#include "api/wire.hpp"

#include <string>
#include <utility>

/// The turns of phrase that the resources' files share.
namespace kalends::api {

/// The id in the path. What is no UUID names nothing, so it fails as a missing thing does.
template <class Id>
result<Id> path_id(const call& c, std::size_t index, const char* not_found_code) {
  if (!is_uuid(c.path[index])) return failure(errc::not_found, not_found_code, "There is no such thing.");
  return Id(c.path[index]);
}

/// The value, or the failure of a thing that is not there.
template <class T>
result<T> present(result<std::optional<T>> found, const char* not_found_code) {
  if (!found) return tl::unexpected(found.error());
  if (!*found) return failure(errc::not_found, not_found_code, "There is no such thing.");
  return std::move(**found);
}

/// True, or the failure of a thing that is not there.
inline result<void> present(const result<bool>& found, const char* not_found_code) {
  if (!found) return tl::unexpected(found.error());
  if (!*found) return failure(errc::not_found, not_found_code, "There is no such thing.");
  return {};
}

struct list_request {
  std::string cursor;
  std::size_t limit = list_default;
};

/// The query of a list without filters.
inline result<list_request> read_list_request(const call& c) {
  query_reader query(c.request.query);
  list_request out{query.cursor(), query.limit()};
  if (auto sound = query.close(); !sound) return tl::unexpected(sound.error());
  return out;
}

/// A list of the path's or the caller's tenant, as its page says.
template <class T>
result<net::http_response> list_answer(const result<page_of<T>>& page) {
  if (!page) return tl::unexpected(page.error());
  return json_answer(200, list_json(*page));
}

/// The body, read by `read` from an object_reader; fails as the reader's `close` does.
template <class T>
result<T> read_body(const call& c, T (*read)(object_reader&)) {
  auto body = c.body();
  if (!body) return tl::unexpected(body.error());
  object_reader reader(*body);
  T value = read(reader);
  if (auto sound = reader.close(); !sound) return tl::unexpected(sound.error());
  return value;
}

inline net::http_response created(const std::string& location, const boost::json::value& body) {
  auto answer = json_answer(201, body);
  answer.headers.emplace_back("Location", location);
  return answer;
}

} // namespace kalends::api
