// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/boxed_model.h"

#include <algorithm>
#include <cmath>

namespace henderson::reml {
namespace {

// A limit nearer than this is reached.
constexpr double kReached = 1e-12;

}  // namespace

BoxedModel::BoxedModel(Vector gradient, Matrix hessian, Vector lower, Vector upper)
    : gradient_(std::move(gradient)),
      hessian_(std::move(hessian)),
      lower_(std::move(lower)),
      upper_(std::move(upper)) {
  const auto infinite = [](double x) { return std::isinf(x); };
  if (std::all_of(lower_.data(), lower_.data() + lower_.size(), infinite) &&
      std::all_of(upper_.data(), upper_.data() + upper_.size(), infinite)) {
    whole_.emplace(gradient_, hessian_);
    return;
  }
  for (Index i = 0; i < gradient_.size(); ++i) {
    const bool stopped_below = lower_[i] > -kReached && gradient_[i] > 0.0;
    const bool stopped_above = upper_[i] < kReached && gradient_[i] < 0.0;
    if (!stopped_below && !stopped_above) free_.push_back(i);
  }
}

// The model in the coordinates `free` where the others are at `fixed`.
QuadraticModel BoxedModel::on(const std::vector<Index>& free, const Vector& fixed) const {
  const auto n = static_cast<Index>(free.size());
  const Vector shifted = gradient_ + hessian_ * fixed;
  Vector gradient(n);
  Matrix hessian(n, n);
  for (Index j = 0; j < n; ++j) {
    gradient[j] = shifted[free[j]];
    for (Index i = 0; i < n; ++i) hessian(i, j) = hessian_(free[i], free[j]);
  }
  return QuadraticModel(gradient, hessian);
}

// Of the coordinates that are at a wall the one that would gain most by leaving it (Karush, Kuhn
// and Tucker); kNone where all press against theirs. On the sphere the multiplier of the radius is
// that of the coordinates that move.
Index BoxedModel::worst_stopped(const std::vector<Index>& moving, const Vector& step,
                                double radius) const {
  Vector slope = gradient_ + hessian_ * step;
  double along = 0.0, size = 0.0;
  for (const Index i : moving) {
    along -= slope[i] * step[i];
    size += step[i] * step[i];
  }
  if (size > 0.0 && step.norm() > (1.0 - 1e-8) * radius)
    slope += std::max(along / size, 0.0) * step;
  Index worst = kNone;
  double gain = 0.0;
  for (const Index i : free_) {
    if (std::binary_search(moving.begin(), moving.end(), i)) continue;
    const double inwards = step[i] <= lower_[i] ? -slope[i] : slope[i];
    if (inwards > gain) {
      gain = inwards;
      worst = i;
    }
  }
  return worst;
}

Vector BoxedModel::minimum(double radius) const {
  if (whole_) return whole_->minimum(radius);
  std::vector<Index> moving = free_;
  Vector step = Vector::Zero(gradient_.size());
  struct {
    Vector step;
    double decrease = 0.0;
  } best;
  Index n_released = 0;
  while (!moving.empty()) {
    Vector fixed = step;
    for (const Index i : moving) fixed[i] = 0.0;
    const double left = std::sqrt(std::max(radius * radius - fixed.squaredNorm(), 0.0));
    const Vector part = on(moving, fixed).minimum(left);
    std::vector<Index> inside;
    for (std::size_t j = 0; j < moving.size(); ++j) {
      const Index i = moving[j];
      const double x = part[static_cast<Index>(j)];
      step[i] = std::min(std::max(x, lower_[i]), upper_[i]);
      if (step[i] == x) inside.push_back(i);
    }
    if (inside.size() < moving.size()) {
      moving = std::move(inside);
      continue;
    }
    const Index released = worst_stopped(moving, step, radius);
    if (released == kNone || n_released++ == gradient_.size()) break;
    const double before = decrease(step);
    if (!(before > best.decrease)) break;
    best = {step, before};
    moving.push_back(released);
    std::sort(moving.begin(), moving.end());
  }
  if (best.step.size() > 0 && best.decrease > decrease(step)) return best.step;
  if (step.norm() <= radius * (1.0 + kReached) && decrease(step) > 0.0) return step;
  return projected_gradient(radius);
}

// Down the gradient and along the walls, as far as the model falls.
Vector BoxedModel::projected_gradient(double radius) const {
  Vector down = Vector::Zero(gradient_.size());
  for (const Index i : free_) down[i] = -gradient_[i];
  const double length = down.norm();
  if (!(length > 0.0)) return down;
  Vector step = Vector::Zero(down.size());
  for (double scale = radius / length; scale * length > 1e-14 * radius; scale *= 0.5) {
    step = (scale * down).cwiseMax(lower_).cwiseMin(upper_);
    if (decrease(step) > 0.0) return step;
  }
  return step;
}

double BoxedModel::decrease(const Vector& step) const {
  if (whole_) return whole_->decrease(step);
  return -(gradient_.dot(step) + 0.5 * step.dot(hessian_ * step));
}

double BoxedModel::potential() const {
  if (whole_) return whole_->potential();
  return on(free_, Vector::Zero(gradient_.size())).potential();
}

}  // namespace henderson::reml
