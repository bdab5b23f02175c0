// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/semidefinite.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/linalg/dense.h"
#include "core/linalg/kernels.h"
#include "core/linalg/shared_scratch.h"

namespace henderson::linalg {
namespace {

constexpr double kUnit = kRoundingUnits * std::numeric_limits<double>::epsilon();

constexpr Index kBlock = 64;  // columns between two updates of the rest

// Pivots above this share of the variance of their level are not rounding; those below the other
// share of the largest variance leave no digits of an inverse.
constexpr double kSuspicious = 1e-5;
constexpr double kFloor = 1e-10;

// Columns [0, done) of the lower triangle are L, in the order of the pivots; the rest, as far as
// it has been updated, is what they leave of K.
class PivotedFactor {
 public:
  PivotedFactor(Matrix k, int threads)
      : a_(std::move(k)),
        order_(a_.rows()),
        sd_(a_.diagonal().cwiseMax(0.0).cwiseSqrt()),
        largest_(a_.diagonal().maxCoeff()),
        scratch_(a_.rows(), threads) {
    std::iota(order_.begin(), order_.end(), SmallIndex{0});
  }

  void run() {
    while (!ended_ && done_ < n()) factor_block();
  }

  PivotLevels levels() {
    PivotLevels found;
    const Index r = done_, m = n() - r;
    found.pivots.assign(order_.begin(), order_.begin() + r);
    found.others.assign(order_.begin() + r, order_.end());
    found.rounding = rounding_;
    if (m > 0) found.left = a_.bottomRightCorner(m, m).diagonal().cwiseAbs().maxCoeff();
    for (Index j = r; j + 1 < n(); ++j)
      found.left = std::max(found.left, a_.col(j).tail(n() - j - 1).cwiseAbs().maxCoeff());
    // K = LL', L = [L1; L2]: the others are L2 L1^-1 u_pivots.
    found.weights = a_.bottomLeftCorner(m, r).transpose();
    solve_upper(found.weights);
    found.inverse = inverse_of_pivots();
    return found;
  }

 private:
  // (L1 L1')^-1.
  Matrix inverse_of_pivots() {
    double none = 0.0;
    kernels::invert_panel(done_, 0, a_.data(), n(), &none, 1, scratch_.first());
    Matrix inverse = a_.topLeftCorner(done_, done_);
    mirror_lower(inverse);
    return inverse;
  }

  Index n() const { return a_.rows(); }

  // x := L1^-T x for the pivots' rows L1 of L.
  template <class Columns>
  void solve_upper(Columns& x) const {
    a_.topLeftCorner(done_, done_)
        .template triangularView<Eigen::Lower>()
        .transpose()
        .solveInPlace(x);
  }

  void factor_block() {
    const Index first = done_, end = std::min(first + kBlock, n());
    Vector left = a_.diagonal();
    while (done_ < end) {
      Index p = 0;
      const double pivot = left.tail(n() - done_).maxCoeff(&p);
      p += done_;
      if (is_rounding(p, pivot)) {
        ended_ = true;
        break;
      }
      exchange(done_, p);
      std::swap(left[done_], left[p]);
      eliminate(first, pivot);
      left.tail(n() - done_) -= a_.col(done_ - 1).tail(n() - done_).cwiseAbs2();
    }
    const Index m = n() - done_;
    if (m == 0 || done_ == first) return;
    kernels::subtract_aat(m, done_ - first, &a_(done_, first), n(), &a_(done_, done_), n(),
                          scratch_.first());
  }

  // Of a level that is not a pivot, x = (-L1^-T l, 1) with l its row of L has x'Kx = pivot. Looked
  // at where the pivots have fallen to a tenth, or below the floor.
  bool is_rounding(Index p, double pivot) {
    const double sd = sd_[order_[p]];
    if (pivot > kSuspicious * sd * sd || (pivot > kFloor * largest_ && pivot > 0.1 * looked_at_))
      return false;
    looked_at_ = pivot;
    Vector x = a_.row(p).head(done_).transpose();
    solve_upper(x);
    double sum = sd;
    for (Index j = 0; j < done_; ++j) sum += std::abs(x[j]) * sd_[order_[j]];
    rounding_ = std::max(kUnit * sum * sum, kFloor * largest_);
    return !(pivot > rounding_);
  }

  // Rows and columns j <= p of the lower triangle change places.
  void exchange(Index j, Index p) {
    if (j == p) return;
    std::swap(order_[j], order_[p]);
    a_.row(j).head(j).swap(a_.row(p).head(j));
    for (Index i = j + 1; i < p; ++i) std::swap(a_(i, j), a_(p, i));
    a_.col(j).tail(n() - p - 1).swap(a_.col(p).tail(n() - p - 1));
    std::swap(a_(j, j), a_(p, p));
  }

  // The next column of L, of which the update by the block's columns is still to be made.
  void eliminate(Index first, double pivot) {
    const Index j = done_, below = n() - j - 1, width = j - first;
    a_.col(j).tail(below).noalias() -=
        a_.block(j + 1, first, below, width) * a_.row(j).segment(first, width).transpose();
    a_(j, j) = std::sqrt(pivot);
    a_.col(j).tail(below) /= a_(j, j);
    ++done_;
  }

  Matrix a_;
  std::vector<SmallIndex> order_;  // order_[j] = i: level i stands in row j
  Vector sd_;
  double largest_;  // variance
  SharedScratch scratch_;
  Index done_ = 0;
  bool ended_ = false;
  double looked_at_ = std::numeric_limits<double>::infinity();
  double rounding_ = 0.0;
};

}  // namespace

bool above_rounding(const ConstMatrixRef& inverse, const Vector& sd) {
  for (Index i = 0; i < inverse.rows(); ++i) {
    const double sum = inverse.col(i).cwiseAbs().dot(sd);
    if (!(inverse(i, i) > kUnit * sum * sum)) return false;
  }
  return true;
}

PivotLevels pivot_levels(Matrix k, int threads) {
  PivotedFactor factor(std::move(k), threads);
  factor.run();
  return factor.levels();
}

}  // namespace henderson::linalg
