// SPDX-License-Identifier: GPL-3.0-or-later
// The factor of C = A'A from A: what C has lost to rounding, A still has.
#pragma once

#include <optional>

#include "core/linalg/cholesky.h"
#include "core/linalg/sparse_row.h"

namespace henderson::linalg {

// What: L of A'A = P'LL'P by Householder transformations of A, whose columns are those of C in
// their own order. Its relative error is eps times the condition number of A, the square root of
// that of C. Needs: `panels` of zeros, on a pattern that holds A'A. Where that holds each row's
// columns as a clique, too, the fronts are those of the supernodes; else all is one. Gives: the
// factor, or nothing where a column depends on those before it. Cost: row_flops(), and a pass over
// the entries of A. Source: Higham (2002), Accuracy and Stability of Numerical Algorithms, ch. 19
// and 20; Duff & Reid (1983), ACM TOMS 9.
std::optional<CholeskyFactor> factorize_rows(Panels&& panels, const SparseRows& rows);

// Additions and multiplications of that, at most.
double row_flops(const SymbolicFactor& symbolic, const SparseRows& rows);

}  // namespace henderson::linalg
