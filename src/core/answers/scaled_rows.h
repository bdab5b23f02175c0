// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of the records as sparse combinations of the columns of C.
#pragma once

#include <vector>

#include "core/equations/node_factors.h"
#include "core/likelihood/evaluation.h"
#include "core/linalg/sparse_row.h"

namespace henderson::answers {

using ScaledEntry = linalg::RowEntry;

// Adds value times Lambda'z of one coefficient of a level, whose columns of C begin at
// `first_column`.
void add_coefficient(const Matrix& lambda, Index coef, double value, SmallIndex first_column,
                     std::vector<ScaledEntry>& row);

// Rows of W_s = [Z Lambda, M, X~] of the records, each times the root of its weight. Keeps a
// reference to the evaluation.
class ScaledRecords {
 public:
  explicit ScaledRecords(const likelihood::Evaluation& at);

  // Replaces `row`. Cost: the entries of the record.
  void row(Index record, std::vector<ScaledEntry>& row) const;
  // The row of the k-th position without a record: its unknown.
  void missing_row(SmallIndex k, std::vector<ScaledEntry>& row) const;
  // What the solution leaves of the response, times the root of the weight.
  double error(Index record) const;

 private:
  double root_weight(Index record) const;
  void add(SmallIndex column, double value, std::vector<ScaledEntry>& row) const;

  const likelihood::Evaluation& at_;
  const equations::NodeFactors lambda_;
  std::vector<SmallIndex> node_of_column_;  // of W
};

}  // namespace henderson::answers
