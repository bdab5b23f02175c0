// SPDX-License-Identifier: GPL-3.0-or-later
// The expected information of log sigma^2 beside that of random terms.
//
// From V = sigma^2 D^-1 + sum V_b over blocks, tr(P V_i P V) = tr(P V_i) and tr(P V P V) = n - p,
// no product with D^-1 is needed.
#pragma once

#include "core/base/types.h"

namespace henderson::information {

// Over [all theta, log sigma^2]. information: tr(P V_i P V_j) / 2 over all theta and, after them,
// one column for each block as a whole; traces: tr(P V_i) of the same; error_df: n - p. The entry
// of log sigma^2 is a difference: its error is that of n - p.
Matrix with_residual_information(const Matrix& information, const Vector& traces, Index n_theta,
                                 double error_df);

}  // namespace henderson::information
