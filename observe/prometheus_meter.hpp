// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "observe/figures.hpp"
#include "observe/house_meter.hpp"
#include "observe/mail_meter.hpp"
#include "observe/meter.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace kalends::observe {

struct prometheus_options {
  /// So many tenants have figures of their own, the first ones seen; the others share `tenant="other"`.
  std::size_t tenant_limit = 100;
  std::string version = {};
};

/// Keeps what is told, for Prometheus. Names and labels are documented in docs/metrics.md, and bounded:
/// tenants by `tenant_limit`, codes by a limit of their own, everything else by closed lists. A telling costs
/// a shared lock and one or two additions; the series of a tenant are made when it is first seen, so that
/// their first increase is visible as one.
class prometheus_meter final : public meter, public house_meter, public mail_meter {
public:
  explicit prometheus_meter(prometheus_options o);
  ~prometheus_meter() override;

  /// All of it in the text format 0.0.4.
  std::string text(const house_figures& house) const;
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  void notices_accepted(const tenant_id& tenant, provider_type type, int count) override;
  void notice_refused(std::string_view code) override;
  void fresh_in(calendar_label of, milliseconds took) override;
  void fresh_out(calendar_label of, milliseconds took) override;
  void push_retried(calendar_label of, std::string_view code) override;
  void dead_letter(calendar_label of, std::string_view code) override;
  void run_ended(calendar_label of, const sync_run& run) override;
  void conflict(calendar_label of, reason why) override;
  void drift_found(calendar_label of, int items) override;
  void vendor_called(calendar_label of, vendor_verb verb, milliseconds waited, milliseconds took,
                     const error* failed) override;
  void circuit(provider_type type, bool open) override;
  void channel_renewed(calendar_label of, const error* failed) override;
  void channel_silent(calendar_label of, bool silent) override;
  void token_refreshed(calendar_label of, const error* failed) override;
  void webhook_sent(std::string_view code, milliseconds took) override;
  void webhook_stopped(std::string_view code) override;
  void webhooks_stand(std::size_t running, std::size_t failing, milliseconds behind) override;
  void actor_died(std::string_view kind) override;
  void provider_parked(calendar_label of, bool parked) override;
  void tenants_held(std::size_t count) override;
  void fenced(const tenant_id& tenant) override;

  void request_answered(std::string_view method, std::string_view route, int status,
                        microseconds took) override;
  void transaction_ended(microseconds waited, microseconds took, microseconds commit,
                         std::string_view code) override;
  void work_refused(std::string_view code) override;
  void mail_settled(std::string_view outcome) override;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace kalends::observe
