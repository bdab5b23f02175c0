// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/packed_genotypes.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <cstring>

#include "core/linalg/side_by_side.h"
#include "core/linalg/team.h"

namespace henderson::pedigree {
namespace {

constexpr Index kPerByte = 4;
constexpr Index kTileBytes = 16;  // of a tile at one marker
constexpr Index kTile = kTileBytes * kPerByte;
constexpr Index kValues = 256;    // of a byte
constexpr Index kParts = 16;      // sums of G'x that are made apart, whatever the threads
constexpr unsigned kMissing = 3;  // the other codes are counts

unsigned code_in(unsigned byte, Index k) { return (byte >> (2 * k)) & 3U; }

using Words = std::array<std::uint64_t, 2>;
static_assert(sizeof(Words) == kTileBytes);

Words words_of(const std::uint8_t* bytes) {
  Words words;
  std::memcpy(words.data(), bytes, sizeof words);
  return words;
}

// Whether a genotype of a tile at one marker is missing: both bits of a pair are set.
bool any_missing(const std::uint8_t* bytes) {
  const Words words = words_of(bytes);
  const auto pairs = [](std::uint64_t w) { return w & (w >> 1) & 0x5555555555555555ULL; };
  return (pairs(words[0]) | pairs(words[1])) != 0;
}

// The genotypes of `n` animals of a tile at one marker.
void pack(const double* genotypes, Index n, std::uint8_t* bytes) {
  for (Index i = 0; i < n; ++i) {
    const double g = genotypes[i];
    const unsigned code = std::isnan(g) ? kMissing : static_cast<unsigned>(g);
    bytes[i / kPerByte] |= static_cast<std::uint8_t>(code << (2 * (i % kPerByte)));
  }
}

// What a genotype counts for in the table of counts, or of the missing ones.
double weight(unsigned code, bool of_missing) {
  if (of_missing) return code == kMissing ? 1.0 : 0.0;
  return code == kMissing ? 0.0 : code;
}

// A row of `width` sums for each value of each byte of a tile.
class Tables {
 public:
  explicit Tables(Index width)
      : width_(width), sums_(static_cast<std::size_t>(kTileBytes * kValues * width)) {}

  void set_zero() { std::fill(sums_.begin(), sums_.end(), 0.0); }

  double* of(Index byte) { return sums_.data() + byte * kValues * width_; }

  // Of each value of a byte the sum over its animals of weight x row. Needs: rows of a whole tile.
  void gather(const double* x, bool of_missing) {
    linalg::with_rows(width_, [&](auto row_at, auto sum) {
      for (Index b = 0; b < kTileBytes; ++b) {
        for (Index v = 0; v < kValues; ++v) {
          sum.setZero();
          for (Index k = 0; k < kPerByte; ++k)
            sum += weight(code_in(static_cast<unsigned>(v), k), of_missing) *
                   row_at(x, b * kPerByte + k);
          row_at(of(b), v) = sum;
        }
      }
    });
  }

  // The reverse: row += weight x sum, for each value of the bytes of `n` animals.
  void scatter(Index n, bool of_missing, double* out) {
    linalg::with_rows(width_, [&](auto row_at, auto sum) {
      for (Index i = 0; i < n; ++i) {
        sum.setZero();
        for (Index v = 0; v < kValues; ++v)
          sum += weight(code_in(static_cast<unsigned>(v), i % kPerByte), of_missing) *
                 row_at(of(i / kPerByte), v);
        row_at(out, i) += sum;
      }
    });
  }

 private:
  Index width_;
  std::vector<double> sums_;
};

// work(part) for parts 0, ..., n - 1, shared by the threads.
template <class Work>
void for_each_part(Index n, int threads, const Work& work) {
  linalg::Team team(static_cast<int>(std::min<Index>(threads, n)));
  team.run([&](int t) {
    for (Index part = t; part < n; part += team.size()) work(part);
  });
}

}  // namespace

PackedGenotypes::PackedGenotypes(Index n_animals, Index n_markers)
    : n_animals_(n_animals),
      n_markers_(n_markers),
      bytes_(static_cast<std::size_t>(n_tiles() * n_markers * kTileBytes), 0) {}

double PackedGenotypes::bytes(Index n_animals, Index n_markers) {
  return std::ceil(static_cast<double>(n_animals) / kTile) * kTileBytes *
         static_cast<double>(n_markers);
}

Index PackedGenotypes::n_tiles() const { return (n_animals_ + kTile - 1) / kTile; }

const std::uint8_t* PackedGenotypes::tile(Index t) const {
  return bytes_.data() + t * n_markers_ * kTileBytes;
}

std::uint8_t* PackedGenotypes::tile(Index t) { return bytes_.data() + t * n_markers_ * kTileBytes; }

void PackedGenotypes::put(Index first, const ConstMatrixRef& genotypes) {
  for (Index c = 0; c < genotypes.cols(); ++c) {
    const double* column = genotypes.col(c).data();
    for (Index t = 0; t < n_tiles(); ++t)
      pack(column + t * kTile, std::min(kTile, n_animals_ - t * kTile),
           tile(t) + (first + c) * kTileBytes);
  }
}

PackedGenotypes PackedGenotypes::of_animals(const std::vector<Index>& animals) const {
  PackedGenotypes found(static_cast<Index>(animals.size()), n_markers_);
  for (std::size_t i = 0; i < animals.size(); ++i) {
    const Index from = animals[i] % kTile, to = static_cast<Index>(i) % kTile;
    const std::uint8_t* byte = tile(animals[i] / kTile) + from / kPerByte;
    std::uint8_t* own = found.tile(static_cast<Index>(i) / kTile) + to / kPerByte;
    for (Index j = 0; j < n_markers_; ++j) {
      const unsigned code = code_in(byte[j * kTileBytes], from % kPerByte);
      own[j * kTileBytes] |= static_cast<std::uint8_t>(code << (2 * (to % kPerByte)));
    }
  }
  return found;
}

PackedGenotypes::Tallies PackedGenotypes::tallies() const {
  constexpr std::uint64_t kLow = 0x5555555555555555ULL;
  Tallies found{Vector::Zero(n_markers_), Vector::Zero(n_markers_), Vector::Zero(n_markers_)};
  for (Index t = 0; t < n_tiles(); ++t) {
    const std::uint8_t* byte = tile(t);
    for (Index j = 0; j < n_markers_; ++j, byte += kTileBytes) {
      for (const std::uint64_t word : words_of(byte)) {
        const std::uint64_t low = word & kLow, high = (word >> 1) & kLow;
        found.one[j] += static_cast<double>(std::bitset<64>(low & ~high).count());
        found.two[j] += static_cast<double>(std::bitset<64>(high & ~low).count());
        found.missing[j] += static_cast<double>(std::bitset<64>(high & low).count());
      }
    }
  }
  return found;
}

void PackedGenotypes::read(Index marker, double missing, VectorRef genotypes) const {
  const std::array<double, 4> value = {0.0, 1.0, 2.0, missing};
  for (Index t = 0; t < n_tiles(); ++t) {
    const std::uint8_t* byte = tile(t) + marker * kTileBytes;
    const Index n = std::min(kTile, n_animals_ - t * kTile);
    for (Index i = 0; i < n; ++i)
      genotypes[t * kTile + i] = value[code_in(byte[i / kPerByte], i % kPerByte)];
  }
}

void PackedGenotypes::multiply_add(const Vector& missing, Index width, const double* b, int threads,
                                   double* out) const {
  for_each_part(n_tiles(), threads, [&](Index t) {
    Tables counts(width), gaps(width);
    bool has_gaps = false;
    const std::uint8_t* byte = tile(t);
    linalg::with_rows(width, [&](auto row_at, auto own) {
      for (Index j = 0; j < n_markers_; ++j, byte += kTileBytes) {
        own = row_at(b, j);
        for (Index k = 0; k < kTileBytes; ++k) row_at(counts.of(k), byte[k]) += own;
        if (!any_missing(byte)) continue;
        has_gaps = true;
        own *= missing[j];
        for (Index k = 0; k < kTileBytes; ++k) row_at(gaps.of(k), byte[k]) += own;
      }
    });
    const Index n = std::min(kTile, n_animals_ - t * kTile);
    counts.scatter(n, false, out + t * kTile * width);
    if (has_gaps) gaps.scatter(n, true, out + t * kTile * width);
  });
}

void PackedGenotypes::multiply_back_add(const Vector& missing, Index width, const double* x,
                                        int threads, double* out) const {
  const Index n_parts = std::min(kParts, n_tiles());
  const Index size = n_markers_ * width;
  std::vector<Vector> sums(static_cast<std::size_t>(n_parts));
  for_each_part(n_parts, threads, [&](Index part) {
    Vector& own = sums[static_cast<std::size_t>(part)];
    own = Vector::Zero(size);
    Tables counts(width), gaps(width);
    std::vector<double> rows(static_cast<std::size_t>(kTile * width));
    for (Index t = part; t < n_tiles(); t += n_parts) {
      const Index n = std::min(kTile, n_animals_ - t * kTile) * width;
      std::fill(std::copy_n(x + t * kTile * width, n, rows.begin()), rows.end(), 0.0);
      counts.gather(rows.data(), false);
      gaps.gather(rows.data(), true);
      const std::uint8_t* byte = tile(t);
      linalg::with_rows(width, [&](auto row_at, auto sum) {
        for (Index j = 0; j < n_markers_; ++j, byte += kTileBytes) {
          sum.setZero();
          for (Index k = 0; k < kTileBytes; ++k) sum += row_at(counts.of(k), byte[k]);
          row_at(own.data(), j) += sum;
          if (!any_missing(byte)) continue;
          sum.setZero();
          for (Index k = 0; k < kTileBytes; ++k) sum += row_at(gaps.of(k), byte[k]);
          row_at(own.data(), j) += missing[j] * sum;
        }
      });
    }
  });
  Eigen::Map<Vector> all(out, size);
  for (const Vector& own : sums) all += own;
}

}  // namespace henderson::pedigree
