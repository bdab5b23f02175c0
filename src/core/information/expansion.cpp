// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/expansion.h"

#include <Eigen/Eigenvalues>

#include "core/information/expected_information.h"
#include "core/information/loading_information.h"

namespace henderson::information {
namespace {

using coordinates::FreeSpace;
using likelihood::evaluate;
using likelihood::Evaluation;
using likelihood::Parameters;

// Step of differences, in the unit of lengths: standard deviations of the least-squares residual.
constexpr double kDifference = 1e-4;

// Of random terms. d2V / d(log sigma^2)^2 is dV / dlog sigma^2.
Expansion exact_expansion(const FreeSpace& space, Evaluation&& evaluation, const ExactParts& parts,
                          Callbacks& callbacks) {
  const Parameters at = evaluation.parameters;
  Derivatives all = derivatives(std::move(evaluation), callbacks, Extent::information);
  all.curvature = parts.curvature;
  const Index last = all.gradient.size() - 1;
  all.curvature(last, last) += all.gradient[last];
  const Derivatives found = reduced(space, at, all);
  const Matrix information = 2.0 * found.information;
  const Matrix j = space.jacobian(at);
  return {found.gradient, information,
          2.0 * information - 2.0 * j.transpose() * parts.expected * j + found.curvature, true,
          true};
}

}  // namespace

Matrix Expansion::convex() const {
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(hessian - information);
  const Vector positive = eigen.eigenvalues().cwiseMax(0.0);
  return information +
         eigen.eigenvectors() * positive.asDiagonal() * eigen.eigenvectors().transpose();
}

Expansion expand(const FreeSpace& space, Evaluation&& evaluation, bool exact,
                 Callbacks& callbacks) {
  const Parameters at = evaluation.parameters;
  const bool is_structured = evaluation.model().has_structured_residual();
  std::optional<Matrix> expected;
  // The Hessian of many positions is made by differences of R, subject by subject: too dear here.
  const equations::WhitenedRecords* records = evaluation.records().whitened();
  exact = exact && (records == nullptr || records->has_few_positions());
  if (exact) expected = expected_information(evaluation, callbacks);
  if (exact && !expected) {
    const std::optional<ExactParts> parts = loading_information(evaluation);
    if (parts) return exact_expansion(space, std::move(evaluation), *parts, callbacks);
  }
  Matrix average;
  if (expected) average = average_information(evaluation);
  Derivatives all = derivatives(std::move(evaluation), callbacks,
                                expected ? Extent::curvature : Extent::information);
  if (expected) {
    all.information = average;
    // d2V / d(log sigma^2)^2 = dV / d log sigma^2
    const Index last = all.gradient.size() - 1;
    if (!is_structured) all.curvature(last, last) += all.gradient[last];
  }
  const Derivatives found = reduced(space, at, all);
  const Matrix information = 2.0 * found.information;
  Expansion expansion{found.gradient, information, information + found.curvature, false,
                      all.has_block_curvature};
  const bool knows_curvature = is_structured ? all.has_residual_curvature : all.has_block_curvature;
  if (!expected || !knows_curvature) return expansion;
  const Matrix j = space.jacobian(at).topRows(expected->rows());
  expansion.hessian += information - 2.0 * j.transpose() * *expected * j;
  expansion.is_exact = true;
  return expansion;
}

std::optional<Matrix> differenced_hessian(const equations::MixedModelEquations& equations,
                                          const FreeSpace& space, const Parameters& at,
                                          int& evaluations, Callbacks& callbacks) {
  const Index n = space.size();
  const auto gradient_at = [&](const Vector& step) -> std::optional<Vector> {
    callbacks.stop_if_interrupted();
    const std::optional<Parameters> shifted = space.at(space.coordinates(at) + step, at);
    if (!shifted) return std::nullopt;
    ++evaluations;
    std::optional<Evaluation> evaluation = evaluate(equations, *shifted, false, callbacks);
    if (!evaluation) return std::nullopt;
    const Derivatives found = derivatives(std::move(*evaluation), callbacks, Extent::gradient);
    return space.carried(reduced(space, *shifted, found).gradient, *shifted, at);
  };
  Matrix hessian(n, n);
  for (Index i = 0; i < n; ++i) {
    const std::optional<Vector> above = gradient_at(kDifference * Vector::Unit(n, i));
    const std::optional<Vector> below = gradient_at(-kDifference * Vector::Unit(n, i));
    if (!above || !below) return std::nullopt;
    hessian.col(i) = (*above - *below) / (2.0 * kDifference);
  }
  return hessian;
}

}  // namespace henderson::information
