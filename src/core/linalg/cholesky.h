// SPDX-License-Identifier: GPL-3.0-or-later
// The sparse Cholesky factor C = P'LL'P, and what it answers.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "core/base/callbacks.h"
#include "core/linalg/panels.h"
#include "core/linalg/sparse_row.h"

namespace henderson::linalg {

struct FactorOptions {
  int threads = 1;  // at most this many; the numbers do not depend on it
};

class CholeskyFactor;
struct NotPositiveDefinite;
struct SemidefiniteFactor;

// What: the factor of C. Needs: `assembled` holds the lower triangle of C at the offsets of
// SymbolicFactor::positions(), and zeros elsewhere. Gives: the factor, in the same memory, or the
// column where C is not positive definite; a trial step may meet that. Cost:
// symbolic.factor_flops(). Throws Interrupted (the memory is then lost). Source: Duff & Reid
// (1983), ACM TOMS 9 (multifrontal method); Liu (1992), SIAM Review 34.
std::variant<CholeskyFactor, NotPositiveDefinite> factorize(Panels&& assembled,
                                                            const FactorOptions& options,
                                                            Callbacks& callbacks);

// What: the factor of a positive semidefinite C without its dependent columns: those whose pivot is
// at most `tolerance` times their diagonal in C. In place of such a column, L has a unit vector; it
// adds nothing to log_determinant().
SemidefiniteFactor factorize_semidefinite(Panels&& assembled, double tolerance,
                                          const FactorOptions& options, Callbacks& callbacks);

class CholeskyFactor {
 public:
  // C x = b in place; b := L^-1 P b, in the order of elimination; b := P' L^-T b, from there. Many
  // right-hand sides are shared by the threads, the numbers being the same on any number.
  void solve(MatrixRef b, int threads = 1) const;
  void solve_lower(MatrixRef b, int threads = 1) const;
  void solve_upper(MatrixRef b, int threads = 1) const;
  // The columns of L before supernode `end` alone: from there on b has what they leave of it.
  void solve_lower_until(SmallIndex end, MatrixRef b, int threads = 1) const;
  // x := L^-1 x for k right-hand sides, the columns of x (k x n) in the order of elimination, that
  // are zero outside `supernodes`. Needs: behind each stand those above it; k is a padded_rhs() of
  // kernels.h.
  void solve_lower_within(const std::vector<SmallIndex>& supernodes, Index k, double* x) const;
  // The rows and columns `columns` of C^-1. Cost: a solve for each column, within the supernodes
  // that the columns reach.
  Matrix inverse_block(const std::vector<SmallIndex>& columns) const;
  double log_determinant() const;  // log|C|
  double log_determinant_last()
      const;  // of the Schur complement of the last n_last columns; 0 if there are none
  // The largest C_jj / L_jj^2: so many times eps may log|C| be off, or more. Cost: one pass over L.
  double largest_loss() const;
  // Not above the largest eigenvalue of D C^-1 D, D = diag(C)^1/2, and near it: no pivot need be
  // small where several columns together depend on each other. Cost: two solves.
  double scaled_condition() const;
  SmallIndex size() const { return panels_.symbolic().size(); }
  const SymbolicFactor& symbolic() const { return panels_.symbolic(); }
  const Panels& panels() const { return panels_; }
  Panels release() && { return std::move(panels_); }

 private:
  friend class Factorizer;
  friend std::optional<CholeskyFactor> factorize_rows(Panels&& panels, const SparseRows& rows);
  explicit CholeskyFactor(Panels&& panels) : panels_(std::move(panels)) {}
  double log_determinant_from(SmallIndex first_column) const;

  // In the order of elimination.
  struct Diagonals {
    Vector of_c, pivots;  // C_jj, L_jj^2
  };
  Diagonals diagonals() const;

  Panels panels_;
};

struct NotPositiveDefinite {
  SmallIndex column;  // of C: its pivot, after all columns that it depends on, is not > 0; the same
                      // on any number of threads
  double pivot;
  Panels storage;  // the memory, its contents spoilt
};

struct SemidefiniteFactor {
  CholeskyFactor factor;
  std::vector<SmallIndex> dependent;  // columns of C, increasing

  // Column k is the vector x with C x = 0 (up to the tolerance), 1 in dependent[k] and 0 in the
  // other dependent columns.
  Matrix null_vectors() const;
};

}  // namespace henderson::linalg
