// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/panels.h"

#include <algorithm>

namespace henderson::linalg {

Panels::Panels(std::shared_ptr<const SymbolicFactor> symbolic)
    : symbolic_(std::move(symbolic)),
      values_(new double[static_cast<std::size_t>(symbolic_->storage_size())]),
      workspace_(new Workspace(symbolic_->schedule())) {
  set_zero();
}

void Panels::set_zero() { std::fill(data(), data() + size(), 0.0); }

}  // namespace henderson::linalg
