// SPDX-License-Identifier: Apache-2.0
#include "net/server_answer.hpp"

#include "net/http_rules.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <charconv>

namespace kalends::net {
namespace {

std::string_view reason(int status) {
  const auto text =
      boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  return {text.data(), text.size()};
}

bool owned_by_server(std::string_view name) {
  return same_name(name, "Content-Length") || same_name(name, "Transfer-Encoding") ||
         same_name(name, "Connection") || same_name(name, "Date") || same_name(name, "Server");
}

void append_number(std::string& out, std::size_t number, int base = 10) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
  out.append(digits, end);
}

void append_guarded(std::string& out, std::string_view text) {
  const auto start = out.size();
  out += text;
  const auto unsafe = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), unsafe, ' ');
}

} // namespace

http_response problem(int status, std::string_view code, std::string_view detail) {
  http_response answer;
  answer.status = status;
  answer.headers.emplace_back("Content-Type", "application/problem+json");
  answer.body = R"({"type":"urn:kalends:problem:)";
  answer.body += code;
  answer.body += R"(","title":")";
  answer.body += reason(status);
  answer.body += R"(","status":)" + std::to_string(status) + R"(,"code":")";
  answer.body += code;
  answer.body += R"(","detail":")";
  answer.body += detail;
  answer.body += "\"}";
  return answer;
}

std::string_view date_line::now() {
  const auto time = std::time(nullptr);
  if (time != made_) {
    std::tm parts{};
    gmtime_r(&time, &parts);
    char text[40];
    const auto size = std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    text_.assign(text, size);
    made_ = time;
  }
  return text_;
}

void append_head(std::string& out, const http_response& answer, framing end, std::string_view connection,
                 std::string_view date) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(answer.status));
  out += ' ';
  out += reason(answer.status);
  out += "\r\nServer: kalends\r\n";
  out += date;
  for (const auto& [name, value] : answer.headers) {
    if (owned_by_server(name)) continue;
    append_guarded(out, name);
    out += ": ";
    append_guarded(out, value);
    out += "\r\n";
  }
  if (end == framing::chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (end == framing::counted && !bodiless(answer.status)) {
    out += "Content-Length: ";
    append_number(out, answer.body.size());
    out += "\r\n";
  }
  out += connection;
  out += "\r\n";
}

void append_chunk(std::string& out, std::string_view bytes) {
  append_number(out, bytes.size(), 16);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
}

} // namespace kalends::net
