// SPDX-License-Identifier: GPL-3.0-or-later
// L^-1 P of sparse combinations of the columns of C. Records share few columns, so L^-1 P of those
// is made once for many of them.
#pragma once

#include <memory>
#include <vector>

#include "core/answers/scaled_rows.h"
#include "core/linalg/lower_inverse.h"

namespace henderson::answers {

using ScaledRowList = std::vector<std::vector<ScaledEntry>>;

class Halves {
 public:
  // Keeps a reference to the factor. Cost: memory for the columns of C.
  explicit Halves(const linalg::CholeskyFactor& factor);

  // Notes the columns of a row for the next prepare(). Gives: the numbers that these will take.
  Index note(const std::vector<ScaledEntry>& row);
  // L^-1 P of what was noted since the last time. Cost: a forward solve for each column, within
  // what it reaches.
  void prepare();

  // Replaces `half` by L^-1 P of the rows, a column for each, over the rows of reach(). Needs:
  // their columns were prepared.
  void of(const ScaledRowList& rows, Matrix& half);
  const linalg::Reach& reach() const { return reach_; }

 private:
  const linalg::CholeskyFactor& factor_;
  std::vector<char> is_noted_;
  std::vector<SmallIndex> noted_;
  Index n_numbers_ = 0;
  std::unique_ptr<linalg::LowerInverse> columns_;
  linalg::Reach reach_;
};

// So many numbers of L^-1 P are kept at once.
constexpr Index kMostHalves = Index{1} << 24;

}  // namespace henderson::answers
