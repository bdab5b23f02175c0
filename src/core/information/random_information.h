// SPDX-License-Identifier: GPL-3.0-or-later
// The expected information tr(P V_i P V_j) / 2 of a model of random terms without relationships and
// residuals without a structure, exact, where the equations are groups around a small dense rest
// (equations/absorption.h): nested random effects, subjects, two crossed factors.
//
// It is made in the entries of the Sigma of all terms, V_a = Z(E_a x I)Z', and carried to the
// parameters by d Sigma / d theta. With H, F, Y, S of the absorption, N_a = sum F'E_a F over the
// levels of an absorbed term, and T = Z_B'P Z_B = S Y Sigma_B^-1:
//
//     two absorbed terms   sum over pairs of levels in a group of tr(E_a T E_b T') - tr(E_a G E_b
//                          G') with G = F Y F', T = H - G; and tr(N_a Y N_b Y) for all groups
//     absorbed, not        sum over levels of tr(Sigma_B^-1 (Y N_a Y)_ll Sigma_B^-1 E_b)
//     neither              sum over pairs of levels of tr(E_a T_lm E_b T_ml)
//
// The residual follows (residual_information.h).
#pragma once

#include <optional>

#include "core/equations/absorption.h"
#include "core/likelihood/evaluation.h"

namespace henderson::information {

// Over [all theta, log sigma^2]. Nothing where absorb() gives nothing, or where the terms have more
// than 120 entries or too many for the columns of B, or where the residual is too small a part of V
// to be told by a difference. Cost: that of absorb(), and 2 (columns of B)^3
// for each entry of an absorbed term.
std::optional<Matrix> random_information(const likelihood::Evaluation& evaluation,
                                         const equations::AbsorptionLimits& limits = {});

}  // namespace henderson::information
