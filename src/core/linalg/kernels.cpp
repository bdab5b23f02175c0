// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/kernels.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "core/base/error.h"
#include "core/linalg/kernels_table.h"

namespace henderson::linalg::kernels {

std::vector<const Table*> available_tables() {
  std::vector<const Table*> out;
#ifdef HENDERSON_HAS_X86_KERNELS
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  // The first processors with AVX-512 slow down their clock for it; those with VBMI2 do not.
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512vbmi2");
  if (avx2 && avx512) out.push_back(&avx512_table());
  if (avx2) out.push_back(&avx2_table());
#endif
  out.push_back(&portable_table());
  return out;
}

namespace {

// The fastest, or the one that the environment names.
const Table& chosen_table() {
  const std::vector<const Table*> available = available_tables();
  const char* wanted = std::getenv("HENDERSON_KERNELS");
  if (wanted == nullptr || *wanted == '\0') return *available.front();
  std::string names;
  for (const Table* one : available) {
    if (std::string(wanted) == one->name) return *one;
    names += std::string(names.empty() ? "" : ", ") + one->name;
  }
  throw InvalidSpec(
      "HENDERSON_KERNELS",
      "\"" + std::string(wanted) + "\" is not among those that this processor has: " + names);
}

const Table& table() {
  static const Table& chosen = chosen_table();
  return chosen;
}

// Packing pays when its cost, proportional to m k + k n, is small beside 2 m n k, or when the
// operands leave the cache.
bool pays_to_pack(const Product& x) {
  if (x.a.rows != 1) return true;
  return x.n >= 24 && x.m * x.k > 6000 && x.m >= 24;
}

Product rows_of(Product x, Index first, Index last) {
  x.m = last - first;
  x.a = x.a.block(first, 0);
  x.c += first;
  return x;
}

// Of a full product all rows, of a lower one those from the first column on.
Product columns_of(Product x, Index first, Index last) {
  x.n = last - first;
  x.b = x.b.block(0, first);
  x.c += first * x.ldc;
  return x.shape == Shape::full ? x : rows_of(x, first, x.m);
}

bool pays_to_share(double flops, const Scratch& scratch) {
  constexpr double kSmallest = 2e6;  // operations that outweigh calling the team
  return scratch.team() != nullptr && flops > kSmallest;
}

// However it is split, an entry of C is the same sum in the same order: by steps of kDepth.
void multiply_packed(const Product& x, Scratch& scratch) {
  if (!pays_to_share(2.0 * x.m * x.n * x.k, scratch)) return table().product_packed(x, scratch);
  if (x.shape == Shape::lower)
    split(*scratch.team(), 4, x.n, by_triangle, [&](int t, Index first, Index last) {
      table().product_packed(columns_of(x, first, last), scratch.of_worker(t));
    });
  else if (x.m >= x.n)
    split(*scratch.team(), kTallestTile, x.m, by_length, [&](int t, Index first, Index last) {
      table().product_packed(rows_of(x, first, last), scratch.of_worker(t));
    });
  else
    split(*scratch.team(), 4, x.n, by_length, [&](int t, Index first, Index last) {
      table().product_packed(columns_of(x, first, last), scratch.of_worker(t));
    });
}

void multiply(const Product& x, Scratch& scratch) {
  if (x.m <= 0 || x.n <= 0 || x.k <= 0) return;
  if (pays_to_pack(x))
    multiply_packed(x, scratch);
  else
    table().product_direct(x);
}

using StripSolve = void (*)(Index, Index, const double*, Index, double*, Index);

void solve_strips(StripSolve solve, Index m, Index w, const double* l, Index ldl, double* x,
                  Index ldx, Scratch& scratch) {
  if (!pays_to_share(static_cast<double>(m) * w * w, scratch)) return solve(m, w, l, ldl, x, ldx);
  split(*scratch.team(), kTallestTile, m, by_length,
        [&](int, Index first, Index last) { solve(last - first, w, l, ldl, x + first, ldx); });
}

void zero(Index m, Index n, double* a, Index lda) {
  for (Index j = 0; j < n; ++j) std::fill(a + j * lda, a + j * lda + m, 0.0);
}

}  // namespace

void Scratch::reserve(Index max_height, Index max_width) {
  const auto doubles = [](Index n) {
    return std::unique_ptr<double[]>(new double[static_cast<std::size_t>(n)]);
  };
  pack_a_ = doubles((std::min(max_height, kRowBlock) + kTallestTile) * kDepth);
  pack_b_ = doubles(kColumnBlock * kDepth);
  const Index nested = kInverseInner * kInverseBlock + kInverseBase * kInverseInner;
  y_ = doubles(std::max(std::min(max_width, kInverseBlock), kMaxRhs) * max_height + nested);
}

void Scratch::share(Team* team, std::vector<Scratch*> scratches) {
  team_ = team;
  scratches_ = std::move(scratches);
}

namespace {

Index factor_base(Index h, Index w, double* a, Index lda, const Pivoting& pivoting,
                  Scratch& scratch) {
  const Index failed = table().factor_square(w, a, lda, pivoting);
  if (failed != kNoFailure) return failed;
  solve_strips(table().solve_transposed, h - w, w, a, lda, a + w, lda, scratch);
  if (pivoting.dropped != nullptr)
    for (Index j = 0; j < w; ++j)
      if (pivoting.dropped[j]) std::fill(a + w + j * lda, a + h + j * lda, 0.0);
  return kNoFailure;
}

}  // namespace

Index factor_panel(Index h, Index w, double* a, Index lda, const Pivoting& pivoting,
                   Scratch& scratch) {
  if (w <= kFactorBase) return factor_base(h, w, a, lda, pivoting, scratch);
  const Index left = (w / 2 + 31) / 32 * 32, right = w - left;
  Index failed = factor_panel(h, left, a, lda, pivoting, scratch);
  if (failed != kNoFailure) return failed;
  double* corner = a + left * (lda + 1);
  multiply({h - left, right, left, -1.0, plain(a + left, lda), transposed(a + left, lda), corner,
            lda, Shape::lower},
           scratch);
  Pivoting rest = pivoting;
  if (rest.threshold != nullptr) rest = {rest.threshold + left, rest.dropped + left};
  failed = factor_panel(h - left, right, corner, lda, rest, scratch);
  return failed == kNoFailure ? failed : left + failed;
}

void subtract_aat(Index n, Index k, const double* a, Index lda, double* c, Index ldc,
                  Scratch& scratch) {
  multiply({n, n, k, -1.0, plain(a, lda), transposed(a, lda), c, ldc, Shape::lower}, scratch);
}

void subtract_aat_columns(Index m, Index n, Index k, const double* a, Index lda, double* c,
                          Index ldc, Scratch& scratch) {
  multiply({m, n, k, -1.0, plain(a, lda), transposed(a, lda), c, ldc, Shape::lower}, scratch);
}

void subtract_lower(Index n, Index k, const double* a, Index lda, const double* b, Index ldb,
                    double* c, Index ldc, Scratch& scratch) {
  multiply({n, n, k, -1.0, plain(a, lda), transposed(b, ldb), c, ldc, Shape::lower}, scratch);
}

void mirror(Index n, double* a, Index lda) { table().mirror(n, n, a, lda); }

namespace {

// The panel's columns [first, first + n), those right of them being done (and mirrored). `y` has
// room for n rows.
void invert_block(Index first, Index n, Index w, Index r, double* panel, Index ld,
                  const LowerColumns* z22, Index n_parts, double* y, Scratch& scratch);

// From the last block of columns to the first.
void invert_blocks(Index w, Index r, double* panel, Index ld, const LowerColumns* z22,
                   Index n_parts, double* y, Scratch& scratch) {
  const Index block = w > kInverseBlock   ? kInverseBlock
                      : w > kInverseInner ? kInverseInner
                                          : kInverseBase;
  for (Index end = w; end > 0;) {
    const Index n = (end - 1) % block + 1, first = end - n;
    invert_block(first, n, w, r, panel, ld, z22, n_parts, y, scratch);
    if (first > 0) table().mirror(w - first, n, panel + first * (ld + 1), ld);
    end = first;
  }
}

// C -= Z Y, Z being symmetric, its squares mirrored, and Y r x n, transposed in y.
void subtract_symmetric(Index r, Index n, const LowerColumns* z, Index n_parts, const double* y,
                        double* c, Index ldc, Scratch& scratch) {
  for (Index first = 0, part = 0; part < n_parts; first += z[part++].width) {
    const Index w = z[part].width, ld = z[part].ld, behind = r - first - w;
    const double* square = z[part].diagonal;
    const View y_own = transposed(y + first * n, n), y_behind = transposed(y + (first + w) * n, n);
    double* own = c + first;
    multiply({w, n, w, -1.0, plain(square, ld), y_own, own, ldc, Shape::full}, scratch);
    multiply({w, n, behind, -1.0, transposed(square + w, ld), y_behind, own, ldc, Shape::full},
             scratch);
    multiply({behind, n, w, -1.0, plain(square + w, ld), y_own, own + w, ldc, Shape::full},
             scratch);
  }
}

void invert_block(Index first, Index n, Index w, Index r, double* panel, Index ld,
                  const LowerColumns* z22, Index n_parts, double* y, Scratch& scratch) {
  const Index end = first + n, right = w - end, below = right + r;
  double* corner = panel + first * (ld + 1);  // L11
  double* column = corner + n;  // L21: `right` rows of the square, then r rows under it
  if (below > 0) {
    solve_strips(table().solve_plain, below, n, corner, ld, column, ld, scratch);  // Y = L21 L11^-1
    table().transpose(below, n, column, ld, y, n);
    zero(below, n, column, ld);
    const double* square = panel + end * (ld + 1);
    const double* under = panel + w + end * ld;
    const View y_right = transposed(y, n), y_below = transposed(y + right * n, n);
    multiply({right, n, right, -1.0, plain(square, ld), y_right, column, ld, Shape::full}, scratch);
    multiply({right, n, r, -1.0, transposed(under, ld), y_below, column, ld, Shape::full}, scratch);
    multiply({r, n, right, -1.0, plain(under, ld), y_right, column + right, ld, Shape::full},
             scratch);
    subtract_symmetric(r, n, z22, n_parts, y + right * n, column + right, ld, scratch);
  }
  if (n <= kInverseBase)
    table().invert_square(n, corner, ld);
  else
    invert_blocks(n, 0, corner, ld, nullptr, 0, y + n * below, scratch);
  if (below > 0)  // Z11 = (L11 L11')^-1 - Y'Z21
    multiply({n, n, below, -1.0, plain(y, n), plain(column, ld), corner, ld, Shape::lower},
             scratch);
}

}  // namespace

void invert_panel(Index w, Index r, double* panel, Index ld, double* z22, Index ldz,
                  Scratch& scratch) {
  const LowerColumns all{z22, r, ldz};
  invert_panel(w, r, panel, ld, &all, 1, scratch);
}

void invert_panel(Index w, Index r, double* panel, Index ld, const LowerColumns* z22, Index n_parts,
                  Scratch& scratch) {
  for (const LowerColumns* part = z22; part != z22 + n_parts; ++part)
    if (part->width > 0) table().mirror(part->width, part->width, part->diagonal, part->ld);
  invert_blocks(w, r, panel, ld, z22, n_parts, scratch.y(), scratch);
}

void gemm(Index m, Index n, Index k, double alpha, const double* a, Index lda, const double* b,
          Index ldb, double* c, Index ldc, Scratch& scratch) {
  multiply({m, n, k, alpha, plain(a, lda), plain(b, ldb), c, ldc, Shape::full}, scratch);
}

void gemm_transposed(Index m, Index n, Index k, double alpha, const double* a, Index lda,
                     const double* b, Index ldb, double* c, Index ldc, Scratch& scratch) {
  multiply({m, n, k, alpha, transposed(a, lda), plain(b, ldb), c, ldc, Shape::full}, scratch);
}

namespace {

void solve_lower_single(Index w, Index r, const double* panel, Index ld, const SmallIndex* rows,
                        double* x, double* all) {
  for (Index j = 0; j < w; ++j) {
    const double* l = panel + j * ld;
    const double xj = x[j] /= l[j];
    for (Index i = j + 1; i < w; ++i) x[i] -= l[i] * xj;
    for (Index i = 0; i < r; ++i) all[rows[i]] -= l[w + i] * xj;
  }
}

void solve_upper_single(Index w, Index r, const double* panel, Index ld, const SmallIndex* rows,
                        double* x, const double* all) {
  for (Index j = w - 1; j >= 0; --j) {
    const double* l = panel + j * ld;
    double sum = x[j];
    for (Index i = 0; i < r; ++i) sum -= l[w + i] * all[rows[i]];
    for (Index i = j + 1; i < w; ++i) sum -= l[i] * x[i];
    x[j] = sum / l[j];
  }
}

}  // namespace

void solve_lower_panel(Index k, Index w, Index r, const double* panel, Index ld,
                       const SmallIndex* rows, double* x, double* all) {
  if (k == 1) return solve_lower_single(w, r, panel, ld, rows, x, all);
  table().solve_transposed(k, w, panel, ld, x, k);
  table().scatter_product(k, w, r, x, panel + w, ld, rows, all);
}

void solve_upper_panel(Index k, Index w, Index r, const double* panel, Index ld,
                       const SmallIndex* rows, double* x, const double* all, Scratch& scratch) {
  if (k == 1) return solve_upper_single(w, r, panel, ld, rows, x, all);
  double* gathered = scratch.y();
  for (Index i = 0; i < r; ++i)
    std::copy(all + rows[i] * k, all + (rows[i] + Index{1}) * k, gathered + i * k);
  if (r > 0)
    table().product_direct(
        {k, w, r, -1.0, plain(gathered, k), plain(panel + w, ld), x, k, Shape::full});
  table().solve_plain(k, w, panel, ld, x, k);
}

void solve_lower_wide(Index k, Index w, Index r, const double* panel, Index ld,
                      const SmallIndex* rows, double* x, double* all, Index apart, double* work,
                      Scratch& scratch) {
  for (Index j = 0; j < w; j += kFactorBase) {
    const Index n = std::min(kFactorBase, w - j);
    multiply({k, n, j, -1.0, plain(x, apart), transposed(panel + j, ld), x + j * apart, apart,
              Shape::full},
             scratch);
    table().solve_transposed(k, n, panel + j * (ld + 1), ld, x + j * apart, apart);
  }
  for (Index first = 0; first < r; first += kWideRows) {
    const Index n = std::min(kWideRows, r - first);
    zero(k, n, work, k);
    multiply(
        {k, n, w, -1.0, plain(x, apart), transposed(panel + w + first, ld), work, k, Shape::full},
        scratch);
    for (Index i = 0; i < n; ++i) {
      double* to = all + rows[first + i] * apart;
      for (Index c = 0; c < k; ++c) to[c] += work[i * k + c];
    }
  }
}

void solve_upper_wide(Index k, Index w, Index r, const double* panel, Index ld,
                      const SmallIndex* rows, double* x, const double* all, double* work,
                      Scratch& scratch) {
  for (Index first = 0; first < r; first += kWideRows) {
    const Index n = std::min(kWideRows, r - first);
    for (Index i = 0; i < n; ++i) std::copy_n(all + rows[first + i] * k, k, work + i * k);
    multiply({k, w, n, -1.0, plain(work, k), plain(panel + w + first, ld), x, k, Shape::full},
             scratch);
  }
  for (Index end = w; end > 0;) {
    const Index n = (end - 1) % kFactorBase + 1, j = end - n;
    multiply({k, n, w - end, -1.0, plain(x + end * k, k), plain(panel + end + j * ld, ld),
              x + j * k, k, Shape::full},
             scratch);
    table().solve_plain(k, n, panel + j * (ld + 1), ld, x + j * k, k);
    end = j;
  }
}

const char* version() { return table().name; }

}  // namespace henderson::linalg::kernels
