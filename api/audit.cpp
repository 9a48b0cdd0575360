// SPDX-License-Identifier: Apache-2.0
#include "api/handling.hpp"

namespace kalends::api {

void list_audit_log(const call_ptr& c) {
  const auto wanted = read_list_request(*c);
  if (!wanted) return c->fail(wanted.error());
  answer_from(c, [wanted = *wanted](persistence::transaction& tx) {
    return list_answer(persistence::list_audit(tx, wanted.cursor, wanted.limit));
  });
}

} // namespace kalends::api
