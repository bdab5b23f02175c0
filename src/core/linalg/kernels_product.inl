// SPDX-License-Identifier: GPL-3.0-or-later
// Matrix products around the register kernel; included after kernels_tile.inl, once per instruction
// set. Source: Goto & van de Geijn (2008), ACM TOMS 34, with the roles of A and B exchanged: a
// strip of A is what stays in the first-level cache, because the tile is taller than wide.

// `strip` rows or columns, kWidth at most: to[p * kWidth + i] = from(i, p), zeros up to
// kWidth.
template <Index kWidth>
HENDERSON_TARGET static void pack_strip(Index strip, Index depth, const double* from, Index across,
                                        Index along, double* to) {
  if (across == 1 && strip == kWidth) {
    for (Index p = 0; p < depth; ++p, from += along, to += kWidth)
      for (Index i = 0; i < kWidth; i += 4) copy_4(from + i, to + i);
    return;
  }
  if (along == 1 && strip == kWidth) {
    Index p = 0;
    for (; p + 4 <= depth; p += 4)
      for (Index i = 0; i < kWidth; i += 4)
        transpose_4x4(from + i * across + p, across, to + p * kWidth + i, kWidth);
    for (; p < depth; ++p)
      for (Index i = 0; i < kWidth; ++i) to[p * kWidth + i] = from[i * across + p];
    return;
  }
  for (Index p = 0; p < depth; ++p, to += kWidth) {
    for (Index i = 0; i < strip; ++i) to[i] = from[i * across + p * along];
    for (Index i = strip; i < kWidth; ++i) to[i] = 0;
  }
}

// The wanted columns of a strip of rows that ends before row `end`.
HENDERSON_INLINE Index wanted_columns(const Product& x, Index end) {
  return x.shape == Shape::full ? x.n : std::min(x.n, end);
}

// Rows [i0, i0 + rows) by columns [j0, j0 + columns), depth [p0, p0 + depth), from packed operands.
HENDERSON_TARGET static void packed_block(const Product& x, Index i0, Index rows, Index j0,
                                          Index columns, Index depth, const double* a,
                                          const double* b) {
  for (Index i = 0; i < rows; i += kTileRows, a += kTileRows * depth) {
    const Index m = std::min(kTileRows, rows - i);
    const Index end = std::min(j0 + columns, wanted_columns(x, i0 + i + m));
    const double* strip = b;
    for (Index j = j0; j < end; j += 4, strip += 4 * depth) {
      const Index n = std::min(Index{4}, j0 + columns - j);
      double* c = x.c + (i0 + i) + j * x.ldc;
      if (m == kTileRows && n == 4)
        packed_tile(depth, a, strip, x.alpha, c, x.ldc);
      else
        tile_at(m, n, depth, a, kTileRows, strip, 4, 1, x.alpha, c, x.ldc);
    }
  }
}

HENDERSON_TARGET static void product_packed(const Product& x, Scratch& scratch) {
  constexpr Index kRows = kRowBlock / kTileRows * kTileRows;
  for (Index i0 = 0; i0 < x.m; i0 += kRows)
    for (Index p0 = 0; p0 < x.k; p0 += kDepth) {
      const Index rows = std::min(kRows, x.m - i0), depth = std::min(kDepth, x.k - p0);
      const Index end = wanted_columns(x, i0 + rows);
      for (Index i = 0; i < rows; i += kTileRows)
        pack_strip<kTileRows>(std::min(kTileRows, rows - i), depth, x.a.block(i0 + i, p0).data,
                              x.a.rows, x.a.columns, scratch.pack_a() + i * depth);
      for (Index j0 = 0; j0 < end; j0 += kColumnBlock) {
        const Index columns = std::min(kColumnBlock, x.n - j0);
        for (Index j = 0; j < columns; j += 4)
          pack_strip<4>(std::min(Index{4}, columns - j), depth, x.b.block(p0, j0 + j).data,
                        x.b.columns, x.b.rows, scratch.pack_b() + j * depth);
        const Index skipped =
            x.shape == Shape::full
                ? 0
                : std::min(rows, std::max(Index{0}, j0 - i0) / kTileRows * kTileRows);
        packed_block(x, i0 + skipped, rows - skipped, j0, columns, depth,
                     scratch.pack_a() + skipped * depth, scratch.pack_b());
      }
    }
}

HENDERSON_TARGET static void product_direct(const Product& x) {
  for (Index i = 0; i < x.m; i += kTileRows) {
    const Index m = std::min(kTileRows, x.m - i), end = wanted_columns(x, i + m);
    for (Index j = 0; j < end; j += 4)
      tile_at(m, std::min(Index{4}, x.n - j), x.k, x.a.data + i, x.a.columns,
              x.b.data + j * x.b.columns, x.b.rows, x.b.columns, x.alpha, x.c + i + j * x.ldc,
              x.ldc);
  }
}

// all(:, rows[i]) -= x l(i, :)', four rows of l at a time.
HENDERSON_TARGET static void scatter_product(Index k, Index w, Index r, const double* x,
                                             const double* l, Index ldl, const SmallIndex* rows,
                                             double* all) {
  for (Index i = 0; i < r; i += 4) {
    const Index n = std::min(Index{4}, r - i);
    double* columns[4];
    for (Index c = 0; c < n; ++c) columns[c] = all + rows[i + c] * k;
    for (Index first = 0; first < k; first += kTileRows) {
      any_tile(std::min(kTileRows, k - first), n, w, x + first, k, l + i, ldl, 1, -1.0, columns);
      for (Index c = 0; c < n; ++c) columns[c] += kTileRows;
    }
  }
}
