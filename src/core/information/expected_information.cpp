// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/expected_information.h"

#include <numeric>

#include "core/information/entry_information.h"
#include "core/information/random_information.h"

namespace henderson::information {
namespace {

using likelihood::Evaluation;
using model::Model;
using model::ResidualBlock;
using model::ResidualPattern;

constexpr Index kMostColumns = 500;

bool is_possible(const Model& model) {
  if (!model.has_structured_residual() || !model.blocks.empty()) return false;
  if (model.n_free_columns() > kMostColumns) return false;
  for (const ResidualBlock& block : model.residual.blocks) {
    for (const ResidualPattern& pattern : block.patterns) {
      if (pattern.positions.size() > equations::kLargestWhole) return false;
    }
  }
  return true;
}

// U = T X L^-T with LL' = X'T'TX.
Matrix orthonormal_columns(const Evaluation& evaluation) {
  const equations::MixedModelEquations& equations = evaluation.equations();
  const Index n = equations.columns().nodes.n_columns();
  Matrix upper = Matrix::Identity(n, n);
  evaluation.factor().solve_upper(upper);
  return evaluation.records().whitened()->multiply(
      equations.to_unscaled(evaluation.lambda(), upper));
}

// A_i = T R_i T' of every parameter of a block, for one pattern.
std::vector<Matrix> whitened_derivatives(const ResidualBlock& block, const Vector& theta,
                                         const ResidualPattern& pattern) {
  const ConstVectorRef own = block.theta_of(theta);
  const Matrix t = block.structure->whitening(own, pattern.positions, false).matrix();
  std::vector<Matrix> found;
  for (const Matrix& sigma : block.structure->covariance_derivatives(own, pattern.positions))
    found.push_back(t * sigma * t.transpose());
  return found;
}

}  // namespace

std::optional<Matrix> expected_information(const Evaluation& evaluation, Callbacks& callbacks,
                                           const equations::AbsorptionLimits& limits) {
  const Model& model = evaluation.model();
  if (!model.has_structured_residual()) return random_information(evaluation, limits);
  if (!is_possible(model)) return std::nullopt;
  if (has_entries(evaluation)) {
    std::optional<Matrix> found = expected_by_entries(evaluation, callbacks);
    if (found) return found;
  }
  const Vector& theta = evaluation.parameters.theta();
  const Matrix u =
      model.reml ? orthonormal_columns(evaluation) : Matrix(model.residual.n_rows(), 0);
  Matrix information = Matrix::Zero(model.n_theta, model.n_theta);
  std::vector<Matrix> b(static_cast<std::size_t>(model.n_theta), Matrix::Zero(u.cols(), u.cols()));
  for (const ResidualBlock& block : model.residual.blocks) {
    for (const ResidualPattern& pattern : block.patterns) {
      const std::vector<Matrix> a = whitened_derivatives(block, theta, pattern);
      const auto size = static_cast<Index>(pattern.positions.size());
      const auto n_subjects = static_cast<Index>(pattern.first_row.size());
      // Subjects side by side: size x (n_subjects x columns).
      Matrix own(size, n_subjects * u.cols());
      for (Index s = 0; s < n_subjects; ++s)
        own.middleCols(s * u.cols(), u.cols()) = u.middleRows(pattern.first_row[s], size);
      const Matrix weight =
          pattern.n_subjects() * Matrix::Identity(size, size) - 2.0 * own * own.transpose();
      for (std::size_t i = 0; i < a.size(); ++i) {
        const Index row = block.first_theta + static_cast<Index>(i);
        const Matrix left = weight * a[i];
        for (std::size_t j = 0; j < a.size(); ++j)
          information(row, block.first_theta + static_cast<Index>(j)) +=
              left.cwiseProduct(a[j]).sum();
        const Matrix turned = a[i] * own;
        for (Index s = 0; s < n_subjects; ++s)
          b[row].noalias() += own.middleCols(s * u.cols(), u.cols()).transpose() *
                              turned.middleCols(s * u.cols(), u.cols());
      }
    }
  }
  for (Index i = 0; i < model.n_theta; ++i) {
    for (Index j = 0; j < model.n_theta; ++j) information(i, j) += b[i].cwiseProduct(b[j]).sum();
  }
  return 0.25 * (information + information.transpose());
}

}  // namespace henderson::information
