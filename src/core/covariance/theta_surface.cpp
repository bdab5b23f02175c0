// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/theta_surface.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

namespace henderson::covariance {
namespace {

constexpr int kMostSteps = 50;
// Of misses: reached, and as near as rounding lets it come.
constexpr double kReached = 1e-15;
constexpr double kNear = 1e-12;
// Gradients of equations, of length 1, count as dependent below this.
constexpr double kDependent = 1e-9;

// Of length 1, where they are not zero.
Matrix normalised_rows(Matrix rows) {
  for (Index k = 0; k < rows.rows(); ++k) {
    const double length = rows.row(k).norm();
    if (length > 0.0) rows.row(k) /= length;
  }
  return rows;
}

}  // namespace

double ThetaSurface::largest_share(const ConstVectorRef& theta, const Vector& missed) const {
  const Vector size = sizes(theta);
  double largest = 0.0;
  for (Index k = 0; k < missed.size(); ++k) {
    if (missed[k] != 0.0) largest = std::max(largest, std::abs(missed[k]) / size[k]);
  }
  return largest;
}

std::optional<Vector> ThetaSurface::restored(const ConstVectorRef& theta) const {
  Vector at = theta;
  Vector missed = misses(at);
  double share = largest_share(at, missed);
  for (int k = 0; k < kMostSteps && share > kReached; ++k) {
    Matrix rows = gradients(at);
    for (Index i = 0; i < rows.rows(); ++i) {
      const double length = rows.row(i).norm();
      if (!(length > 0.0)) continue;
      rows.row(i) /= length;
      missed[i] /= length;
    }
    const Vector next = at - rows.completeOrthogonalDecomposition().solve(missed);
    if (!next.allFinite()) return std::nullopt;
    missed = misses(next);
    const double left = largest_share(next, missed);
    if (share < kNear && !(left < share)) break;
    at = next;
    share = left;
  }
  if (!(share < kNear)) return std::nullopt;
  return at;
}

Matrix ThetaSurface::tangent(const ConstVectorRef& theta) const {
  const Matrix normals = normalised_rows(gradients(theta)).transpose();
  const Index n = normals.rows();
  const Eigen::ColPivHouseholderQR<Matrix> qr(normals);
  const Matrix q = qr.householderQ() * Matrix::Identity(n, n);
  return q.rightCols(n - n_equations());
}

Matrix ThetaSurface::tangent_among(const ConstVectorRef& theta,
                                   const std::vector<bool>& may_move) const {
  const Matrix all = gradients(theta);
  std::vector<Index> moving;
  for (Index i = 0; i < all.cols(); ++i) {
    if (may_move[static_cast<std::size_t>(i)]) moving.push_back(i);
  }
  const auto n = static_cast<Index>(moving.size());
  Matrix normals(n, all.rows());
  for (Index i = 0; i < n; ++i) normals.row(i) = all.col(moving[i]).transpose();
  normals = normalised_rows(normals.transpose()).transpose();
  Eigen::ColPivHouseholderQR<Matrix> qr(normals);
  qr.setThreshold(kDependent);
  const Matrix q = qr.householderQ() * Matrix::Identity(n, n);
  const Index rank = n > 0 ? qr.rank() : 0;
  Matrix found = Matrix::Zero(all.cols(), n - rank);
  for (Index i = 0; i < n; ++i) found.row(moving[i]) = q.row(i).tail(n - rank);
  return found;
}

Matrix ThetaSurface::bend(const ConstVectorRef& theta, const ConstVectorRef& gradient) const {
  const Matrix normals = gradients(theta).transpose();
  const Vector multipliers = normals.completeOrthogonalDecomposition().solve(gradient);
  return -curvature_of_equations(theta, multipliers);
}

}  // namespace henderson::covariance
