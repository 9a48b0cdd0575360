// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"

namespace kalends::api {

void list_runs(const call_ptr& c) {
  query_reader query(c->request.query);
  const provider_id of_provider(query.uuid("provider_id"));
  const list_request wanted{query.cursor(), query.limit()};
  if (auto sound = query.close(); !sound) return c->fail(sound.error());
  answer_from(c, [of_provider, wanted, person = c->who.user](persistence::transaction& tx) {
    return list_answer(persistence::list_runs(tx, of_provider, wanted.cursor, wanted.limit, person));
  });
}

void get_run(const call_ptr& c) {
  const auto id = path_id<run_id>(*c, 0, "run_not_found");
  if (!id) return c->fail(id.error());
  answer_from(c, [id = *id](persistence::transaction& tx) -> result<net::http_response> {
    return present(persistence::find_run(tx, id), "run_not_found").map([](const sync_run& r) {
      return json_answer(200, to_json(r));
    });
  });
}

} // namespace kalends::api
