// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schema/provider.hpp"
#include "schema/sync.hpp"
#include "tests/fidelity/generator.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kalends::fidelity {

/// How a trip to a calendar and back ended. Neither `refusal` nor `change`: it came back the same.
struct trip_end {
  std::string refusal;                 ///< the reason code that was given beforehand
  std::vector<std::string> normalised; ///< what the vendor is documented to spell differently
  std::string change;                  ///< what came back differently, both values
};

/// One vendor: the engine's client, and the sandbox's half behind it, without a network between. One thread.
class vendor_trip {
public:
  explicit vendor_trip(provider_type vendor);
  ~vendor_trip();
  std::string_view name() const; ///< "google"
  trip_end there_and_back(const specimen& s);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace kalends::fidelity
