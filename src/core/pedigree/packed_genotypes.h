// SPDX-License-Identifier: GPL-3.0-or-later
// Counts of an allele, 0, 1, 2 or missing, at two bits each, and their products with vectors.
//
// Of four animals a byte has the genotypes at one marker. A product goes by bytes: of x'g the four
// animals' shares are in a table of 256 sums, which is read for each marker; of g b the coefficient
// of a marker is added to the sum of its byte's value, and the sums are given to the animals at the
// end. Animals stand in tiles of 64, so that the tables of a tile stay in the cache and the
// genotypes are read once, in the order of memory.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/types.h"

namespace henderson::pedigree {

class PackedGenotypes {
 public:
  PackedGenotypes(Index n_animals, Index n_markers);

  Index n_animals() const { return n_animals_; }
  Index n_markers() const { return n_markers_; }
  static double bytes(Index n_animals, Index n_markers);

  // What: sets the genotypes of all animals at markers first, first + 1, ..., a column for each,
  // NaN where missing. Needs: 0, 1, 2 or NaN, and that they were not set before.
  void put(Index first, const ConstMatrixRef& genotypes);

  // The same genotypes of some animals alone.
  PackedGenotypes of_animals(const std::vector<Index>& animals) const;

  // How many animals have 1, 2 and no known copies, a row for each marker. Cost: one pass.
  struct Tallies {
    Vector one, two, missing;
  };
  Tallies tallies() const;

  // Of one marker, `missing` in place of those that are.
  void read(Index marker, double missing, VectorRef genotypes) const;

  // `width` vectors stand side by side (linalg/side_by_side.h); a missing genotype of marker j is
  // missing[j]. What: out += G b, and out += G'x. Cost: one pass over the genotypes, 4 animals an
  // addition of `width` numbers. The numbers do not depend on `threads`.
  void multiply_add(const Vector& missing, Index width, const double* b, int threads,
                    double* out) const;
  void multiply_back_add(const Vector& missing, Index width, const double* x, int threads,
                         double* out) const;

 private:
  Index n_tiles() const;
  const std::uint8_t* tile(Index t) const;
  std::uint8_t* tile(Index t);

  Index n_animals_, n_markers_;
  std::vector<std::uint8_t> bytes_;  // tile by tile, in a tile marker by marker
};

}  // namespace henderson::pedigree
