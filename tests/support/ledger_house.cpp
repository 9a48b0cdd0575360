// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ledger_questions.hpp"

#include <set>

namespace kalends::testing {

using namespace persistence;

// ---------------------------------------------------------------- the whole house

void ledger_store::list_tenants(store_done<std::vector<tenant_id>> done) {
  ask<std::vector<tenant_id>>(
      "list_tenants",
      [this]() -> result<std::vector<tenant_id>> {
        std::vector<tenant_id> ids;
        for (const auto& [id, own] : tenants) ids.push_back(id);
        return ids;
      },
      std::move(done));
}

void ledger_store::load_schedule(std::vector<tenant_id> ids, store_done<std::vector<schedule_line>> done) {
  ask<std::vector<schedule_line>>(
      "load_schedule",
      [this, ids]() -> result<std::vector<schedule_line>> {
        std::vector<schedule_line> lines;
        for (const auto& id : ids)
          for (const auto& [pid, p] : tenants[id].providers) {
            schedule_line line{id, pid, p.calendar.status, p.stale, {}, p.calendar.next_poll_at, {}, p.mark};
            line.type = p.calendar.type;
            line.channel_renews_at = p.calendar.push.renews_at;
            line.next_reconcile_at = p.calendar.next_reconcile_at;
            for (const auto& [rid, row] : tenants[id].outbox)
              if (row.provider == pid && (!line.outbox_due || row.due_at < *line.outbox_due))
                line.outbox_due = row.due_at;
            for (const auto& [cid, c] : p.channels)
              if (!line.channel_expires_at || c.expires_at > *line.channel_expires_at)
                line.channel_expires_at = c.expires_at;
            lines.push_back(line);
          }
        return lines;
      },
      std::move(done));
}

void ledger_store::load_providers(tenant_id tenant, store_done<std::vector<provider>> done) {
  ask<std::vector<provider>>(
      "load_providers",
      [this, tenant]() -> result<std::vector<provider>> {
        if (!tenants.contains(tenant)) return tenant_gone();
        std::vector<provider> all;
        for (const auto& [id, p] : tenants[tenant].providers) all.push_back(p.calendar);
        return all;
      },
      std::move(done));
}

void ledger_store::load_open_letters(tenant_id tenant, letter_kind kind, std::size_t limit,
                                     store_done<std::vector<letter_key>> done) {
  ask<std::vector<letter_key>>(
      "load_open_letters",
      [=, this]() -> result<std::vector<letter_key>> {
        std::vector<letter_key> found;
        for (const auto& l : tenants[tenant].letters)
          if (l.kind == kind && l.state == letter_state::open && found.size() < limit)
            found.push_back(key_of(l));
        return found;
      },
      std::move(done));
}

void ledger_store::load_facts(tenant_id tenant, std::int64_t after, std::size_t limit,
                              store_done<std::vector<fact>> done) {
  ask<std::vector<fact>>(
      "load_facts",
      [=, this]() -> result<std::vector<fact>> {
        std::vector<fact> found;
        for (const auto& f : tenants[tenant].facts)
          if (f.sequence > after && found.size() < limit) found.push_back(f);
        return found;
      },
      std::move(done));
}

void ledger_store::last_sequence(tenant_id tenant, store_done<std::int64_t> done) {
  ask<std::int64_t>(
      "last_sequence",
      [=, this]() -> result<std::int64_t> { return static_cast<std::int64_t>(tenants[tenant].facts.size()); },
      std::move(done));
}

// ---------------------------------------------------------------- which tenants are whose

bool ledger_store::lives(const lease_row& l) const {
  const auto n = rows.nodes.find(l.node);
  return n != rows.nodes.end() && n->second.incarnation == l.incarnation && n->second.expires_at > now();
}

bool ledger_store::fenced(const tenant_id& tenant, std::int64_t epoch) {
  const auto row = rows.leases.find(tenant);
  if (row == rows.leases.end() || row->second.epoch == 0 || row->second.epoch == epoch) return false;
  leases_.refused(tenant, epoch);
  if (told_fenced_) told_fenced_(tenant, epoch);
  return true;
}

void ledger_store::give(const lease_round& r, const tenant_id& tenant) {
  auto& l = rows.leases[tenant];
  if (l.node == r.node && l.incarnation == r.incarnation) l.node = l.incarnation = "";
}

void ledger_store::leave(const lease_round& r) {
  for (const auto& [id, unused] : tenants) give(r, id);
  if (const auto n = rows.nodes.find(r.node); n != rows.nodes.end() && n->second.incarnation == r.incarnation)
    rows.nodes.erase(n);
}

result<lease_news> ledger_store::round_of(const lease_round& r) {
  if (r.leaving) {
    leave(r);
    return lease_news{{}, {}, 0, 0};
  }
  auto& own = rows.nodes[r.node];
  if (!own.incarnation.empty() && own.incarnation != r.incarnation && !r.arriving)
    return failure(errc::conflict, "node_replaced", "Another process goes by the id of this node.");
  own = {r.incarnation, r.url, now() + r.life};
  for (const auto& id : r.give_back) give(r, id);

  lease_view seen;
  seen.tenants = tenants.size();
  seen.nodes_alive = static_cast<std::size_t>(std::count_if(
      rows.nodes.begin(), rows.nodes.end(), [&](const auto& n) { return n.second.expires_at > now(); }));
  const std::set<tenant_id> given(r.give_back.begin(), r.give_back.end());
  for (const auto& [id, unused] : tenants) {
    const auto& l = rows.leases[id];
    if (given.contains(id)) continue;
    if (l.node == r.node && l.incarnation == r.incarnation)
      seen.held.push_back({id, l.epoch, stopped.contains(id)});
    else if (l.node == r.node)
      seen.before.push_back({id, l.epoch});
    else if (!lives(l))
      seen.free.push_back({id, l.epoch});
  }
  auto plan = plan_leases(seen);
  lease_news news{std::move(seen.held), std::move(plan.to_give), seen.nodes_alive, 0};
  for (const auto& l : plan.take) {
    rows.leases[l.tenant] = {r.node, r.incarnation, l.epoch + 1};
    news.held.push_back({l.tenant, l.epoch + 1, stopped.contains(l.tenant)});
  }
  return news;
}

void ledger_store::keep_leases(lease_round round, store_done<lease_news> done) {
  node_ = round.node;
  ask<lease_news>(
      "keep_leases", [this, round] { return round_of(round); }, std::move(done));
}

std::uint64_t ledger_store::hold(tenant_id tenant, std::int64_t epoch) { return leases_.hold(tenant, epoch); }

void ledger_store::on_fenced(std::function<void(const tenant_id&, std::int64_t)> told) {
  told_fenced_ = std::move(told);
}

void ledger_store::find_owner(tenant_id tenant, store_done<std::optional<node_line>> done) {
  ask<std::optional<node_line>>(
      "find_owner",
      [this, tenant]() -> result<std::optional<node_line>> {
        const auto l = rows.leases.find(tenant);
        if (l == rows.leases.end() || !lives(l->second)) return std::nullopt;
        return node_line{l->second.node, rows.nodes.at(l->second.node).url};
      },
      std::move(done));
}

} // namespace kalends::testing
