// SPDX-License-Identifier: GPL-3.0-or-later
// Sparse combinations of the columns of C, one at a time.
#pragma once

#include <Eigen/SparseCore>
#include <vector>

#include "core/likelihood/evaluation.h"
#include "core/linalg/sparse_row.h"

namespace henderson::answers {

using ScaledEntry = linalg::RowEntry;

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
  std::vector<SmallIndex> node_of_column_;  // of W
};

// Functions of (beta, u of term 1 level by level, ...) as combinations of the columns of C: what
// MixedModelEquations::to_scaled() makes of over_design(). Keeps a reference to the evaluation.
class ScaledFunctions {
 public:
  explicit ScaledFunctions(const likelihood::Evaluation& at);

  Index n_effects() const { return first_.back(); }

  // Replaces `row` by column `j` of K. Cost: its entries, and the square of the number of fixed
  // effects that are dense in their basis.
  void row(const Eigen::SparseMatrix<double>& k, Index j, std::vector<ScaledEntry>& row) const;

 private:
  void add_random(Index effect, double value, std::vector<ScaledEntry>& row) const;

  const likelihood::Evaluation& at_;
  std::vector<Index> first_;                // first_[t]: the row of K at which term t begins
  std::vector<Matrix> turned_;              // Lambda of each block, in the user's coefficients
  std::vector<SmallIndex> place_of_fixed_;  // among the columns of X~; kNone where it was dropped
};

}  // namespace henderson::answers
