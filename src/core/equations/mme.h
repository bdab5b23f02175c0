// SPDX-License-Identifier: GPL-3.0-or-later
// Henderson's mixed model equations in scaled form, relative to the residual variance:
//
//     C b = W_s'y,   C = W_s'W_s + B,   W_s = [Z_1(Lambda_1 x I), ..., X~],   B = blockdiag(I x
//     K_1^-1, ..., 0)
//
// with R^-1, relative to sigma^2, understood in every product over records, Lambda_k the factor of
// Sigma_k / sigma^2, and u_k = (Lambda_k x I) v_k. A structured R is set first, and stays until the
// next one is. No variance is divided by: a term with variance 0 has Lambda = 0,
// and the pattern of C is the same for all Lambda.
#pragma once

#include <optional>
#include <vector>

#include "core/equations/pattern.h"
#include "core/equations/whitened_records.h"
#include "core/linalg/cholesky.h"
#include "core/linalg/selected_inverse.h"

namespace henderson::equations {

// One Lambda per covariance block.
using Factors = std::vector<Matrix>;

// What one factorisation gives.
struct Solution {
  Vector scaled;    // b: v of every block, then the fixed effects
  Vector unscaled;  // u of every block, then the fixed effects: one entry per column of W
  Vector score;     // W'(y - W unscaled): s = Z'Py sigma^2 of every block; 0 for the fixed effects
  double quadratic = 0.0;       // y'Py sigma^2
  double log_det = 0.0;         // log|C|
  double log_det_random = 0.0;  // log|C_vv|, for ML only
};

struct Solved {
  linalg::CholeskyFactor factor;
  std::optional<linalg::CholeskyFactor> random_factor;  // of C_vv, where ML has it apart
  Solution solution;
};

// How log|C_vv| and its inverse are had, which ML needs beside C: from C with its few fixed effects
// last, or, where a corner of many fixed effects would fill in, from a factor of its own.
enum class FixedPlace { anywhere, last, apart };

class MixedModelEquations {
 public:
  // Keeps a reference to the model.
  MixedModelEquations(const model::Model& model, FixedPlace place, int threads,
                      BlockEntries entries = BlockEntries::whole);

  // The R of these parameters (all theta of the model), where the residual is structured. False
  // where it is not positive definite.
  bool set_residual(const Vector& theta) { return !records_ || records_->set(theta); }

  // Assembles, factorises and solves. Nothing where C is not positive definite to working
  // precision. Needs: the storage was given back. Cost: one pass over W'W and the factor.
  std::optional<Solved> solve(const Factors& lambda, Callbacks& callbacks);

  // The factor alone.
  std::optional<linalg::CholeskyFactor> factorize(const Factors& lambda, Callbacks& callbacks);

  // Returns the storage of a factor or an inverse for the next call of solve().
  void give_back(linalg::Panels&& panels) { panels_.emplace(std::move(panels)); }
  void give_back(Solved&& solved);

  const model::Model& model() const { return model_; }
  const EquationPattern& pattern() const { return pattern_; }
  // The records at the present R; nothing where the residual has no structure.
  const WhitenedRecords* records() const { return records_ ? &*records_ : nullptr; }
  // W'R^-1 W, W'R^-1 y, y'R^-1 y and log|R|, all relative to sigma^2.
  const model::BlockSymmetric& cross_products() const {
    return records_ ? records_->cross_products() : model_.cross_products;
  }
  const Vector& rhs() const { return records_ ? records_->rhs() : model_.rhs; }
  double weighted_ss() const { return records_ ? records_->weighted_ss() : model_.weighted_ss; }
  double log_det_residual() const {
    return records_ ? records_->log_det() : -model_.sum_log_weights;
  }
  // The equations of the random part, where it has a factor apart; else nothing.
  MixedModelEquations* random_part() { return random_part_.get(); }
  int threads() const { return threads_; }
  FixedPlace place() const { return place_; }
  BlockEntries entries() const { return entries_; }

  // Lambda' x: from the columns of W to those of C, for several vectors; and Lambda x back.
  Matrix to_scaled(const Factors& lambda, const ConstMatrixRef& x) const;
  Matrix to_unscaled(const Factors& lambda, const ConstMatrixRef& x) const;

  // x' B x for all pairs of columns: the sum over blocks of x'(I x K^-1)x.
  Matrix prior_products(const ConstMatrixRef& x) const;

 private:
  void assemble(const Factors& lambda, double* values) const;
  void refine_on_records(Solution& solution) const;
  Solution solution(const Factors& lambda, const linalg::CholeskyFactor& factor) const;

  const model::Model& model_;
  FixedPlace place_;
  int threads_;
  BlockEntries entries_;
  EquationPattern pattern_;
  std::optional<WhitenedRecords> records_;
  std::optional<linalg::Panels> panels_;
  std::unique_ptr<const model::Model> random_model_;
  std::unique_ptr<MixedModelEquations> random_part_;
};

}  // namespace henderson::equations
