// SPDX-License-Identifier: GPL-3.0-or-later
// Directions in the space of V: dV/dtheta of one variance parameter, or a linear combination of
// such.
//
//     V' = sum over blocks of Z(Sigma' x K)Z' + R',   R' = (sigma^2)' D^-1 or of its structure
#pragma once

#include <vector>

#include "core/likelihood/parameters.h"

namespace henderson::answers {

using equations::kLargestWhole;

struct Direction {
  std::vector<Matrix> sigma;  // one for each block; of size 0 where it is zero
  double residual = 0.0;      // (sigma^2)', of a residual without structure
  // Of a structured residual: R' of its blocks among their sigma_parts(), one matrix or several in
  // a column, of size 0 where it is zero; and further theta' in its places among all theta, for
  // subjects of too many positions. Or of size 0.
  std::vector<Matrix> residual_sigma;
  Vector theta;
};

// One direction for each of `parameters`, positions among all parameters of the model.
std::vector<Direction> directions(const model::Model& model, const ConstVectorRef& theta,
                                  double log_residual, const std::vector<Index>& parameters);

// The sum of directions[i] times weights[i].
Direction combined(const std::vector<Direction>& directions, const ConstVectorRef& weights);

// The directions of coordinates of which the parameters are functions: column j of `jacobian` has
// d parameter / d coordinate j, a row for each direction.
std::vector<Direction> along(const std::vector<Direction>& directions, const Matrix& jacobian);

// The part of sum_ij covariance_ij d2V / dtheta_i dtheta_j that is not the change of the user's
// values: sum_ij covariance_ij (V_ij - sum_k V_k d2 value_k), V_k the derivative by value k. It is
// what Kenward & Roger's R_ij add up to, and zero where V is linear in the values. Blocks with
// held parameters, at a boundary, or with subjects of more than 300 positions are taken as linear.
Direction nonlinear_part(const model::Model& model, const ConstVectorRef& theta,
                         const std::vector<Index>& parameters, const Matrix& covariance);

bool is_zero(const Direction& direction);

// What is left of `change` beside the directions V_k, in the metric tr(P . P .): change - sum_k a_k
// V_k with a = E^-1 c / 2, E the expected information of the directions and c_k = tr(P V_k P
// change). For change = sum_ij w_ij V_ij, a_k / 2 is minus the bias of the REML estimate of
// parameter k (Cox & Snell 1968), so that this is what Kenward & Roger (2009) put in the place of
// their sum of R_ij: the same for every parametrisation, and zero where V is linear in some.
// Source: Computational Statistics & Data Analysis 53:2583.
Direction beside(const std::vector<Direction>& directions, const Direction& change,
                 const Matrix& expected, const Vector& trace_products);

}  // namespace henderson::answers
