// SPDX-License-Identifier: GPL-3.0-or-later
// Henderson's mixed model equations in scaled form, relative to the residual variance:
//
//     C b = W_s'y,   C = W_s'W_s + B,   W_s = [Z_1(Lambda_1 x I), ..., X~],   B = blockdiag(I x
//     K_1^-1, ..., 0)
//
// with R^-1, relative to sigma^2, understood in every product over records, Lambda_k the factor of
// Sigma_k / sigma^2, and u_k = (Lambda_k x I) v_k. No variance is divided by: a term with variance
// 0 has Lambda = 0, and the pattern of C is the same for all Lambda.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/equations/factor_solver.h"
#include "core/equations/records.h"
#include "core/linalg/selected_inverse.h"

namespace henderson::equations {

// What one factorisation gives.
struct Solution {
  Vector scaled;           // b: v of every block, then the fixed effects
  Vector unscaled;         // u of every block, then the fixed effects: one entry per column of W
  mutable Vector score;    // Solved::score(), empty until it is asked for
  double quadratic = 0.0;  // y'Py sigma^2
  double log_det = 0.0;    // log|C|
  double log_det_random = 0.0;  // log|C_vv|, for ML only
};

class MixedModelEquations;

// The equations at one G and one R, solved. It ends before the next one of the same equations
// begins: they share the memory of the factor.
struct Solved {
  const MixedModelEquations* equations = nullptr;
  Factors lambda;
  Records records;
  linalg::CholeskyFactor factor;
  std::optional<linalg::CholeskyFactor> random_factor;  // of C_vv, where ML has it apart
  Solution solution;

  // W'(y - W unscaled): s = Z'Py sigma^2 of every block; 0 for the fixed effects. The likelihood
  // alone needs none. Cost of the first call: one pass over W'W; it is not for several threads.
  const Vector& score() const;
};

// How log|C_vv| and its inverse are had, which ML needs beside C: from C with its few fixed effects
// last, or, where a corner of many fixed effects would fill in, from a factor of its own.
enum class FixedPlace { anywhere, last, apart };

class MixedModelEquations {
 public:
  // Keeps a reference to the model.
  MixedModelEquations(const model::Model& model, FixedPlace place, int threads,
                      BlockEntries entries = BlockEntries::whole);
  MixedModelEquations(const MixedModelEquations&) = delete;
  MixedModelEquations& operator=(const MixedModelEquations&) = delete;

  // The records at the R of these parameters (all theta of the model); nothing where it is not
  // positive definite.
  std::optional<Records> records_at(const Vector& theta) const { return source_.at(theta); }

  // Assembles, factorises and solves. Nothing where C is not positive definite to working
  // precision. Needs: what was solved before has ended. Cost: one pass over W'W and the factor.
  std::optional<Solved> solve(Factors lambda, Records records, Callbacks& callbacks) const;

  const model::Model& model() const { return model_; }
  const Columns& columns() const { return columns_; }
  int threads() const { return threads_; }
  FixedPlace place() const { return place_; }
  BlockEntries entries() const { return entries_; }

  // The factor of C, and of C_vv where ML has it apart. Their patterns are analysed when they are
  // first asked for.
  FactorSolver& solver() const;
  FactorSolver& random_solver() const;

  // Lambda' x: from the columns of W to those of C, for several vectors; and Lambda x back.
  Matrix to_scaled(const Factors& lambda, const ConstMatrixRef& x) const;
  Matrix to_unscaled(const Factors& lambda, const ConstMatrixRef& x) const;

  // B x, and x'B x for all pairs of columns: the sum over blocks of x'(I x K^-1)x.
  Matrix prior_times(const ConstMatrixRef& x) const;
  Matrix prior_products(const ConstMatrixRef& x) const;

 private:
  void add_dense_prior(const model::RandomBlock& block, const ConstMatrixRef& x,
                       Matrix& precision_x) const;
  std::optional<linalg::CholeskyFactor> factorize(FactorSolver& solver, const Factors& lambda,
                                                  const Records& records,
                                                  Callbacks& callbacks) const;
  void refine_on_records(const Factors& lambda, const Records& records,
                         const linalg::CholeskyFactor& factor, Solution& solution) const;
  Solution solution(const Factors& lambda, const Records& records,
                    const linalg::CholeskyFactor& factor) const;

  const model::Model& model_;
  const FixedPlace place_;
  const int threads_;
  const BlockEntries entries_;
  const Columns columns_;
  mutable std::optional<bool> take_rows_;  // nothing until it is known what they cost
  const RecordSource source_;
  mutable std::unique_ptr<FactorSolver> solver_;
  mutable std::unique_ptr<FactorSolver> random_solver_;
};

}  // namespace henderson::equations
