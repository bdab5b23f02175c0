// SPDX-License-Identifier: GPL-3.0-or-later
// The coded genotypes Z of some animals as an operator: a column is (g - centre) x scale, 0 where
// the genotype is missing; a last one, if any, is constant.
#pragma once

#include <optional>

#include "core/base/callbacks.h"
#include "core/linalg/dense.h"
#include "core/pedigree/packed_genotypes.h"

namespace henderson::pedigree {

struct MarkerCodes {
  Vector centre, scale;   // of each marker
  double constant = 0.0;  // of a column that all animals have alike; 0: there is none
};

class MarkerMatrix {
 public:
  // Genotypes of n animals from `source`, NaN where missing. Whole counts of 0 to 2 are packed;
  // others are kept as they are, at 8 bytes each. Throws Interrupted.
  MarkerMatrix(Index n, const linalg::ColumnSource& source, MarkerCodes codes, int threads,
               Callbacks& callbacks);

  Index n_animals() const { return n_animals_; }
  Index n_columns() const { return codes_.centre.size() + (codes_.constant != 0.0 ? 1 : 0); }
  double bytes() const;
  int threads() const { return threads_; }

  MarkerMatrix of_animals(const std::vector<Index>& animals) const;

  // `width` vectors side by side. What: out += Z a, and out += Z'x. Cost: a pass over the
  // genotypes.
  void multiply_add(Index width, const double* a, double* out) const;
  void multiply_back_add(Index width, const double* x, double* out) const;

  // Columns first, first + 1, ... as numbers.
  void read(Index first, MatrixRef block) const;

  // z'z of each column.
  const Vector& squares() const { return squares_; }

 private:
  MarkerMatrix(const MarkerMatrix& all, const std::vector<Index>& animals);
  void code(Index marker, VectorRef genotypes) const;
  void fill(const linalg::ColumnSource& source, Callbacks& callbacks);
  Vector squares_of_columns() const;

  Index n_animals_ = 0;
  MarkerCodes codes_;
  int threads_ = 1;
  std::optional<PackedGenotypes> packed_;
  Matrix coded_;  // of markers that are not packed, all of them or none
  Vector squares_;
};

}  // namespace henderson::pedigree
