// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/relationship.h"

#include "core/base/error.h"

namespace henderson::model {

LevelCovariance::LevelCovariance(Relationship relationship, SmallIndex n_levels,
                                 const std::string& where, Callbacks& callbacks)
    : relationship_(std::move(relationship)) {
  if (relationship_.is_identity) return;
  if (static_cast<Index>(relationship_.start.size()) != n_levels + 1) {
    throw DimensionMismatch(where + ", precision of the levels",
                            static_cast<Index>(relationship_.start.size()) - 1, n_levels);
  }
  const linalg::LowerPattern pattern{n_levels, relationship_.start, relationship_.row};
  linalg::validate(pattern);
  unfilled_ = linalg::unfilled_factor(pattern, relationship_.value);
  if (unfilled_) {
    log_determinant_ = -unfilled_->log_determinant();
    return;
  }
  auto symbolic = linalg::analyze(pattern, linalg::AnalyzeOptions{});
  const std::vector<Index> positions = symbolic->positions(pattern);
  linalg::Panels panels(symbolic);
  panels.set_zero();
  for (std::size_t k = 0; k < positions.size(); ++k)
    panels.data()[positions[k]] = relationship_.value[k];
  auto result = linalg::factorize(std::move(panels), linalg::FactorOptions{}, callbacks);
  if (auto* failure = std::get_if<linalg::NotPositiveDefinite>(&result)) {
    throw InvalidSpec(where,
                      "the precision matrix of the levels is not positive definite (at level " +
                          std::to_string(failure->column + 1) + ")");
  }
  precision_factor_.emplace(std::get<linalg::CholeskyFactor>(std::move(result)));
  log_determinant_ = -precision_factor_->log_determinant();
}

void LevelCovariance::multiply(MatrixRef x) const {
  if (is_identity()) return;
  if (unfilled_)
    unfilled_->solve(x);
  else
    precision_factor_->solve(x);
}

}  // namespace henderson::model
