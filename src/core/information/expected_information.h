// SPDX-License-Identifier: GPL-3.0-or-later
// The expected information tr(P V_i P V_j) / 2 where it needs no differences of the score: of many
// models of random terms alone (random_information.h), and of a structured residual without random
// terms. There subjects are independent, and everything is a sum over the patterns of positions
// that they have: in the entries of R (entry_information.h), or for long patterns as here.
//
// With A_i = T R_i T' of a pattern, and the orthonormal columns U of T X:
//
//     tr(P V_i P V_j) = sum n_subjects tr(A_i A_j) - 2 sum tr(A_i A_j S) + tr(B_i B_j)
//     S = sum over its subjects of U_s U_s',   B_i = U'A_i U over all records
//
// For ML, P is V^-1: the first term alone.
#pragma once

#include <optional>

#include "core/equations/absorption.h"
#include "core/likelihood/evaluation.h"

namespace henderson::information {

// Over [all theta, log sigma^2], or all theta of a structured residual. Nothing where there are
// random terms beside a structured residual, more than 500 columns without a prior, or more than
// 300 positions; and where random_information() gives nothing. Cost: (records) x (columns)^2 x
// (parameters), or less.
std::optional<Matrix> expected_information(const likelihood::Evaluation& evaluation,
                                           Callbacks& callbacks,
                                           const equations::AbsorptionLimits& limits = {});

}  // namespace henderson::information
