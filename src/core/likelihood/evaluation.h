// SPDX-License-Identifier: GPL-3.0-or-later
// -2 log-likelihood, by REML or ML, at given variance parameters.
//
//     REML: (n - r) log 2pi + log|R| + sum_k m_k log|K_k| + log|C|   + y'Py - 2 log|T|     (r =
//     rank of X) ML:    n      log 2pi + log|R| + sum_k m_k log|K_k| + log|C_vv| + y'Py
//
// m_k is the number of columns of Lambda_k, T the transformation of FixedBasis. C here is that of
// MixedModelEquations, relative to sigma^2: log|R| + log|C| = n log sigma^2 + log|R~| +
// log|C_relative| - r log sigma^2, where log|R~| = - sum log w without a structure.
#pragma once

#include <optional>

#include "core/likelihood/parameters.h"

namespace henderson::likelihood {

// Whole in itself: the equations may be solved elsewhere as soon as its factor has been used up or
// it has ended.
struct Evaluation {
  Parameters parameters;
  equations::Solved solved;
  double minus2loglik = 0.0;  // in the user's units

  const equations::MixedModelEquations& equations() const { return *solved.equations; }
  const model::Model& model() const { return solved.equations->model(); }
  const equations::Factors& lambda() const { return solved.lambda; }  // relative to sigma
  const equations::Records& records() const { return solved.records; }
  const linalg::CholeskyFactor& factor() const { return solved.factor; }
  const equations::Solution& solution() const { return solved.solution; }
  const Vector& score() const { return solved.score(); }
  double residual() const { return parameters.residual(); }
};

// Nothing where theta is refused or C is not positive definite. Where nothing is held, all
// variances are first multiplied by the factor that maximises the likelihood, y'Py / (n - r) or /
// n, which leaves C as it is. Cost: one factorisation.
std::optional<Evaluation> evaluate(const equations::MixedModelEquations& equations,
                                   const Parameters& parameters, bool rescale,
                                   Callbacks& callbacks);

}  // namespace henderson::likelihood
