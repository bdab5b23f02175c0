// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/partly_held.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/covariance/completion.h"
#include "core/covariance/lower.h"

namespace henderson::covariance {
namespace {

// Pivots below this share of their variance are zero in a starting matrix.
constexpr double kSingular = 1e-14;

std::pair<Index, Index> row_and_column(Index position) {
  Index row = 0;
  while (lower_position(row + 1, 0) <= position) ++row;
  return {row, position - lower_position(row, 0)};
}

}  // namespace

PartlyHeld::PartlyHeld(Index n_coef, std::vector<bool> held, Vector values)
    : Unstructured(n_coef), held_(std::move(held)), held_values_(std::move(values)) {
  for (Index k = 0; k < n_values(); ++k) {
    if (!held_[static_cast<std::size_t>(k)]) continue;
    at_.push_back(k);
    const auto [r, c] = row_and_column(k);
    if (r == c && !(held_values_[k] > 0.0))
      throw InvalidSpec("hold", "a variance of a term that is otherwise free must be held above 0");
  }
}

Vector PartlyHeld::misses(const ConstVectorRef& theta) const {
  const Matrix lambda = triangular_from(theta, n_coef());
  Vector found(n_equations());
  for (Index i = 0; i < found.size(); ++i) {
    const auto [r, c] = row_and_column(at_[i]);
    found[i] = lambda.row(r).dot(lambda.row(c)) - held_values_[at_[i]];
  }
  return found;
}

// sqrt(Sigma_rr Sigma_cc), which a covariance cannot exceed, or the held value where it is larger.
Vector PartlyHeld::sizes(const ConstVectorRef& theta) const {
  const Matrix lambda = triangular_from(theta, n_coef());
  Vector found(n_equations());
  for (Index i = 0; i < found.size(); ++i) {
    const auto [r, c] = row_and_column(at_[i]);
    found[i] =
        std::max(lambda.row(r).norm() * lambda.row(c).norm(), std::abs(held_values_[at_[i]]));
  }
  return found;
}

// Sigma_rc = sum_k Lambda_rk Lambda_ck
Matrix PartlyHeld::gradients(const ConstVectorRef& theta) const {
  Matrix found = Matrix::Zero(n_equations(), n_theta());
  for (Index i = 0; i < found.rows(); ++i) {
    const auto [r, c] = row_and_column(at_[i]);
    for (Index k = 0; k <= c; ++k) {
      found(i, lower_position(r, k)) += theta[lower_position(c, k)];
      found(i, lower_position(c, k)) += theta[lower_position(r, k)];
    }
  }
  return found;
}

// tr(G d2Sigma) with the G that is the multiplier at a held variance, half of it at the two places
// of a held covariance.
Matrix PartlyHeld::curvature_of_equations(const ConstVectorRef& theta,
                                          const Vector& multipliers) const {
  Matrix g = Matrix::Zero(n_coef(), n_coef());
  for (Index i = 0; i < n_equations(); ++i) {
    const auto [r, c] = row_and_column(at_[i]);
    g(r, c) += 0.5 * multipliers[i];
    g(c, r) += 0.5 * multipliers[i];
  }
  return Unstructured::curvature(theta, g);
}

Vector PartlyHeld::completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const {
  return completed_values(given, defaults, n_coef());
}

Vector PartlyHeld::theta_from_covariance(const Matrix& covariance) const {
  const std::optional<Matrix> found = completion(held_, held_values_, covariance);
  if (!found) throw InvalidSpec("hold", "no covariance matrix has the held values");
  return lower_of(semidefinite_cholesky(*found, kSingular, 0.0));
}

// A held value keeps its coefficients from zero, whatever their size.
Vector PartlyHeld::canonical(const ConstVectorRef& theta, double relative, double absolute) const {
  const Matrix lambda = triangular_from(theta, n_coef());
  Vector least = Vector::Constant(n_coef(), absolute * absolute);
  for (const Index k : at_) {
    const auto [r, c] = row_and_column(k);
    if (held_values_[k] != 0.0) least[r] = least[c] = 0.0;
  }
  return lower_of(semidefinite_cholesky(lambda * lambda.transpose(), relative * relative, least));
}

Vector completed_values(const ConstVectorRef& given, const ConstVectorRef& defaults, Index n_coef) {
  std::vector<bool> known;
  for (Index k = 0; k < given.size(); ++k) known.push_back(!std::isnan(given[k]));
  const std::optional<Matrix> found = completion(known, given, symmetric_from(defaults, n_coef));
  if (!found)
    throw InvalidSpec("start", "no covariance matrix has the held and the starting values");
  Vector values = lower_of(*found);
  for (Index k = 0; k < given.size(); ++k) {
    if (known[static_cast<std::size_t>(k)]) values[k] = given[k];
  }
  return values;
}

}  // namespace henderson::covariance
