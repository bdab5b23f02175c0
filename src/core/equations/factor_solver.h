// SPDX-License-Identifier: GPL-3.0-or-later
// C, or C_vv, assembled at some Lambda and R, and factorised: one way to solve the equations.
#pragma once

#include <optional>
#include <vector>

#include "core/equations/pattern.h"
#include "core/linalg/cholesky.h"
#include "core/linalg/sparse_row.h"

namespace henderson::equations {

// One Lambda per covariance block, relative to sigma.
using Factors = std::vector<Matrix>;

class FactorSolver {
 public:
  // Keeps references to the model and its columns. Cost: the analysis of the pattern; the memory of
  // the factor is taken with the first one.
  FactorSolver(const model::Model& model, const Columns& columns, Part part, BlockEntries entries,
               int threads);

  const EquationPattern& pattern() const { return pattern_; }

  // cross_products: W'R^-1 W. Nothing where the matrix is not positive definite to working
  // precision. Cost: one pass over W'W and the factor. Throws Error while another factor of this
  // solver, or its inverse, is in use; Interrupted.
  std::optional<linalg::CholeskyFactor> factorize(const Factors& lambda,
                                                  const model::BlockSymmetric& cross_products,
                                                  Callbacks& callbacks);

  // The same from A with A'A = C.
  std::optional<linalg::CholeskyFactor> factorize_rows(const linalg::SparseRows& rows);

 private:
  void assemble(const Factors& lambda, const model::BlockSymmetric& cross, double* values) const;

  const model::Model& model_;
  const Columns& columns_;
  const int threads_;
  const EquationPattern pattern_;
  // Made when it is first asked for: until then a solver costs no more than its pattern.
  linalg::PanelStore& store();
  std::optional<linalg::PanelStore> store_;
};

}  // namespace henderson::equations
