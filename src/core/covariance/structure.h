// SPDX-License-Identifier: GPL-3.0-or-later
// The covariance matrix of the coefficients of one level: Sigma(theta) = Lambda(theta)
// Lambda(theta)'.
//
// theta are the free parameters, on a scale on which (almost) every value is valid; `values` are
// what a user reads, holds and starts from (variances, covariances, correlations). For a variance:
// theta = standard deviation, value = variance.
#pragma once

#include <optional>
#include <vector>

#include "core/base/types.h"
#include "core/covariance/theta_surface.h"
#include "core/covariance/whitening.h"

namespace henderson::covariance {

// Some of the coefficients, 0-based: of a residual the positions at which a subject has records.
using Positions = std::vector<SmallIndex>;

// A value that depends on one theta alone, by theta^2, as theta itself, or by another increasing
// function.
enum class Link { square, identity, other };

struct Coordinate {
  Index theta = 0;
  Link link = Link::other;
};

class Structure {
 public:
  virtual ~Structure() = default;

  virtual Index n_coef() const = 0;     // rows of Lambda
  virtual Index n_columns() const = 0;  // columns of Lambda
  virtual Index n_theta() const = 0;
  virtual Index n_values() const = 0;

  // The equations that theta is subject to; null: none. Everything else is for every theta.
  virtual const ThetaSurface* surface() const { return nullptr; }

  // Lambda, or nothing where theta is not valid (only structures with held parts refuse a theta).
  virtual std::optional<Matrix> factor(const ConstVectorRef& theta) const = 0;

  // Whether factor() gives something.
  virtual bool is_valid(const ConstVectorRef& theta) const { return factor(theta).has_value(); }

  // 1 where an entry of Lambda is not zero at some theta, else 0. By default 1 everywhere.
  virtual Matrix factor_pattern() const { return Matrix::Ones(n_coef(), n_columns()); }

  // dLambda / dtheta_i, one matrix for each parameter. Needs: theta valid.
  virtual std::vector<Matrix> derivatives(const ConstVectorRef& theta) const = 0;

  // Sigma among the coefficients `at`, in this order, and its derivatives, one for each parameter.
  // By default from all of Lambda. Needs: theta valid.
  virtual Matrix covariance(const ConstVectorRef& theta, const Positions& at) const;
  virtual std::vector<Matrix> covariance_derivatives(const ConstVectorRef& theta,
                                                     const Positions& at) const;

  // T of Sigma among `at` (ascending), with its derivatives where wanted; of size 0 where Sigma is
  // not positive definite. By default from a Cholesky factor; structures with a sparse T say so
  // here.
  virtual Whitening whitening(const ConstVectorRef& theta, const Positions& at,
                              bool with_derivative) const;

  // The sparse T is known only where a subject has all positions: those without a record are added
  // as unknowns.
  virtual bool needs_all_positions() const { return false; }

  // tr(G d2Sigma / dtheta_i dtheta_j) for a symmetric G, n_theta x n_theta: what the curvature of
  // Sigma adds to the second derivatives of a function whose gradient in Sigma is G. By default for
  // a Lambda that is linear in theta.
  virtual Matrix curvature(const ConstVectorRef& theta, const Matrix& g) const;

  virtual Vector values(const ConstVectorRef& theta) const = 0;

  // Values of which some are not given (NaN), with those of `defaults`.
  virtual Vector completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const;

  // Where value k depends on one theta alone, which one. Nothing for a held value.
  virtual std::optional<Coordinate> coordinate(Index) const { return std::nullopt; }

  // d values / d theta, n_values x n_theta.
  virtual Matrix value_jacobian(const ConstVectorRef& theta) const = 0;

  // The theta with these values. Throws InvalidSpec where no covariance matrix has them.
  virtual Vector theta_from_values(const ConstVectorRef& values) const = 0;

  // The theta whose Sigma is nearest to a positive semidefinite matrix, for starting values.
  virtual Vector theta_from_covariance(const Matrix& covariance) const = 0;

  // The same for Sigma = variance x I.
  virtual Vector theta_from_variance(double variance) const;

  // Sigma comes as near as wanted to w w'. By default: theta_from_covariance() has it.
  virtual bool reaches_direction(const ConstVectorRef& w) const;

  // The theta whose Sigma is c times as large, c > 0. Needs: can_be_rescaled().
  virtual Vector rescaled(const ConstVectorRef& theta, double c) const = 0;

  virtual bool can_be_rescaled() const { return true; }

  // The same Sigma in its canonical form: no sign or rotation is left to chance. A direction whose
  // standard deviation is below `absolute`, or below `relative` times that of its coefficient,
  // becomes exactly zero.
  virtual Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const = 0;

  // theta moved off the points where a derivative of Lambda Lambda' vanishes, by no more than
  // `distance`.
  virtual Vector nudged(const ConstVectorRef& theta, double distance) const = 0;

  // Which parameters are standard deviations that count by their absolute value while Sigma is not
  // smooth where they are 0: a coefficient that is correlated with others by rule. The best value
  // may be 0 with a score that is not, so the search keeps such a parameter on its side. Empty:
  // none.
  virtual std::vector<bool> has_kink() const { return {}; }

  // For a canonical theta: which parameters cannot move because Sigma is singular.
  virtual std::vector<bool> theta_at_boundary(const ConstVectorRef& theta) const = 0;

  // Which values are at a boundary, for the coefficients F u.
  virtual std::vector<bool> value_at_boundary(const ConstVectorRef& theta,
                                              const Matrix& f) const = 0;
};

// Structure::curvature() by central differences of covariance_derivatives(), for a Lambda that is
// not linear; and for a G among some positions.
Matrix difference_curvature(const Structure& structure, const ConstVectorRef& theta,
                            const Matrix& g);
Matrix difference_curvature(const Structure& structure, const ConstVectorRef& theta,
                            const Matrix& g, const Positions& at);

}  // namespace henderson::covariance
