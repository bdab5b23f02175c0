// SPDX-License-Identifier: GPL-3.0-or-later
// -2l to second order in the coordinates of the search.
#pragma once

#include "core/information/reduced.h"

namespace henderson::information {

// The gradient, and for the Hessian 2 AI + curvature of Sigma(theta); or, where it is exact, the
// Hessian itself, 4 AI - 2 E + curvature with the expected information E (information.h).
struct Expansion {
  Vector gradient;
  Matrix information;  // 2 AI
  Matrix hessian;
  bool is_exact = false;
  bool has_block_curvature = true;  // as of Derivatives

  // With the positive part of the curvature only: never a saddle, and yet a variance on its way to
  // zero is seen to stop there.
  Matrix convex() const;
};

// Exact where it is asked for and where E is had without differences (expected_information.h;
// loading_information.h, of few levels and many parameters).
// The evaluation ends. Cost: that of derivatives(), and of E.
Expansion expand(const coordinates::FreeSpace& space, likelihood::Evaluation&& evaluation,
                 bool exact, Callbacks& callbacks);

// The Hessian by central differences of the exact score; nothing where a neighbour is not valid.
// Cost: two scores for each coordinate, counted in `evaluations`.
std::optional<Matrix> differenced_hessian(const equations::MixedModelEquations& equations,
                                          const coordinates::FreeSpace& space,
                                          const likelihood::Parameters& at, int& evaluations,
                                          Callbacks& callbacks);

}  // namespace henderson::information
