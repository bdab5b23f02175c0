// SPDX-License-Identifier: GPL-3.0-or-later
// Dense kernels: the only place where the engine multiplies matrices. Column-major; `ld*` is the
// distance of two columns. Versions for AVX-512 and for AVX2 + FMA are chosen at run time where
// the processor has them, a portable one elsewhere. Every entry is computed by the same sequence of
// operations whatever the number of threads.
#pragma once

#include <memory>
#include <vector>

#include "core/base/types.h"
#include "core/linalg/team.h"

namespace henderson::linalg::kernels {

// Buffers of the kernels, for one thread; and the team that large operations are shared with, if
// there is one.
class Scratch {
 public:
  // Makes room for panels of this size.
  void reserve(Index max_height, Index max_width);
  // From now on until share(nullptr, {}), large operations are split among the team; worker t uses
  // *scratches[t].
  void share(Team* team, std::vector<Scratch*> scratches);
  Team* team() const { return team_; }
  Scratch& of_worker(int t) { return *scratches_[static_cast<std::size_t>(t)]; }
  double* pack_a() { return pack_a_.get(); }
  double* pack_b() { return pack_b_.get(); }
  double* y() { return y_.get(); }

 private:
  std::unique_ptr<double[]> pack_a_, pack_b_, y_;
  Team* team_ = nullptr;
  std::vector<Scratch*> scratches_;
};

// What to do with a pivot. By default a pivot that is not > 0 ends the factorisation.
struct Pivoting {
  const double* threshold =
      nullptr;              // given: column j with pivot <= threshold[j] is dropped instead
  char* dropped = nullptr;  // dropped[j] = 1 for those; their column of L becomes a unit vector
};

constexpr Index kNoFailure = -1;

// What: the first w columns of the factor of a symmetric matrix of order h: [A11; A21] becomes
// [L11; A21 L11^-T]. Needs: the lower triangle of A11 (w x w) and A21 below it; above the diagonal
// is scratch. Gives: kNoFailure, or the column whose pivot fails; a(j, j) is then that pivot and
// the columns from j on are undefined. Cost: factor_flops(w, h - w).
Index factor_panel(Index h, Index w, double* a, Index lda, const Pivoting& pivoting,
                   Scratch& scratch);

// What: the lower triangle of C -= A A', A being n x k. Above the diagonal C is scratch. Cost: n^2
// k.
void subtract_aat(Index n, Index k, const double* a, Index lda, double* c, Index ldc,
                  Scratch& scratch);

// What: the first n columns of that, down to row m: the lower trapezoid of C -= A A1', A being m x
// k and A1 its first n rows. Cost: n (2 m - n) k.
void subtract_aat_columns(Index m, Index n, Index k, const double* a, Index lda, double* c,
                          Index ldc, Scratch& scratch);

// What: the lower triangle of C -= A B', B and A being n x k, where that is all that is wanted.
// Above the diagonal C is scratch. Cost: n^2 k.
void subtract_lower(Index n, Index k, const double* a, Index lda, const double* b, Index ldb,
                    double* c, Index ldc, Scratch& scratch);

// What: a(j, i) = a(i, j) for i > j. Cost: one pass.
void mirror(Index n, double* a, Index lda);

// What: the inverse's columns for a panel of the factor, [L11; L21] with w columns and r rows
// below: they become Z11 = (L11 L11')^-1 + Y'Z22 Y (lower triangle) and Z21 = -Z22 Y, where Y = L21
// L11^-1. Needs: the lower triangle of Z22 (r x r); above the diagonal Z22 is scratch. Cost:
// inverse_flops of symbolic.cpp. Source: Takahashi, Fagan & Chin (1973); blocked as in Campbell &
// Davis (1995), Univ. of Florida TR-95-021.
void invert_panel(Index w, Index r, double* panel, Index ld, double* z22, Index ldz,
                  Scratch& scratch);

// Some columns of a lower triangle, from their own diagonal down to its last row.
struct LowerColumns {
  double* diagonal;  // entry (0, 0) of their square, above whose diagonal is scratch
  Index width, ld;
};

// The same, Z22 being the columns of z22[0], z22[1], ..., z22[n_parts - 1].
void invert_panel(Index w, Index r, double* panel, Index ld, const LowerColumns* z22, Index n_parts,
                  Scratch& scratch);

// What: C += alpha A B, C being m x n and A m x k.
void gemm(Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
          Index ldb, double* c, Index ldc, Scratch& scratch);
// What: C += alpha A' B, A being k x m.
void gemm_transposed(Index m, Index n, Index k, double alpha, const double* a, Index lda,
                     const double* b, Index ldb, double* c, Index ldc, Scratch& scratch);

// Block solves work on up to kMaxRhs right-hand sides at once, stored as the columns of X' (k x n,
// contiguous).
constexpr Index kMaxRhs = 12;
// k for this many right-hand sides: the rest of the block is zero.
constexpr Index padded_rhs(Index n) {
  return n <= 1 ? n : n >= kMaxRhs ? kMaxRhs : (n + 3) / 4 * 4;
}

// What: x_J := L11^-1 x_J and then x_R -= L21 x_J for one supernode. Needs: `x` at the supernode's
// first column; rows[i] = j means that row i of L21 belongs to column j of `all`.
void solve_lower_panel(Index k, Index w, Index r, const double* panel, Index ld,
                       const SmallIndex* rows, double* x, double* all);
// What: x_J := L11^-T (x_J - L21' x_R).
void solve_upper_panel(Index k, Index w, Index r, const double* panel, Index ld,
                       const SmallIndex* rows, double* x, const double* all, Scratch& scratch);

// The same two for up to kWideRhs right-hand sides, as products of matrices: L is read once for all
// of them. Needs: `scratch` reserved for kWideRhs rows; `work` has room for k x kWideRows. The
// first for k right-hand sides of those whose rows stand `apart` from each other.
constexpr Index kWideRhs = 192, kWideRows = 256;
void solve_lower_wide(Index k, Index w, Index r, const double* panel, Index ld,
                      const SmallIndex* rows, double* x, double* all, Index apart, double* work,
                      Scratch& scratch);
void solve_upper_wide(Index k, Index w, Index r, const double* panel, Index ld,
                      const SmallIndex* rows, double* x, const double* all, double* work,
                      Scratch& scratch);

// The name of the version in use: "avx512", "avx2" or "portable".
const char* version();

}  // namespace henderson::linalg::kernels
