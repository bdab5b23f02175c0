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

#include <functional>

#include "core/coordinates/moving.h"
#include "core/information/reduced.h"

namespace henderson::information {

// All over the directions that move (moving.h): neither held nor stopped by a boundary.
struct VarianceInformation {
  Matrix jacobian;  // d values / d direction, in the user's units
  Matrix average;
  Matrix observed;
  Matrix expected;
  // False where `expected` is the average information, because the curvature is not known: across
  // the boundary, where some parameters of a covariance matrix move and others are stopped; and of
  // residuals with a long sparse T.
  bool has_expected = true;
};

// Which of the matrices are made; the others are of size 0.
enum class Informations { average, all };

// Sees the equations solved at the estimates, before their factor is used up.
using Look = std::function<void(const likelihood::Evaluation&)>;

// Cost: a factor and the average information; for all of them the selected inverse and E beside, or
// where E is not had directly two scores for each direction (one of which is spared where
// all variances may be multiplied by a factor).
VarianceInformation variance_information(equations::MixedModelEquations& equations,
                                         const likelihood::Parameters& parameters,
                                         Informations which, const Look& look,
                                         Callbacks& callbacks);

// All of them at the end of a fit where that costs less than one more iteration: E is had directly,
// with few columns left where terms are absorbed. Else nothing. In the parameters that
// from_user_values() gives, so that other answers for the same fit can be put beside. Needs: the
// average information at this evaluation. Takes the factor.
std::optional<VarianceInformation> information_at_hand(equations::MixedModelEquations& equations,
                                                       likelihood::Evaluation&& evaluation,
                                                       Matrix average, const Look& look,
                                                       Callbacks& callbacks);

}  // namespace henderson::information
