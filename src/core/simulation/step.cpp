// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/simulation/step.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <numeric>

#include "core/coordinates/boundary.h"
#include "core/coordinates/moving.h"

namespace henderson::simulation {
namespace {

using coordinates::FreeSpace;
using likelihood::Parameters;
using model::Model;
using model::Slot;

// Of a variance in one step, up and down.
constexpr double kMostGrowth = 4.0;
constexpr double kMostFall = 16.0;
constexpr int kMostHalvings = 20;
// Coefficients up to which the curvature of a covariance matrix counts, and those whose variances
// are looked at.
constexpr Index kFewCoefficients = 30;
constexpr Index kMostVariances = 300;
// Standard deviations that are next to nothing, of sigma and of that of their coefficient.
constexpr double kNextToNothing = 0.03;

covariance::Positions first_positions(const Slot& slot, Index most) {
  covariance::Positions all(static_cast<std::size_t>(std::min(slot.structure->n_coef(), most)));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

Matrix positive_part(const Matrix& x) {
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(x);
  return eigen.eigenvectors() * eigen.eigenvalues().cwiseMax(0.0).asDiagonal() *
         eigen.eigenvectors().transpose();
}

// tr(G d2Sigma) with G = d(-2l)/dSigma: the combination of the derivatives of Sigma whose products
// with each of them are the score. They count by their directions, as that of a standard deviation
// near zero is short.
Matrix curvature(const Slot& slot, const ConstVectorRef& theta, const ConstVectorRef& score) {
  std::vector<Matrix> sigma =
      slot.structure->covariance_derivatives(theta, first_positions(slot, kFewCoefficients));
  const Index n = slot.n_theta();
  Vector right = score;
  for (Index i = 0; i < n; ++i) {
    const double length = sigma[i].norm();
    if (length == 0.0) continue;
    sigma[i] /= length;
    right[i] /= length;
  }
  Matrix products(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) products(i, j) = sigma[i].cwiseProduct(sigma[j]).sum();
  }
  const Vector shares = products.completeOrthogonalDecomposition().solve(right);
  Matrix g = Matrix::Zero(slot.structure->n_coef(), slot.structure->n_coef());
  for (Index i = 0; i < n; ++i) g += shares[i] * sigma[i];
  return slot.structure->curvature(theta, g);
}

// Of -2l, by all parameters.
Matrix hessian(const Model& model, const Point& at) {
  Matrix all = 2.0 * at.information;
  for (const Slot& slot : model.slots()) {
    const Index n = slot.n_theta();
    if (slot.in_residual || n == 0 || slot.structure->n_coef() > kFewCoefficients) continue;
    all.block(slot.first_theta, slot.first_theta, n, n) += positive_part(
        curvature(slot, at.parameters.of(slot), at.gradient.segment(slot.first_theta, n)));
  }
  return all;
}

bool is_moderate(double before, double after) {
  return !(before > 0.0) || (after < kMostGrowth * before && kMostFall * after > before);
}

// Whether every variance stays within its factors.
bool is_moderate(const Model& model, const Parameters& from, const Parameters& to) {
  if (!is_moderate(from.residual(), to.residual())) return false;
  for (const Slot& slot : model.slots()) {
    const covariance::Positions at = first_positions(slot, kMostVariances);
    const Vector before = slot.structure->covariance(from.of(slot), at).diagonal();
    const Vector after = slot.structure->covariance(to.of(slot), at).diagonal();
    for (Index i = 0; i < before.size(); ++i) {
      if (!is_moderate(before[i], after[i])) return false;
    }
  }
  return true;
}

}  // namespace

Step newton_step(const Model& model, const FreeSpace& space, const Point& at) {
  const coordinates::Moving moving = coordinates::moving_directions(model, space, at.parameters);
  const Vector gradient = moving.jacobian.transpose() * at.gradient;
  const Matrix second = moving.jacobian.transpose() * hessian(model, at) * moving.jacobian;
  const Vector along = -second.ldlt().solve(gradient);
  const double slope = gradient.dot(along);
  return {moving.directions * along, slope, -0.5 * slope};
}

std::optional<Parameters> moved(const Model& model, const FreeSpace& space, const Parameters& from,
                                const Vector& step, double& share) {
  const Vector here = space.coordinates(from);
  for (int halving = 0; halving < kMostHalvings; ++halving, share *= 0.5) {
    std::optional<Parameters> to = space.at(here + share * step, from);
    if (to && is_moderate(model, from, *to)) return to;
  }
  return std::nullopt;
}

std::optional<Parameters> at_boundary(const Model& model, const FreeSpace& space, const Point& at,
                                      double tolerance) {
  std::optional<Parameters> there =
      coordinates::canonical(model, space, at.parameters, kNextToNothing, kNextToNothing);
  if (!there) return std::nullopt;
  const Vector change = there->theta() - at.parameters.theta();
  if (change.norm() == 0.0) return std::nullopt;
  const Index n = change.size();
  const double cost = at.gradient.head(n).dot(change) +
                      0.5 * change.dot(hessian(model, at).topLeftCorner(n, n) * change);
  if (!(cost <= tolerance)) return std::nullopt;
  return there;
}

}  // namespace henderson::simulation
