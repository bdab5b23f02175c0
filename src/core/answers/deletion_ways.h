// SPDX-License-Identifier: GPL-3.0-or-later
// Two ways to y = L^-1 P A'(I - H'H)^-1 e, H = L^-1 P A', of which b - b_(S) is F'y with F = L^-1 P
// of the fixed effects. For small groups I - H'H is factorised; for large ones C - A'A, of which
//
//     (I - H'H)^-1 e = e + A (C - A'A)^-1 A'e        (Woodbury).
#pragma once

#include "core/answers/deleted_group.h"
#include "core/linalg/downdate.h"

namespace henderson::answers {

// F, over the rows that the fixed effects reach.
class FixedHalves {
 public:
  explicit FixedHalves(const likelihood::Evaluation& at);

  const Matrix& half() const { return half_; }
  const linalg::Reach& reach() const { return halves_.reach(); }
  const linalg::SymbolicFactor& symbolic() const { return symbolic_; }
  // The fixed effects among the columns of C, by their numbers among themselves.
  std::vector<SmallIndex> fixed_of(const std::vector<SmallIndex>& columns) const;
  // The lower triangular G with GG' = F'F of some of them.
  Matrix root_of(const std::vector<SmallIndex>& fixed) const;
  Matrix columns(const std::vector<SmallIndex>& fixed) const;
  SmallIndex column_of_c(SmallIndex fixed) const { return first_fixed_ + fixed; }

 private:
  const linalg::SymbolicFactor& symbolic_;
  const SmallIndex first_fixed_;
  Halves halves_;
  Matrix half_;
};

// Both give NaN in all of y where a fixed effect cannot be estimated without the group: where its
// variance grows beyond all bounds. The determinant of a symmetric matrix with eigenvalues from 0
// to 1 bounds the least of them, and with it what is gained.
class DeletionByHalves {
 public:
  DeletionByHalves(const linalg::CholeskyFactor& factor, const FixedHalves& fixed)
      : fixed_(fixed), halves_(factor) {}

  // Operations. Needs: the reach of the group.
  double flops(const DeletedGroup& group, const linalg::Reach& reach) const;
  Halves& halves() { return halves_; }
  // Needs: compressed, and its columns prepared.
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
      : factor_(factor), fixed_(fixed), downdate_(factor) {}

  double flops(const DeletedGroup& group, const linalg::Reach& reach) const;
  void solve(const DeletedGroup& group, Eigen::Ref<Vector> y);

 private:
  void clear(Index k);
  bool is_estimable(const DeletedGroup& group);

  const linalg::CholeskyFactor& factor_;
  const FixedHalves& fixed_;
  linalg::Downdate downdate_;
  std::vector<double> x_;  // right-hand sides over all columns; only those reached are used
};

}  // namespace henderson::answers
