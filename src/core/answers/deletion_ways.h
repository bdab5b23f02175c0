// SPDX-License-Identifier: GPL-3.0-or-later
// Two ways to b - b_(S). For small groups I - H'H is factorised, H = L^-1 P A', and it is F'y with
// F = L^-1 P of the fixed effects and y = H (I - H'H)^-1 e; for large ones C - A'A, and it is part
// of (C - A'A)^-1 A'e.
#pragma once

#include "core/answers/deleted_group.h"
#include "core/linalg/downdate.h"

namespace henderson::answers {

// F, over the rows that the fixed effects reach.
class FixedHalves {
 public:
  explicit FixedHalves(const likelihood::Evaluation& at);

  const Matrix& half() const { return half_; }
  // The lower triangular G with GG' = F'F.
  const Matrix& root() const { return root_; }
  const linalg::Reach& reach() const { return halves_.reach(); }
  // Its supernodes, each after those above it.
  const std::vector<SmallIndex>& downwards() const { return downwards_; }
  const linalg::SymbolicFactor& symbolic() const { return symbolic_; }
  // The fixed effects among the columns of C, by their numbers among themselves.
  std::vector<SmallIndex> fixed_of(const std::vector<SmallIndex>& columns) const;
  // G of some of them.
  Matrix root_of(const std::vector<SmallIndex>& fixed) const;
  Matrix columns(const std::vector<SmallIndex>& fixed) const;
  SmallIndex column_of_c(SmallIndex fixed) const { return first_fixed_ + fixed; }

 private:
  const linalg::SymbolicFactor& symbolic_;
  const SmallIndex first_fixed_;
  Halves halves_;
  Matrix half_, root_;
  std::vector<SmallIndex> downwards_;
};

// Both give NaN in all where a fixed effect cannot be estimated without the group: where its
// variance grows beyond all bounds. The determinant of a symmetric matrix with eigenvalues from 0
// to 1 bounds the least of them, and with it what is gained.
class DeletionByHalves {
 public:
  DeletionByHalves(const linalg::CholeskyFactor& factor, const FixedHalves& fixed)
      : fixed_(fixed), halves_(factor) {}

  // Operations. Needs: the reach of the group.
  double flops(const DeletedGroup& group, const linalg::Reach& reach) const;
  Halves& halves() { return halves_; }
  // y. Needs: compressed, and its columns prepared.
  void solve(const DeletedGroup& group, Eigen::Ref<Vector> y);

 private:
  bool is_estimable(const DeletedGroup& group);

  const FixedHalves& fixed_;
  Halves halves_;
  Matrix half_, transposed_, common_;  // H, H', H over the rows that the fixed effects reach
  Matrix root_;                        // of I - H'H, in its lower triangle
  linalg::kernels::Scratch scratch_;
};

class DeletionByDowndate {
 public:
  DeletionByDowndate(const linalg::CholeskyFactor& factor, const FixedHalves& fixed)
      : fixed_(fixed), downdate_(factor) {}

  double flops(const DeletedGroup& group, const linalg::Reach& reach) const;
  // b - b_(S) of the fixed effects.
  void solve(const DeletedGroup& group, Eigen::Ref<Vector> change);

 private:
  void clear(const std::vector<SmallIndex>& supernodes, Index k);
  bool is_estimable(const DeletedGroup& group);

  const FixedHalves& fixed_;
  linalg::Downdate downdate_;
  std::vector<double> x_;  // right-hand sides over all columns; only those reached are used
};

}  // namespace henderson::answers
