// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/top_inverse.h"

#include "core/base/error.h"
#include "core/linalg/dense.h"

namespace henderson::linalg {
namespace {

SmallIndex first_of_top(const SymbolicFactor& symbolic) {
  SmallIndex s = symbolic.n_supernodes() - 1;
  while (s > 0 && symbolic.parent(s - 1) == s) --s;
  return s;
}

// L_t
Matrix top_of(const Panels& panels) {
  const SymbolicFactor& symbolic = panels.symbolic();
  const SmallIndex first = first_of_top(symbolic);
  const SmallIndex begin = symbolic.first_column(first), n = symbolic.size() - begin;
  Matrix top = Matrix::Zero(n, n);
  for (SmallIndex s = first; s < symbolic.n_supernodes(); ++s) {
    const SmallIndex width = symbolic.width(s), own = symbolic.first_column(s) - begin;
    const Eigen::Map<const Matrix> panel(panels.data() + symbolic.panel(s), symbolic.height(s),
                                         width);
    top.block(own, own, width, width) = panel.topRows(width).triangularView<Eigen::Lower>();
    for (SmallIndex r = 0; r < symbolic.below(s); ++r)
      top.row(symbolic.rows(s)[r] - begin).segment(own, width) = panel.row(width + r);
  }
  return top;
}

std::vector<Index> rows_with_entries(const ConstMatrixRef& x) {
  std::vector<Index> rows;
  for (Index i = 0; i < x.rows(); ++i)
    if (!x.row(i).isZero(0.0)) rows.push_back(i);
  return rows;
}

}  // namespace

Index TopInverse::top_size(const CholeskyFactor& factor) {
  const SymbolicFactor& symbolic = factor.symbolic();
  return symbolic.size() - symbolic.first_column(first_of_top(symbolic));
}

TopInverse::TopInverse(const CholeskyFactor& factor, int threads)
    : factor_(factor), threads_(threads) {
  const Matrix transposed = top_of(factor.panels()).transpose();
  auto inverse = symmetric_inverse(own_products(transposed, threads), threads);
  if (!std::holds_alternative<DenseInverse>(inverse))
    throw Error("the top of the factor is singular to working precision");
  inverse_ = std::move(std::get<DenseInverse>(inverse).inverse);
}

Vector TopInverse::quadratic_forms(Matrix& x) const {
  const SymbolicFactor& symbolic = factor_.symbolic();
  const SmallIndex first = first_of_top(symbolic);
  const SmallIndex begin = symbolic.first_column(first);
  factor_.solve_lower_until(first, x, threads_);
  Vector forms = x.topRows(begin).colwise().squaredNorm().transpose();
  const auto top = x.bottomRows(x.rows() - begin);
  const std::vector<Index> rows = rows_with_entries(top);
  const auto n = static_cast<Index>(rows.size());
  Matrix z(n, x.cols()), d(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) d(i, j) = inverse_(rows[i], rows[j]);
  for (Index i = 0; i < n; ++i) z.row(i) = top.row(rows[i]);
  return forms + z.cwiseProduct(product(d, z, threads_)).colwise().sum().transpose();
}

}  // namespace henderson::linalg
