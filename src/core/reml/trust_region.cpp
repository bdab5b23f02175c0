// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/trust_region.h"

#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>

namespace henderson::reml {
namespace {

// An eigenvalue counts as zero below this share of the largest.
constexpr double kFlat = 1e-10;

}  // namespace

QuadraticModel::QuadraticModel(const Vector& gradient, const Matrix& hessian) {
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(0.5 * (hessian + hessian.transpose()));
  basis_ = eigen.eigenvectors();
  curvature_ = eigen.eigenvalues();
  gradient_ = basis_.transpose() * gradient;
}

Vector QuadraticModel::step_at(double shift) const {
  const double flat = kFlat * curvature_.cwiseAbs().maxCoeff();
  Vector step(gradient_.size());
  for (Index i = 0; i < step.size(); ++i) {
    const double h = curvature_[i] + shift;
    step[i] = h > flat ? -gradient_[i] / h : 0.0;
  }
  return step;
}

Vector QuadraticModel::minimum(double radius) const {
  const double lowest = curvature_[0];
  const double scale = curvature_.cwiseAbs().maxCoeff();
  double lower = std::max(0.0, -lowest);
  Vector step = step_at(lower);
  if (lowest >= 0.0 && step.norm() <= radius) return basis_ * step;
  if (lowest < 0.0 && step.norm() < radius) {
    // The hard case: no gradient along the direction of negative curvature, so one goes along it to the boundary.
    const double along = std::sqrt(radius * radius - step.squaredNorm());
    step[0] += gradient_[0] > 0.0 ? -along : along;
    return basis_ * step;
  }
  // |step| falls as the shift grows: bisection on a logarithmic scale, safe and cheap for so few parameters.
  double width = kFlat * scale;
  while (step_at(lower + width).norm() > radius) width *= 10.0;
  double upper = lower + width;
  for (int k = 0; k < 60 && upper - lower > 1e-10 * upper; ++k) {
    const double middle = 0.5 * (lower + upper);
    (step_at(middle).norm() > radius ? lower : upper) = middle;
  }
  return basis_ * step_at(upper);
}

double QuadraticModel::decrease(const Vector& step) const {
  const Vector s = basis_.transpose() * step;
  return -(gradient_.dot(s) + 0.5 * s.dot(curvature_.cwiseProduct(s)));
}

double QuadraticModel::potential() const {
  const double flat = kFlat * curvature_.cwiseAbs().maxCoeff();
  if (curvature_.size() == 0) return 0.0;
  if (curvature_[0] < -flat) return std::numeric_limits<double>::infinity();
  double potential = 0.0;
  for (Index i = 0; i < curvature_.size(); ++i) {
    if (curvature_[i] > flat) potential += 0.5 * gradient_[i] * gradient_[i] / curvature_[i];
  }
  return potential;
}

}  // namespace henderson::reml
