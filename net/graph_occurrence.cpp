// SPDX-License-Identifier: Apache-2.0
#include "net/graph_api.hpp"
#include "schema/recurrence.hpp"

namespace kalends::net {
namespace {

using namespace std::chrono_literals;

constexpr int occurrence_page_limit = 40; ///< of 100 occurrences

/// One occurrence of a series. Graph tells its id: where the rule puts it, or, if it was moved away from
/// there, among the exceptions.
class occurrence_writing : public std::enable_shared_from_this<occurrence_writing> {
public:
  occurrence_writing(graph_api_ptr api, const calendar_access& who, occurrence_write what,
                     vendor_done<bool> done)
      : api_(std::move(api)), events_(api_->calendar(who) + "/events/"), what_(std::move(what)),
        done_(std::move(done)), call_(api_->start(who)) {}

  call_token begin() {
    const auto at = instant_of(time_of_slot(what_.master, what_.at));
    const auto series = events_ + percent_encode(what_.series.str());
    exceptions_ = api_->url + series + "?$select=id,exceptionOccurrences&$expand=exceptionOccurrences";
    // Days that float are matched as days of UTC; the hours of a zone differ from it by less than a day.
    look(api_->url + series + "/instances?startDateTime=" + percent_encode(to_rfc3339(instant(at) - 26h)) +
         "&endDateTime=" + percent_encode(to_rfc3339(instant(at) + 50h)) + "&$top=100");
    return call_->token();
  }

private:
  void look(std::string url) {
    call_->ask(asked::event, api_->absolute("GET", std::move(url)),
               [self = shared_from_this()](const result<std::string>& body) { self->looked(body); });
  }

  void looked(const result<std::string>& body) {
    const auto page = body.and_then([&](const std::string& text) {
      return read_guarded([&] { return read_graph_instances(text, what_.master); });
    });
    if (!page && page.error().kind == errc::not_found) return done_(false);
    if (!page) return done_(tl::unexpected(page.error()));
    const auto day = std::chrono::floor<std::chrono::days>(what_.at);
    const auto found = std::find_if(page->items.begin(), page->items.end(),
                                    [&](const graph_instance& i) { return i.day == day; });
    if (found != page->items.end()) return write(found->id, false);
    if (page->next_link.empty()) {
      if (exceptions_.empty()) return done_(false);
      return look(std::exchange(exceptions_, {}));
    }
    if (!api_->is_own(page->next_link)) return done_(foreign_link());
    if (++pages_ >= occurrence_page_limit)
      return done_(failure(errc::broken, "too_many_pages", "The list of occurrences does not end."));
    look(page->next_link);
  }

  void write(const event_id& occurrence, bool in_utc) {
    const auto path = events_ + percent_encode(occurrence.str());
    const bool cancels = what_.how == occurrence_write::kind::cancel;
    auto request = cancels ? api_->request("DELETE", path)
                           : api_->request("PATCH", path, write_graph_occurrence(what_, in_utc));
    call_->ask(cancels ? asked::removal : asked::update, std::move(request),
               [self = shared_from_this(), occurrence, in_utc](const result<std::string>& body) {
                 if (body) return self->done_(true);
                 if (body.error().kind == errc::not_found) return self->done_(false);
                 if (!in_utc && body.error().code == "zone_not_supported")
                   return self->write(occurrence, true);
                 self->done_(tl::unexpected(body.error()));
               });
  }

  graph_api_ptr api_;
  std::string events_;
  occurrence_write what_;
  vendor_done<bool> done_;
  std::shared_ptr<vendor_call> call_;
  std::string exceptions_; ///< to be asked if the occurrence is not where the rule puts it
  int pages_ = 0;
};

} // namespace

call_token send_graph_occurrence(graph_api_ptr api, const calendar_access& who, occurrence_write what,
                                 vendor_done<bool> done) {
  return std::make_shared<occurrence_writing>(std::move(api), who, std::move(what), std::move(done))->begin();
}

} // namespace kalends::net
