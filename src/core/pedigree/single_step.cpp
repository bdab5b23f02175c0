// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/single_step.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/linalg/side_by_side.h"

namespace henderson::pedigree {

using linalg::SideBySide;

namespace {

using Rows = Eigen::Map<SideBySide>;
using ConstRows = Eigen::Map<const SideBySide>;

}  // namespace

SingleStep::SingleStep(GenotypedSplit split, MarkerMatrix markers, SingleStepWeights weights)
    : split_(std::move(split)), markers_(std::move(markers)), weights_(weights) {
  const auto n = static_cast<Index>(split_.genotyped().size());
  if (markers_.n_animals() != n) throw DimensionMismatch("genotypes", markers_.n_animals(), n);
  if (!(weights_.polygenic > 0.0)) throw InvalidSpec("blend", "the polygenic part has no variance");
  const double all = static_cast<double>(n_animals()) + static_cast<double>(markers_.n_columns());
  if (all > INT32_MAX) throw InvalidSpec("markers", "there are more than 2^31 effects");
}

double SingleStep::bytes() const { return markers_.bytes() + split_.solver().bytes(); }

void SingleStep::transform(Index width, double* x) const {
  const std::vector<SmallIndex>& genotyped = split_.genotyped();
  SideBySide values = SideBySide::Zero(markers_.n_animals(), width);
  markers_.multiply_add(width, x + n_animals() * width, values.data());
  SideBySide all = SideBySide::Zero(n_animals(), width);
  for (Index i = 0; i < values.rows(); ++i) all.row(genotyped[i]) = values.row(i);
  split_.impute(width, all.data());
  Rows(x, n_animals(), width) += all;
}

void SingleStep::transform_back(Index width, double* x) const {
  const std::vector<SmallIndex>& genotyped = split_.genotyped();
  SideBySide all = ConstRows(x, n_animals(), width);
  split_.collect(width, all.data());
  SideBySide values(markers_.n_animals(), width);
  for (Index i = 0; i < values.rows(); ++i) values.row(i) = all.row(genotyped[i]);
  markers_.multiply_back_add(width, values.data(), x + n_animals() * width);
}

void SingleStep::add_precision_times(Index width, const double* x, double* out) const {
  split_.rules().add_inverse_times(width, x, out);
  split_.add_inverse_times(1.0 / weights_.polygenic - 1.0, width, x, out);
  const Index first = n_animals() * width;
  Rows(out + first, n_effects(), width) += ConstRows(x + first, n_effects(), width);
  if (weights_.omega != 1.0) add_omega_times(width, x, out);
}

void SingleStep::add_omega_times(Index width, const double* x, double* out) const {
  SideBySide u = ConstRows(x, size(), width);
  transform(width, u.data());
  SideBySide product = SideBySide::Zero(size(), width);
  split_.add_inverse_times(1.0 - weights_.omega, width, u.data(), product.data());
  transform_back(width, product.data());
  Rows(out, size(), width) += product;
}

Vector SingleStep::precision_diagonal() const {
  Vector diagonal = Vector::Ones(size());
  const Vector of_all = split_.rules().inverse_diagonal();
  const Vector of_genotyped = split_.inverse_diagonal();
  diagonal.head(n_animals()) = of_all;
  for (Index i = 0; i < of_genotyped.size(); ++i)
    diagonal[split_.genotyped()[i]] += (1.0 / weights_.polygenic - 1.0) * of_genotyped[i];
  return diagonal;
}

void SingleStep::require_omega() const {
  if (weights_.omega != 1.0)
    throw InvalidSpec("omega", "without the inverse of H its covariance is known for omega = 1");
}

void SingleStep::multiply(MatrixRef x) const {
  require_omega();
  const Index n = n_animals();
  for (Index c = 0; c < x.cols(); ++c) {
    // Var(s) = c A + (1 - c) [(A^11)^-1 0; 0 0]
    Vector others = x.col(c).head(n);
    split_.solve_others(1, others.data());
    Matrix all = x.col(c).head(n);
    split_.rules().multiply(all);
    x.col(c).head(n) = weights_.polygenic * all + (1.0 - weights_.polygenic) * others;
  }
}

void SingleStep::draw(Index width, double* x) const {
  require_omega();
  split_.rules().draw(width, x);
  // s_2 = c^1/2 p_2 and s_1 = J s_2 + (p_1 - J p_2) of p ~ N(0, A).
  SideBySide told = ConstRows(x, n_animals(), width);
  split_.impute(width, told.data());
  Rows(x, n_animals(), width) += (std::sqrt(weights_.polygenic) - 1.0) * told;
}

}  // namespace henderson::pedigree
