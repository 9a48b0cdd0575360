// SPDX-License-Identifier: Apache-2.0
#include "tests/support/http_imposter.hpp"

#include <stdexcept>

namespace kalends::testing {

using net::http_request;
using net::http_responder;

http_imposter::script& http_imposter::script::then(int status, std::string body, net::header_list headers) {
  if (!body.empty() && net::find_header(headers, "Content-Type").empty())
    headers.emplace_back("Content-Type", "application/json");
  net::http_response answer{status, std::move(headers), std::move(body)};
  return then([a = std::move(answer)](const http_request&, const http_responder& respond) { respond(a); });
}

http_imposter::script& http_imposter::script::then(behaviour what) {
  std::lock_guard lock(owner_.mutex_);
  steps_.push_back(std::move(what));
  return *this;
}

http_imposter::script& http_imposter::script::then_abort() {
  return then([](const http_request&, const http_responder& respond) { respond.abort(); });
}

http_imposter::script& http_imposter::script::then_hang() {
  return then([this](const http_request&, const http_responder& respond) {
    std::lock_guard lock(owner_.mutex_);
    owner_.hanging_.push_back(respond);
  });
}

http_imposter::http_imposter(security s) : io_(std::make_unique<net::io_threads>()) {
  net::http_server_options options;
  if (s == security::tls) {
    certificate_.emplace();
    options.certificate_file = certificate_->certificate_file();
    options.private_key_file = certificate_->key_file();
  }
  auto started = net::http_server::start(
      *io_, options, [this](http_request q, const http_responder& r) { serve(std::move(q), r); });
  if (!started) throw std::runtime_error(started.error().detail);
  server_ = std::move(*started);
}

http_imposter::~http_imposter() {
  server_.reset();
  io_.reset();
}

http_imposter::script& http_imposter::when(const std::string& route) {
  std::lock_guard lock(mutex_);
  auto& found = scripts_[route];
  if (!found) found.reset(new script(*this));
  return *found;
}

std::string http_imposter::url(const std::string& path) const {
  return (certificate_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port()) + path;
}

std::string http_imposter::ca_file() const { return certificate_ ? certificate_->ca_file() : std::string(); }

std::vector<http_request> http_imposter::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<http_request> http_imposter::wait_for_requests(std::size_t n) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(5), [&] { return requests_.size() >= n; });
  return requests_;
}

http_imposter::script* http_imposter::find(const std::string& route) {
  if (const auto exact = scripts_.find(route); exact != scripts_.end()) return exact->second.get();
  script* best = nullptr;
  std::size_t longest = 0;
  for (auto& [pattern, candidate] : scripts_) {
    if (!pattern.ends_with('*') || pattern.size() <= longest) continue;
    if (!route.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1))) continue;
    longest = pattern.size();
    best = candidate.get();
  }
  return best;
}

void http_imposter::serve(http_request request, const http_responder& respond) {
  behaviour step;
  {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
    changed_.notify_all();
    auto* found = find(request.method + " " + request.path);
    if (found && !found->steps_.empty()) {
      step = found->steps_.front();
      if (found->steps_.size() > 1) found->steps_.pop_front();
    }
  }
  if (step) return step(request, respond);
  respond({404,
           {{"Content-Type", "text/plain"}},
           "the imposter knows no " + request.method + " " + request.path});
}

} // namespace kalends::testing
