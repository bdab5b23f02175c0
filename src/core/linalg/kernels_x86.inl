// SPDX-License-Identifier: GPL-3.0-or-later
// What the files for AVX2 and for AVX-512 share: blocks of four numbers in 256 bits.

HENDERSON_VECTOR void copy_4(const double* from, double* to) {
  _mm256_storeu_pd(to, _mm256_loadu_pd(from));
}

HENDERSON_VECTOR void transpose_4x4(const double* a, Index lda, double* t, Index ldt) {
  const __m256d a0 = _mm256_loadu_pd(a), a1 = _mm256_loadu_pd(a + lda),
                a2 = _mm256_loadu_pd(a + 2 * lda), a3 = _mm256_loadu_pd(a + 3 * lda);
  const __m256d low01 = _mm256_unpacklo_pd(a0, a1), high01 = _mm256_unpackhi_pd(a0, a1);
  const __m256d low23 = _mm256_unpacklo_pd(a2, a3), high23 = _mm256_unpackhi_pd(a2, a3);
  _mm256_storeu_pd(t, _mm256_permute2f128_pd(low01, low23, 0x20));
  _mm256_storeu_pd(t + ldt, _mm256_permute2f128_pd(high01, high23, 0x20));
  _mm256_storeu_pd(t + 2 * ldt, _mm256_permute2f128_pd(low01, low23, 0x31));
  _mm256_storeu_pd(t + 3 * ldt, _mm256_permute2f128_pd(high01, high23, 0x31));
}
