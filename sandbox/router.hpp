// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.hpp"
#include "sandbox/account.hpp"

#include <boost/json/value.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kalends::sandbox {

struct route;

/// One request on its way through the sandbox, as its handler sees it.
struct call {
  net::http_request request;
  const route* to = nullptr;
  std::map<std::string, std::string, std::less<>> params; ///< from the path, decoded
  std::vector<std::pair<std::string, std::string>> query; ///< decoded, in order
  account* who = nullptr; ///< set by vendor_half::authorize, or by the handler
  const oauth_token* token = nullptr;
  std::string method; ///< journal name; a handler may sharpen it
  bool wrote = false; ///< a handler sets it when it changed something

  const std::string& param(std::string_view name) const; ///< must be in the pattern
  std::string_view header(std::string_view name) const { return net::find_header(request.headers, name); }
  std::optional<std::string> query_value(std::string_view name) const; ///< the first one
  std::vector<std::string> query_values(std::string_view name) const;
  /// The fields of an application/x-www-form-urlencoded body.
  std::optional<std::string> form_value(std::string_view name) const;
};

using finish = std::function<void(net::http_response)>;

/// A method and path that the sandbox answers. In `pattern` "{name}" matches within one segment, with or
/// without literal text around it ("/v1/projects/{project}/topics/{topic}:publish").
struct route {
  std::string verb;
  std::string pattern;
  std::string name;           ///< journal name: "events.insert", "graph.events.update"
  std::optional<vendor> kind; ///< none: the sandbox's own pages; not journaled and never struck by faults
  bool needs_grant = false;   ///< vendor_half::authorize is asked first
  std::vector<std::string> scopes; ///< any one of them; read by `authorize`
  /// One of the two. `start` answers later by calling `finish` once, with the core locked.
  std::function<net::http_response(call&)> answer;
  std::function<void(std::shared_ptr<call>, finish)> start;
};

/// The table of routes: literal segments win over parameters.
class router {
public:
  void add(route r);
  /// Fills in `to`, `params`, `query` and `method` from `request`. False when nothing matches.
  /// `X-HTTP-Method-Override` on POST is honoured.
  bool match(call& c) const;

private:
  struct compiled;
  std::vector<std::shared_ptr<const compiled>> routes_;
};

net::http_response json_answer(int status, const boost::json::value& body);
net::http_response text_answer(int status, std::string body,
                               std::string content_type = "text/plain; charset=utf-8");
net::http_response redirect(std::string location);

/// A request as the server would hand it over; for tests and for batches.
net::http_request make_request(std::string verb, std::string target, net::header_list headers = {},
                               std::string body = {});

} // namespace kalends::sandbox
