// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "observe/figures.hpp"

#include <functional>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

/// What is put together while somebody waits for it.
namespace kalends::observe {

/// `tenant_name`: the label of a tenant; those that share one are added up.
std::vector<prometheus::MetricFamily>
row_families(const row_figures& rows, const std::function<std::string(const tenant_id&)>& tenant_name);
std::vector<prometheus::MetricFamily> house_families(const house_figures& house);
/// Under the names that all Prometheus clients use.
std::vector<prometheus::MetricFamily> process_families(const std::string& version);

/// One gauge (or counter) family under construction.
class family_maker {
public:
  family_maker(const char* name, const char* help, bool counts = false);
  void add(double value, std::vector<std::pair<std::string, std::string>> labels = {});
  prometheus::MetricFamily take() { return std::move(family_); }

private:
  prometheus::MetricFamily family_;
};

} // namespace kalends::observe
