// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/rules.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/linalg/side_by_side.h"
#include "core/pedigree/product.h"

namespace henderson::pedigree {

using linalg::SideBySide;

Rules::Rules(Pedigree pedigree, Vector mendelian_variances)
    : pedigree_(std::move(pedigree)), variances_(std::move(mendelian_variances)) {
  if (variances_.size() != size())
    throw DimensionMismatch("Mendelian variances", variances_.size(), size());
  if (pedigree_.n_groups > 0 && !pedigree_.has_metafounders())
    throw InvalidSpec("pedigree", "its groups are fixed: the relationships have no inverse");
  for (SmallIndex i = pedigree_.n_groups; i < size(); ++i) {
    if (variances_[i] > 0.0) continue;
    throw InvalidSpec("pedigree", "a Mendelian sampling variance is not positive (row " +
                                      std::to_string(i + 1) + ")");
  }
  if (!pedigree_.has_metafounders()) return;
  const Eigen::LLT<Matrix> factor(pedigree_.gamma);
  if (factor.info() != Eigen::Success)
    throw InvalidSpec("gamma", "the covariance of the metafounders is not positive definite");
  group_root_ = factor.matrixL();
  group_inverse_ = factor.solve(Matrix::Identity(pedigree_.n_groups, pedigree_.n_groups));
}

double Rules::log_determinant() const { return pedigree::log_determinant(pedigree_, variances_); }

void Rules::multiply(MatrixRef x) const { pedigree::multiply(pedigree_, variances_, 1, x); }

void Rules::add_inverse_times(Index width, const double* x, double* out) const {
  const std::vector<SmallIndex>&sire = pedigree_.parents.sire, &dam = pedigree_.parents.dam;
  const double w = pedigree_.dam_weight;
  linalg::with_rows(width, [&](auto row_at, auto t) {
    for (SmallIndex i = pedigree_.n_groups; i < size(); ++i) {
      t = row_at(x, i);
      if (sire[i] != kNone) t -= 0.5 * row_at(x, sire[i]);
      if (dam[i] != kNone) t -= w * row_at(x, dam[i]);
      t /= variances_[i];
      row_at(out, i) += t;
      if (sire[i] != kNone) row_at(out, sire[i]) -= 0.5 * t;
      if (dam[i] != kNone) row_at(out, dam[i]) -= w * t;
    }
  });
  const Index n = pedigree_.n_groups;
  if (n == 0) return;
  Eigen::Map<SideBySide>(out, n, width).noalias() +=
      group_inverse_ * Eigen::Map<const SideBySide>(x, n, width);
}

void Rules::draw(Index width, double* x) const {
  const std::vector<SmallIndex>&sire = pedigree_.parents.sire, &dam = pedigree_.parents.dam;
  const double w = pedigree_.dam_weight;
  if (pedigree_.n_groups > 0) {
    Eigen::Map<SideBySide> groups(x, pedigree_.n_groups, width);
    groups = (group_root_ * groups).eval();
  }
  linalg::with_rows(width, [&](auto row_at, auto t) {
    for (SmallIndex i = pedigree_.n_groups; i < size(); ++i) {
      t = std::sqrt(variances_[i]) * row_at(x, i);
      if (sire[i] != kNone) t += 0.5 * row_at(x, sire[i]);
      if (dam[i] != kNone) t += w * row_at(x, dam[i]);
      row_at(x, i) = t;
    }
  });
}

Vector Rules::inverse_diagonal() const {
  const double w = pedigree_.dam_weight;
  Vector diagonal = Vector::Zero(size());
  if (pedigree_.n_groups > 0) diagonal.head(pedigree_.n_groups) = group_inverse_.diagonal();
  for (SmallIndex i = pedigree_.n_groups; i < size(); ++i) {
    const SmallIndex sire = pedigree_.parents.sire[i], dam = pedigree_.parents.dam[i];
    diagonal[i] += 1.0 / variances_[i];
    if (sire != kNone && sire == dam) {
      diagonal[sire] += (0.5 + w) * (0.5 + w) / variances_[i];
      continue;
    }
    if (sire != kNone) diagonal[sire] += 0.25 / variances_[i];
    if (dam != kNone) diagonal[dam] += w * w / variances_[i];
  }
  return diagonal;
}

}  // namespace henderson::pedigree
