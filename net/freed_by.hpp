// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace kalends::net {

/// Lets a std::unique_ptr own what a C library made: `std::unique_ptr<BIO, freed_by<BIO_free>>`.
template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};

} // namespace kalends::net
