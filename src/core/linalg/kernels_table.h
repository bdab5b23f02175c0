// SPDX-License-Identifier: GPL-3.0-or-later
// One set of kernels per instruction set, behind the functions of kernels.h.
#pragma once

#include "core/linalg/kernels.h"

namespace henderson::linalg::kernels {

// A matrix to be read: entry (i, j) is at data[i * rows + j * columns]; one of the two strides
// is 1.
struct View {
  const double* data;
  Index rows, columns;

  View block(Index i, Index j) const { return {data + i * rows + j * columns, rows, columns}; }
};

inline View plain(const double* data, Index ld) { return {data, 1, ld}; }
inline View transposed(const double* data, Index ld) { return {data, ld, 1}; }

// Which entries of the result are wanted; the others may be spoilt.
enum class Shape { full, lower };

// What: C += alpha A B on the wanted entries; C is m x n.
struct Product {
  Index m, n, k;
  double alpha;
  View a, b;
  double* c;
  Index ldc;
  Shape shape;
};

constexpr Index kTallestTile = 24;  // rows of a tile of any version; a multiple of all of them
constexpr Index kDepth =
    256;  // columns of A packed at a time: a strip of A stays in the first-level cache
constexpr Index kRowBlock = 3072;  // rows of A packed at a time, kept in the last-level cache
constexpr Index kColumnBlock =
    240;  // columns of B packed at a time, kept in the second-level cache
constexpr Index kInverseBlock = 192;                    // columns of a panel inverted at a time
constexpr Index kInverseInner = 48, kInverseBase = 12;  // the same, inside a diagonal block
constexpr Index kFactorBase = 64;  // widest panel that is factorised without recursion

// The kernels of one instruction set; the comments of kernels.h hold.
struct Table {
  const char* name;
  // C += alpha A B by cache blocks (packed) or straight from where the operands are (needs a.rows
  // == 1).
  void (*product_packed)(const Product&, Scratch&);
  void (*product_direct)(const Product&);
  // Cholesky factor of the w x w square; its failing column or kNoFailure.
  Index (*factor_square)(Index w, double* a, Index lda, const Pivoting&);
  // X := X L^-T and X := X L^-1, X being m x w, L lower triangular.
  void (*solve_transposed)(Index m, Index w, const double* l, Index ldl, double* x, Index ldx);
  void (*solve_plain)(Index m, Index w, const double* l, Index ldl, double* x, Index ldx);
  // (LL')^-1 of a small square, lower triangle, in place of L.
  void (*invert_square)(Index w, double* l, Index ldl);
  // a(j, i) = a(i, j) for i > j; columns [0, w), rows up to n: the square's upper triangle and what
  // lies right of it.
  void (*mirror)(Index n, Index w, double* a, Index lda);
  // t(j, i) = a(i, j), t being n x m.
  void (*transpose)(Index m, Index n, const double* a, Index lda, double* t, Index ldt);
  // all(:, rows[i]) -= x l(i, :)', x being k x w.
  void (*scatter_product)(Index k, Index w, Index r, const double* x, const double* l, Index ldl,
                          const SmallIndex* rows, double* all);
};

const Table& portable_table();
// Not with gcc on Windows, which keeps wide vectors at unaligned places of the stack (gcc bug
// 54412).
#if defined(__x86_64__) && (defined(__clang__) || (defined(__GNUC__) && !defined(_WIN64)))
#define HENDERSON_HAS_X86_KERNELS
const Table& avx2_table();
const Table& avx512_table();
#endif
// The versions that this processor runs, the fastest first; the last is the portable one.
std::vector<const Table*> available_tables();

}  // namespace henderson::linalg::kernels
