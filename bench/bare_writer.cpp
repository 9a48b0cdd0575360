// SPDX-License-Identifier: Apache-2.0
#include <libpq-fe.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// The ceiling of the inbound pipeline: the rows that a notice with five changed events leaves behind,
/// written by nothing but libpq, in groups, with one unnest statement per table. No HTTP, no JSON, no
/// decisions, no sealing, no row-level security (the owner writes). What the server does beyond this is what
/// the ratio to it shows.
///
/// Usage: bench_bare_writer URL seed TENANTS CALENDARS
///        bench_bare_writer URL run TENANTS CALENDARS NOTICES GROUP WRITERS
/// CALENDARS is per tenant. The database holds the schema of `kalends migrate` and nothing else. Prints JSON.
namespace {

constexpr int events_per_notice = 5;

struct closer {
  void operator()(PGconn* c) const { PQfinish(c); }
  void operator()(PGresult* r) const { PQclear(r); }
};
using connection = std::unique_ptr<PGconn, closer>;
using answer = std::unique_ptr<PGresult, closer>;

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

connection connect(const std::string& url) {
  connection c(PQconnectdb(url.c_str()));
  if (PQstatus(c.get()) != CONNECTION_OK) die(PQerrorMessage(c.get()));
  return c;
}

/// Ids that statements and writers make alike: kind, tenant, and the number within it.
std::string uuid(char kind, int tenant, long long n) {
  char text[40];
  std::snprintf(text, sizeof text, "%c%07x-0000-4000-8000-%012llx", kind, unsigned(tenant),
                static_cast<unsigned long long>(n));
  return text;
}

constexpr const char* seed_sql[] = {
    "CREATE FUNCTION pg_temp.id(kind text, t int, n int) RETURNS uuid LANGUAGE sql AS $$ SELECT (kind || "
    "lpad(to_hex(t), 7, '0') || '-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$",
    "INSERT INTO tenants SELECT pg_temp.id('a', t, 0), 'tenant ' || t, now() FROM generate_series(0, %1$d - "
    "1) t",
    "INSERT INTO tenant_directory SELECT tenant_id FROM tenants",
    "INSERT INTO tenant_counters SELECT tenant_id, 1 FROM tenants",
    "INSERT INTO users SELECT pg_temp.id('a', t, 0), pg_temp.id('b', t, p), 'u' || p || '@example.com', 'U', "
    "'UTC',"
    " now() FROM generate_series(0, %1$d - 1) t, generate_series(0, %2$d - 1) p",
    "INSERT INTO providers SELECT pg_temp.id('a', t, 0), pg_temp.id('c', t, p), 'google', 'user', "
    "pg_temp.id('b', t,"
    " p), 'both', 'newest', 'unlink', 'u', 's', 'c', 'n', now() FROM generate_series(0, %1$d - 1) t,"
    " generate_series(0, %2$d - 1) p",
    "INSERT INTO provider_state (tenant_id, provider_id, status, calendar_zone, sealed_cursor, "
    "cursor_fingerprint)"
    " SELECT tenant_id, provider_id, 'active', 'UTC', decode(repeat('ab', 80), 'hex'), 'google/1' FROM "
    "providers",
    "INSERT INTO entries SELECT pg_temp.id('a', t, 0), pg_temp.id('d', t, p * 5 + e), 1, 'Visit 1000000000',"
    " repeat('n', 430), 'Marienplatz 1, 80331 Munich', '2026-12-01T10:00:00|1796115600|Europe/Berlin',"
    " '2026-12-01T11:00:00|1796119200|Europe/Berlin', to_timestamp(1796115600), to_timestamp(1796119200), "
    "false,"
    " false, 0, 'ad_hoc', NULL, ARRAY[pg_temp.id('b', t, p)], pg_temp.id('c', t, p), now(), now()"
    " FROM generate_series(0, %1$d - 1) t, generate_series(0, %2$d - 1) p, generate_series(0, 4) e",
    "INSERT INTO mappings SELECT pg_temp.id('a', t, 0), pg_temp.id('d', t, p * 5 + e), pg_temp.id('c', t, p),"
    " 'bench0123456789abc' || e || '_' || p, NULL, true, false, '\"1000000000\"', 1, repeat('b', 680), NULL"
    " FROM generate_series(0, %1$d - 1) t, generate_series(0, %2$d - 1) p, generate_series(0, 4) e",
    "ANALYZE",
};

void seed(const std::string& url, int tenants, int calendars) {
  const auto c = connect(url);
  for (const char* sql : seed_sql) {
    std::string text(sql);
    const auto put = [&](std::string_view name, int value) {
      for (auto at = text.find(name); at != std::string::npos; at = text.find(name))
        text.replace(at, name.size(), std::to_string(value));
    };
    put("%1$d", tenants);
    put("%2$d", calendars);
    const answer r(PQexec(c.get(), text.c_str()));
    if (PQresultStatus(r.get()) != PGRES_COMMAND_OK) die(PQerrorMessage(c.get()));
  }
}

/// Statements of a group, in the order of writing. Every parameter is an array in text form.
struct statement {
  const char* name;
  const char* sql;
  int parameters;
};
constexpr statement mark{
    "mark",
    "UPDATE provider_state s SET mark = s.mark + 1, stale_since = coalesce(s.stale_since, now())"
    " FROM unnest($1::uuid[], $2::uuid[]) n(t, p) WHERE s.tenant_id = n.t AND s.provider_id = n.p",
    2};
constexpr statement entries{
    "entries",
    "UPDATE entries e SET version = e.version + 1, title = n.title, notes = n.notes, updated_at"
    " = now() FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) n(t, id, title,"
    " notes) WHERE e.tenant_id = n.t AND e.entry_id = n.id",
    4};
constexpr statement mappings{
    "mappings",
    "UPDATE mappings m SET event_version = n.v, entry_version = m.entry_version + 1,"
    " base_entry = n.base FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[],"
    " $5::text[]) n(t, e, p, v, base) WHERE m.tenant_id = n.t AND m.entry_id = n.e"
    " AND m.provider_id = n.p",
    5};
constexpr statement decisions{
    "decisions",
    "INSERT INTO decisions SELECT t, e, gen_random_uuid(), p, 'bench0123456789abc', 3, i,"
    " now() FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) n(t, e, p, i)",
    4};
constexpr statement runs{
    "runs",
    "INSERT INTO sync_runs SELECT t, gen_random_uuid(), p, 'notice', 'succeeded', 5, 5, 0, 0, 1,"
    " '', '', now(), now() FROM unnest($1::uuid[], $2::uuid[]) n(t, p)",
    2};
constexpr statement cursors{
    "cursors",
    "UPDATE provider_state s SET sealed_cursor = n.c, stale_since = NULL, last_sync_at = now(),"
    " next_poll_at = now() FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) n(t, p, c)"
    " WHERE s.tenant_id = n.t AND s.provider_id = n.p",
    3};
constexpr statement facts{
    "facts",
    "WITH n AS (SELECT t, d, row_number() OVER (PARTITION BY t) - 1 AS place FROM"
    " unnest($1::uuid[], $2::text[]) n(t, d)), bumped AS (UPDATE tenant_counters c SET"
    " next_sequence = c.next_sequence + s.added FROM (SELECT t, count(*) AS added FROM n GROUP BY"
    " t) s WHERE c.tenant_id = s.t RETURNING c.tenant_id, c.next_sequence - s.added AS first)"
    " INSERT INTO facts SELECT n.t, b.first + n.place, gen_random_uuid(), 1, now(), n.d FROM n"
    " JOIN bumped b ON b.tenant_id = n.t",
    2};

/// Array literals; the values need no quotes but for the JSON ones, which have no backslashes.
class columns {
public:
  explicit columns(int n) : texts_(std::size_t(n), "{") {}
  template <class... Values>
  void add(const Values&... values) {
    std::size_t i = 0;
    (append(texts_[i++], values), ...);
  }
  std::vector<std::string> take() {
    for (auto& t : texts_) t += '}';
    return std::move(texts_);
  }

private:
  static void append(std::string& to, const std::string& value) {
    if (to.size() > 1) to += ',';
    to += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') to += '\\';
      to += c;
    }
    to += '"';
  }
  std::vector<std::string> texts_;
};

class writer {
public:
  writer(const std::string& url, int first_tenant, int tenants, int calendars, int group)
      : c_(connect(url)), first_(first_tenant), tenants_(tenants), calendars_(calendars), group_(group) {
    for (const auto* s : {&mark, &entries, &mappings, &decisions, &runs, &cursors, &facts}) {
      const answer r(PQprepare(c_.get(), s->name, s->sql, 0, nullptr));
      if (PQresultStatus(r.get()) != PGRES_COMMAND_OK) die(PQerrorMessage(c_.get()));
    }
    if (PQenterPipelineMode(c_.get()) != 1) die(PQerrorMessage(c_.get()));
  }

  /// One commit that makes the notices durable, one that makes their rows true.
  void write_group() {
    collect();
    send(mark, marks_);
    commit(1);
    send(entries, entries_);
    send(mappings, mappings_);
    send(decisions, decisions_);
    send(runs, marks_);
    send(cursors, cursors_);
    send(facts, facts_);
    commit(6);
  }

private:
  void collect() {
    columns marked(2), entry(4), mapping(5), decision(4), cursor(3), fact(2);
    const auto v = std::to_string(++version_);
    const std::string notes = v + " " + std::string(420, 'n');
    const std::string base =
        R"({"title":"Visit )" + v + R"(","notes":")" + notes +
        R"(","location":"Marienplatz 1, 80331 Munich","start":"2026-12-01T10:00:00|1796115600|)"
        R"(Europe/Berlin","end":"2026-12-01T11:00:00|1796119200|Europe/Berlin"})";
    const std::string sealed = "\\x" + std::string(140, 'c') + v + v;
    for (int i = 0; i < group_; ++i) {
      const int tenant = first_ + int(next_ % tenants_);
      const auto calendar = next_ / tenants_ % calendars_;
      ++next_;
      const auto t = uuid('a', tenant, 0);
      const auto p = uuid('c', tenant, calendar);
      marked.add(t, p);
      cursor.add(t, p, sealed);
      for (int k = 0; k < events_per_notice; ++k) {
        const auto e = uuid('d', tenant, calendar * events_per_notice + k);
        entry.add(t, e, "Visit " + v, notes);
        mapping.add(t, e, p, '"' + v + '"', base);
        decision.add(t, e, p,
                     R"({"entry_version":17,"event_version":"\")" + v +
                         R"(\"","changed":["title","notes"]})");
        fact.add(t, R"({"entry_id":")" + e +
                        R"(","version":18,"changed":["title","notes"],"assigned_user_ids":[")" + e +
                        R"("],"cause":"provider","provider_id":")" + p + R"("})");
      }
      fact.add(t, R"({"provider_id":")" + p + R"(","run_id":")" + p +
                      R"(","cause":"notice","pulled":5,"entries_changed":5,"pushed":0,"refused":0})");
    }
    marks_ = marked.take();
    entries_ = entry.take();
    mappings_ = mapping.take();
    decisions_ = decision.take();
    cursors_ = cursor.take();
    facts_ = fact.take();
  }

  void send(const statement& s, const std::vector<std::string>& values) {
    std::vector<const char*> texts;
    for (const auto& v : values) texts.push_back(v.c_str());
    if (PQsendQueryPrepared(c_.get(), s.name, s.parameters, texts.data(), nullptr, nullptr, 0) != 1)
      die(PQerrorMessage(c_.get()));
  }

  void commit(int statements) {
    if (PQpipelineSync(c_.get()) != 1) die(PQerrorMessage(c_.get()));
    for (int i = 0; i < statements; ++i) {
      const answer r(PQgetResult(c_.get()));
      if (PQresultStatus(r.get()) != PGRES_COMMAND_OK) die(PQerrorMessage(c_.get()));
      const answer end(PQgetResult(c_.get()));
    }
    const answer sync(PQgetResult(c_.get()));
    if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) die("the group was not committed");
  }

  const connection c_;
  const int first_;
  const long long tenants_, calendars_;
  const int group_;
  long long next_ = 0;
  long long version_ = 1'000'000'000;
  std::vector<std::string> marks_, entries_, mappings_, decisions_, cursors_, facts_;
};

void run(const std::string& url, int tenants, int calendars, int notices, int group, int writers) {
  std::vector<std::unique_ptr<writer>> all;
  const int share = tenants / writers;
  for (int w = 0; w < writers; ++w)
    all.push_back(std::make_unique<writer>(url, w * share, share, calendars, group));
  std::atomic<int> left{notices / group};
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (auto& w : all)
    threads.emplace_back([&] {
      while (left.fetch_sub(1) > 0) w->write_group();
    });
  for (auto& t : threads) t.join();
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("{\"notices\":%d,\"seconds\":%.4f}\n", notices / group * group, took);
}

int number(const char* text) {
  int value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  if (value <= 0) die("counts are positive numbers");
  return value;
}

} // namespace

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[2]) == "seed") {
    seed(argv[1], number(argv[3]), number(argv[4]));
    return 0;
  }
  if (argc == 8 && std::string_view(argv[2]) == "run") {
    run(argv[1], number(argv[3]), number(argv[4]), number(argv[5]), number(argv[6]), number(argv[7]));
    return 0;
  }
  std::fputs("usage: bench_bare_writer URL seed TENANTS CALENDARS\n"
             "       bench_bare_writer URL run TENANTS CALENDARS NOTICES GROUP WRITERS\n",
             stderr);
  return 2;
}
