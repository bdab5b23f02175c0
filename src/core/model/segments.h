// SPDX-License-Identifier: GPL-3.0-or-later
// The covariance structures of a spec in the order of their values: those of the random terms, then
// those of the sections of the residual. An independent residual variance stands after them, and is
// of none.
#pragma once

#include <vector>

#include "core/model/spec.h"

namespace henderson::model {

struct Segment {
  const covariance::Recipe* recipe = nullptr;
  bool in_residual = false;
  Index first_value = 0;
  Index n_values = 0;

  Index end() const { return first_value + n_values; }
  bool has_value(Index value) const { return value >= first_value && value < end(); }
};

// They refer to the spec.
std::vector<Segment> segments_of(const ModelSpec& spec);

// Of all structures, and the residual variance.
Index n_values(const ModelSpec& spec);

}  // namespace henderson::model
