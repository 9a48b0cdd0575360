// SPDX-License-Identifier: Apache-2.0
// The one place where Asio, its TLS layer and Beast are compiled; everybody else sees declarations.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
