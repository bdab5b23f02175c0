// SPDX-License-Identifier: GPL-3.0-or-later
// One pass over the subjects of a structured residual: the sums in the entries of R that
// entry_information.h names. Subjects have a dense T.
#pragma once

#include <vector>

#include "core/base/callbacks.h"
#include "core/equations/whitened_records.h"

namespace henderson::information {

// For each block a matrix: a row for each entry of R, a column for each pattern.
using ByPattern = std::vector<Matrix>;

// Omega_p
ByPattern pattern_inverses(const model::Model& model, const equations::WhitenedRecords& records);

// sum w w' by pattern, and sum X'R^-1 V_a w: a row for each entry, a column for each column of X.
struct WeightedErrors {
  ByPattern squares;
  std::vector<Matrix> cross;
};

// At this solution. Cost: (records) x (positions) x (columns of a subject).
WeightedErrors weighted_errors(const model::Model& model, const equations::WhitenedRecords& records,
                               const ConstVectorRef& solution);

// Xi of all subjects of a block: sum Xi Xi' by pattern, and the products of all rows of Xi, (r, j)
// stored at r x (columns) + j.
struct WeightedDesign {
  Matrix squares;
  Matrix products;
};

// upper: L^-T in the columns of W. Cost: (subjects) x (positions)^2 x (columns)^2. Throws
// Interrupted.
WeightedDesign weighted_design(const model::Model& model, const equations::WhitenedRecords& records,
                               std::size_t block, const Matrix& upper, int threads,
                               Callbacks& callbacks);

}  // namespace henderson::information
