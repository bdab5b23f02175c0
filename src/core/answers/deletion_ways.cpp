// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/deletion_ways.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <functional>
#include <limits>

#include "core/linalg/dense.h"

namespace henderson::answers {
namespace {

using linalg::Reach;
namespace kernels = linalg::kernels;

// What is left of the information about a fixed effect below which there is nothing but rounding.
constexpr double kNothingLeft = 1e-10;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Operations as which moving a number counts.
constexpr double kFlopsOfMove = 12.0;

bool leaves_enough(double determinant, std::size_t n_fixed) {
  return determinant > static_cast<double>(n_fixed) * kNothingLeft;
}

// The rows of `from` that stand in the supernodes of `to`, in the places of these.
void copy_common(const linalg::SymbolicFactor& symbolic, const Reach& from, const Reach& to,
                 const ConstMatrixRef& x, MatrixRef y) {
  for (const SmallIndex s : to.supernodes()) {
    if (!from.has(s)) continue;
    y.middleRows(to.place(s), symbolic.width(s)) = x.middleRows(from.place(s), symbolic.width(s));
  }
}

}  // namespace

FixedHalves::FixedHalves(const likelihood::Evaluation& at)
    : symbolic_(at.factor().symbolic()),
      first_fixed_(at.equations().columns().nodes.n_columns() - at.model().rank()),
      halves_(at.factor()) {
  ScaledRowList units;
  for (SmallIndex j = 0; j < at.model().rank(); ++j) units.push_back({{first_fixed_ + j, 1.0}});
  for (const auto& unit : units) halves_.note(unit);
  halves_.prepare();
  halves_.of(units, half_);
  root_ = Eigen::LLT<Matrix>(half_.transpose() * half_).matrixL();
  downwards_ = reach().supernodes();
  std::sort(downwards_.begin(), downwards_.end(), std::greater<>());
}

std::vector<SmallIndex> FixedHalves::fixed_of(const std::vector<SmallIndex>& columns) const {
  std::vector<SmallIndex> fixed;
  for (const SmallIndex column : columns)
    if (column >= first_fixed_) fixed.push_back(column - first_fixed_);
  return fixed;
}

Matrix FixedHalves::columns(const std::vector<SmallIndex>& fixed) const {
  Matrix own(half_.rows(), static_cast<Index>(fixed.size()));
  for (Index j = 0; j < own.cols(); ++j) own.col(j) = half_.col(fixed[j]);
  return own;
}

Matrix FixedHalves::root_of(const std::vector<SmallIndex>& fixed) const {
  if (static_cast<Index>(fixed.size()) == half_.cols()) return root_;
  const Matrix own = columns(fixed);
  return Eigen::LLT<Matrix>(own.transpose() * own).matrixL();
}

double DeletionByHalves::flops(const DeletedGroup& group, const Reach& reach) const {
  const auto n = static_cast<double>(group.n_compressed());
  const auto n_rows = static_cast<double>(reach.n_rows());
  double sum = n * n * (n_rows + n / 3.0) + kFlopsOfMove * n * n_rows;
  if (group.n_compressed() < static_cast<Index>(group.rows.size()))
    sum += 2.0 * static_cast<double>(group.rows.size()) * n * n;
  return sum;
}

void DeletionByHalves::solve(const DeletedGroup& group, Eigen::Ref<Vector> y) {
  halves_.of(group.rows, half_);
  if (group.turn.size() > 0) half_ = linalg::product(half_, group.turn.transpose(), 1);
  const Index n = half_.cols();
  common_.setZero(fixed_.half().rows(), n);
  copy_common(fixed_.symbolic(), halves_.reach(), fixed_.reach(), half_, common_);
  transposed_ = half_.transpose();
  root_.setIdentity(n, n);
  scratch_.reserve(std::max(n, half_.rows()), std::max(n, half_.rows()));
  kernels::subtract_aat(n, half_.rows(), transposed_.data(), n, root_.data(), n, scratch_);
  const bool is_definite =
      kernels::factor_panel(n, n, root_.data(), n, {}, scratch_) == kernels::kNoFailure;
  if (!is_definite || !is_estimable(group)) {
    y.setConstant(kNaN);
    return;
  }
  Vector solved = group.errors;
  root_.triangularView<Eigen::Lower>().solveInPlace(solved);
  root_.triangularView<Eigen::Lower>().adjoint().solveInPlace(solved);
  y = common_ * solved;
}

// D_ff + T'(I - H'H)^-1 T, T = H'F, is the covariance of the fixed effects that the group meets
// without it: infinite, relative to D_ff = F'F, where one is lost.
bool DeletionByHalves::is_estimable(const DeletedGroup& group) {
  const std::vector<SmallIndex> met = fixed_.fixed_of(group.columns);
  if (leaves_enough(root_.diagonal().array().square().prod(), met.size())) return true;
  Matrix gained = common_.transpose() * fixed_.columns(met);
  root_.triangularView<Eigen::Lower>().solveInPlace(gained);
  const Matrix relative =
      fixed_.root_of(met).triangularView<Eigen::Lower>().solve(gained.transpose());
  return relative.squaredNorm() < 1.0 / kNothingLeft;
}

double DeletionByDowndate::flops(const DeletedGroup& group, const Reach& reach) const {
  double sum = downdate_.flops(reach);
  for (const auto& row : group.rows) {
    const auto k = static_cast<double>(row.size());
    sum += kFlopsOfMove * k * (k + 4.0);
  }
  return sum;
}

void DeletionByDowndate::clear(const std::vector<SmallIndex>& supernodes, Index k) {
  const linalg::SymbolicFactor& symbolic = fixed_.symbolic();
  x_.resize(static_cast<std::size_t>(Index{symbolic.size()} * kernels::kMaxRhs));
  for (const SmallIndex s : supernodes)
    std::fill_n(x_.data() + symbolic.first_column(s) * k, symbolic.width(s) * k, 0.0);
}

void DeletionByDowndate::solve(const DeletedGroup& group, Eigen::Ref<Vector> change) {
  if (!downdate_.factorize(group.rows) || !is_estimable(group)) {
    change.setConstant(kNaN);
    return;
  }
  const std::vector<SmallIndex>& place = fixed_.symbolic().new_of_old();
  clear(fixed_.reach().supernodes(), 1);
  clear(downdate_.supernodes(), 1);
  for (Index i = 0; i < group.errors.size(); ++i)
    for (const ScaledEntry& entry : group.rows[static_cast<std::size_t>(i)])
      x_[place[entry.column]] += entry.value * group.errors[i];
  downdate_.solve_lower(downdate_.reach(), 1, x_.data());
  downdate_.solve_upper(fixed_.downwards(), 1, x_.data());
  for (Index j = 0; j < change.size(); ++j)
    change[j] = x_[place[fixed_.column_of_c(static_cast<SmallIndex>(j))]];
}

// The covariance F'F of the fixed effects that the group meets, with the new factor in the place of
// the old: infinite, relative to the old, where one is lost.
bool DeletionByDowndate::is_estimable(const DeletedGroup& group) {
  const std::vector<SmallIndex> met = fixed_.fixed_of(group.columns);
  if (leaves_enough(downdate_.determinant_ratio(fixed_.reach()), met.size())) return true;
  const linalg::SymbolicFactor& symbolic = fixed_.symbolic();
  const Reach& reach = fixed_.reach();
  Matrix after = Matrix::Zero(reach.n_rows(), static_cast<Index>(met.size()));
  for (Index first = 0; first < after.cols(); first += kernels::kMaxRhs) {
    const Index n = std::min(kernels::kMaxRhs, after.cols() - first), k = kernels::padded_rhs(n);
    clear(reach.supernodes(), k);
    for (Index c = 0; c < n; ++c)
      x_[symbolic.new_of_old()[fixed_.column_of_c(met[first + c])] * k + c] = 1.0;
    downdate_.solve_lower(reach, k, x_.data());
    for (const SmallIndex s : reach.supernodes())
      for (SmallIndex i = 0; i < symbolic.width(s); ++i)
        for (Index c = 0; c < n; ++c)
          after(reach.place(s) + i, first + c) = x_[(symbolic.first_column(s) + i) * k + c];
  }
  const Matrix relative =
      fixed_.root_of(met).triangularView<Eigen::Lower>().solve(after.transpose());
  return relative.squaredNorm() < 1.0 / kNothingLeft;
}

}  // namespace henderson::answers
