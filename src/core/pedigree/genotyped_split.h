// SPDX-License-Identifier: GPL-3.0-or-later
// A pedigree as genotyped animals (2) and others (1): what the former tell of the latter.
//
// Given u_2 the others are u_1 = J u_2 at best, J = A_12 A_22^-1 = -(A^11)^-1 A^12, with the
// covariance (A^11)^-1 of what is left. Only ancestors of the genotyped need a solution of
// equations; all others follow from their parents, in the order of the pedigree. And
// A^-1 (J u_2, u_2) is (0, A_22^-1 u_2), so no relationship matrix is ever made.
//
// Source: Stranden, Matilainen, Aamand & Mantysaari (2017), J. Anim. Breed. Genet. 134:264, for
// A_22^-1 as A^22 - A^21 (A^11)^-1 A^12.
#pragma once

#include <memory>
#include <vector>

#include "core/linalg/definite_solver.h"
#include "core/pedigree/rules.h"

namespace henderson::pedigree {

class GenotypedSplit {
 public:
  // Needs: different rows of the pedigree. Throws Interrupted.
  GenotypedSplit(std::shared_ptr<const Rules> rules, std::vector<SmallIndex> genotyped,
                 Callbacks& callbacks);

  const Rules& rules() const { return *rules_; }
  const std::vector<SmallIndex>& genotyped() const { return genotyped_; }
  const linalg::DefiniteSolver& solver() const { return *solver_; }

  // `width` vectors side by side, a row for each row of the pedigree. Rows of others than the
  // genotyped become J x_2.
  void impute(Index width, double* x) const;

  // x_2 += J'x_1; rows of others become 0.
  void collect(Index width, double* x) const;

  // x_1 := (A^11)^-1 x_1; rows of the genotyped become 0.
  void solve_others(Index width, double* x) const;

  // Of A^-1 of the genotyped and their ancestors the diagonal at the genotyped: above that of
  // A_22^-1, and near it where few of their parents and offspring have no genotype.
  Vector inverse_diagonal() const;

  // The diagonal of J~'diag(records) J~ as far as it comes from the genotyped themselves and those
  // that follow from their parents, in the order of genotyped(). Needs: a value for each row.
  Vector records_of_genotyped(Vector records) const;

  // out_2 += factor A_22^-1 x_2. Cost: impute(), and a pass over the pedigree.
  void add_inverse_times(double factor, Index width, const double* x, double* out) const;

 private:
  // Where a row of the pedigree stands.
  enum class Kind : std::uint8_t { genotyped, ancestor, follower };

  void find_ancestors();
  void make_solver(Callbacks& callbacks);
  // out_to += factor T'D^-1 T x_from, over the rows and ancestors of genotyped animals alone.
  void add_cross(Kind from, Kind to, double factor, Index width, const double* x,
                 double* out) const;
  void solve_ancestors(Index width, double* x) const;
  void follow_parents(Index width, double* x) const;
  void give_to_parents(Index width, double* x) const;

  std::shared_ptr<const Rules> rules_;
  std::vector<SmallIndex> genotyped_;
  std::vector<Kind> kind_;
  std::vector<SmallIndex> ancestors_;                     // their rows, ascending
  std::unique_ptr<const linalg::DefiniteSolver> solver_;  // of A^11 of the ancestors
};

}  // namespace henderson::pedigree
