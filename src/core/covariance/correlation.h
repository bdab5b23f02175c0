// SPDX-License-Identifier: GPL-3.0-or-later
// A correlation matrix R of few parameters, which Scaled turns into a covariance structure.
//
// The parameters are those that a user reads (rho, range, ...). The search moves `free` ones, any
// real numbers, which map onto the whole space of valid parameters.
#pragma once

#include <limits>
#include <memory>
#include <optional>

#include "core/covariance/structure.h"

namespace henderson::covariance {

class Correlation {
 public:
  virtual ~Correlation() = default;

  virtual Index size() const = 0;  // positions: rows of R
  virtual Index n_parameters() const = 0;

  // R among the positions `at`, in this order, and dR / dparameter. A position may come twice: its
  // correlation with itself is 1.
  virtual Matrix matrix(const ConstVectorRef& parameters, const Positions& at) const = 0;
  virtual std::vector<Matrix> derivatives(const ConstVectorRef& parameters,
                                          const Positions& at) const = 0;

  // Both at once, the derivatives only where asked for.
  struct Value {
    Matrix matrix;
    std::vector<Matrix> derivatives;
  };
  virtual Value value(const ConstVectorRef& parameters, const Positions& at,
                      bool with_derivatives) const {
    return {matrix(parameters, at),
            with_derivatives ? derivatives(parameters, at) : std::vector<Matrix>()};
  }

  // From free numbers to parameters, the derivatives of that, and back. Free numbers may be
  // infinite: the parameter is then at its limit. free_from throws InvalidSpec where the
  // parameters are not valid.
  virtual Vector parameters(const ConstVectorRef& free) const = 0;
  virtual Matrix jacobian(const ConstVectorRef& free) const = 0;
  virtual Vector free_from(const ConstVectorRef& parameters) const = 0;

  // The Cholesky factor of R of all positions with all its digits, however near to a limit the free
  // numbers are: 1 - rho comes from them, not from rho. Nothing where it is not known in closed
  // form. Needs: free numbers that are finite.
  virtual bool has_root() const { return false; }
  virtual std::optional<Matrix> root(const ConstVectorRef&) const { return std::nullopt; }

  // tr(g d2R / dfree_i dfree_j) over all positions, g symmetric; nothing where it is left to
  // differences. Needs: free numbers that are finite.
  virtual std::optional<Matrix> curvature(const ConstVectorRef&, const Matrix&) const {
    return std::nullopt;
  }

  // Not at a limit, where R is singular and the search does not move: by default no free number is
  // infinite.
  virtual bool is_inside(const ConstVectorRef& free) const { return free.allFinite(); }

  // Each free number moves one parameter. Otherwise, where a parameter is held, the parameters
  // themselves take the place of the free numbers.
  virtual bool elementwise() const { return true; }

  // Parameters for a start, from an empirical correlation matrix: it need not be definite, NaN
  // entries are unknown, and the identity, or a matrix of no rows, says nothing.
  virtual Vector start(const Matrix& empirical) const = 0;

  // R is definite, in exact arithmetic, for all free numbers that are finite.
  virtual bool is_always_definite() const { return false; }

  // R of near positions is singular to working precision, although never in exact arithmetic.
  virtual bool is_smooth() const { return false; }

  // Whether T of whitening() is sparse, for any positions in ascending order; and that T of R at
  // these free numbers, with its derivatives in the parameters. Empty where R is singular.
  virtual bool has_sparse_whitening() const { return false; }
  virtual Whitening whitening(const ConstVectorRef&, const Positions&) const { return {}; }

  // Parameters so near to a limit of their range that R is, or no longer changes.
  virtual std::vector<bool> at_limit(const ConstVectorRef& parameters) const = 0;

  // The free numbers with those parameters at exactly their limit whose distance from it, as a
  // standard deviation, is below `relative`.
  virtual Vector snapped(const ConstVectorRef& free, double relative) const = 0;

 protected:
  Positions everywhere() const;
};

// An open interval of one parameter, its upper end possibly infinite.
struct Interval {
  double lower = -1.0;
  double upper = 1.0;
};

// Each parameter in an interval of its own. A bounded one is the interval's tanh, so that towards a
// limit the likelihood flattens exponentially and Newton's steps are of constant length; an
// unbounded one is an exponential.
class IntervalCorrelation : public Correlation {
 public:
  explicit IntervalCorrelation(std::vector<Interval> intervals)
      : intervals_(std::move(intervals)) {}

  Index n_parameters() const override { return static_cast<Index>(intervals_.size()); }
  bool is_always_definite() const override { return true; }
  Vector parameters(const ConstVectorRef& free) const override;
  Matrix jacobian(const ConstVectorRef& free) const override;
  Vector free_from(const ConstVectorRef& parameters) const override;
  std::vector<bool> at_limit(const ConstVectorRef& parameters) const override;
  Vector snapped(const ConstVectorRef& free, double relative) const override;
  std::optional<Matrix> curvature(const ConstVectorRef& free, const Matrix& g) const override;

 protected:
  // The same for the parameters in place of the free numbers.
  virtual std::optional<Matrix> parameter_curvature(const ConstVectorRef&, const Matrix&) const {
    return std::nullopt;
  }

 private:
  std::vector<Interval> intervals_;
};

// A correlation of neighbours in a chain: a, and 1 - a^2 with all its digits.
struct ChainLink {
  double correlation = 0.0;
  double rest = 1.0;
};

// T of a chain in which each position depends on the one before it alone: links[r - 1] is that of
// positions r - 1 and r, a row of `slope` its derivatives in the parameters. T has the entries
// -a / sqrt(1 - a^2) and 1 / sqrt(1 - a^2) in row r.
Whitening chain_whitening(const std::vector<ChainLink>& links, const Matrix& slope);

// The Cholesky factor of R of that chain.
Matrix chain_root(const std::vector<ChainLink>& links);

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Mean of the entries of an empirical correlation matrix at this lag; all of them for lag 0. NaN
// where there is none.
double mean_correlation(const Matrix& empirical, Index lag);

// A start in (lower, upper), kept off its ends; where the data say nothing, `otherwise`.
double start_between(double empirical, double lower, double upper, double otherwise);

}  // namespace henderson::covariance
