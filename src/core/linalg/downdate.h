// SPDX-License-Identifier: GPL-3.0-or-later
// The factor of C - A'A from that of C: only what the rows of A reach is factorised again.
#pragma once

#include <array>
#include <vector>

#include "core/linalg/front.h"
#include "core/linalg/lower_inverse.h"
#include "core/linalg/sparse_row.h"

namespace henderson::linalg {

// Multifrontal, on the reached part of the elimination tree. The fronts add up differences: with
// Schur complements S = L_s L_s' of C, a supernode has S - A'A + the children's differences, and
// passes L_old L_old' - L_new L_new' of the rows below on to its parent.
class Downdate {
 public:
  // Keeps a reference to the factor. Cost: memory for the supernodes and columns of C.
  explicit Downdate(const CholeskyFactor& factor);

  // What factorize() costs, in operations of a dense product: moving a number counts as several.
  // Cost: the supernodes of the reach.
  double flops(const Reach& reach) const;

  // What: L of C - A'A. Needs: the columns of a row meet each other in C. Gives: false where it is
  // not positive definite.
  bool factorize(const std::vector<SparseRow>& rows);

  // The functions below need factorize() to have succeeded. What the rows reach:
  const Reach& reach() const { return reach_; }
  // The same supernodes, each before those above it.
  const std::vector<SmallIndex>& supernodes() const { return order_; }
  // |S_new| / |S_old| of the Schur complement that `last` has, as far as it is reached. Needs: with
  // each supernode in `last` stand those above it.
  double determinant_ratio(const Reach& last) const;
  // x := L^-1 x for k right-hand sides as in solve_lower_within(), in the supernodes that are
  // reached and in `within`. Needs: x is zero in those that are reached only.
  void solve_lower(const Reach& within, Index k, double* x) const;
  // x := L^-T x in some supernodes, reached or not, each after those above it. Needs: all above
  // them are among them.
  void solve_upper(const std::vector<SmallIndex>& downwards, Index k, double* x);

 private:
  struct Pending {
    SmallIndex supernode;
    std::size_t begin;  // of its update matrix
  };
  struct Stack {
    std::vector<double> numbers;
    std::vector<Pending> pending;
  };

  void order_reach();
  void take_rows(const std::vector<SparseRow>& rows);
  void list_row(SmallIndex i);
  void start_panel(SmallIndex s, double* panel);
  void multiply_panel(SmallIndex s, double* panel);
  void subtract_rows(SmallIndex s, const Front& front);
  // Whether the update matrix of s is of rank two, and is not made: one column, nothing below it.
  bool is_thin(SmallIndex s) const { return symbolic_.width(s) == 1 && first_child_[s] == kNone; }
  void add_children(SmallIndex s, Stack& stack, const Front& front);
  void add_thin(SmallIndex child, const Front& front);
  void subtract_difference(SmallIndex s, const Front& front);
  bool factor_front(SmallIndex s);

  const SymbolicFactor& symbolic_;
  const double* const old_;  // panels of L of C
  Reach reach_;
  std::vector<SmallIndex> order_;
  std::vector<SmallIndex> first_child_, next_child_;  // of supernodes of the reach
  std::vector<char> odd_;                             // depth
  std::vector<Index> start_;                          // of the panels of the reach, in panels_
  std::vector<double> panels_;
  std::array<Stack, 2> stacks_;  // of fronts of even and of odd depth

  // Rows of A in the order of elimination, and those whose next entry is in each supernode.
  SparseRow entries_;
  std::vector<std::size_t> row_next_, row_end_;
  std::vector<SmallIndex> first_row_, next_row_, place_;

  std::vector<Index> kept_start_;  // of S in kept_; kNone
  std::vector<double> kept_, clean_, clean_square_;
  kernels::Scratch scratch_;
};

}  // namespace henderson::linalg
