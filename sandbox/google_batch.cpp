// SPDX-License-Identifier: Apache-2.0
#include "sandbox/google.hpp"

#include <algorithm>

namespace kalends::sandbox::google {

namespace {

constexpr std::size_t part_limit = 1'000;

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == '\r' || text.front() == '\n' || text.front() == ' '))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == ' '))
    text.remove_suffix(1);
  return text;
}

/// One line without its ending; `rest` moves behind it.
std::string_view take_line(std::string_view& rest) {
  const auto end = std::min(rest.find('\n'), rest.size());
  auto line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

net::header_list take_headers(std::string_view& rest) {
  net::header_list out;
  while (!rest.empty()) {
    const auto line = take_line(rest);
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    out.emplace_back(std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
  }
  return out;
}

std::string boundary_of(std::string_view content_type) {
  const auto at = content_type.find("boundary=");
  if (!content_type.starts_with("multipart/mixed") || at == std::string_view::npos)
    refuse(400, "badRequest", "Missing or malformed boundary.");
  auto text = content_type.substr(at + 9);
  text = text.substr(0, text.find(';'));
  if (text.size() > 1 && text.front() == '"') text = text.substr(1, text.size() - 2);
  return "--" + std::string(text);
}

struct part {
  std::string content_id;
  net::http_request request;
};

part read_part(std::string_view text, const call& outer) {
  auto rest = trim(text);
  part p;
  p.content_id = net::find_header(take_headers(rest), "Content-ID");
  const auto line = take_line(rest);
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first)
    refuse(400, "badRequest", "Malformed request line in batch.");
  const auto target = line.substr(first + 1, last - first - 1);
  if (!target.starts_with("/calendar/v3/"))
    refuse(400, "badRequest", "Batch parts take a path of the same API.");
  auto headers = take_headers(rest);
  if (net::find_header(headers, "Authorization").empty() && !outer.header("Authorization").empty())
    headers.emplace_back("Authorization", std::string(outer.header("Authorization")));
  p.request = make_request(std::string(line.substr(0, first)), std::string(target), std::move(headers),
                           std::string(trim(rest)));
  return p;
}

std::vector<part> read_parts(const call& c) {
  const auto boundary = boundary_of(c.header("Content-Type"));
  std::vector<part> out;
  std::string_view rest = c.request.body;
  auto at = rest.find(boundary);
  while (at != std::string_view::npos) {
    rest.remove_prefix(at + boundary.size());
    if (rest.starts_with("--")) break;
    at = rest.find(boundary);
    if (at == std::string_view::npos) refuse(400, "badRequest", "The batch is cut off.");
    out.push_back(read_part(rest.substr(0, at), c));
    if (out.size() > part_limit) refuse(400, "badRequest", "The batch has too many calls.");
  }
  if (out.empty()) refuse(400, "badRequest", "The batch is empty.");
  return out;
}

net::http_response run_batch(half& h, call& c) {
  const auto boundary = "batch_" + h.all.people.random_text(12);
  std::string body;
  for (auto& p : read_parts(c)) {
    auto one = h.all.nested(std::move(p.request)).response;
    body += "--" + boundary + "\r\nContent-Type: application/http\r\n";
    if (p.content_id.size() > 2)
      body += "Content-ID: <response-" + p.content_id.substr(p.content_id.front() == '<' ? 1 : 0) + "\r\n";
    body += "\r\nHTTP/1.1 " + std::to_string(one.status) + " \r\n";
    for (const auto& [name, value] : one.headers) body += name + ": " + value + "\r\n";
    body += "\r\n" + one.body + "\r\n";
  }
  return text_answer(200, body + "--" + boundary + "--\r\n", "multipart/mixed; boundary=" + boundary);
}

} // namespace

void add_batch_route(half& h, router& routes) {
  const auto guarded = [&h](call& c) {
    try {
      return run_batch(h, c);
    } catch (const refusal& r) {
      return answer(r.what_to_say);
    }
  };
  routes.add({"POST", "/batch/calendar/v3", "batch", vendor::google, false, {}, guarded, {}});
}

} // namespace kalends::sandbox::google
