// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/completion.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "core/covariance/lower.h"

namespace henderson::covariance {
namespace {

// In units of the standard deviations: a least eigenvalue that is safe, and how far T is drawn to
// its diagonal.
constexpr double kSafe = 0.02;
constexpr double kTowardsDiagonal = 0.05;
constexpr std::size_t kManyUnknown = 400;
constexpr double kRoom = 0.5;
// The share of the way to the first singular matrix that is gone at once, and what is left of the
// known covariances where they count as reached.
constexpr double kShareOfWay = 0.7;
constexpr double kReached = 1e-10;
constexpr int kMostRounds = 400;
constexpr int kMostNewtonSteps = 60;
constexpr double kCentred = 1e-8;

double least_eigenvalue(const Matrix& matrix) {
  return Eigen::SelfAdjointEigenSolver<Matrix>(matrix, Eigen::EigenvaluesOnly).eigenvalues()[0];
}

// All in units in which the known variances, and those of the target, are 1.
struct Problem {
  Matrix fixed;  // the known entries, zero elsewhere; off the diagonal they are reached at last
  Matrix inverse_target;
  std::vector<std::pair<Index, Index>> unknown;  // row >= column

  Matrix at(const Vector& x, double share) const {
    Matrix sigma = share * fixed;
    sigma.diagonal() = fixed.diagonal();
    for (std::size_t k = 0; k < unknown.size(); ++k) {
      const auto [r, c] = unknown[k];
      sigma(r, c) = sigma(c, r) = x[static_cast<Index>(k)];
    }
    return sigma;
  }

  Matrix covariances() const {
    Matrix off = fixed;
    off.diagonal().setZero();
    return off;
  }
};

// tr(M E_k), E_k the derivative of Sigma by unknown k.
Vector along_unknown(const Problem& problem, const Matrix& m) {
  Vector found(static_cast<Index>(problem.unknown.size()));
  for (Index k = 0; k < found.size(); ++k) {
    const auto [r, c] = problem.unknown[static_cast<std::size_t>(k)];
    found[k] = r == c ? m(r, r) : m(r, c) + m(c, r);
  }
  return found;
}

// tr(S^-1 E_k S^-1 E_l)
Matrix hessian(const Problem& problem, const Matrix& inverse) {
  const auto n = static_cast<Index>(problem.unknown.size());
  Matrix found(n, n);
  for (Index k = 0; k < n; ++k) {
    const auto [r, c] = problem.unknown[static_cast<std::size_t>(k)];
    Matrix product = inverse.col(r) * inverse.row(c);
    if (r != c) product += (inverse.col(c) * inverse.row(r)).eval();
    found.col(k) = along_unknown(problem, product);
  }
  return found;
}

std::optional<double> objective(const Problem& problem, const Matrix& sigma) {
  const Eigen::LLT<Matrix> llt(sigma);
  if (llt.info() != Eigen::Success) return std::nullopt;
  const Matrix root = llt.matrixL();
  const double log_det = 2.0 * root.diagonal().array().log().sum();
  return problem.inverse_target.cwiseProduct(sigma).sum() - log_det;
}

// The minimum over the unknown entries, by Newton steps. Needs: positive definite at x.
void centre(const Problem& problem, double share, Vector& x) {
  if (x.size() == 0) return;
  for (int k = 0; k < kMostNewtonSteps; ++k) {
    const Matrix sigma = problem.at(x, share);
    const Matrix inverse = sigma.llt().solve(Matrix::Identity(sigma.rows(), sigma.cols()));
    const Vector gradient = along_unknown(problem, problem.inverse_target - inverse);
    const Vector step = -hessian(problem, inverse).ldlt().solve(gradient);
    const double fall = -gradient.dot(step);
    if (!(fall > kCentred)) return;
    const double value = objective(problem, sigma).value_or(0.0);
    double length = 1.0;
    for (; length > 1e-10; length *= 0.5) {
      const std::optional<double> there = objective(problem, problem.at(x + length * step, share));
      if (there && *there <= value - 0.1 * length * fall) break;
    }
    if (!(length > 1e-10)) return;
    x += length * step;
  }
}

// How x moves with the share along the minima, and how far that stays positive definite.
std::pair<Vector, double> direction(const Problem& problem, const Matrix& sigma) {
  const Eigen::LLT<Matrix> llt(sigma);
  const Matrix inverse = llt.solve(Matrix::Identity(sigma.rows(), sigma.cols()));
  const Matrix known = problem.covariances();
  Vector moved = Vector::Zero(static_cast<Index>(problem.unknown.size()));
  if (moved.size() > 0) {
    moved =
        -hessian(problem, inverse).ldlt().solve(along_unknown(problem, inverse * known * inverse));
  }
  Matrix change = problem.at(moved, 1.0);
  for (Index r = 0; r < change.rows(); ++r) change(r, r) -= problem.fixed(r, r);
  const Matrix half = llt.matrixL().solve(change);
  const double least = least_eigenvalue(llt.matrixL().solve(half.transpose()));
  return {std::move(moved), least < 0.0 ? -1.0 / least : 1e300};
}

// The known covariances grow from zero to their values; the matrix stays positive definite.
std::optional<Matrix> followed_path(const Problem& problem, Vector x) {
  double share = 0.0;
  centre(problem, share, x);
  for (int k = 0; k < kMostRounds && 1.0 - share > kReached; ++k) {
    const auto [moved, longest] = direction(problem, problem.at(x, share));
    double step = std::min(1.0 - share, kShareOfWay * longest);
    while (step > 0.0 && !objective(problem, problem.at(x + step * moved, share + step)))
      step *= 0.5;
    if (!(step > kReached * kReached)) break;
    x += step * moved;
    share += step;
    centre(problem, share, x);
  }
  if (1.0 - share > kReached) return std::nullopt;
  return problem.at(x, 1.0);
}

// Unknown covariances of the target are drawn to zero until the whole is positive definite.
std::optional<Matrix> drawn_to_zero(const Problem& problem, const Vector& x) {
  for (double shrink = 1.0; shrink > 1e-6; shrink *= 0.5) {
    Vector drawn = x;
    for (Index k = 0; k < x.size(); ++k) {
      const auto [r, c] = problem.unknown[static_cast<std::size_t>(k)];
      if (r != c) drawn[k] *= shrink;
    }
    Matrix sigma = problem.at(drawn, 1.0);
    if (objective(problem, sigma)) return sigma;
  }
  return std::nullopt;
}

// Those that are known, and for the others those of the target, or larger ones where the known
// covariances would make correlations above kRoom with them.
Vector standard_deviations(const std::vector<bool>& known, const Vector& lower,
                           const Matrix& target) {
  const Index n = target.rows();
  const auto is_known = [&](Index r, Index c) {
    return bool(known[static_cast<std::size_t>(lower_position(r, c))]);
  };
  Vector sd(n);
  for (Index r = 0; r < n; ++r) {
    const double variance = is_known(r, r) ? lower[lower_position(r, r)] : target(r, r);
    sd[r] = variance > 0.0 ? std::sqrt(variance) : 1.0;
  }
  for (Index round = 0; round < n; ++round) {
    for (Index r = 0; r < n; ++r) {
      for (Index c = 0; c < r; ++c) {
        if (!is_known(r, c) || (is_known(r, r) && is_known(c, c))) continue;
        const double factor = std::abs(lower[lower_position(r, c)]) / (kRoom * sd[r] * sd[c]);
        if (!(factor > 1.0)) continue;
        const bool both = !is_known(r, r) && !is_known(c, c);
        if (!is_known(r, r)) sd[r] *= both ? std::sqrt(factor) : factor;
        if (!is_known(c, c)) sd[c] *= both ? std::sqrt(factor) : factor;
      }
    }
  }
  return sd;
}

}  // namespace

std::optional<Matrix> completion(const std::vector<bool>& known, const Vector& lower,
                                 const Matrix& target) {
  const Index n = target.rows();
  const Vector sd = standard_deviations(known, lower, target);
  Problem problem{Matrix::Zero(n, n), Matrix(), {}};
  Matrix scaled = target.cwiseQuotient(sd * sd.transpose());
  scaled.diagonal().setOnes();
  std::vector<double> start;
  for (Index r = 0; r < n; ++r) {
    for (Index c = 0; c <= r; ++c) {
      const Index k = lower_position(r, c);
      if (known[static_cast<std::size_t>(k)]) {
        problem.fixed(r, c) = problem.fixed(c, r) = lower[k] / (sd[r] * sd[c]);
      } else {
        problem.unknown.emplace_back(r, c);
        start.push_back(scaled(r, c));
      }
    }
  }
  Vector x = Eigen::Map<const Vector>(start.data(), static_cast<Index>(start.size()));
  const Matrix back = sd * sd.transpose();
  const Matrix first = problem.at(x, 1.0);
  if (least_eigenvalue(first) > kSafe) return Matrix(first.cwiseProduct(back));
  const Matrix drawn =
      (1.0 - kTowardsDiagonal) * scaled + kTowardsDiagonal * Matrix::Identity(n, n);
  problem.inverse_target = drawn.ldlt().solve(Matrix::Identity(n, n));
  std::optional<Matrix> found;
  if (problem.unknown.size() > kManyUnknown) {
    found = drawn_to_zero(problem, x);
  } else {
    for (Index k = 0; k < x.size(); ++k) {
      const auto [r, c] = problem.unknown[static_cast<std::size_t>(k)];
      if (r != c) x[k] = 0.0;
    }
    found = followed_path(problem, x);
  }
  if (found) *found = found->cwiseProduct(back).eval();
  return found;
}

bool has_completion(const Matrix& sigma) {
  const Vector lower = lower_of(sigma);
  std::vector<bool> known;
  for (Index k = 0; k < lower.size(); ++k) known.push_back(!std::isnan(lower[k]));
  return completion(known, lower, Matrix::Identity(sigma.rows(), sigma.cols())).has_value();
}

}  // namespace henderson::covariance
