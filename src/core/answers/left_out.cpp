// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/left_out.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <limits>

#include "core/answers/effects.h"
#include "core/answers/errors.h"
#include "core/base/error.h"

namespace henderson::answers {
namespace {

using likelihood::Evaluation;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// R - M with less of R than this is rounding.
constexpr double kLeastLeft = 1e-11;

double log_determinant(const Eigen::LLT<Matrix>& factor) {
  return 2.0 * factor.matrixLLT().diagonal().array().log().sum();
}

double log_density(const ConstMatrixRef& residual, const Matrix& m, const ConstVectorRef& r) {
  const Eigen::LLT<Matrix> whole(residual);
  const Matrix difference = residual - m;
  if ((difference.diagonal().array() <= kLeastLeft * residual.diagonal().array()).any())
    return kNaN;
  const Eigen::LLT<Matrix> left(difference);
  if (whole.info() != Eigen::Success || left.info() != Eigen::Success) return kNaN;
  const auto n = static_cast<double>(r.size());
  const Vector half = left.matrixL().solve(Vector(r));
  return -0.5 * (n * std::log(2.0 * M_PI) + 2.0 * log_determinant(whole) - log_determinant(left) +
                 half.squaredNorm());
}

Index numbers_of(const LeftOutGroups& groups) {
  Index n = 0;
  for (std::size_t g = 0; g + 1 < groups.first.size(); ++g) {
    const Index size = groups.first[g + 1] - groups.first[g];
    n += size * size;
  }
  return n;
}

Vector densities_at(const Evaluation& at, const LeftOutGroups& groups,
                    const ConstVectorRef& residuals) {
  const Vector r =
      groups.response - groups.design.transpose() * all_effects(at.model(), at.solution().unscaled);
  const std::vector<Matrix> m = error_blocks(at, groups.design, groups.first);
  Vector densities(static_cast<Index>(m.size()));
  const double* residual = residuals.data();
  for (std::size_t g = 0; g < m.size(); ++g) {
    const Index n = m[g].rows();
    densities[static_cast<Index>(g)] =
        log_density(Eigen::Map<const Matrix>(residual, n, n), m[g], r.segment(groups.first[g], n));
    residual += n * n;
  }
  return densities;
}

}  // namespace

Matrix left_out_densities(bayes::Surface& surface, const Matrix& values,
                          const LeftOutGroups& groups, const ConstMatrixRef& residuals,
                          Callbacks& callbacks) {
  if (residuals.rows() != numbers_of(groups) || residuals.cols() != values.cols())
    throw DimensionMismatch("residual covariances", residuals.rows(), numbers_of(groups));
  if (groups.response.size() != groups.design.cols())
    throw DimensionMismatch("response", groups.response.size(), groups.design.cols());
  Matrix found = Matrix::Constant(static_cast<Index>(groups.first.size()) - 1, values.cols(), kNaN);
  surface.visit(
      values,
      [&](Index point, std::optional<Evaluation>&& at, Callbacks&) {
        if (at) found.col(point) = densities_at(*at, groups, residuals.col(point));
      },
      callbacks);
  return found;
}

}  // namespace henderson::answers
