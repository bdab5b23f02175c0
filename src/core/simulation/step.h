// SPDX-License-Identifier: GPL-3.0-or-later
// Newton's step of a search that knows the score and the average information, and no likelihood.
#pragma once

#include "core/coordinates/free_space.h"
#include "core/simulation/point.h"

namespace henderson::simulation {

// In the coordinates of the search, in the directions that can move.
struct Step {
  Vector coordinates;
  double slope = 0.0;  // gradient'step, below 0
  double gain = 0.0;   // expected, in -2l
};

// To the average information comes the positive part of what the curvature of Sigma(theta) makes
// of -2l. Where a variance of standard deviation theta shall fall, with d(-2l)/d(theta^2) = s, the
// information is 4 theta^2 I: the step alone would be -s / (4 theta I), through zero and far
// beyond; with the curvature 2s it ends at zero at most.
Step newton_step(const model::Model& model, const coordinates::FreeSpace& space, const Point& at);

// A share of the step, halved until no variance changes too much; nothing where none is.
std::optional<likelihood::Parameters> moved(const model::Model& model,
                                            const coordinates::FreeSpace& space,
                                            const likelihood::Parameters& from, const Vector& step,
                                            double& share);

// With standard deviations of next to nothing as zero, where that is expected to cost -2l no more
// than `tolerance`; nothing where there are none. Near zero the score of one drowns in what the
// solutions leave.
std::optional<likelihood::Parameters> at_boundary(const model::Model& model,
                                                  const coordinates::FreeSpace& space,
                                                  const Point& at, double tolerance);

}  // namespace henderson::simulation
