// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/banded.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/covariance/entries.h"
#include "core/covariance/factor_whitening.h"
#include "core/covariance/lower.h"
#include "core/covariance/partly_held.h"
#include "core/covariance/unstructured.h"

namespace henderson::covariance {
namespace {

std::vector<Index> band_of(Index n, Index k) {
  std::vector<Index> band;
  for (Index r = 0; r < n; ++r) {
    for (Index c = std::max<Index>(0, r - k); c <= r; ++c) band.push_back(lower_position(r, c));
  }
  return band;
}

// Entries of the whole triangle: held where they are no value or a held one.
std::vector<bool> held_in_whole(Index n, const std::vector<Index>& band,
                                const std::vector<bool>& held) {
  std::vector<bool> found(static_cast<std::size_t>(lower_size(n)), true);
  for (std::size_t i = 0; i < band.size(); ++i) found[band[i]] = !held.empty() && held[i];
  return found;
}

Vector filled(Index size, const std::vector<Index>& at, const ConstVectorRef& numbers) {
  Vector found = Vector::Zero(size);
  for (std::size_t i = 0; i < at.size(); ++i) found[at[i]] = numbers[static_cast<Index>(i)];
  return found;
}

template <class Sequence>
Sequence chosen(const Sequence& all, const std::vector<Index>& at) {
  Sequence found(at.size());
  for (std::size_t i = 0; i < at.size(); ++i) found[i] = all[at[i]];
  return found;
}

Vector chosen(const Vector& all, const std::vector<Index>& at) {
  Vector found(static_cast<Index>(at.size()));
  for (std::size_t i = 0; i < at.size(); ++i) found[static_cast<Index>(i)] = all[at[i]];
  return found;
}

Matrix chosen(const Matrix& all, const std::vector<Index>& rows,
              const std::vector<Index>& columns) {
  Matrix found(static_cast<Index>(rows.size()), static_cast<Index>(columns.size()));
  for (std::size_t c = 0; c < columns.size(); ++c)
    found.col(static_cast<Index>(c)) = chosen(Vector(all.col(columns[c])), rows);
  return found;
}

}  // namespace

Banded::Banded(Index n_coef, Index k, const std::vector<bool>& held, const Vector& values,
               bool natural)
    : values_at_(band_of(n_coef, k)) {
  if (k < 1 || k >= n_coef)
    throw InvalidSpec("k", "the order of chol is not between 1 and the coefficients less one");
  is_free_ = !natural && std::find(held.begin(), held.end(), true) == held.end();
  if (is_free_) {
    whole_ = std::make_unique<Unstructured>(n_coef);
    theta_at_ = values_at_;
    return;
  }
  const Vector whole = values.size() > 0 ? whole_values(values) : Vector::Zero(lower_size(n_coef));
  std::vector<bool> all = held_in_whole(n_coef, values_at_, held);
  if (natural) {
    whole_ = std::make_unique<Entries>(n_coef, std::move(all), whole);
  } else {
    whole_ = std::make_unique<PartlyHeld>(n_coef, std::move(all), whole);
  }
  for (Index i = 0; i < whole_->n_theta(); ++i) theta_at_.push_back(i);
}

Vector Banded::whole_theta(const ConstVectorRef& theta) const {
  return filled(whole_->n_theta(), theta_at_, theta);
}

Vector Banded::own_theta(const Vector& whole) const { return chosen(whole, theta_at_); }

Vector Banded::whole_values(const ConstVectorRef& values) const {
  const Index last = values_at_.back();  // the last entry of the diagonal
  return filled(last + 1, values_at_, values);
}

Vector Banded::own_values(const Vector& whole) const { return chosen(whole, values_at_); }

std::optional<Matrix> Banded::factor(const ConstVectorRef& theta) const {
  return whole_->factor(whole_theta(theta));
}

bool Banded::is_valid(const ConstVectorRef& theta) const {
  return whole_->is_valid(whole_theta(theta));
}

Matrix Banded::factor_pattern() const {
  if (!is_free_) return whole_->factor_pattern();
  return triangular_from(whole_values(Vector::Ones(n_values())), n_coef());
}

std::vector<Matrix> Banded::derivatives(const ConstVectorRef& theta) const {
  return chosen(whole_->derivatives(whole_theta(theta)), theta_at_);
}

Matrix Banded::covariance(const ConstVectorRef& theta, const Positions& at) const {
  return whole_->covariance(whole_theta(theta), at);
}

std::vector<Matrix> Banded::covariance_derivatives(const ConstVectorRef& theta,
                                                   const Positions& at) const {
  return chosen(whole_->covariance_derivatives(whole_theta(theta), at), theta_at_);
}

Whitening Banded::whitening(const ConstVectorRef& theta, const Positions& at,
                            bool with_derivative) const {
  if (!is_free_) return whole_->whitening(whole_theta(theta), at, with_derivative);
  return whitening_by_factor(*this, theta, at, with_derivative);
}

Matrix Banded::curvature(const ConstVectorRef& theta, const Matrix& g) const {
  return chosen(whole_->curvature(whole_theta(theta), g), theta_at_, theta_at_);
}

Vector Banded::values(const ConstVectorRef& theta) const {
  return own_values(whole_->values(whole_theta(theta)));
}

Vector Banded::completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const {
  return own_values(whole_->completed(whole_values(given), whole_values(defaults)));
}

std::optional<Coordinate> Banded::coordinate(Index value) const {
  return whole_->coordinate(values_at_[static_cast<std::size_t>(value)]);
}

Matrix Banded::value_jacobian(const ConstVectorRef& theta) const {
  return chosen(whole_->value_jacobian(whole_theta(theta)), values_at_, theta_at_);
}

Vector Banded::theta_from_values(const ConstVectorRef& values) const {
  return own_theta(whole_->theta_from_values(whole_values(values)));
}

// With zeros away from the diagonal, as near as can be.
Vector Banded::theta_from_covariance(const Matrix& covariance) const {
  const Matrix known = covariance.unaryExpr([](double x) { return std::isfinite(x) ? x : 0.0; });
  if (!is_free_) return own_theta(whole_->theta_from_covariance(known));
  const PartlyHeld zeros(n_coef(), held_in_whole(n_coef(), values_at_, {}),
                         Vector::Zero(lower_size(n_coef())));
  return own_theta(zeros.theta_from_covariance(known));
}

Vector Banded::rescaled(const ConstVectorRef& theta, double c) const {
  return own_theta(whole_->rescaled(whole_theta(theta), c));
}

// The Cholesky factor of a banded Sigma is banded, also where a pivot is zero.
Vector Banded::canonical(const ConstVectorRef& theta, double relative, double absolute) const {
  return own_theta(whole_->canonical(whole_theta(theta), relative, absolute));
}

Vector Banded::nudged(const ConstVectorRef& theta, double distance) const {
  return own_theta(whole_->nudged(whole_theta(theta), distance));
}

std::vector<bool> Banded::theta_at_boundary(const ConstVectorRef& theta) const {
  return chosen(whole_->theta_at_boundary(whole_theta(theta)), theta_at_);
}

std::vector<bool> Banded::value_at_boundary(const ConstVectorRef& theta, const Matrix& f) const {
  return chosen(whole_->value_at_boundary(whole_theta(theta), f), values_at_);
}

}  // namespace henderson::covariance
