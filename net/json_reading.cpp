// SPDX-License-Identifier: Apache-2.0
#include "net/json_reading.hpp"

namespace kalends::net {
namespace {

constexpr std::size_t depth_limit = 64;
/// A parser holds about fourteen times its capacity.
constexpr std::size_t shared_capacity = 1024 * 1024;
constexpr std::size_t first_capacity = 64 * 1024;

struct thread_parser {
  simdjson::dom::parser parser;
  bool ready = parser.allocate(first_capacity, depth_limit) == simdjson::SUCCESS;
  bool taken = false;
};
thread_local thread_parser shared;

} // namespace

json_document::json_document(const std::string& body) {
  auto* parser = &shared.parser;
  if (shared.taken || !shared.ready || body.size() > shared_capacity) {
    own_ = std::make_unique<simdjson::dom::parser>();
    if (own_->allocate(body.size(), depth_limit) != simdjson::SUCCESS) return;
    parser = own_.get();
  } else {
    shared.taken = true;
  }
  simdjson::dom::element root;
  if (parser->parse(body).get(root) == simdjson::SUCCESS) object_ = object_of(root);
}

json_document::~json_document() {
  if (!own_) shared.taken = false;
}

} // namespace kalends::net
