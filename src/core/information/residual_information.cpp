// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/residual_information.h"

namespace henderson::information {

Matrix with_residual_information(const Matrix& information, const Vector& traces, Index n_theta,
                                 double error_df) {
  const Index n = n_theta, n_blocks = information.rows() - n;
  Matrix found(n + 1, n + 1);
  found.topLeftCorner(n, n) = information.topLeftCorner(n, n);
  const Vector beside =
      0.5 * traces.head(n) - information.topRightCorner(n, n_blocks).rowwise().sum();
  found.col(n).head(n) = beside;
  found.row(n).head(n) = beside.transpose();
  found(n, n) = 0.5 * error_df - traces.tail(n_blocks).sum() +
                information.bottomRightCorner(n_blocks, n_blocks).sum();
  return found;
}

}  // namespace henderson::information
