// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/ainverse.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <string>

#include "core/base/error.h"

namespace henderson::pedigree {
namespace {

struct Triplets {
  std::vector<SmallIndex> row, column;
  std::vector<double> value;

  void add(SmallIndex i, SmallIndex j, double x) {
    row.push_back(std::max(i, j));
    column.push_back(std::min(i, j));
    value.push_back(x);
  }
};

// order[k] = position of the k-th entry when sorted by key, equal keys in the order of `from`.
std::vector<Index> sorted_by(const std::vector<SmallIndex>& key, const std::vector<Index>& from,
                             SmallIndex n) {
  std::vector<Index> place(n + 1, 0), order(from.size());
  for (const SmallIndex k : key) ++place[k + 1];
  for (SmallIndex k = 0; k < n; ++k) place[k + 1] += place[k];
  for (const Index t : from) order[place[key[t]]++] = t;
  return order;
}

LowerMatrix summed(const Triplets& entries, SmallIndex n) {
  std::vector<Index> order(entries.row.size());
  for (std::size_t t = 0; t < order.size(); ++t) order[t] = static_cast<Index>(t);
  order = sorted_by(entries.row, order, n);
  order = sorted_by(entries.column, order, n);
  LowerMatrix lower;
  lower.start.reserve(n + 1);
  for (const Index t : order) {
    const SmallIndex i = entries.row[t], j = entries.column[t];
    const bool same = !lower.row.empty() && lower.row.back() == i &&
                      static_cast<SmallIndex>(lower.start.size()) == j + 1 &&
                      lower.start.back() < static_cast<Index>(lower.row.size());
    if (same) {
      lower.value.back() += entries.value[t];
      continue;
    }
    while (static_cast<SmallIndex>(lower.start.size()) <= j)
      lower.start.push_back(static_cast<Index>(lower.row.size()));
    lower.row.push_back(i);
    lower.value.push_back(entries.value[t]);
  }
  while (static_cast<SmallIndex>(lower.start.size()) <= n)
    lower.start.push_back(static_cast<Index>(lower.row.size()));
  return lower;
}

void add_groups(const Pedigree& pedigree, Triplets& entries) {
  Matrix inverse = Matrix::Zero(pedigree.n_groups, pedigree.n_groups);
  if (pedigree.has_metafounders()) {
    const Eigen::LLT<Matrix> factor(pedigree.gamma);
    if (factor.info() != Eigen::Success)
      throw InvalidSpec("gamma", "the covariance of the metafounders is not positive definite");
    inverse = factor.solve(Matrix::Identity(inverse.rows(), inverse.cols()));
  }
  for (SmallIndex i = 0; i < pedigree.n_groups; ++i) {
    for (SmallIndex j = 0; j <= i; ++j) {
      if (i == j || inverse(i, j) != 0.0) entries.add(i, j, inverse(i, j));
    }
  }
}

// (e_i - s/2 - w d)(e_i - s/2 - w d)' / variance, lower triangle.
void add_row(const Pedigree& pedigree, SmallIndex i, double variance, Triplets& entries) {
  if (!(variance > 0.0))
    throw InvalidSpec("pedigree", "a Mendelian sampling variance is not positive (row " +
                                      std::to_string(i + 1) + ")");
  const SmallIndex who[3] = {i, pedigree.parents.sire[i], pedigree.parents.dam[i]};
  const double share[3] = {1.0, -0.5, -pedigree.dam_weight};
  for (int a = 0; a < 3; ++a) {
    if (who[a] == kNone) continue;
    entries.add(who[a], who[a], share[a] * share[a] / variance);
    for (int b = 0; b < a; ++b) {
      if (who[b] == kNone) continue;
      // Selfing: the two halves of one parent meet twice on the diagonal.
      const double twice = who[a] == who[b] ? 2.0 : 1.0;
      entries.add(who[a], who[b], twice * share[a] * share[b] / variance);
    }
  }
}

}  // namespace

LowerMatrix ainverse(const Pedigree& pedigree, const Vector& mendelian_variances) {
  Triplets entries;
  const std::size_t room = 6 * static_cast<std::size_t>(pedigree.size());
  entries.row.reserve(room);
  entries.column.reserve(room);
  entries.value.reserve(room);
  add_groups(pedigree, entries);
  for (SmallIndex i = pedigree.n_groups; i < pedigree.size(); ++i)
    add_row(pedigree, i, mendelian_variances[i], entries);
  return summed(entries, pedigree.size());
}

double log_determinant(const Pedigree& pedigree, const Vector& mendelian_variances) {
  double sum = mendelian_variances.tail(pedigree.size() - pedigree.n_groups).array().log().sum();
  if (pedigree.has_metafounders()) {
    const Matrix root = pedigree.gamma.llt().matrixL();
    sum += 2.0 * root.diagonal().array().log().sum();
  }
  return sum;
}

}  // namespace henderson::pedigree
