// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/count_product.h"

#include <algorithm>
#include <atomic>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define HENDERSON_HAS_BYTE_PRODUCTS
#include <immintrin.h>
#endif

namespace henderson::linalg {
namespace {

constexpr Index kStaged = 64;        // columns that are transposed at a time: a cache line
constexpr Index kPanelWidth = 4096;  // columns multiplied at a time
// Distance of two rows of a panel: no power of two, whose rows would share few lines of the cache.
constexpr Index kRowBytes = kPanelWidth + kStaged;
constexpr Index kTileRows = 4, kTileColumns = 2;
constexpr Index kRowBlock = 64;  // rows of a panel kept in the second-level cache
// A lane of 16 bits takes two products a step of 32 bytes.
static_assert(kPanelWidth / 32 * 2 * kLargestCount * kLargestCount < 32768);

// sums[i + kTileRows j] = product of row i of `a` and row j of `b` over `width` bytes.
using Tile = void (*)(Index width, const std::uint8_t* a, const std::uint8_t* b,
                      std::int32_t* sums);

void portable_tile(Index width, const std::uint8_t* a, const std::uint8_t* b, std::int32_t* sums) {
  for (Index j = 0; j < kTileColumns; ++j) {
    for (Index i = 0; i < kTileRows; ++i) {
      const std::uint8_t *x = a + i * kRowBytes, *y = b + j * kRowBytes;
      std::int32_t sum = 0;
      for (Index k = 0; k < width; ++k) sum += x[k] * y[k];
      sums[i + kTileRows * j] = sum;
    }
  }
}

#ifdef HENDERSON_HAS_BYTE_PRODUCTS
#define HENDERSON_AVX2 __attribute__((target("avx2")))

HENDERSON_AVX2 inline std::int32_t sum_of_lanes(__m256i x) {
  const __m256i pairs = _mm256_madd_epi16(x, _mm256_set1_epi16(1));
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
  return _mm_cvtsi128_si32(sum);
}

HENDERSON_AVX2 inline __m256i load(const std::uint8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

HENDERSON_AVX2 inline __m256i add_product(__m256i sum, __m256i x, __m256i y) {
  return _mm256_add_epi16(sum, _mm256_maddubs_epi16(x, y));
}

// 8 sums, 4 rows and 2 columns fill 14 of the 16 registers; by name, as a plain -O2 keeps arrays
// in memory.
HENDERSON_AVX2 void avx2_tile(Index width, const std::uint8_t* a, const std::uint8_t* b,
                              std::int32_t* sums) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i s00 = zero, s10 = zero, s20 = zero, s30 = zero;
  __m256i s01 = zero, s11 = zero, s21 = zero, s31 = zero;
  for (Index k = 0; k < width; k += 32) {
    const __m256i b0 = load(b + k), b1 = load(b + kRowBytes + k);
    const __m256i a0 = load(a + k), a1 = load(a + kRowBytes + k), a2 = load(a + 2 * kRowBytes + k),
                  a3 = load(a + 3 * kRowBytes + k);
    s00 = add_product(s00, a0, b0);
    s10 = add_product(s10, a1, b0);
    s20 = add_product(s20, a2, b0);
    s30 = add_product(s30, a3, b0);
    s01 = add_product(s01, a0, b1);
    s11 = add_product(s11, a1, b1);
    s21 = add_product(s21, a2, b1);
    s31 = add_product(s31, a3, b1);
  }
  const __m256i all[kTileRows * kTileColumns] = {s00, s10, s20, s30, s01, s11, s21, s31};
  for (Index i = 0; i < kTileRows * kTileColumns; ++i) sums[i] = sum_of_lanes(all[i]);
}
#endif

Tile choose_tile() {
#ifdef HENDERSON_HAS_BYTE_PRODUCTS
  if (__builtin_cpu_supports("avx2")) return avx2_tile;
#endif
  return portable_tile;
}

// product(i, j) += the tiles of rows [first, last), columns up to the diagonal.
void multiply_rows(Tile tile, Index first, Index last, Index width, const std::uint8_t* panel,
                   Matrix& product) {
  const Index n = product.rows();
  std::int32_t sums[kTileRows * kTileColumns];
  for (Index j = 0; j < std::min(last, n); j += kTileColumns) {
    const Index from = std::max(first, j / kTileRows * kTileRows);
    for (Index i = from; i < last; i += kTileRows) {
      tile(width, panel + i * kRowBytes, panel + j * kRowBytes, sums);
      for (Index q = j; q < std::min(j + kTileColumns, n); ++q) {
        for (Index p = i; p < std::min(i + kTileRows, n); ++p)
          product(p, q) += sums[p - i + kTileRows * (q - j)];
      }
    }
  }
}

Index rounded_up(Index n, Index unit) { return (n + unit - 1) / unit * unit; }

}  // namespace

bool is_count(const ConstVectorRef& column) {
  bool all = true;
  for (Index i = 0; i < column.size(); ++i) {
    const double x = column[i];
    all = all && (x == 0.0 || x == 1.0 || x == 2.0);
  }
  return all;
}

CountProduct::CountProduct(Index n, int threads)
    : n_(n),
      n_padded_(rounded_up(n, kTileRows)),
      team_(threads),
      staged_(static_cast<std::size_t>(n * kStaged)),
      panel_(static_cast<std::size_t>(n_padded_ * kRowBytes)),
      product_(Matrix::Zero(n, n)) {}

void CountProduct::add(const ConstVectorRef& column) {
  std::uint8_t* to = staged_.data() + n_staged_ * n_;
  for (Index i = 0; i < n_; ++i) to[i] = static_cast<std::uint8_t>(column[i]);
  if (++n_staged_ == kStaged) transpose_staged();
}

void CountProduct::transpose_staged() {
  for (Index i = 0; i < n_; ++i) {
    std::uint8_t* to = panel_.data() + i * kRowBytes + n_panel_;
    for (Index c = 0; c < kStaged; ++c) to[c] = c < n_staged_ ? staged_[c * n_ + i] : 0;
  }
  n_staged_ = 0;
  n_panel_ += kStaged;
  if (n_panel_ == kPanelWidth) multiply_panel();
}

void CountProduct::multiply_panel() {
  static const Tile tile = choose_tile();
  const Index n_blocks = rounded_up(n_padded_, kRowBlock) / kRowBlock;
  std::atomic<Index> taken{0};
  team_.run([&](int) {
    // The longest rows first.
    for (Index k = taken++; k < n_blocks; k = taken++) {
      const Index first = (n_blocks - 1 - k) * kRowBlock;
      multiply_rows(tile, first, std::min(first + kRowBlock, n_padded_), n_panel_, panel_.data(),
                    product_);
    }
  });
  n_panel_ = 0;
}

Matrix CountProduct::finish() {
  if (n_staged_ > 0) transpose_staged();
  if (n_panel_ > 0) multiply_panel();
  return std::move(product_);
}

}  // namespace henderson::linalg
