// SPDX-License-Identifier: GPL-3.0-or-later
// The register kernel, compiled once per instruction set. The including file defines
// HENDERSON_TARGET (function attributes), Vec (kLanes doubles), kVectors (vectors of rows in a
// tile), load, store, load_last (the first 1 to kLanes entries, zeros after them, memory behind
// them not touched), broadcast, times, fma (a b + c), copy_4 and transpose_4x4; where stores can be
// masked, HENDERSON_MASKED_STORES and store_last.
//
// A tile is up to kLanes kVectors rows by 4 columns. Each of its entries is sum over k of a(i, k)
// b(k, j), in this order of k and with the same instruction, whatever the tile's size.

#if defined(__GNUC__) && !defined(__clang__)
#define HENDERSON_UNROLL _Pragma("GCC unroll 4")
#else
#define HENDERSON_UNROLL
#endif
#define HENDERSON_INLINE static inline __attribute__((always_inline)) HENDERSON_TARGET

constexpr Index kTileRows = kLanes * kVectors;

// The first `tail` (1 to kLanes) entries, zeros after them.
#ifdef HENDERSON_MASKED_STORES
HENDERSON_INLINE Vec load_tail(const double* p, Index tail) { return load_last(p, tail); }
HENDERSON_INLINE void store_tail(double* p, Vec x, Index tail) { store_last(p, x, tail); }
#else
HENDERSON_INLINE Vec load_tail(const double* p, Index tail) {
  double x[kLanes] = {p[0]};
  for (Index i = 1; i < tail; ++i) x[i] = p[i];
  return load(x);
}

HENDERSON_INLINE void store_tail(double* p, Vec x, Index tail) {
  double entries[kLanes];
  store(entries, x);
  for (Index i = 0; i < tail; ++i) p[i] = entries[i];
}
#endif

HENDERSON_INLINE void add_scaled(double* c, double alpha, Vec x) {
  store(c, fma(broadcast(alpha), x, load(c)));
}
HENDERSON_INLINE void add_scaled_tail(double* c, double alpha, Vec x, Index tail) {
  store_tail(c, fma(broadcast(alpha), x, load_tail(c, tail)), tail);
}

template <int V, bool kTail>
HENDERSON_INLINE void write_column(double* c, double alpha, Vec x0, Vec x1, Vec x2, Index tail) {
  if (V == 1 && kTail) return add_scaled_tail(c, alpha, x0, tail);
  add_scaled(c, alpha, x0);
  if (V == 2 && kTail) return add_scaled_tail(c + kLanes, alpha, x1, tail);
  if (V >= 2) add_scaled(c + kLanes, alpha, x1);
  if (V == 3 && kTail) return add_scaled_tail(c + 2 * kLanes, alpha, x2, tail);
  if (V >= 3) add_scaled(c + 2 * kLanes, alpha, x2);
}

// What: c_n(i) += alpha * sum_k a(i, k) b(k, n) for V vectors of rows and N columns; the last
// vector has `tail` rows. Needs: column k of a at a + k * lda, b(k, n) at b[k * bk + n * bn]; c[n]
// points to column n.
template <int V, int N, bool kTail>
HENDERSON_INLINE void tile_inline(Index k, const double* a, Index lda, const double* b, Index bk,
                                  Index bn, double alpha, double* const* c, Index tail) {
  const Vec zero = broadcast(0);
  Vec c00 = zero, c10 = zero, c20 = zero, c01 = zero, c11 = zero, c21 = zero;
  Vec c02 = zero, c12 = zero, c22 = zero, c03 = zero, c13 = zero, c23 = zero;
  HENDERSON_UNROLL
  for (Index p = 0; p < k; ++p, a += lda, b += bk) {
    const Vec a0 = V > 1 || !kTail ? load(a) : load_last(a, tail);
    const Vec a1 = V > 1 ? (V > 2 || !kTail ? load(a + kLanes) : load_last(a + kLanes, tail)) : a0;
    const Vec a2 = V > 2 ? (!kTail ? load(a + 2 * kLanes) : load_last(a + 2 * kLanes, tail)) : a0;
    const Vec b0 = broadcast(b[0]);
    c00 = fma(a0, b0, c00);
    if (V > 1) c10 = fma(a1, b0, c10);
    if (V > 2) c20 = fma(a2, b0, c20);
    if (N > 1) {
      const Vec b1 = broadcast(b[bn]);
      c01 = fma(a0, b1, c01);
      if (V > 1) c11 = fma(a1, b1, c11);
      if (V > 2) c21 = fma(a2, b1, c21);
    }
    if (N > 2) {
      const Vec b2 = broadcast(b[2 * bn]);
      c02 = fma(a0, b2, c02);
      if (V > 1) c12 = fma(a1, b2, c12);
      if (V > 2) c22 = fma(a2, b2, c22);
    }
    if (N > 3) {
      const Vec b3 = broadcast(b[3 * bn]);
      c03 = fma(a0, b3, c03);
      if (V > 1) c13 = fma(a1, b3, c13);
      if (V > 2) c23 = fma(a2, b3, c23);
    }
  }
  const Index last = kTail ? tail : kLanes;
  write_column<V, kTail>(c[0], alpha, c00, c10, c20, last);
  if (N > 1) write_column<V, kTail>(c[1], alpha, c01, c11, c21, last);
  if (N > 2) write_column<V, kTail>(c[2], alpha, c02, c12, c22, last);
  if (N > 3) write_column<V, kTail>(c[3], alpha, c03, c13, c23, last);
}

template <int V, int N, bool kTail>
HENDERSON_TARGET void tile(Index k, const double* a, Index lda, const double* b, Index bk, Index bn,
                           double alpha, double* const* c, Index tail) {
  tile_inline<V, N, kTail>(k, a, lda, b, bk, bn, alpha, c, tail);
}

// A whole tile from packed operands: with the strides known, and C fetched ahead, 44 instead of 32
// GFlop/s.
HENDERSON_TARGET static __attribute__((noinline)) void packed_tile(Index k, const double* a,
                                                                   const double* b, double alpha,
                                                                   double* c, Index ldc) {
  double* const columns[4] = {c, c + ldc, c + 2 * ldc, c + 3 * ldc};
  for (double* column : columns) {
    for (Index i = 0; i < kTileRows; i += 8) __builtin_prefetch(column + i, 1);
    __builtin_prefetch(column + kTileRows - 1, 1);
  }
  tile_inline<kVectors, 4, false>(k, a, kTileRows, b, 4, 1, alpha, columns, kLanes);
}

template <int V, bool kTail>
HENDERSON_TARGET void tile_columns(Index n, Index k, const double* a, Index lda, const double* b,
                                   Index bk, Index bn, double alpha, double* const* c, Index tail) {
  if (n >= 4)
    tile<V, 4, kTail>(k, a, lda, b, bk, bn, alpha, c, tail);
  else if (n == 3)
    tile<V, 3, kTail>(k, a, lda, b, bk, bn, alpha, c, tail);
  else if (n == 2)
    tile<V, 2, kTail>(k, a, lda, b, bk, bn, alpha, c, tail);
  else
    tile<V, 1, kTail>(k, a, lda, b, bk, bn, alpha, c, tail);
}

// The same for a tile of m <= kTileRows rows and n <= 4 columns.
HENDERSON_TARGET static void any_tile(Index m, Index n, Index k, const double* a, Index lda,
                                      const double* b, Index bk, Index bn, double alpha,
                                      double* const* c) {
  const Index tail = (m - 1) % kLanes + 1;
  if (m > 2 * kLanes) {
    if (tail == kLanes)
      tile_columns<kVectors, false>(n, k, a, lda, b, bk, bn, alpha, c, tail);
    else
      tile_columns<kVectors, true>(n, k, a, lda, b, bk, bn, alpha, c, tail);
  } else if (m > kLanes) {
    constexpr int kTwo = kVectors < 2 ? kVectors : 2;
    if (tail == kLanes)
      tile_columns<kTwo, false>(n, k, a, lda, b, bk, bn, alpha, c, tail);
    else
      tile_columns<kTwo, true>(n, k, a, lda, b, bk, bn, alpha, c, tail);
  } else {
    if (tail == kLanes)
      tile_columns<1, false>(n, k, a, lda, b, bk, bn, alpha, c, tail);
    else
      tile_columns<1, true>(n, k, a, lda, b, bk, bn, alpha, c, tail);
  }
}

// A tile of a column-major C.
HENDERSON_TARGET static void tile_at(Index m, Index n, Index k, const double* a, Index lda,
                                     const double* b, Index bk, Index bn, double alpha, double* c,
                                     Index ldc) {
  double* const columns[4] = {c, c + ldc, c + 2 * ldc, c + 3 * ldc};
  any_tile(m, n, k, a, lda, b, bk, bn, alpha, columns);
}
