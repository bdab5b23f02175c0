// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/row_factor.h"

#include <Eigen/QR>
#include <cmath>
#include <limits>

namespace henderson::linalg {

std::optional<CholeskyFactor> factorize_rows(Panels&& panels, const ConstMatrixRef& rows) {
  const SymbolicFactor& symbolic = panels.symbolic();
  const Index n = symbolic.size();
  if (rows.rows() < n) return std::nullopt;
  Matrix permuted(rows.rows(), n);
  for (Index j = 0; j < n; ++j) permuted.col(j) = rows.col(symbolic.old_of_new()[j]);
  const Vector lengths = permuted.colwise().norm();
  const Eigen::HouseholderQR<Matrix> qr(std::move(permuted));
  const double least = std::numeric_limits<double>::epsilon() * static_cast<double>(rows.rows());
  const auto upper = qr.matrixQR().topRows(n);
  if (!((upper.diagonal().cwiseAbs() - least * lengths).minCoeff() > 0.0)) return std::nullopt;

  double* values = panels.data();
  for (SmallIndex s = 0; s < symbolic.n_supernodes(); ++s) {
    const SmallIndex first = symbolic.first_column(s), width = symbolic.width(s);
    for (SmallIndex c = 0; c < width; ++c) {
      double* column = values + symbolic.panel(s) + c * static_cast<Index>(symbolic.height(s));
      const double sign = upper(first + c, first + c) < 0.0 ? -1.0 : 1.0;
      for (SmallIndex r = c; r < width; ++r) column[r] = sign * upper(first + c, first + r);
      for (SmallIndex r = 0; r < symbolic.below(s); ++r)
        column[width + r] = sign * upper(first + c, symbolic.rows(s)[r]);
    }
  }
  return CholeskyFactor(std::move(panels));
}

}  // namespace henderson::linalg
