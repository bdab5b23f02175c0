// SPDX-License-Identifier: GPL-3.0-or-later
// What can be known of the factor of C = LL' from its pattern alone; made once per model, used in
// every iteration.
#pragma once

#include <memory>
#include <vector>

#include "core/linalg/schedule.h"
#include "core/linalg/sparse.h"
#include "core/linalg/supernodes.h"

namespace henderson::linalg {

struct AnalyzeOptions {
  enum class Ordering { amd, natural };

  SmallIndex n_last = 0;  // the last n_last columns are eliminated after all others, and share no
                          // supernode with them
  Ordering ordering = Ordering::amd;
  SmallIndex piece = 1024;  // a front of more than two of these columns is a chain of supernodes of
                            // so many, so that little above its diagonal is stored
  RelaxOptions relax;
};

// The factor's pattern as supernodes. A supernode is a range of columns of L (in elimination order)
// that are stored as one dense panel, column-major, with leading dimension height(s): first the
// rows of its own columns, then the rows below, those of rows(s). Entries above the diagonal of the
// square at the top belong to no entry of L and are scratch.
//
// Worked example: n = 4, columns 0, 1, {2, 3}; L has entries (3,0), (2,1), (3,2):
//   first_column = {0, 1, 2}, width = {1, 1, 2}, rows(0) = {3}, rows(1) = {2}, rows(2) = {},
//   parent = {2, 2, kNone}, rows_in_parent(0) = {1}, rows_in_parent(1) = {0}, panel = {0, 2, 4},
//   storage_size = 8.
class SymbolicFactor {
 public:
  SmallIndex size() const { return n_; }
  SmallIndex n_last() const { return n_last_; }
  SmallIndex n_supernodes() const { return static_cast<SmallIndex>(parent_.size()); }
  Index factor_entries() const { return factor_entries_; }  // entries of L, relaxed zeros included
  Index storage_size() const {
    return panel_.back();
  }  // doubles in Panels: factor_entries() and the scratch
  double factor_flops() const { return factor_flops_; }  // additions and multiplications
  double inverse_flops() const { return inverse_flops_; }

  // What: where the entries of a matrix live in Panels. Needs: the analysed pattern, or any part of
  // the pattern of L + L' (original numbering). Gives: the offset of every entry of `pattern`, in
  // its order; the same offset serves to assemble C and to read C^-1. Cost: entries x log(height).
  // Throws PatternMismatch for an entry outside the factor.
  std::vector<Index> positions(const LowerPattern& pattern) const;

  // new_of_old()[i] = k means row i of C is eliminated as number k; old_of_new() is the inverse.
  const std::vector<SmallIndex>& new_of_old() const { return new_of_old_; }
  const std::vector<SmallIndex>& old_of_new() const { return old_of_new_; }

  SmallIndex supernode(SmallIndex column) const { return supernode_of_column_[column]; }  // of L
  SmallIndex first_column(SmallIndex s) const { return first_column_[s]; }
  SmallIndex width(SmallIndex s) const { return first_column_[s + 1] - first_column_[s]; }
  SmallIndex below(SmallIndex s) const {  // number of rows under the square
    return static_cast<SmallIndex>(row_start_[s + 1] - row_start_[s]);
  }
  SmallIndex height(SmallIndex s) const { return width(s) + below(s); }
  Index panel(SmallIndex s) const { return panel_[s]; }  // offset of its panel in Panels
  SmallIndex parent(SmallIndex s) const {
    return parent_[s];
  }  // supernode that holds rows(s)[0], or kNone
  // rows(s)[k] = i means row width(s) + k of the panel is row i of L; below(s) increasing numbers.
  const SmallIndex* rows(SmallIndex s) const { return rows_.data() + row_start_[s]; }
  // rows_in_parent(s)[k] = i means row rows(s)[k] of L is row i of the parent's panel.
  const SmallIndex* rows_in_parent(SmallIndex s) const {
    return rows_in_parent_.data() + row_start_[s];
  }
  const Schedule& schedule() const { return schedule_; }

 private:
  friend class SymbolicBuilder;
  SymbolicFactor() = default;
  Index position(SmallIndex i, SmallIndex j) const;

  SmallIndex n_ = 0, n_last_ = 0;
  std::vector<SmallIndex> new_of_old_, old_of_new_;
  std::vector<SmallIndex> first_column_;  // per supernode, and n at the end
  std::vector<SmallIndex>
      supernode_of_column_;  // supernode_of_column_[j] = s means column j of L is in supernode s
  std::vector<SmallIndex> parent_;
  std::vector<Index> row_start_;  // row_start_[s] = k means rows(s) begins at rows_[k]
  std::vector<SmallIndex> rows_, rows_in_parent_;
  std::vector<Index> panel_;  // per supernode, and the storage size at the end
  Schedule schedule_;
  Index factor_entries_ = 0;
  double factor_flops_ = 0, inverse_flops_ = 0;
};

// What: ordering, elimination tree, supernodes and the schedule of the numerical work.
// Needs: a valid LowerPattern, 0 <= n_last <= n. Gives: the symbolic factor, which never changes.
// Cost: the ordering (AMD), then O(entries + size of the supernodes' row lists).
// Throws PatternMismatch if the pattern is not one, DimensionMismatch for n_last.
std::shared_ptr<const SymbolicFactor> analyze(const LowerPattern& pattern,
                                              const AnalyzeOptions& options);

}  // namespace henderson::linalg
