// SPDX-License-Identifier: GPL-3.0-or-later
// Ties and bounds among the variance parameters, on the user's scale, and what they ask of the
// parametrisation of a structure.
//
// A structure of which some values are constrained needs a parametrisation in which these are
// coordinates: `natural`, the values themselves, where its own one is not of that kind (us, toep).
// Where all values of a structure are those of an equal one times one factor of its variances, it
// is a copy: theta follows theta, and both keep their parametrisation with its boundaries.
#pragma once

#include <vector>

#include "core/base/types.h"

namespace henderson::model {

struct Segment;

struct Constraints {
  // lead[i] = k means that value i is ratio[i] x value k; k = i for a value that follows none. With
  // values a, b = 2a, c: lead = {0, 0, 2}, ratio = {1, 2, 1}. Empty: no constraints.
  std::vector<Index> lead;
  Vector ratio;
  // Of leads; infinite where there is none.
  Vector lower;
  Vector upper;

  bool empty() const { return lead.empty(); }
  bool is_constrained(Index value) const;
};

// How the constraints bear on one random term or residual section.
struct SegmentRequest {
  bool natural = false;
  Index copy_of = kNone;  // segment of the same kind, an earlier one
  double factor = 1.0;    // of its variances
};

// Cost: linear in the values.
std::vector<SegmentRequest> segment_requests(const std::vector<Segment>& segments,
                                             const Constraints& constraints,
                                             const std::vector<bool>& held);

}  // namespace henderson::model
