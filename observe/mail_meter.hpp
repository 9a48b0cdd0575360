// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace kalends::observe {

/// Where whoever mails notices tells what came of it. Any thread; returns at once, never fails.
class mail_meter {
public:
  virtual ~mail_meter() = default;
  /// An attempt came to its end: "sent", "retried", "given_up".
  virtual void mail_settled(std::string_view outcome) = 0;
};

} // namespace kalends::observe
