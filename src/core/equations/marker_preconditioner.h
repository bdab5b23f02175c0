// SPDX-License-Identifier: GPL-3.0-or-later
// An easy neighbour of the marker effects' part of C, of terms with relationships of single-step
// evaluation (pedigree/single_step.h).
//
// That part is I + Z'J~'W'R^-1 W J~ Z: with families and breeds its largest eigenvalues are
// thousands of times the others, and rounds explode. Its diagonal D takes no note of them. A sample
// Z_s of the genotyped animals does: M = D + g Z_s'Z_s has nearly the same large eigenvalues, with
// g such that M agrees with C along a vector that they dominate, and
//
//     M^-1 = D^-1 - D^-1 Z_s' (g^-1 I + Z_s D^-1 Z_s')^-1 Z_s D^-1
//
// takes the inverse of a matrix of the size of the sample, once, and two passes over its genotypes.
// D has of the data what the sample lacks: with all animals in it, M is C where each has as many
// records.
#pragma once

#include <memory>

#include "core/equations/equation_operator.h"

namespace henderson::equations {

// What a sample may cost.
struct SampleLimits {
  Index animals = 4'000;
  double flops = 1e12;  // of Z_s D^-1 Z_s'
};

class MarkerPreconditioner {
 public:
  // Of a block with levels of single-step evaluation. With several coefficients D alone is used.
  // Cost: some products with C, and the limits. Throws Interrupted.
  MarkerPreconditioner(const EquationOperator& equations, const model::RandomBlock& block,
                       const SampleLimits& limits, Callbacks& callbacks);

  // The rows of z = M^-1 r that are effects of markers.
  void solve(const SideBySide& r, SideBySide& z) const;

  Index n_sampled() const { return inverse_.rows(); }

 private:
  void find_diagonal(EquationOperator& equations, double share, Callbacks& callbacks);
  void make_sample(EquationOperator& equations, Index n, Callbacks& callbacks);
  // x'C_aa x - x'x of each of the vectors over the rows of effects.
  Eigen::RowVectorXd of_records(EquationOperator& equations, const SideBySide& x) const;

  const pedigree::SingleStep& levels_;
  Index n_coef_ = 0, first_row_ = 0, n_rows_ = 0;  // of C: those of the effects
  Vector diagonal_;
  std::unique_ptr<const pedigree::MarkerMatrix> sample_;
  Matrix inverse_;  // (g^-1 I + Z_s D^-1 Z_s')^-1
};

}  // namespace henderson::equations
