// SPDX-License-Identifier: GPL-3.0-or-later
// The three information matrices of the variance parameters, at the estimates.
//
//     average    q_i'P q_j / 2
//     observed   half the Hessian of -2l, by central differences of the exact score; or, where the
//                expected one is had directly (expected_information.h), from the other two
//     expected   tr(P V_i P V_j) / 2 = 2 average - observed + (tr(P V_ij) - y'P V_ij Py) / 2
//
// The last term is half the curvature that Sigma(theta) brings; it vanishes for parameters in which
// V is linear. So the expected information, like the others, is that of every parametrisation: it
// is carried to the user's values by the Jacobian alone, because the score is zero.
#pragma once

#include <optional>

#include "core/coordinates/moving.h"
#include "core/information/reduced.h"

namespace henderson::information {

// All over the directions that move (moving.h): neither held nor stopped by a boundary.
struct VarianceInformation {
  Matrix jacobian;  // d values / d direction, in the user's units
  Matrix average;
  Matrix observed;  // NaN where there is no likelihood beside the estimates
  Matrix expected;
  // False where `expected` is the average information, because the curvature is not known: across
  // the boundary, where some parameters of a covariance matrix move and others are stopped; of
  // residuals with a long sparse T; and of loadings, but where it was asked for.
  bool has_expected = true;
};

// What they are made from: the equations solved at the estimates, and what is had directly there.
struct InformationBasis {
  likelihood::Evaluation evaluation;
  Matrix average;                  // in [all theta, log sigma^2], and so `expected`
  std::optional<Matrix> expected;  // nothing: it takes differences of the score
  // d(-2l)/dSigma of blocks whose score leaves it open (covariance_trace.h); of size 0: not made.
  std::vector<Matrix> covariance_scores = {};
  // In VarianceInformation, where it is known already.
  std::optional<Matrix> observed = {};
};

// with_expected: the expected information is wanted, whatever G of loadings costs. Cost: the
// average information, and E where it is had directly.
InformationBasis information_basis(likelihood::Evaluation&& evaluation, bool with_expected,
                                   Callbacks& callbacks);

// At the end of a fit, where all of them cost less than one more iteration: E is had directly, with
// few columns left where terms are absorbed; or, with `differences`, whatever they cost. Else
// nothing. In the parameters that from_user_values() gives, so that other answers for the same fit
// can be put beside. Needs: the average information at this evaluation.
std::optional<InformationBasis> information_basis_at_hand(likelihood::Evaluation&& evaluation,
                                                          Matrix average, bool differences,
                                                          Callbacks& callbacks);

// The average information alone; the other matrices are of size 0.
VarianceInformation average_variance_information(const likelihood::Evaluation& evaluation);

// All of them. The evaluation ends. Cost: the selected inverse, or where E is not had directly two
// scores for each direction (one of which is spared where all variances may be multiplied by a
// factor).
VarianceInformation variance_information(InformationBasis&& basis, Callbacks& callbacks);

}  // namespace henderson::information
