// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/trust_region.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>

namespace henderson::reml {
namespace {

// An eigenvalue counts as zero below this share of the largest.
constexpr double kFlat = 1e-10;
// A slope along such a direction that is no rounding, of -2l over a step of 1.
constexpr double kSlope = 1e-3;

}  // namespace

QuadraticModel::QuadraticModel(const Vector& gradient, const Matrix& hessian) {
  if (gradient.size() == 0) return;
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(0.5 * (hessian + hessian.transpose()));
  basis_ = eigen.eigenvectors();
  curvature_ = eigen.eigenvalues();
  gradient_ = basis_.transpose() * gradient;
  flat_ = kFlat * curvature_.cwiseAbs().maxCoeff();
  // Down a slope without curvature the minimum is taken to be one step of 1 away.
  for (Index i = 0; i < curvature_.size(); ++i) {
    const double slope = std::abs(gradient_[i]);
    if (slope > kSlope && std::abs(curvature_[i]) <= flat_)
      curvature_[i] = std::max(slope, 2.0 * flat_);
  }
}

Vector QuadraticModel::step_at(double shift) const {
  Vector step(gradient_.size());
  for (Index i = 0; i < step.size(); ++i) {
    const double h = curvature_[i] + shift;
    step[i] = h > flat_ ? -gradient_[i] / h : 0.0;
  }
  return step;
}

Vector QuadraticModel::minimum(double radius) const {
  if (gradient_.size() == 0) return Vector(0);
  const double lowest = curvature_[0];
  if (lowest >= -flat_) {
    const Vector step = step_at(0.0);
    if (step.norm() <= radius) return basis_ * step;
  }
  // |step| falls as the shift grows: bisection between shifts with too long and too short a step,
  // safe and cheap for so few parameters.
  const double smallest = std::max(0.0, -lowest);
  double lower = smallest + 2.0 * flat_;
  Vector step = step_at(lower);
  if (step.norm() < radius) {
    // The hard case: hardly any gradient along the direction of negative curvature, so one goes
    // along it to the boundary.
    const double rest = step.tail(step.size() - 1).squaredNorm();
    step[0] = std::copysign(std::sqrt(radius * radius - rest), -gradient_[0]);
    return basis_ * step;
  }
  double width = flat_;
  while (step_at(lower + width).norm() > radius) width *= 10.0;
  double upper = lower + width;
  for (int k = 0; k < 60 && upper - lower > 1e-12 * (upper - smallest); ++k) {
    const double middle = 0.5 * (lower + upper);
    (step_at(middle).norm() > radius ? lower : upper) = middle;
  }
  return basis_ * step_at(upper);
}

double QuadraticModel::decrease(const Vector& step) const {
  if (gradient_.size() == 0) return 0.0;
  const Vector s = basis_.transpose() * step;
  return -(gradient_.dot(s) + 0.5 * s.dot(curvature_.cwiseProduct(s)));
}

double QuadraticModel::potential() const {
  if (gradient_.size() == 0) return 0.0;
  if (curvature_[0] < -flat_) return std::numeric_limits<double>::infinity();
  double potential = 0.0;
  for (Index i = 0; i < curvature_.size(); ++i) {
    if (curvature_[i] > flat_) potential += 0.5 * gradient_[i] * gradient_[i] / curvature_[i];
  }
  return potential;
}

}  // namespace henderson::reml
