// SPDX-License-Identifier: GPL-3.0-or-later
// Triangular kernels on strips of rows; included after kernels_product.inl, once per instruction
// set.

// One vector of rows of X(:, 0..n-1), n <= 4, solved with a triangle of order n: X := X L^-T.
HENDERSON_INLINE void solve_rows_transposed(Index n, const double* l, Index ldl,
                                            const double* reciprocal, double* x, Index ldx,
                                            Index rows) {
  Vec y[4] = {broadcast(0), broadcast(0), broadcast(0), broadcast(0)};
  for (Index j = 0; j < n; ++j) {
    Vec sum = rows >= kLanes ? load(x + j * ldx) : load_tail(x + j * ldx, rows);
    for (Index k = 0; k < j; ++k) sum = fma(y[k], broadcast(-l[j + k * ldl]), sum);
    y[j] = times(sum, broadcast(reciprocal[j]));
    if (rows >= kLanes)
      store(x + j * ldx, y[j]);
    else
      store_tail(x + j * ldx, y[j], rows);
  }
}

// X := X L^-1.
HENDERSON_INLINE void solve_rows_plain(Index n, const double* l, Index ldl,
                                       const double* reciprocal, double* x, Index ldx, Index rows) {
  Vec y[4] = {broadcast(0), broadcast(0), broadcast(0), broadcast(0)};
  for (Index j = n - 1; j >= 0; --j) {
    Vec sum = rows >= kLanes ? load(x + j * ldx) : load_tail(x + j * ldx, rows);
    for (Index k = j + 1; k < n; ++k) sum = fma(y[k], broadcast(-l[k + j * ldl]), sum);
    y[j] = times(sum, broadcast(reciprocal[j]));
    if (rows >= kLanes)
      store(x + j * ldx, y[j]);
    else
      store_tail(x + j * ldx, y[j], rows);
  }
}

HENDERSON_INLINE void reciprocals(Index n, const double* l, Index ldl, double* out) {
  for (Index j = 0; j < n; ++j) out[j] = 1 / l[j * (ldl + 1)];
}

HENDERSON_TARGET static void solve_transposed(Index m, Index w, const double* l, Index ldl,
                                              double* x, Index ldx) {
  double reciprocal[4];
  for (Index i = 0; i < m; i += kTileRows) {
    const Index rows = std::min(kTileRows, m - i);
    for (Index j = 0; j < w; j += 4) {
      const Index n = std::min(Index{4}, w - j);
      double* block = x + i + j * ldx;
      if (j > 0) tile_at(rows, n, j, x + i, ldx, l + j, ldl, 1, -1.0, block, ldx);
      const double* triangle = l + j * (ldl + 1);
      reciprocals(n, triangle, ldl, reciprocal);
      for (Index k = 0; k < rows; k += kLanes)
        solve_rows_transposed(n, triangle, ldl, reciprocal, block + k, ldx, rows - k);
    }
  }
}

HENDERSON_TARGET static void solve_plain(Index m, Index w, const double* l, Index ldl, double* x,
                                         Index ldx) {
  double reciprocal[4];
  for (Index i = 0; i < m; i += kTileRows) {
    const Index rows = std::min(kTileRows, m - i);
    for (Index end = w; end > 0;) {
      const Index n = (end - 1) % 4 + 1, j = end - n;
      double* block = x + i + j * ldx;
      if (end < w)
        tile_at(rows, n, w - end, x + i + end * ldx, ldx, l + end + j * ldl, 1, ldl, -1.0, block,
                ldx);
      const double* triangle = l + j * (ldl + 1);
      reciprocals(n, triangle, ldl, reciprocal);
      for (Index k = 0; k < rows; k += kLanes)
        solve_rows_plain(n, triangle, ldl, reciprocal, block + k, ldx, rows - k);
      end = j;
    }
  }
}

// The triangle of order n <= 4 at the top of four columns.
HENDERSON_TARGET static Index factor_triangle(Index n, double* a, Index lda,
                                              const Pivoting& pivoting, Index first) {
  for (Index j = 0; j < n; ++j) {
    double* column = a + j * lda;
    for (Index k = 0; k < j; ++k)
      for (Index i = j; i < n; ++i) column[i] -= a[i + k * lda] * a[j + k * lda];
    const double pivot = column[j];
    if (pivoting.threshold != nullptr && pivot <= pivoting.threshold[first + j]) {
      column[j] = 1;
      for (Index i = j + 1; i < n; ++i) column[i] = 0;
      pivoting.dropped[first + j] = 1;
      continue;
    }
    if (!(pivot > 0)) return first + j;
    column[j] = std::sqrt(pivot);
    for (Index i = j + 1; i < n; ++i) column[i] /= column[j];
  }
  return kNoFailure;
}

// Four columns at a time, each block from all columns left of it.
HENDERSON_TARGET static Index factor_square(Index w, double* a, Index lda,
                                            const Pivoting& pivoting) {
  for (Index j = 0; j < w; j += 4) {
    const Index n = std::min(Index{4}, w - j);
    double* block = a + j * (lda + 1);
    if (j > 0)
      for (Index i = 0; i < w - j; i += kTileRows)
        tile_at(std::min(kTileRows, w - j - i), n, j, a + j + i, lda, a + j, lda, 1, -1.0,
                block + i, lda);
    const Index failed = factor_triangle(n, block, lda, pivoting, j);
    if (failed != kNoFailure) return failed;
    solve_transposed(w - j - n, n, block, lda, block + n, lda);
    if (pivoting.dropped != nullptr)
      for (Index k = 0; k < n; ++k)
        if (pivoting.dropped[j + k])
          std::fill(a + j + n + (j + k) * lda, a + w + (j + k) * lda, 0.0);
  }
  return kNoFailure;
}

// (LL')^-1 = M'M with M = L^-1, both in place.
HENDERSON_TARGET static void invert_square(Index w, double* l, Index ldl) {
  for (Index j = w - 1; j >= 0; --j) {
    double* column = l + j * ldl;
    column[j] = 1 / column[j];
    // M L = I: M(i, j) L(j, j) = -sum over k in (j, i] of M(i, k) L(k, j); the columns of M right
    // of j are known.
    for (Index i = w - 1; i > j; --i) {
      double sum = 0;
      for (Index k = j + 1; k <= i; ++k) sum += l[i + k * ldl] * column[k];
      column[i] = -sum * column[j];
    }
  }
  for (Index j = 0; j < w; ++j)
    for (Index i = j; i < w; ++i) {
      double sum = 0;
      for (Index k = i; k < w; ++k) sum += l[k + i * ldl] * l[k + j * ldl];
      l[i + j * ldl] = sum;
    }
}

HENDERSON_TARGET static void transpose(Index m, Index n, const double* a, Index lda, double* t,
                                       Index ldt) {
  Index j = 0;
  for (; j + 4 <= n; j += 4) {
    Index i = 0;
    for (; i + 4 <= m; i += 4) transpose_4x4(a + i + j * lda, lda, t + j + i * ldt, ldt);
    for (; i < m; ++i)
      for (Index c = j; c < j + 4; ++c) t[c + i * ldt] = a[i + c * lda];
  }
  for (; j < n; ++j)
    for (Index i = 0; i < m; ++i) t[j + i * ldt] = a[i + j * lda];
}

HENDERSON_TARGET static void mirror(Index n, Index w, double* a, Index lda) {
  for (Index j = 0; j < w; j += 4) {
    const Index end = std::min(j + 4, w);
    for (Index c = j; c < end; ++c)
      for (Index i = c + 1; i < std::min(end, n); ++i) a[c + i * lda] = a[i + c * lda];
    if (end < n) transpose(n - end, end - j, a + end + j * lda, lda, a + j + end * lda, lda);
  }
}

const Table& HENDERSON_TABLE() {
  static const Table table = {HENDERSON_NAME,   product_packed, product_direct, factor_square,
                              solve_transposed, solve_plain,    invert_square,  mirror,
                              transpose,        scatter_product};
  return table;
}
