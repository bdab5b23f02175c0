// SPDX-License-Identifier: GPL-3.0-or-later
// Deletion of records with a structured residual. With K = R^-1 in whole, it takes from C
//
//     W'(K - (R_-S)^-1)W = A'A,   A = G^-1 K_S. W,   GG' = K_SS
//
// and from the right-hand sides A'G^-1 K_S. y, where R_-S is that of the records that stay.
#pragma once

#include <Eigen/SparseCore>
#include <vector>

#include "core/answers/deleted_group.h"

namespace henderson::answers {

class StructuredRecords {
 public:
  // Cost: K, with a block for each subject, and the rows of W_s.
  explicit StructuredRecords(const likelihood::Evaluation& at);

  // A, G^-1 K_S.(y - W b), and what A meets. Cost: a row of A is as long as its subject's design.
  DeletedGroup deleted_group(const std::vector<Index>& members);

 private:
  // A row of G: its entries in the columns first, first + 1, ... up to the diagonal.
  struct RootRow {
    Index first = 0;
    Vector value;
  };

  void take_design(const likelihood::Evaluation& at);
  bool keeps_pattern(Index row) const { return keeps_pattern_[static_cast<std::size_t>(row)] != 0; }
  std::vector<RootRow> root_of(const std::vector<Index>& rows);
  void add(const ScaledEntry* begin, const ScaledEntry* end, double factor);
  std::vector<ScaledEntry> take_sum(double factor);

  Eigen::SparseMatrix<double> precision_;  // K
  Vector errors_;                          // K (y - W b)
  std::vector<Index> row_of_record_;
  std::vector<char> keeps_pattern_;  // row: the columns of its subject meet each other in C
  // Rows of W_s, one after the other.
  std::vector<std::size_t> start_{0};
  std::vector<ScaledEntry> entries_;
  // A sum of rows, and the columns where it may differ from zero.
  Vector sum_;
  std::vector<char> is_met_;
  std::vector<SmallIndex> met_;
  std::vector<SmallIndex> place_;  // row: its place in the group, or kNone
};

}  // namespace henderson::answers
