// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kalends::api {

/// One file that was compiled in. `etag` is of its content, quotes included.
struct asset {
  std::string_view path; ///< "/index.html"
  std::string_view type;
  std::string_view etag;
  bool hashed; ///< its name changes with its content, so it may be kept for ever
  std::string_view content;
};

/// The files of the pages and openapi.json. Made by embed_assets.py.
std::span<const asset> page_assets();
const asset& openapi_asset();

/// The page or file at a path, for GET and HEAD; nothing if there is none. All of the pages' own addresses
/// are /index.html. `frame_ancestors`: who may show them in a frame; empty: nobody.
std::optional<net::http_response> asset_answer(const net::http_request& r,
                                               const std::string& frame_ancestors);
/// Whether the pages have something to show at this path.
bool is_page(std::string_view path);
/// An asset as an answer: 304 when the client has it already.
net::http_response serve(const asset& a, const net::http_request& r, const std::string& frame_ancestors = {});

} // namespace kalends::api
