// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/relationship.h"

#include "core/base/error.h"
#include "core/linalg/side_by_side.h"

namespace henderson::model {

namespace {

// An entry of the lower triangle serves both triangles.
void add_entries_times(const Relationship& precision, Index width, const double* x, double* out) {
  const auto n_levels = static_cast<Index>(precision.start.size()) - 1;
  linalg::with_rows(width, [&](auto row_at, auto sum) {
    for (Index l = 0; l < n_levels; ++l) {
      const Index diagonal = precision.start[l];
      const auto x_l = row_at(x, l);
      sum = precision.value[diagonal] * x_l;
      for (Index k = diagonal + 1; k < precision.start[l + 1]; ++k) {
        row_at(out, precision.row[k]) += precision.value[k] * x_l;
        sum += precision.value[k] * row_at(x, precision.row[k]);
      }
      row_at(out, l) += sum;
    }
  });
}

}  // namespace

LevelCovariance::LevelCovariance(Relationship relationship, SmallIndex n_levels,
                                 const std::string& where, Callbacks& callbacks)
    : relationship_(std::move(relationship)), n_levels_(n_levels) {
  if (relationship_.is_identity) return;
  const Index n = relationship_.rules ? relationship_.rules->size()
                                      : static_cast<Index>(relationship_.start.size()) - 1;
  if (n != n_levels) throw DimensionMismatch(where + ", precision of the levels", n, n_levels);
  if (relationship_.rules)
    log_determinant_ = relationship_.rules->log_determinant();
  else
    factorize(where, callbacks);
}

void LevelCovariance::factorize(const std::string& where, Callbacks& callbacks) {
  const linalg::LowerPattern pattern{n_levels_, relationship_.start, relationship_.row};
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

const Relationship& LevelCovariance::relationship() const {
  if (relationship_.rules) {
    std::call_once(entries_made_, [&] {
      pedigree::LowerMatrix inverse = relationship_.rules->inverse();
      relationship_.start = std::move(inverse.start);
      relationship_.row = std::move(inverse.row);
      relationship_.value = std::move(inverse.value);
    });
  }
  return relationship_;
}

Vector LevelCovariance::precision_diagonal() const {
  if (is_identity()) return Vector::Ones(n_levels_);
  if (relationship_.rules) return relationship_.rules->inverse_diagonal();
  Vector diagonal(n_levels_);
  for (SmallIndex l = 0; l < n_levels_; ++l)
    diagonal[l] = relationship_.value[relationship_.start[l]];
  return diagonal;
}

void LevelCovariance::multiply(MatrixRef x) const {
  if (is_identity()) return;
  if (relationship_.rules)
    relationship_.rules->multiply(x);
  else if (unfilled_)
    unfilled_->solve(x);
  else
    precision_factor_->solve(x);
}

void LevelCovariance::add_precision_times(Index width, const double* x, double* out) const {
  if (is_identity()) {
    const Index n = width * n_levels_;
    for (Index i = 0; i < n; ++i) out[i] += x[i];
  } else if (relationship_.rules) {
    relationship_.rules->add_inverse_times(width, x, out);
  } else if (unfilled_) {
    unfilled_->multiply_add(width, x, out);
  } else {
    add_entries_times(relationship_, width, x, out);
  }
}

void LevelCovariance::draw(Index width, double* x) const {
  if (is_identity()) return;
  if (relationship_.rules) return relationship_.rules->draw(width, x);
  if (unfilled_) return unfilled_->draw(width, x);
  Eigen::Map<linalg::SideBySide> rows(x, n_levels_, width);
  Matrix columns = rows;
  precision_factor_->solve_upper(columns);
  rows = columns;
}

}  // namespace henderson::model
