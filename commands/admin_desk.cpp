// SPDX-License-Identifier: Apache-2.0
#include "commands/admin_desk.hpp"

#include <boost/json.hpp>

#include <fstream>

namespace kalends::commands {

namespace json = boost::json;

namespace {

std::string key_of(const settings& s) {
  if (!s.admin_key.empty()) return s.admin_key;
  std::string key;
  if (std::ifstream in(s.data_dir + "/admin.key"); in) std::getline(in, key);
  return key;
}

std::string url_of(const settings& s) {
  if (!s.public_url.empty()) return s.public_url;
  return (s.certificate_file.empty() ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(s.port);
}

} // namespace

void say(const std::string& line) { std::printf("%s\n", line.c_str()); }

std::string text_at(const json::value& v, const char* key) {
  const auto* o = v.if_object();
  const auto* one = o ? o->if_contains(key) : nullptr;
  return one && one->is_string() ? std::string(one->as_string()) : std::string();
}

admin_desk::admin_desk(configuration c, std::string server_url)
    : c_(std::move(c)), server_url_(server_url.empty() ? url_of(c_.server) : std::move(server_url)),
      http_(std::make_shared<net::http_client>(io_,
                                               net::http_client_options{.ca_file = c_.server.extra_ca_file})),
      server_(http_), key_(key_of(c_.server)) {}

admin_desk::~admin_desk() { http_->stop(); }

result<json::value> admin_desk::ask(const char* method, const std::string& path,
                                    const json::value& body) const {
  if (key_.empty())
    return failure(errc::invalid, "admin_key_missing",
                   "The admin key is neither set (admin_key, KALENDS_ADMIN_KEY) nor in " +
                       c_.server.data_dir + "/admin.key.");
  return server_.call(method, server_url_ + path, key_, body);
}

} // namespace kalends::commands
