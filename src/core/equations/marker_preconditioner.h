// SPDX-License-Identifier: GPL-3.0-or-later
// An easy neighbour of the marker effects' part of C, of terms with relationships of single-step
// evaluation (pedigree/single_step.h).
//
// That part is I + Z'J~'W'R^-1 W J~ Z: with families and breeds its largest eigenvalues are
// thousands of times the others, and rounds explode. Its diagonal D takes no note of them. A sample
// Z_s of the genotyped animals does, each drawn and weighted by the records O that it and its
// ungenotyped descendants bring (a bull has more of them than a heifer): M = D + g Z_s'O Z_s has
// nearly the same large eigenvalues, with g such that M agrees with C along a vector that they
// dominate, and
//
//     M^-1 = D^-1 - D^-1 Z_s' (O^-1 / g + Z_s D^-1 Z_s')^-1 Z_s D^-1
//
// takes the inverse of a matrix of the size of the sample, once, and two passes over its genotypes.
// D has of the data what the sample lacks.
#pragma once

#include <memory>

#include "core/equations/equation_operator.h"

namespace henderson::equations {

// What a sample may cost.
struct SampleLimits {
  Index animals = 4'000;
  double flops = 200.0;  // of Z_s D^-1 Z_s' for each genotype of all animals
};

// Animals of a sample, ascending, and the records that each stands for.
struct AnimalSample {
  std::vector<Index> animals;
  Vector weights;
  double share = 0.0;  // of all records that are those of its own animals
};

// About n of them, each with a probability by its weight, those of large weight for certain: a sum
// over all animals of weight x value has the expectation of the sum over the sample. The same ones
// whenever they are drawn.
AnimalSample draw_animals(const Vector& weights, Index n);

class MarkerPreconditioner {
 public:
  // Of a block with levels of single-step evaluation. With several coefficients D alone is used.
  // records: the diagonal of W'R^-1 W at each row of the pedigree, for the first coefficient.
  // Cost: some products with C, and the limits. Throws Interrupted.
  MarkerPreconditioner(const EquationOperator& equations, const model::RandomBlock& block,
                       const Vector& records, const SampleLimits& limits, Callbacks& callbacks);

  // The rows of z = M^-1 r that are effects of markers.
  void solve(const SideBySide& r, SideBySide& z) const;

  Index n_sampled() const { return inverse_.rows(); }

 private:
  void find_diagonal(EquationOperator& equations, double share, Callbacks& callbacks);
  void make_sample(EquationOperator& equations, const AnimalSample& drawn, Callbacks& callbacks);
  // x'C_aa x - x'x of each of the vectors over the rows of effects.
  Eigen::RowVectorXd of_records(EquationOperator& equations, const SideBySide& x) const;

  const pedigree::SingleStep& levels_;
  Index n_coef_ = 0, first_row_ = 0, n_rows_ = 0;  // of C: those of the effects
  Vector diagonal_;
  std::unique_ptr<const pedigree::MarkerMatrix> sample_;
  Matrix inverse_;  // (O^-1 / g + Z_s D^-1 Z_s')^-1
};

}  // namespace henderson::equations
