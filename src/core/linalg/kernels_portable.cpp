// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels for any processor that gcc or clang compile for.
#include <algorithm>
#include <cmath>

#include "core/linalg/kernels_table.h"

#define HENDERSON_TARGET
#define HENDERSON_TABLE portable_table
#define HENDERSON_NAME "portable"

namespace henderson::linalg::kernels {

namespace {

constexpr Index kLanes = 4;
#ifdef __aarch64__
constexpr int kVectors = 2;  // 8 x 4 tiles: 16 of the 32 registers of two doubles
#else
constexpr int kVectors = 1;  // 4 x 4 tiles: 8 of the 16 registers of SSE2
#endif

// Two vectors of two doubles: what every 64-bit processor has.
typedef double Pair __attribute__((vector_size(16)));
struct Vec {
  Pair low, high;
};
#define HENDERSON_VECTOR inline __attribute__((always_inline))

HENDERSON_VECTOR Vec load(const double* p) { return {Pair{p[0], p[1]}, Pair{p[2], p[3]}}; }
HENDERSON_VECTOR void store(double* p, Vec x) {
  p[0] = x.low[0];
  p[1] = x.low[1];
  p[2] = x.high[0];
  p[3] = x.high[1];
}
HENDERSON_VECTOR Vec broadcast(double x) { return {Pair{x, x}, Pair{x, x}}; }
HENDERSON_VECTOR Vec times(Vec a, Vec b) { return {a.low * b.low, a.high * b.high}; }
HENDERSON_VECTOR Vec fma(Vec a, Vec b, Vec c) {
  return {a.low * b.low + c.low, a.high * b.high + c.high};
}
HENDERSON_VECTOR Vec load_last(const double* p, Index tail) {
  double x[4] = {p[0], 0, 0, 0};
  for (Index i = 1; i < tail; ++i) x[i] = p[i];
  return load(x);
}

HENDERSON_VECTOR void copy_4(const double* from, double* to) { store(to, load(from)); }
HENDERSON_VECTOR void transpose_4x4(const double* a, Index lda, double* t, Index ldt) {
  for (Index i = 0; i < 4; ++i)
    for (Index j = 0; j < 4; ++j) t[j + i * ldt] = a[i + j * lda];
}

// clang-format off
#include "core/linalg/kernels_tile.inl"
#include "core/linalg/kernels_product.inl"  // in this order
// clang-format on

}  // namespace

#include "core/linalg/kernels_panel.inl"

}  // namespace henderson::linalg::kernels
