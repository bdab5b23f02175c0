// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/likelihood/fixed_place.h"

namespace henderson::likelihood {

using equations::FixedPlace;

namespace {

constexpr SmallIndex kFewFixed = 50;

}  // namespace

FixedPlace fixed_place(const model::Model& model) {
  if (model.rank() <= kFewFixed) return FixedPlace::last;
  return model.reml ? FixedPlace::anywhere : FixedPlace::apart;
}

}  // namespace henderson::likelihood
