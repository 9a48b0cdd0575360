// SPDX-License-Identifier: Apache-2.0
#include "api/pages.hpp"
#include "api/problem.hpp"
#include "api/router.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace kalends::api {
namespace {

namespace json = boost::json;

const json::object& document() {
  static const json::value parsed = json::parse(openapi_asset().content);
  return parsed.as_object();
}

std::set<std::string> described_routes() {
  std::set<std::string> out;
  for (const auto& path : document().at("paths").as_object())
    for (const auto& item : path.value().as_object())
      if (item.key() != "parameters") {
        std::string method(item.key());
        for (char& c : method) c = static_cast<char>(std::toupper(c));
        out.insert(method + " " + std::string(path.key()));
      }
  return out;
}

TEST(openapi_test, describes_every_route_and_no_other) {
  std::set<std::string> served;
  for (const auto& r : routes()) served.insert(std::string(r.method) + " " + std::string(r.path));
  EXPECT_EQ(described_routes(), served);
}

TEST(openapi_test, lists_every_problem_code_and_no_other) {
  std::set<std::string> listed, known;
  for (const auto& c : document().at("components").at("schemas").at("problem_code").at("enum").as_array())
    listed.insert(c.as_string().c_str());
  for (const auto& p : known_problems()) known.insert(std::string(p.code));
  EXPECT_EQ(listed, known);
}

TEST(openapi_test, asks_for_the_key_that_the_route_asks_for) {
  for (const auto& r : routes()) {
    std::string method(r.method);
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    const auto& operation =
        document().at("paths").at(json::string_view(r.path.data(), r.path.size())).at(method).as_object();
    const auto* security = operation.if_contains("security");
    if (r.needs == access::open) {
      ASSERT_NE(security, nullptr) << r.path;
      EXPECT_TRUE(security->as_array().empty()) << r.path;
    } else if (r.needs == access::installation) {
      ASSERT_NE(security, nullptr) << r.path;
      EXPECT_TRUE(security->as_array().at(0).as_object().contains("admin_key")) << r.path;
    } else if (r.needs == access::scraper) {
      ASSERT_NE(security, nullptr) << r.path;
      EXPECT_TRUE(security->as_array().at(0).as_object().contains("metrics_token")) << r.path;
      EXPECT_TRUE(security->as_array().at(1).as_object().contains("admin_key")) << r.path;
    } else if (r.needs == access::session) {
      ASSERT_NE(security, nullptr) << r.path;
      EXPECT_TRUE(security->as_array().at(0).as_object().contains("session_cookie")) << r.path;
    } else {
      EXPECT_EQ(security, nullptr) << r.path;
    }
  }
}

TEST(openapi_test, names_the_idempotency_key_where_it_is_honoured) {
  for (const auto& r : routes()) {
    std::string method(r.method);
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    const auto& operation =
        document().at("paths").at(json::string_view(r.path.data(), r.path.size())).at(method).as_object();
    const bool named = json::serialize(operation).find("parameters/idempotency_key") != std::string::npos;
    EXPECT_EQ(named, r.idempotent) << r.method << " " << r.path;
  }
}

void collect_references(const json::value& v, std::set<std::string>& out) {
  if (const auto* o = v.if_object()) {
    for (const auto& f : *o) {
      if (f.key() == "$ref") out.insert(f.value().as_string().c_str());
      collect_references(f.value(), out);
    }
  } else if (const auto* a = v.if_array()) {
    for (const auto& one : *a) collect_references(one, out);
  }
}

TEST(openapi_test, refers_only_to_what_it_defines) {
  std::set<std::string> references;
  const json::value whole(document());
  collect_references(whole, references);
  EXPECT_GT(references.size(), 40u);
  for (const auto& r : references) {
    json::error_code missing;
    EXPECT_NE(whole.find_pointer(r.substr(1), missing), nullptr) << r;
  }
}

TEST(openapi_test, gives_every_operation_its_own_id) {
  std::set<std::string> seen;
  for (const auto& path : document().at("paths").as_object()) {
    for (const auto& item : path.value().as_object()) {
      if (item.key() == "parameters") continue;
      EXPECT_TRUE(seen.insert(item.value().at("operationId").as_string().c_str()).second) << path.key();
    }
  }
}

/// Every code in `source` that is given to a failure: a quoted word in snake_case before a quoted sentence.
void collect_codes(const std::string& source, std::set<std::string>& out) {
  constexpr auto word = "abcdefghijklmnopqrstuvwxyz_";
  for (auto at = source.find('"'); at != std::string::npos; at = source.find('"', at + 1)) {
    const auto end = source.find_first_not_of(word, at + 1);
    if (end == std::string::npos || source.compare(end, 2, "\",") != 0) continue;
    const auto sentence = source.find_first_not_of(" \n", end + 2);
    const bool said = sentence != std::string::npos && source[sentence] == '"' &&
                      std::isupper(static_cast<unsigned char>(source[sentence + 1])) != 0;
    const auto code = source.substr(at + 1, end - at - 1);
    if (said && code.find('_') != std::string::npos) out.insert(code);
  }
}

std::set<std::string> codes_in_sources() {
  std::set<std::string> out;
  for (const auto& file : std::filesystem::directory_iterator(KALENDS_API_SOURCES)) {
    if (file.path().extension() != ".cpp" || file.path().filename() == "problem.cpp") continue;
    std::ifstream in(file.path());
    std::stringstream text;
    text << in.rdbuf();
    collect_codes(text.str(), out);
  }
  return out;
}

TEST(openapi_test, knows_every_code_that_the_sources_use) {
  std::set<std::string> known;
  for (const auto& p : known_problems()) known.insert(std::string(p.code));
  const auto used = codes_in_sources();
  EXPECT_GT(used.size(), 25u);
  for (const auto& code : used) EXPECT_TRUE(known.contains(code)) << code;
}

} // namespace
} // namespace kalends::api
