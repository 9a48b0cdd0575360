// SPDX-License-Identifier: Apache-2.0
#include "commands/failpoint.hpp"

#include <stdexcept>
#include <utility>

namespace kalends::commands {

namespace {

class failing_client final : public net::calendar_client {
public:
  failing_client(std::unique_ptr<net::calendar_client> behind, std::string title)
      : behind_(std::move(behind)), title_(std::move(title)) {}

  std::string cursor_fingerprint() const override { return behind_->cursor_fingerprint(); }
  net::call_token insert_event(net::calendar_access who, net::new_event event,
                               net::vendor_done<calendar_event> done) override {
    if (event.what.title.find(title_) != std::string::npos) throw std::runtime_error("the failpoint says so");
    return behind_->insert_event(std::move(who), std::move(event), std::move(done));
  }
  net::call_token list_changes(net::calendar_access who, net::list_request what,
                               net::vendor_done<change_page> done) override {
    return behind_->list_changes(std::move(who), std::move(what), std::move(done));
  }
  net::call_token get_event(net::calendar_access who, event_id event,
                            net::vendor_done<calendar_event> done) override {
    return behind_->get_event(std::move(who), std::move(event), std::move(done));
  }
  net::call_token update_event(net::calendar_access who, net::event_update update,
                               net::vendor_done<calendar_event> done) override {
    return behind_->update_event(std::move(who), std::move(update), std::move(done));
  }
  net::call_token write_occurrence(net::calendar_access who, net::occurrence_write what,
                                   net::vendor_done<bool> done) override {
    return behind_->write_occurrence(std::move(who), std::move(what), std::move(done));
  }
  net::call_token delete_event(net::calendar_access who, event_id event, std::string version,
                               net::vendor_done<bool> done) override {
    return behind_->delete_event(std::move(who), std::move(event), std::move(version), std::move(done));
  }
  net::call_token list_calendars(net::calendar_access who,
                                 net::vendor_done<std::vector<calendar_listing>> done) override {
    return behind_->list_calendars(std::move(who), std::move(done));
  }
  net::call_token open_channel(net::calendar_access who, net::channel_request request,
                               net::vendor_done<channel> done) override {
    return behind_->open_channel(std::move(who), std::move(request), std::move(done));
  }
  net::call_token renew_channel(net::calendar_access who, channel current, instant expires_at,
                                net::vendor_done<channel> done) override {
    return behind_->renew_channel(std::move(who), std::move(current), expires_at, std::move(done));
  }
  net::call_token close_channel(net::calendar_access who, channel current,
                                net::vendor_done<bool> done) override {
    return behind_->close_channel(std::move(who), std::move(current), std::move(done));
  }

private:
  std::unique_ptr<net::calendar_client> behind_;
  std::string title_;
};

} // namespace

std::unique_ptr<net::calendar_client> failing_at(std::unique_ptr<net::calendar_client> behind,
                                                 std::string title) {
  return std::make_unique<failing_client>(std::move(behind), std::move(title));
}

} // namespace kalends::commands
