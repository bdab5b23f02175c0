// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/symbolic.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "core/linalg/etree.h"
#include "core/linalg/ordering.h"

namespace henderson::linalg {

// Makes a SymbolicFactor, one step per member function.
class SymbolicBuilder {
 public:
  SymbolicBuilder(const LowerPattern& pattern, const AnalyzeOptions& options) : options_(options) {
    out_.n_ = pattern.n;
    out_.n_last_ = options.n_last;
    order_ = fill_reducing_order(pattern);
    pattern_ = permute(joined(pattern), inverse_permutation(order_));
  }

  SymbolicFactor build() {
    find_columns();
    number_supernodes();
    list_rows();
    out_.schedule_ = make_schedule(out_.parent_, width_, below_, first_last_);
    cut_wide_fronts();
    locate_rows_in_parents();
    place_panels();
    return std::move(out_);
  }

 private:
  std::vector<SmallIndex> fill_reducing_order(const LowerPattern& pattern) const {
    if (options_.ordering == AnalyzeOptions::Ordering::amd)
      return amd_order(pattern, options_.n_last);
    std::vector<SmallIndex> order(pattern.n);
    std::iota(order.begin(), order.end(), 0);
    return order;
  }

  // The last columns are made a chain of the elimination tree, so that every postorder leaves them
  // where they are.
  LowerPattern joined(const LowerPattern& pattern) const {
    LowerPattern out;
    out.n = pattern.n;
    out.start.push_back(0);
    out.row.reserve(pattern.row.size() + options_.n_last);
    for (SmallIndex j = 0; j < pattern.n; ++j) {
      Index k = pattern.start[j];
      out.row.push_back(pattern.row[k++]);
      const bool chained = j >= pattern.n - options_.n_last && j + 1 < pattern.n;
      if (chained && (k == pattern.start[j + 1] || pattern.row[k] != j + 1))
        out.row.push_back(j + 1);
      out.row.insert(out.row.end(), pattern.row.begin() + k,
                     pattern.row.begin() + pattern.start[j + 1]);
      out.start.push_back(static_cast<Index>(out.row.size()));
    }
    return out;
  }

  // Supernodes, in terms of the columns of pattern_.
  void find_columns() {
    const std::vector<SmallIndex> tree = elimination_tree(pattern_);
    const std::vector<SmallIndex> zeros(tree.size(), 0);
    const std::vector<SmallIndex> counts = column_counts(pattern_, tree, postorder(tree, zeros));
    const SmallIndex boundary = out_.n_ - out_.n_last_;
    std::vector<SmallIndex> weight = counts;
    std::fill(weight.begin() + boundary, weight.end(), out_.n_ + 1);
    const std::vector<SmallIndex> order = postorder(tree, weight);
    const std::vector<SmallIndex> number = inverse_permutation(order);
    std::vector<SmallIndex> tree_in_order(tree.size()), counts_in_order(tree.size());
    for (std::size_t k = 0; k < order.size(); ++k) {
      tree_in_order[k] = tree[order[k]] == kNone ? kNone : number[tree[order[k]]];
      counts_in_order[k] = counts[order[k]];
    }
    forest_ = find_supernodes(tree_in_order, counts_in_order, boundary, options_.relax);
    first_last_ = 0;
    while (first_last_ < static_cast<SmallIndex>(forest_.width.size()) &&
           forest_.columns[forest_.column_start[first_last_]] < boundary)
      ++first_last_;
    for (SmallIndex& column : forest_.columns) column = order[column];
  }

  void number_supernodes() {
    const std::vector<SmallIndex> order = schedule_order(forest_, first_last_);
    const std::vector<SmallIndex> number = inverse_permutation(order);
    out_.first_column_.assign(1, 0);
    for (const SmallIndex s : order) {
      out_.parent_.push_back(forest_.parent[s] == kNone ? kNone : number[forest_.parent[s]]);
      width_.push_back(forest_.width[s]);
      below_.push_back(forest_.below[s]);
      out_.first_column_.push_back(out_.first_column_.back() + forest_.width[s]);
      columns_.insert(columns_.end(), forest_.columns.begin() + forest_.column_start[s],
                      forest_.columns.begin() + forest_.column_start[s + 1]);
    }
    number_ = inverse_permutation(columns_);
    out_.old_of_new_.resize(out_.n_);
    for (SmallIndex k = 0; k < out_.n_; ++k) out_.old_of_new_[k] = order_[columns_[k]];
    out_.new_of_old_ = inverse_permutation(out_.old_of_new_);
    list_supernodes_of_columns();
  }

  void list_supernodes_of_columns() {
    out_.supernode_of_column_.resize(out_.n_);
    for (SmallIndex s = 0; s < out_.n_supernodes(); ++s)
      std::fill(out_.supernode_of_column_.begin() + out_.first_column_[s],
                out_.supernode_of_column_.begin() + out_.first_column_[s + 1], s);
  }

  // rows(s) is the union of the columns' own patterns and of the children's rows, less the columns
  // of s.
  void list_rows() {
    const SmallIndex n = out_.n_supernodes();
    out_.row_start_.assign(static_cast<std::size_t>(n) + 1, 0);
    for (SmallIndex s = 0; s < n; ++s) out_.row_start_[s + 1] = out_.row_start_[s] + below_[s];
    out_.rows_.resize(out_.row_start_[n]);
    std::vector<std::vector<SmallIndex>> children(n);
    std::vector<SmallIndex> mark(out_.n_, kNone);
    for (SmallIndex s = 0; s < n; ++s) {
      Index end = out_.row_start_[s];
      const SmallIndex last = out_.first_column_[s + 1];
      const auto add = [&](SmallIndex i) {
        if (i < last || mark[i] == s) return;
        mark[i] = s;
        if (end == out_.row_start_[s + 1])
          throw PatternMismatch("column counts do not fit the pattern");
        out_.rows_[end++] = i;
      };
      for (SmallIndex j = out_.first_column_[s]; j < last; ++j)
        for (Index k = pattern_.start[columns_[j]]; k < pattern_.start[columns_[j] + 1]; ++k)
          add(number_[pattern_.row[k]]);
      for (const SmallIndex c : children[s])
        for (Index k = out_.row_start_[c]; k < out_.row_start_[c + 1]; ++k) add(out_.rows_[k]);
      std::vector<SmallIndex>().swap(children[s]);
      if (end != out_.row_start_[s + 1])
        throw PatternMismatch("column counts do not fit the pattern");
      std::sort(out_.rows_.begin() + out_.row_start_[s], out_.rows_.begin() + end);
      if (out_.parent_[s] != kNone) children[out_.parent_[s]].push_back(s);
    }
  }

  void cut_wide_fronts() {
    std::vector<SmallIndex> first(width_.size() + 1, 1);  // of the pieces of each supernode
    first[0] = 0;
    for (const SmallIndex s : out_.schedule_.supernode)
      if (width_[s] > 2 * options_.piece)
        first[s + 1] = (width_[s] + options_.piece - 1) / options_.piece;
    std::partial_sum(first.begin(), first.end(), first.begin());
    if (first.back() == out_.n_supernodes()) return;
    std::vector<SmallIndex> first_column = {0}, rows;
    std::vector<Index> row_start = {0};
    for (SmallIndex s = 0; s < out_.n_supernodes(); ++s) {
      const SmallIndex end = out_.first_column(s) + out_.width(s);
      const SmallIndex width = first[s + 1] - first[s] > 1 ? options_.piece : out_.width(s);
      for (SmallIndex next = out_.first_column(s); next < end;) {
        next = std::min(next + width, end);
        for (SmallIndex i = next; i < end; ++i) rows.push_back(i);
        rows.insert(rows.end(), out_.rows(s), out_.rows(s) + out_.below(s));
        first_column.push_back(next);
        row_start.push_back(static_cast<Index>(rows.size()));
      }
    }
    out_.first_column_ = std::move(first_column);
    out_.rows_ = std::move(rows);
    out_.row_start_ = std::move(row_start);
    out_.schedule_.renumber(first);
    out_.parent_.assign(first.back(), kNone);
    list_supernodes_of_columns();
    for (SmallIndex s = 0; s < out_.n_supernodes(); ++s)
      if (out_.below(s) > 0) out_.parent_[s] = out_.supernode(out_.rows(s)[0]);
  }

  void locate_rows_in_parents() {
    out_.rows_in_parent_.resize(out_.rows_.size());
    for (SmallIndex s = 0; s < out_.n_supernodes(); ++s) {
      const SmallIndex p = out_.parent_[s];
      if (p == kNone) continue;
      const SmallIndex first = out_.first_column_[p], last = out_.first_column_[p + 1];
      Index in_parent = out_.row_start_[p];
      for (Index k = out_.row_start_[s]; k < out_.row_start_[s + 1]; ++k) {
        const SmallIndex i = out_.rows_[k];
        if (i < last) {
          out_.rows_in_parent_[k] = i - first;
          continue;
        }
        in_parent = std::lower_bound(out_.rows_.begin() + in_parent,
                                     out_.rows_.begin() + out_.row_start_[p + 1], i) -
                    out_.rows_.begin();
        out_.rows_in_parent_[k] =
            last - first + static_cast<SmallIndex>(in_parent - out_.row_start_[p]);
      }
    }
  }

  void place_panels() {
    out_.panel_.assign(1, 0);
    for (SmallIndex s = 0; s < out_.n_supernodes(); ++s) {
      const Index w = out_.width(s), r = out_.below(s);
      out_.panel_.push_back(out_.panel_.back() + w * (w + r));
      out_.factor_entries_ += w * r + w * (w + 1) / 2;
      out_.factor_flops_ += factor_flops(w, r);
      out_.inverse_flops_ += inverse_flops(w, r);
    }
  }

  // Y = L_RJ L_JJ^-1, Z_RR Y, Y'(Z_RR Y), and the inverse of L_JJ L_JJ'.
  static double inverse_flops(double w, double r) {
    return r * w * w + 2 * r * r * w + r * w * (w + 1) + 2 * w * w * w / 3;
  }

  const AnalyzeOptions options_;
  SymbolicFactor out_;
  std::vector<SmallIndex> order_;  // order_[k] = j means column k of pattern_ is column j of C
  LowerPattern pattern_;           // C in the fill-reducing order
  SupernodeForest forest_;
  SmallIndex first_last_ = 0;        // supernodes from here on hold the last columns
  std::vector<SmallIndex> columns_;  // columns_[k] = j means column k of L is column j of pattern_
  std::vector<SmallIndex> number_;   // its inverse
  std::vector<SmallIndex> width_, below_;
};

std::shared_ptr<const SymbolicFactor> analyze(const LowerPattern& pattern,
                                              const AnalyzeOptions& options) {
  validate(pattern);
  if (options.n_last < 0 || options.n_last > pattern.n)
    throw DimensionMismatch("n_last", options.n_last, pattern.n);
  return std::make_shared<const SymbolicFactor>(SymbolicBuilder(pattern, options).build());
}

Index SymbolicFactor::position(SmallIndex i, SmallIndex j) const {
  const SmallIndex a = new_of_old_[i], b = new_of_old_[j];
  const SmallIndex row = std::max(a, b), column = std::min(a, b), s = supernode_of_column_[column];
  Index local = row - first_column_[s];
  if (row >= first_column_[s + 1]) {
    const SmallIndex* end = rows(s) + below(s);
    // A piece of a wide front has the columns behind it as its first rows.
    const SmallIndex next = row - first_column_[s + 1];
    const SmallIndex* found = next < below(s) && rows(s)[next] == row
                                  ? rows(s) + next
                                  : std::lower_bound(rows(s), end, row);
    if (found == end || *found != row)
      throw PatternMismatch("entry (" + std::to_string(i) + ", " + std::to_string(j) +
                            ") is not in the factor");
    local = width(s) + (found - rows(s));
  }
  return panel_[s] + local + (column - first_column_[s]) * Index{height(s)};
}

std::vector<Index> SymbolicFactor::positions(const LowerPattern& pattern) const {
  if (pattern.n != n_) throw DimensionMismatch("pattern", pattern.n, n_);
  std::vector<Index> out(pattern.row.size());
  for (SmallIndex j = 0; j < n_; ++j)
    for (Index k = pattern.start[j]; k < pattern.start[j + 1]; ++k)
      out[k] = position(pattern.row[k], j);
  return out;
}

}  // namespace henderson::linalg
