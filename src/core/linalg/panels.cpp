// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/panels.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"

namespace henderson::linalg {

Panels::Panels(std::shared_ptr<const SymbolicFactor> symbolic)
    : symbolic_(std::move(symbolic)),
      memory_{std::unique_ptr<double[]>(
                  new double[static_cast<std::size_t>(symbolic_->storage_size())]),
              std::make_unique<Workspace>(symbolic_->schedule())} {
  set_zero();
}

Panels& Panels::operator=(Panels&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  symbolic_ = std::move(other.symbolic_);
  memory_ = std::move(other.memory_);
  home_ = std::move(other.home_);
  return *this;
}

void Panels::give_back() noexcept {
  if (home_ && memory_.values) *home_ = std::move(memory_);
}

void Panels::set_zero() { std::fill(data(), data() + size(), 0.0); }

PanelStore::PanelStore(std::shared_ptr<const SymbolicFactor> symbolic)
    : symbolic_(std::move(symbolic)), home_(std::make_shared<PanelMemory>()) {
  Panels first(symbolic_);
  first.home_ = home_;
}

Panels PanelStore::take() {
  if (!home_->values) throw Error("the storage of the equations is still in use");
  Panels panels(symbolic_, std::move(*home_), home_);
  panels.set_zero();
  return panels;
}

}  // namespace henderson::linalg
