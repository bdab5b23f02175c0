// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/genotyped_split.h"

#include <Eigen/SparseCore>
#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/linalg/side_by_side.h"

namespace henderson::pedigree {
namespace {

// A row of T: an animal and its known parents.
struct Family {
  std::array<SmallIndex, 3> row;
  std::array<double, 3> weight;
  int n = 0;

  void add(SmallIndex member, double w) {
    row[n] = member;
    weight[n++] = w;
  }
};

Family family_of(const Pedigree& pedigree, SmallIndex i) {
  Family family;
  family.add(i, 1.0);
  const SmallIndex sire = pedigree.parents.sire[i], dam = pedigree.parents.dam[i];
  if (sire != kNone) family.add(sire, -0.5);
  if (dam != kNone) family.add(dam, -pedigree.dam_weight);
  return family;
}

}  // namespace

GenotypedSplit::GenotypedSplit(std::shared_ptr<const Rules> rules,
                               std::vector<SmallIndex> genotyped, Callbacks& callbacks)
    : rules_(std::move(rules)), genotyped_(std::move(genotyped)) {
  find_ancestors();
  make_solver(callbacks);
}

void GenotypedSplit::find_ancestors() {
  const Pedigree& pedigree = rules_->pedigree();
  kind_.assign(static_cast<std::size_t>(pedigree.size()), Kind::follower);
  for (const SmallIndex i : genotyped_) {
    if (i < pedigree.n_groups || i >= pedigree.size() || kind_[i] == Kind::genotyped)
      throw InvalidSpec("genotyped", "they are not different animals of the pedigree");
    kind_[i] = Kind::genotyped;
  }
  const std::vector<bool> needed = with_ancestors(pedigree.parents, genotyped_);
  for (SmallIndex i = 0; i < pedigree.size(); ++i) {
    // The covariance of metafounders ties all of them to each other.
    if (kind_[i] == Kind::genotyped || !(needed[i] || i < pedigree.n_groups)) continue;
    kind_[i] = Kind::ancestor;
    ancestors_.push_back(i);
  }
}

void GenotypedSplit::make_solver(Callbacks& callbacks) {
  const Pedigree& pedigree = rules_->pedigree();
  std::vector<SmallIndex> place(kind_.size(), kNone);
  for (std::size_t k = 0; k < ancestors_.size(); ++k)
    place[ancestors_[k]] = static_cast<SmallIndex>(k);
  std::vector<Eigen::Triplet<double, int>> entries;
  const Matrix& groups = rules_->group_inverse();
  for (Index j = 0; j < groups.cols(); ++j)
    for (Index i = j; i < groups.rows(); ++i)
      entries.emplace_back(static_cast<int>(i), static_cast<int>(j), groups(i, j));
  for (SmallIndex i = pedigree.n_groups; i < pedigree.size(); ++i) {
    if (kind_[i] == Kind::follower) continue;
    const Family family = family_of(pedigree, i);
    for (int a = 0; a < family.n; ++a) {
      for (int b = 0; b < family.n; ++b) {
        const SmallIndex r = place[family.row[a]], c = place[family.row[b]];
        if (r == kNone || c == kNone || r < c) continue;
        entries.emplace_back(r, c, family.weight[a] * family.weight[b] / rules_->variances()[i]);
      }
    }
  }
  const auto n = static_cast<int>(ancestors_.size());
  Eigen::SparseMatrix<double> matrix(n, n);
  matrix.setFromTriplets(entries.begin(), entries.end());
  linalg::LowerPattern pattern;
  pattern.n = n;
  pattern.start.assign(matrix.outerIndexPtr(), matrix.outerIndexPtr() + n + 1);
  pattern.row.assign(matrix.innerIndexPtr(), matrix.innerIndexPtr() + matrix.nonZeros());
  solver_ = std::make_unique<const linalg::DefiniteSolver>(
      std::move(pattern),
      std::vector<double>(matrix.valuePtr(), matrix.valuePtr() + matrix.nonZeros()),
      linalg::DefiniteLimits{}, callbacks);
}

Vector GenotypedSplit::inverse_diagonal() const {
  const Pedigree& pedigree = rules_->pedigree();
  Vector all = Vector::Zero(pedigree.size());
  for (SmallIndex i = pedigree.n_groups; i < pedigree.size(); ++i) {
    if (kind_[i] == Kind::follower) continue;
    const Family family = family_of(pedigree, i);
    for (int a = 0; a < family.n; ++a)
      for (int b = 0; b < family.n; ++b)
        if (family.row[a] == family.row[b])
          all[family.row[a]] += family.weight[a] * family.weight[b] / rules_->variances()[i];
  }
  Vector found(static_cast<Index>(genotyped_.size()));
  for (Index i = 0; i < found.size(); ++i) found[i] = all[genotyped_[i]];
  return found;
}

Vector GenotypedSplit::records_of_genotyped(Vector records) const {
  const Pedigree& pedigree = rules_->pedigree();
  for (SmallIndex i = pedigree.size() - 1; i >= pedigree.n_groups; --i) {
    if (kind_[i] != Kind::follower) continue;
    const Family family = family_of(pedigree, i);
    for (int k = 1; k < family.n; ++k)
      records[family.row[k]] += family.weight[k] * family.weight[k] * records[i];
  }
  Vector found(static_cast<Index>(genotyped_.size()));
  for (Index i = 0; i < found.size(); ++i) found[i] = records[genotyped_[i]];
  return found;
}

void GenotypedSplit::add_cross(Kind from, Kind to, double factor, Index width, const double* x,
                               double* out) const {
  const Pedigree& pedigree = rules_->pedigree();
  linalg::with_rows(width, [&](auto row_at, auto t) {
    for (SmallIndex i = pedigree.n_groups; i < pedigree.size(); ++i) {
      if (kind_[i] == Kind::follower) continue;
      const Family family = family_of(pedigree, i);
      t.setZero();
      bool has_from = false;
      for (int k = 0; k < family.n; ++k) {
        if (kind_[family.row[k]] != from) continue;
        has_from = true;
        t += family.weight[k] * row_at(x, family.row[k]);
      }
      if (!has_from) continue;
      t *= factor / rules_->variances()[i];
      for (int k = 0; k < family.n; ++k)
        if (kind_[family.row[k]] == to) row_at(out, family.row[k]) += family.weight[k] * t;
    }
  });
}

void GenotypedSplit::solve_ancestors(Index width, double* x) const {
  linalg::SideBySide own(static_cast<Index>(ancestors_.size()), width);
  Eigen::Map<linalg::SideBySide> rows(x, rules_->size(), width);
  for (Index k = 0; k < own.rows(); ++k) own.row(k) = rows.row(ancestors_[k]);
  solver_->solve(width, own.data());
  for (Index k = 0; k < own.rows(); ++k) rows.row(ancestors_[k]) = own.row(k);
}

void GenotypedSplit::follow_parents(Index width, double* x) const {
  const Pedigree& pedigree = rules_->pedigree();
  linalg::with_rows(width, [&](auto row_at, auto t) {
    for (SmallIndex i = pedigree.n_groups; i < pedigree.size(); ++i) {
      if (kind_[i] != Kind::follower) continue;
      const Family family = family_of(pedigree, i);
      t = row_at(x, i);
      for (int k = 1; k < family.n; ++k) t -= family.weight[k] * row_at(x, family.row[k]);
      row_at(x, i) = t;
    }
  });
}

void GenotypedSplit::give_to_parents(Index width, double* x) const {
  const Pedigree& pedigree = rules_->pedigree();
  linalg::with_rows(width, [&](auto row_at, auto) {
    for (SmallIndex i = pedigree.size() - 1; i >= pedigree.n_groups; --i) {
      if (kind_[i] != Kind::follower) continue;
      const Family family = family_of(pedigree, i);
      for (int k = 1; k < family.n; ++k)
        row_at(x, family.row[k]) -= family.weight[k] * row_at(x, i);
    }
  });
}

void GenotypedSplit::impute(Index width, double* x) const {
  Eigen::Map<linalg::SideBySide> rows(x, rules_->size(), width);
  for (SmallIndex i = 0; i < rules_->size(); ++i)
    if (kind_[i] != Kind::genotyped) rows.row(i).setZero();
  add_cross(Kind::genotyped, Kind::ancestor, -1.0, width, x, x);
  solve_ancestors(width, x);
  follow_parents(width, x);
}

void GenotypedSplit::collect(Index width, double* x) const {
  give_to_parents(width, x);
  solve_ancestors(width, x);
  add_cross(Kind::ancestor, Kind::genotyped, -1.0, width, x, x);
  Eigen::Map<linalg::SideBySide> rows(x, rules_->size(), width);
  for (SmallIndex i = 0; i < rules_->size(); ++i)
    if (kind_[i] != Kind::genotyped) rows.row(i).setZero();
}

void GenotypedSplit::solve_others(Index width, double* x) const {
  Eigen::Map<linalg::SideBySide> rows(x, rules_->size(), width);
  for (const SmallIndex i : genotyped_) rows.row(i).setZero();
  give_to_parents(width, x);
  for (const SmallIndex i : genotyped_) rows.row(i).setZero();
  solve_ancestors(width, x);
  for (SmallIndex i = rules_->pedigree().n_groups; i < rules_->size(); ++i)
    if (kind_[i] == Kind::follower) rows.row(i) *= rules_->variances()[i];
  follow_parents(width, x);
}

void GenotypedSplit::add_inverse_times(double factor, Index width, const double* x,
                                       double* out) const {
  linalg::SideBySide own = Eigen::Map<const linalg::SideBySide>(x, rules_->size(), width);
  impute(width, own.data());
  linalg::SideBySide product = linalg::SideBySide::Zero(own.rows(), width);
  rules_->add_inverse_times(width, own.data(), product.data());
  Eigen::Map<linalg::SideBySide> rows(out, own.rows(), width);
  for (const SmallIndex i : genotyped_) rows.row(i) += factor * product.row(i);
}

}  // namespace henderson::pedigree
