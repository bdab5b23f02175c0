// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/score_differences.h"

namespace henderson::test {
namespace {

Vector gradient_at(equations::MixedModelEquations& equations,
                   const likelihood::Parameters& parameters) {
  Callbacks callbacks;
  std::optional<likelihood::Evaluation> evaluation =
      likelihood::evaluate(equations, parameters, false, callbacks);
  if (!evaluation) throw Error("a neighbour is not valid");
  return information::derivatives(std::move(*evaluation), callbacks, information::Extent::gradient)
      .gradient;
}

}  // namespace

Matrix differenced_hessian(equations::MixedModelEquations& equations,
                           const likelihood::Parameters& at) {
  const double h = 1e-5;
  const Index n = equations.model().n_parameters(), n_theta = at.theta().size();
  Matrix hessian(n, n);
  for (Index i = 0; i < n; ++i) {
    const auto shifted = [&](double step) {
      Vector theta = at.theta();
      if (i < n_theta) theta[i] += step;
      return likelihood::Parameters(theta, at.log_residual() + (i < n_theta ? 0.0 : step));
    };
    hessian.col(i) =
        (gradient_at(equations, shifted(h)) - gradient_at(equations, shifted(-h))) / (2.0 * h);
  }
  return hessian;
}

}  // namespace henderson::test
