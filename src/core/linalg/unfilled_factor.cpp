// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/unfilled_factor.h"

#include <algorithm>
#include <cmath>

#include "core/linalg/side_by_side.h"

namespace henderson::linalg {

namespace {

// An entry below this share of its diagonals is the rounding of one that cancels.
constexpr double kCancelled = 1e-12;
// More entries in a column, or more pairs of them for an entry of A, are left to the supernodes.
constexpr std::size_t kMostEntries = 64;
constexpr double kMostPairs = 8.0;

// The upper triangle by columns, without the diagonal.
struct Upper {
  std::vector<Index> start;
  std::vector<SmallIndex> row;
  std::vector<double> value, diagonal;

  // The entry (i, j), i < j; nullptr outside the pattern.
  double* find(SmallIndex i, SmallIndex j) {
    const auto first = row.begin() + start[j], last = row.begin() + start[j + 1];
    const auto found = std::lower_bound(first, last, i);
    return found == last || *found != i ? nullptr : &value[found - row.begin()];
  }
};

Upper upper_triangle(const LowerPattern& pattern, const std::vector<double>& value) {
  Upper a;
  a.start.assign(static_cast<std::size_t>(pattern.n) + 1, 0);
  a.diagonal.assign(pattern.n, 0.0);
  for (SmallIndex j = 0; j < pattern.n; ++j)
    for (Index k = pattern.start[j]; k < pattern.start[j + 1]; ++k)
      if (pattern.row[k] != j) ++a.start[pattern.row[k] + 1];
  for (SmallIndex j = 0; j < pattern.n; ++j) a.start[j + 1] += a.start[j];
  a.row.resize(a.start[pattern.n]);
  a.value.resize(a.start[pattern.n]);
  std::vector<Index> next(a.start.begin(), a.start.end() - 1);
  for (SmallIndex j = 0; j < pattern.n; ++j)
    for (Index k = pattern.start[j]; k < pattern.start[j + 1]; ++k) {
      const SmallIndex i = pattern.row[k];
      if (i == j) {
        a.diagonal[j] = value[k];
        continue;
      }
      a.row[next[i]] = j;
      a.value[next[i]++] = value[k];
    }
  return a;
}

// Eliminates row j: its column keeps what has not cancelled, and those above take their update.
// False where an update falls outside the pattern, or `pairs` would pass its limit.
bool eliminate(Upper& a, const std::vector<double>& scale, SmallIndex j, double& pairs) {
  const double pivot = a.diagonal[j];
  std::vector<Index> kept;
  for (Index k = a.start[j]; k < a.start[j + 1]; ++k) {
    const bool cancelled = std::abs(a.value[k]) <= kCancelled * scale[a.row[k]] * scale[j];
    if (cancelled)
      a.value[k] = 0.0;
    else
      kept.push_back(k);
  }
  pairs += static_cast<double>(kept.size() * kept.size());
  const double most = kMostPairs * static_cast<double>(a.row.size() + a.diagonal.size());
  if (kept.size() > kMostEntries || pairs > most) return false;
  for (const Index q : kept) {
    a.diagonal[a.row[q]] -= a.value[q] * a.value[q] / pivot;
    for (const Index p : kept) {
      if (p >= q) break;
      const double update = a.value[p] * a.value[q] / pivot;
      double* entry = a.find(a.row[p], a.row[q]);
      if (entry != nullptr)
        *entry -= update;
      else if (std::abs(update) > kCancelled * scale[a.row[p]] * scale[a.row[q]])
        return false;
    }
  }
  for (const Index k : kept) a.value[k] /= pivot;
  return true;
}

}  // namespace

std::optional<UnfilledFactor> unfilled_factor(const LowerPattern& pattern,
                                              const std::vector<double>& value) {
  Upper a = upper_triangle(pattern, value);
  std::vector<double> scale;
  for (const double diagonal : a.diagonal) scale.push_back(std::sqrt(diagonal));
  double pairs = 0.0;
  for (SmallIndex j = pattern.n - 1; j >= 0; --j) {
    const bool positive = a.diagonal[j] > kCancelled * scale[j] * scale[j];
    if (!positive || !eliminate(a, scale, j, pairs)) return std::nullopt;
  }
  UnfilledFactor factor;
  factor.start_.push_back(0);
  for (SmallIndex j = 0; j < pattern.n; ++j) {
    for (Index k = a.start[j]; k < a.start[j + 1]; ++k) {
      if (a.value[k] == 0.0) continue;
      factor.row_.push_back(a.row[k]);
      factor.u_.push_back(a.value[k]);
    }
    factor.start_.push_back(static_cast<Index>(factor.row_.size()));
  }
  factor.d_ = std::move(a.diagonal);
  return factor;
}

double UnfilledFactor::log_determinant() const {
  double sum = 0.0;
  for (const double d : d_) sum += std::log(d);
  return sum;
}

void UnfilledFactor::solve(MatrixRef x) const {
  const auto n = static_cast<SmallIndex>(d_.size());
  if (x.rows() != n) throw DimensionMismatch("right-hand side", x.rows(), n);
  for (Index c = 0; c < x.cols(); ++c) {
    double* column = x.col(c).data();
    for (SmallIndex j = n - 1; j >= 0; --j)
      for (Index k = start_[j]; k < start_[j + 1]; ++k) column[row_[k]] -= u_[k] * column[j];
    for (SmallIndex j = 0; j < n; ++j) {
      double sum = column[j] / d_[j];
      for (Index k = start_[j]; k < start_[j + 1]; ++k) sum -= u_[k] * column[row_[k]];
      column[j] = sum;
    }
  }
}

void UnfilledFactor::multiply_add(Index width, const double* x, double* out) const {
  with_rows(width, [&](auto row_at, auto t) {
    for (SmallIndex j = 0; j < size(); ++j) {
      t = row_at(x, j);
      for (Index k = start_[j]; k < start_[j + 1]; ++k) t += u_[k] * row_at(x, row_[k]);
      t *= d_[j];  // d_j (U'x)_j
      row_at(out, j) += t;
      for (Index k = start_[j]; k < start_[j + 1]; ++k) row_at(out, row_[k]) += u_[k] * t;
    }
  });
}

void UnfilledFactor::draw(Index width, double* x) const {
  with_rows(width, [&](auto row_at, auto t) {
    for (SmallIndex j = 0; j < size(); ++j) {
      t = row_at(x, j) / std::sqrt(d_[j]);
      for (Index k = start_[j]; k < start_[j + 1]; ++k) t -= u_[k] * row_at(x, row_[k]);
      row_at(x, j) = t;
    }
  });
}

}  // namespace henderson::linalg
