// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels for x86 processors with AVX-512. Only the functions marked so use these instructions:
// the file itself is compiled with the package's plain flags.
#include "core/linalg/kernels_table.h"

#ifdef HENDERSON_HAS_X86_KERNELS
#include <immintrin.h>

#include <algorithm>
#include <cmath>

#define HENDERSON_TARGET __attribute__((target("avx512f,avx512vl,avx2,fma")))
#define HENDERSON_TABLE avx512_table
#define HENDERSON_NAME "avx512"
#define HENDERSON_MASKED_STORES

namespace henderson::linalg::kernels {

namespace {

constexpr Index kLanes = 8;
constexpr int kVectors = 3;  // 24 x 4 tiles: 12 sums keep two units with 4 cycles of delay busy

using Vec = __m512d;
#define HENDERSON_VECTOR inline __attribute__((always_inline)) HENDERSON_TARGET

HENDERSON_VECTOR Vec load(const double* p) { return _mm512_loadu_pd(p); }
HENDERSON_VECTOR void store(double* p, Vec x) { _mm512_storeu_pd(p, x); }
HENDERSON_VECTOR Vec broadcast(double x) { return _mm512_set1_pd(x); }
HENDERSON_VECTOR Vec times(Vec a, Vec b) { return _mm512_mul_pd(a, b); }
HENDERSON_VECTOR Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_pd(a, b, c); }
HENDERSON_VECTOR __mmask8 first_lanes(Index n) { return static_cast<__mmask8>((1U << n) - 1); }
HENDERSON_VECTOR Vec load_last(const double* p, Index tail) {
  return _mm512_maskz_loadu_pd(first_lanes(tail), p);
}
HENDERSON_VECTOR void store_last(double* p, Vec x, Index tail) {
  _mm512_mask_storeu_pd(p, first_lanes(tail), x);
}

// clang-format off
#include "core/linalg/kernels_x86.inl"
#include "core/linalg/kernels_tile.inl"
#include "core/linalg/kernels_product.inl"  // in this order
// clang-format on

}  // namespace

#include "core/linalg/kernels_panel.inl"

}  // namespace henderson::linalg::kernels
#endif
