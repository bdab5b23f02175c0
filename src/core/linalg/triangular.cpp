// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/triangular.h"

#include <algorithm>

#include "core/linalg/kernels.h"

namespace henderson::linalg {
namespace {

// Triangles up to this order are inverted column by column.
constexpr Index kSmall = 48;

void invert_small(MatrixRef l) {
  const Index n = l.rows();
  const Matrix t = l.triangularView<Eigen::Lower>().solve(Matrix::Identity(n, n));
  l.triangularView<Eigen::Lower>() = t;
}

// [L11 0; L21 L22]^-1 = [T11 0; -T22 L21 T11, T22], in place.
void invert_lower(MatrixRef l, kernels::Scratch& scratch) {
  const Index n = l.rows();
  if (n <= kSmall) return invert_small(l);
  const Index first = n / 2, rest = n - first;
  invert_lower(l.topLeftCorner(first, first), scratch);
  invert_lower(l.bottomRightCorner(rest, rest), scratch);
  const Matrix t11 = l.topLeftCorner(first, first).triangularView<Eigen::Lower>();
  const Matrix t22 = l.bottomRightCorner(rest, rest).triangularView<Eigen::Lower>();
  Matrix half = Matrix::Zero(rest, first);
  const double* l21 = l.data() + first;
  kernels::gemm(rest, first, first, 1.0, l21, l.outerStride(), t11.data(), first, half.data(), rest,
                scratch);
  l.bottomLeftCorner(rest, first).setZero();
  kernels::gemm(rest, first, rest, -1.0, t22.data(), rest, half.data(), rest, l.data() + first,
                l.outerStride(), scratch);
}

}  // namespace

std::optional<Matrix> inverse_cholesky(Matrix a) {
  const Index n = a.rows();
  if (n == 0) return a;
  kernels::Scratch scratch;
  scratch.reserve(n, n);
  if (kernels::factor_panel(n, n, a.data(), n, {}, scratch) != kernels::kNoFailure)
    return std::nullopt;
  a.triangularView<Eigen::StrictlyUpper>().setZero();
  invert_lower(a, scratch);
  if (!a.allFinite()) return std::nullopt;
  return a;
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c = Matrix::Zero(a.rows(), b.cols());
  if (c.size() == 0 || a.cols() == 0) return c;
  kernels::Scratch scratch;
  const Index largest = std::max({a.rows(), a.cols(), b.cols()});
  scratch.reserve(largest, largest);
  kernels::gemm(a.rows(), b.cols(), a.cols(), 1.0, a.data(), a.rows(), b.data(), b.rows(), c.data(),
                c.rows(), scratch);
  return c;
}

}  // namespace henderson::linalg
