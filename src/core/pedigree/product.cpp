// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/product.h"

#include <algorithm>
#include <atomic>

#include "core/base/error.h"
#include "core/linalg/team.h"

namespace henderson::pedigree {
namespace {

constexpr Index kColumnsAtATime = 64;

void multiply_column(const Pedigree& pedigree, const Vector& variance, double* x) {
  const Parents& parents = pedigree.parents;
  const double w = pedigree.dam_weight;
  const SmallIndex n_groups = pedigree.n_groups;
  for (SmallIndex i = pedigree.size() - 1; i >= n_groups; --i) {  // T'x
    if (x[i] == 0.0) continue;
    if (pedigree.is_known(parents.sire[i])) x[parents.sire[i]] += 0.5 * x[i];
    if (pedigree.is_known(parents.dam[i])) x[parents.dam[i]] += w * x[i];
  }
  Eigen::Map<Vector> groups(x, n_groups);
  if (pedigree.has_metafounders())
    groups = (pedigree.gamma * groups).eval();
  else
    groups.setZero();
  for (SmallIndex i = n_groups; i < pedigree.size(); ++i) {  // T D
    x[i] *= variance[i];
    if (pedigree.is_known(parents.sire[i])) x[i] += 0.5 * x[parents.sire[i]];
    if (pedigree.is_known(parents.dam[i])) x[i] += w * x[parents.dam[i]];
  }
}

}  // namespace

void multiply(const Pedigree& pedigree, const Vector& mendelian_variances, int threads,
              MatrixRef x) {
  if (x.rows() != pedigree.size()) throw DimensionMismatch("rows of x", x.rows(), pedigree.size());
  constexpr double kOfAnimal = 20.0;  // operations, with those of finding its parents
  threads = linalg::threads_for(kOfAnimal * static_cast<double>(x.size()), threads);
  linalg::Team team(static_cast<int>(std::min<Index>(threads, x.cols())));
  std::atomic<Index> next{0};
  const std::function<void(int)> work = [&](int) {
    for (Index c = next++; c < x.cols(); c = next++)
      multiply_column(pedigree, mendelian_variances, x.col(c).data());
  };
  team.run(work);
}

Matrix relationships(const Pedigree& pedigree, const Vector& mendelian_variances,
                     const std::vector<SmallIndex>& rows, int threads, Callbacks& callbacks) {
  const auto n = static_cast<Index>(rows.size());
  Matrix result(n, n);
  for (Index first = 0; first < n; first += kColumnsAtATime) {
    callbacks.stop_if_interrupted();
    const Index n_columns = std::min(kColumnsAtATime, n - first);
    Matrix x = Matrix::Zero(pedigree.size(), n_columns);
    for (Index c = 0; c < n_columns; ++c) x(rows[first + c], c) = 1.0;
    multiply(pedigree, mendelian_variances, threads, x);
    for (Index c = 0; c < n_columns; ++c) {
      for (Index r = 0; r < n; ++r) result(r, first + c) = x(rows[r], c);
    }
  }
  return result;
}

Matrix group_shares(const Pedigree& pedigree) {
  const Parents& parents = pedigree.parents;
  Matrix q = Matrix::Zero(pedigree.size(), pedigree.n_groups);
  q.topRows(pedigree.n_groups).setIdentity();
  for (SmallIndex i = pedigree.n_groups; i < pedigree.size(); ++i) {
    if (parents.sire[i] != kNone) q.row(i) += 0.5 * q.row(parents.sire[i]);
    if (parents.dam[i] != kNone) q.row(i) += pedigree.dam_weight * q.row(parents.dam[i]);
  }
  return q;
}

}  // namespace henderson::pedigree
