// SPDX-License-Identifier: GPL-3.0-or-later
// The information matrices of a structured residual without random terms, made in the entries of R
// and then carried to its parameters. However many parameters there are, the records are passed
// once.
//
// With V_a = E_rc + E_cr for entry a = (r, c) of R (E_rr on the diagonal), and for the patterns p
// of positions that subjects have, Omega_p = R_p^-1, w = R^-1 e and Xi = R^-1 X L^-T of a subject,
// LL' = X'R^-1 X:
//
//     average_ab  = (sum_p f(Omega_p, sum w w')_ab - c_a'c_b) / (2 sigma^2),  c_a = sum Xi'V_a w
//     expected_ab = (sum_p f(Omega_p, n_p Omega_p - 2 sum Xi Xi')_ab + tr(B_a B_b)) / 2,
//                   B_a = sum Xi'V_a Xi
//     f(Omega, M)_ab = tr(Omega V_a M V_b)
//
// f is bilinear, so of all patterns only the sum of the products of the entries of Omega_p and M_p
// is needed. For ML the expected one is (sum_p n_p f(Omega_p, Omega_p)) / 2.
#pragma once

#include <optional>

#include "core/likelihood/evaluation.h"

namespace henderson::information {

// Whether average_by_entries() is for this model: no random terms, subjects with a dense T, no more
// than 32 positions, and not too many patterns for the few parameters of a structure.
bool has_entries(const model::Model& model);

// And whether they keep their digits here: what is nearly dependent has entries of R^-1 so large
// that their products, which cancel, have lost them (eps times the squared condition number of R).
bool has_entries(const likelihood::Evaluation& evaluation);

// Over all theta. Needs: has_entries(). Cost: (records) x (positions) x (columns of a subject), and
// (patterns) x (positions)^4.
Matrix average_by_entries(const likelihood::Evaluation& evaluation);

// Over all theta; nothing where positions x columns are more than 2000. Needs: has_entries(). Cost:
// (subjects) x (positions)^2 x (columns)^2.
std::optional<Matrix> expected_by_entries(const likelihood::Evaluation& evaluation,
                                          Callbacks& callbacks);

}  // namespace henderson::information
