// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels for x86 processors with AVX2 and FMA. Only the functions marked so use these
// instructions: the file itself is compiled with the package's plain flags.
#include "core/linalg/kernels_table.h"

#ifdef HENDERSON_HAS_X86_KERNELS
#include <immintrin.h>

#include <algorithm>
#include <cmath>

#define HENDERSON_TARGET __attribute__((target("avx2,fma")))
#define HENDERSON_TABLE avx2_table
#define HENDERSON_NAME "avx2"

namespace henderson::linalg::kernels {

namespace {

constexpr Index kLanes = 4;
constexpr int kVectors = 3;  // 12 x 4 tiles: 12 sums, 3 rows and 1 column fill the 16 registers

using Vec = __m256d;
#define HENDERSON_VECTOR inline __attribute__((always_inline)) HENDERSON_TARGET

HENDERSON_VECTOR Vec load(const double* p) { return _mm256_loadu_pd(p); }
HENDERSON_VECTOR void store(double* p, Vec x) { _mm256_storeu_pd(p, x); }
HENDERSON_VECTOR Vec broadcast(double x) { return _mm256_set1_pd(x); }
HENDERSON_VECTOR Vec times(Vec a, Vec b) { return _mm256_mul_pd(a, b); }
HENDERSON_VECTOR Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_pd(a, b, c); }
HENDERSON_VECTOR Vec load_last(const double* p, Index tail) {
  const __m256i lanes = _mm256_set_epi64x(3, 2, 1, 0);
  return _mm256_maskload_pd(p, _mm256_cmpgt_epi64(_mm256_set1_epi64x(tail), lanes));
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
