// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/quadratic_forms.h"

#include <algorithm>

#include "core/linalg/shared_scratch.h"

namespace henderson::linalg {
namespace {

constexpr Index kRows = 256;  // of B at a time

}  // namespace

QuadraticForm::QuadraticForm(const ConstMatrixRef& a) : lower_(Matrix::Zero(a.rows(), a.rows())) {
  for (Index j = 0; j < a.rows(); ++j) {
    lower_(j, j) = a(j, j);
    for (Index i = j + 1; i < a.rows(); ++i) lower_(i, j) = a(i, j) + a(j, i);
  }
}

void QuadraticForm::evaluate(const ConstMatrixRef& x, SharedScratch& scratch,
                             VectorRef values) const {
  const Index n = lower_.rows();
  Matrix product(std::min(kRows, n), x.cols());
  values.setZero();
  for (Index first = 0; first < n; first += kRows) {
    const Index height = std::min(kRows, n - first);
    auto part = product.topRows(height);
    part.setZero();
    kernels::gemm(height, x.cols(), first + height, 1.0, lower_.data() + first, n, x.data(),
                  x.outerStride(), product.data(), product.rows(), scratch.first());
    for (Index c = 0; c < x.cols(); ++c)
      values[c] += part.col(c).dot(x.col(c).segment(first, height));
  }
}

}  // namespace henderson::linalg
