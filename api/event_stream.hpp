// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/engine.hpp"
#include "net/http_message.hpp"
#include "schema/fact.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace kalends::api {

/// {"id", "type", "tenant_id", "sequence", "time", "data"}: a fact as the bus shows it.
std::string fact_json(const fact& f);
/// One event of text/event-stream (WHATWG HTML, 9.2). Without `with_id` the browser's Last-Event-ID stays as
/// it is.
std::string sse_event(const fact& f, bool with_id);

/// Facts in order, and how far the table was read for them: what the reader may not see is left out.
struct stretch_of_facts {
  std::vector<fact> facts;
  std::int64_t through = 0; ///< the last sequence that was looked at
  bool more = false;        ///< as many were looked at as were asked for
};

/// Where a stream finds facts that were committed: of at most `limit` after `after`. Answers once, on any
/// thread; with an error when the reader may not go on.
using read_facts = std::function<void(std::int64_t after, std::size_t limit,
                                      std::function<void(result<stretch_of_facts>)> done)>;

/// Whether what is told live may be written as it is, or only shows that there is something to read.
enum class live_facts { shown, only_a_hint };

/// One reader of one tenant's bus. The table is the truth and the live feed only hurries: what is told live
/// is written if it is the very next sequence, everything else makes the stream read the table, so that there
/// is neither gap nor duplicate. Thread-safe.
class event_stream : public std::enable_shared_from_this<event_stream> {
public:
  /// Facts per read of the table.
  static constexpr std::size_t page = 100;

  event_stream(std::shared_ptr<net::http_stream> out, read_facts read, std::int64_t after,
               live_facts live = live_facts::shown);
  /// Ties the subscription to the stream's life. It may have been telling already.
  void hold(actors::subscription s);
  /// Reads what was committed since `after`.
  void begin();
  /// From the live feed.
  void tell(const fact& f);
  /// Writes a comment, so that proxies keep the connection, and looks into the table for what the feed may
  /// have missed. False when the reader is gone.
  bool beat();
  void end();

private:
  enum class mode { live, reading, over };
  void read_on();
  void take(result<stretch_of_facts> r);
  bool write(const fact& f);

  std::mutex guard_;
  std::shared_ptr<net::http_stream> out_;
  read_facts read_;
  std::int64_t last_;
  const live_facts live_;
  mode mode_ = mode::live;
  bool news_ = false; ///< told something while reading
  actors::subscription subscription_;
};

/// A reader of all tenants' buses: live only, because sequences are per tenant.
class live_stream : public std::enable_shared_from_this<live_stream> {
public:
  /// Asks whether the reader may go on.
  using check = std::function<void(std::function<void(result<void>)>)>;

  explicit live_stream(std::shared_ptr<net::http_stream> out, check may_go_on = {})
      : out_(std::move(out)), may_go_on_(std::move(may_go_on)) {}
  void hold(actors::subscription s);
  void tell(const fact& f);
  bool beat();
  void end();

private:
  std::mutex guard_;
  std::shared_ptr<net::http_stream> out_;
  const check may_go_on_;
  actors::subscription subscription_;
};

/// All open streams and the one thread that beats for them.
class event_streams {
public:
  static constexpr std::size_t limit = 1'000;

  explicit event_streams(std::chrono::milliseconds interval = std::chrono::seconds(15));
  ~event_streams();
  /// Ends them all and takes no more: what comes later is ended at once. Not from within a stream.
  void close();
  event_streams(const event_streams&) = delete;
  event_streams& operator=(const event_streams&) = delete;

  bool full();
  void beat_all();
  template <class Stream>
  void add(const std::shared_ptr<Stream>& s) {
    enroll({[s] { return s->beat(); }, [s] { s->end(); }});
  }

private:
  struct member {
    std::function<bool()> beat;
    std::function<void()> end;
  };
  void enroll(member m);
  void run(std::chrono::milliseconds interval);

  std::mutex guard_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::once_flag closed_;
  std::vector<member> members_;
  std::thread thread_;
};

} // namespace kalends::api
