// SPDX-License-Identifier: GPL-3.0-or-later
// V^-1 through the absorption of random effects that fall into many small groups, as subjects and
// all that is nested in them do: what is left is small and dense.
//
// A are the columns of the absorbed terms, B the others and, for REML, the fixed effects; M = W'W,
// relative to sigma^2 as everything here, and P_A = (I + Z_A Sigma_A Z_A')^-1:
//
//     H = Z_A'P_A Z_A = (I + M_AA Sigma_A)^-1 M_AA,   F = Z_A'P_A W_B = (I + M_AA Sigma_A)^-1 M_AB
//     S = W_B'P_A W_B = M_BB - M_BA Sigma_A F,        Y = (S + Sigma_B^-1)^-1
//
// Y = U Lambda_B' with U = Lambda_B (Lambda_B'S Lambda_B + I)^-1, so that Y Sigma_B^-1 = U
// Lambda_B^-1 loses the digits of Lambda^-1 alone where Sigma_B is nearly singular.
//
// With those, P of all effects is P_A - P_A W_B Y W_B'P_A (Henderson et al. 1959, absorption).
#pragma once

#include <optional>
#include <vector>

#include "core/equations/mme.h"

namespace henderson::equations {

struct AbsorptionLimits {
  Index group = 64;   // columns of a group
  Index rest = 1500;  // columns of B
};

// Nodes of absorbed terms that meet in records, directly or through each other.
struct AbsorbedGroup {
  std::vector<SmallIndex> nodes;    // ascending
  std::vector<SmallIndex> first;    // the first column of each among those of the group
  std::vector<SmallIndex> columns;  // of B that it meets, ascending
  Matrix h;                         // H of the group
  Matrix f;                         // F, in `columns`
};

struct Absorption {
  std::vector<AbsorbedGroup> groups;
  std::vector<bool> is_absorbed;     // of each block
  std::vector<Index> first_in_rest;  // for each block that is left, its first column in B
  Matrix rest;                       // S
  Matrix half;                       // U; of the fixed effects Lambda is 1 and has no prior
  Matrix inverse;                    // Y

  // x := x Lambda_B', and x Lambda_B^-1, whose columns of fixed effects are zero, for x = N U.
  void times_factor(Matrix& x) const;
  void times_inverse_factor(Matrix& x) const;

  struct Factor {
    Index first;  // column in B of the first level
    Index n_levels;
    Matrix lambda;
  };
  std::vector<Factor> factors;  // of the random terms in B
};

// Needs: residuals without a structure; Lambda relative to sigma. Terms whose Lambda is 0 are in
// neither A nor B. Nothing where a term has a relationship or a singular Lambda, beyond the limits,
// or where groups meet so many columns of B that a factor is the better way. Cost: one pass over
// W'W, (columns of a group)^3 for each, and (columns of B)^3.
std::optional<Absorption> absorb(const MixedModelEquations& equations, const Factors& lambda,
                                 const AbsorptionLimits& limits = {});

}  // namespace henderson::equations
