// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/toeplitz.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/covariance/levinson.h"
#include "core/covariance/limits.h"

namespace henderson::covariance {
namespace {

// A partial autocorrelation this near to 1 makes R singular to working precision.
constexpr double kAtLimit = 1e-10;
// A variance of prediction that is rounding error.
constexpr double kNothing = 1e-12;
// Starts stay this far inside.
constexpr double kLargestStart = 0.95;
// A free vector of this reach has a tanh of 1, and gives a matrix that is singular.
constexpr double kFarOut = 20.0;
// Below this reach the map of banded correlations is the identity.
constexpr double kShort = 1e-4;
// But for a first correlation that no accident of the data has made.
constexpr double kNearOne = 0.999;

// The Durbin-Levinson recursion: rho_k = sum_j phi_j rho_(k - j) + pi_k v, with phi the prediction
// coefficients of order k - 1 and v what they leave of the variance. `slope` takes derivatives
// along: column i is the derivative with respect to pi_i.
struct Recursion {
  explicit Recursion(Index n) : rho(n), slope(Matrix::Zero(n, n)), phi(0), dphi(0, n), dv(n) {
    dv.setZero();
  }

  // rho_k but for the new partial autocorrelation.
  double predicted() const {
    const Index k = phi.size();
    double sum = 0.0;
    for (Index j = 0; j < k; ++j) sum += phi[j] * rho[k - 1 - j];
    return sum;
  }

  void add(double pi) {
    const Index k = phi.size();
    rho[k] = predicted() + pi * v;
    slope.row(k) = pi * dv.transpose();
    for (Index j = 0; j < k; ++j) {
      slope.row(k) += dphi.row(j) * rho[k - 1 - j] + phi[j] * slope.row(k - 1 - j);
    }
    slope(k, k) += v;
    Vector next(k + 1);
    Matrix dnext(k + 1, dphi.cols());
    for (Index j = 0; j < k; ++j) {
      next[j] = phi[j] - pi * phi[k - 1 - j];
      dnext.row(j) = dphi.row(j) - pi * dphi.row(k - 1 - j);
      dnext(j, k) -= phi[k - 1 - j];
    }
    next[k] = pi;
    dnext.row(k).setZero();
    dnext(k, k) = 1.0;
    dv *= 1.0 - pi * pi;
    dv[k] -= 2.0 * pi * v;
    v *= 1.0 - pi * pi;
    phi = std::move(next);
    dphi = std::move(dnext);
  }

  Vector rho;
  Matrix slope;
  Vector phi;
  Matrix dphi;
  double v = 1.0;
  Vector dv;
};

Recursion run(const Vector& partial) {
  Recursion recursion(partial.size());
  for (Index k = 0; k < partial.size(); ++k) recursion.add(partial[k]);
  return recursion;
}

// The partial autocorrelations of these correlations; they may lie outside (-1, 1).
Vector partial_from(const ConstVectorRef& rho, double largest) {
  Recursion recursion(rho.size());
  Vector partial(rho.size());
  for (Index k = 0; k < rho.size(); ++k) {
    const double rest = rho[k] - recursion.predicted();
    // Behind a limit nothing is left to be correlated.
    partial[k] = recursion.v > kNothing ? rest / recursion.v : 0.0;
    // Rounding of the correlations.
    if (std::abs(partial[k]) > 1.0 && (std::abs(partial[k]) - 1.0) * recursion.v < kNothing)
      partial[k] = std::copysign(1.0, partial[k]);
    const bool is_near_one = k == 0 && partial[k] > kNearOne && partial[k] < 1.0;
    if (largest < 1.0 && !is_near_one) partial[k] = std::clamp(partial[k], -largest, largest);
    recursion.add(partial[k]);
  }
  return partial;
}

}  // namespace

// The map of banded correlations, rho = scale(reach) x, and the derivative of the scale.
double scale_at(double reach) { return reach < kShort ? 1.0 : std::tanh(reach) / reach; }

double scale_slope(double reach) {
  if (reach < kShort) return -2.0 / 3.0 * reach;
  const double t = std::tanh(reach);
  return (1.0 - t * t) / reach - t / (reach * reach);
}

Toeplitz::Toeplitz(Index size, Index bands)
    : size_(size), n_lags_(bands == 0 ? size - 1 : std::min(bands, size) - 1) {}

Matrix Toeplitz::matrix(const ConstVectorRef& parameters, const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  Matrix r = Matrix::Identity(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const Index lag = std::abs(at[i] - at[j]);
      if (lag <= n_lags_) r(i, j) = r(j, i) = lag == 0 ? 1.0 : parameters[lag - 1];
    }
  }
  return r;
}

std::vector<Matrix> Toeplitz::derivatives(const ConstVectorRef&, const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  std::vector<Matrix> found(static_cast<std::size_t>(n_lags_), Matrix::Zero(n, n));
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const Index lag = std::abs(at[i] - at[j]);
      if (lag > 0 && lag <= n_lags_) found[lag - 1](i, j) = found[lag - 1](j, i) = 1.0;
    }
  }
  return found;
}

// How far correlations reach towards a singular matrix, and the derivatives of that: 1 at it, as
// the smallest eigenvalue of R is 1 - reach. That of eigenvector v changes by v'(dR / drho_k)v.
// With one lag the eigenvalues are 2 rho cos(k pi / (size + 1)).
Toeplitz::Reach Toeplitz::reach(const ConstVectorRef& rho) const {
  if (n_lags_ == 1) {
    const double largest = 2.0 * std::cos(M_PI / static_cast<double>(size_ + 1));
    return {largest * std::abs(rho[0]), Vector::Constant(1, std::copysign(largest, rho[0]))};
  }
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(matrix(rho, everywhere()));
  const Vector v = eigen.eigenvectors().col(0);
  Reach found{1.0 - eigen.eigenvalues()[0], Vector(n_lags_)};
  for (Index k = 1; k <= n_lags_; ++k)
    found.slope[k - 1] = -2.0 * v.head(size_ - k).dot(v.tail(size_ - k));
  return found;
}

Vector Toeplitz::parameters(const ConstVectorRef& free) const {
  if (is_banded()) return scale_at(reach(free).value) * free;
  return run(free.array().tanh()).rho;
}

Matrix Toeplitz::jacobian(const ConstVectorRef& free) const {
  if (is_banded()) {
    const Reach at = reach(free);
    return scale_at(at.value) * Matrix::Identity(n_lags_, n_lags_) +
           scale_slope(at.value) * free * at.slope.transpose();
  }
  const Vector partial = free.array().tanh();
  const Vector slope = free.array().cosh().square().inverse();
  return run(partial).slope * slope.asDiagonal();
}

Vector Toeplitz::free_from(const ConstVectorRef& parameters) const {
  if (is_banded()) return banded_free_from(parameters);
  const Vector partial = partial_from(parameters, 1.0);
  if (!(partial.cwiseAbs().maxCoeff() < 1.0 + 1e-12)) {
    throw InvalidSpec("variance parameters", "the correlations of toep are not those of a matrix");
  }
  return partial.unaryExpr([](double x) { return atanh_or_limit(x); });
}

Vector Toeplitz::banded_free_from(const ConstVectorRef& rho) const {
  const double near = reach(rho).value;
  if (!(near < 1.0 + 1e-12))
    throw InvalidSpec("variance parameters", "the correlations of toep are not those of a matrix");
  if (near < kShort) return rho;
  return std::min(std::atanh(std::min(near, 1.0)), kFarOut) / near * rho;
}

bool Toeplitz::is_inside(const ConstVectorRef& free) const {
  return free.allFinite() && (!is_banded() || reach(free).value < 0.999 * kFarOut);
}

std::optional<Matrix> Toeplitz::root(const ConstVectorRef& free) const {
  if (is_banded()) return std::nullopt;
  return root_of_partials(free, size_);
}

// The mean correlation of each lag, its partial autocorrelations taken into (-1, 1); with bands
// shrunk until R is definite.
Vector Toeplitz::start(const Matrix& empirical) const {
  Vector rho(n_lags_);
  for (Index k = 0; k < n_lags_; ++k) {
    const double mean = mean_correlation(empirical, k + 1);
    rho[k] = std::isfinite(mean) ? mean : 0.0;
  }
  if (!is_banded()) return run(partial_from(rho, kLargestStart)).rho;
  const double near = reach(rho).value;
  return near > kLargestStart ? Vector(kLargestStart / near * rho) : rho;
}

std::vector<bool> Toeplitz::at_limit(const ConstVectorRef& parameters) const {
  std::vector<bool> at_limit(static_cast<std::size_t>(n_lags_), false);
  if (is_banded()) {
    at_limit.assign(at_limit.size(), reach(parameters).value >= 1.0 - kAtLimit);
    return at_limit;
  }
  const Vector partial = partial_from(parameters, 1.0);
  for (Index k = 0; k < n_lags_; ++k) at_limit[k] = std::abs(partial[k]) >= 1.0 - kAtLimit;
  return at_limit;
}

Vector Toeplitz::snapped(const ConstVectorRef& free, double relative) const {
  if (!is_banded()) return snapped_to_one(free, relative);
  const double far = reach(free).value;
  return std::exp(-far) < relative ? Vector(kFarOut / far * free) : Vector(free);
}

}  // namespace henderson::covariance
