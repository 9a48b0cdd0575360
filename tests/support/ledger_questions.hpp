// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/leases.hpp"
#include "tests/support/ledger_store.hpp"

#include <algorithm>
#include <stdexcept>

/// How questions to the ledger are held, failed and answered: for its own source files only.
namespace kalends::testing {

inline tl::unexpected<error> tenant_gone() {
  return failure(errc::not_found, "tenant_gone", "This tenant does not exist any more.");
}
inline tl::unexpected<error> provider_gone() {
  return failure(errc::not_found, "provider_gone", "This calendar is not connected any more.");
}
inline tl::unexpected<error> stale_version() {
  return failure(errc::conflict, "stale_version", "The entry was changed by somebody else meanwhile.");
}
inline tl::unexpected<error> connection_lost() {
  return failure(errc::retry_later, "connection_lost", "The connection broke; the outcome is unknown.");
}

template <class T>
result<T> ledger_store::outcome(const std::string& what, const std::function<result<T>()>& work) {
  auto at = trouble_.find(what);
  if (at != trouble_.end() && at->second.fails > 0) {
    --at->second.fails;
    return tl::unexpected(at->second.with);
  }
  auto answer = work();
  if (at != trouble_.end() && at->second.losses > 0) {
    --at->second.losses;
    return connection_lost();
  }
  return answer;
}

template <class T>
void ledger_store::ask(const char* what, std::function<result<T>()> work, persistence::store_done<T> done) {
  asked.emplace_back(what);
  if (auto at = trouble_.find(what); at != trouble_.end() && at->second.blows > 0) {
    --at->second.blows;
    throw std::runtime_error(std::string("the store blows up in ") + what);
  }
  auto run = [this, name = std::string(what), work = std::move(work), done = std::move(done)](fate how) {
    if (how == fate::answered) return done(outcome<T>(name, work));
    if (how == fate::refused)
      return done(failure(errc::retry_later, "database_away", "The database is away."));
    if (how == fate::dropped) return;
    work();
    if (how == fate::answer_lost) done(connection_lost());
  };
  const bool wait = held || std::find(held_kinds_.begin(), held_kinds_.end(), what) != held_kinds_.end();
  if (wait)
    waiting_.push_back({what, std::move(run)});
  else
    run(fate::answered);
}

template <class T>
void ledger_store::ask_fenced(const char* what, const tenant_id& tenant, std::function<result<T>()> work,
                              persistence::store_done<T> done) {
  ask<T>(
      what,
      [this, tenant, epoch = leases_.epoch_of(tenant), work = std::move(work)]() -> result<T> {
        if (fenced(tenant, epoch)) return persistence::fenced();
        return work();
      },
      std::move(done));
}

} // namespace kalends::testing
