// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/residual_whitening.h"

#include <cmath>

#include "core/base/error.h"

namespace henderson::answers {
namespace {

using covariance::Whitening;
using Triplets = std::vector<Eigen::Triplet<double>>;

// The rows of one subject, from `first` on.
void add_subject(const Whitening& t, Index first, Triplets& entries) {
  for (Index r = 0; r < t.size(); ++r) {
    for (Index k = t.start[r]; k < t.start[r + 1]; ++k) {
      entries.emplace_back(static_cast<int>(first + r), static_cast<int>(first + t.column[k]),
                           t.value[k]);
    }
  }
}

// sqrt(weight) / (unit of y x sigma) of each row.
Vector row_scale(const model::Model& model, double log_residual) {
  const double sigma = model.response_unit * std::exp(0.5 * log_residual);
  Vector scale = Vector::Constant(model.residual.n_rows(), 1.0 / sigma);
  if (model.weights.size() == 0) return scale;
  for (Index r = 0; r < scale.size(); ++r) {
    const SmallIndex record = model.residual.record_of_row[r];
    if (record != kNone) scale[r] *= std::sqrt(model.weights[record]);
  }
  return scale;
}

}  // namespace

Eigen::SparseMatrix<double> relative_whitening(const model::Model& model,
                                               const likelihood::Parameters& parameters) {
  Triplets entries;
  for (const model::ResidualBlock& block : model.residual.blocks) {
    for (const model::ResidualPattern& pattern : block.patterns) {
      const Whitening t =
          block.structure->whitening(block.theta_of(parameters.theta()), pattern.positions, false);
      if (t.size() == 0)
        throw InvalidSpec("residual", "the covariance matrix of the residuals is singular");
      for (const Index first : pattern.first_row) add_subject(t, first, entries);
    }
  }
  Eigen::SparseMatrix<double> transform(model.residual.n_rows(), model.residual.n_rows());
  transform.setFromTriplets(entries.begin(), entries.end());
  return transform;
}

ResidualWhitening residual_whitening(const model::Model& model,
                                     const likelihood::Parameters& parameters) {
  ResidualWhitening found;
  found.record_of_row = model.residual.record_of_row;
  found.transform = relative_whitening(model, parameters) *
                    row_scale(model, parameters.log_residual()).asDiagonal();
  return found;
}

}  // namespace henderson::answers
