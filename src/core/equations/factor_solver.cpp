// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/factor_solver.h"

#include "core/equations/node_factors.h"
#include "core/equations/sandwich.h"
#include "core/linalg/kernels.h"
#include "core/linalg/row_factor.h"

namespace henderson::equations {
namespace {

// Adds the lower triangle (diagonal) or the whole (off the diagonal) of a block to C; advances
// `position`.
void scatter(const Matrix& block, bool diagonal, const Index*& position, double* values) {
  for (Index q = 0; q < block.cols(); ++q) {
    for (Index r = diagonal ? q : 0; r < block.rows(); ++r) {
      const Index at = *position++;
      if (at != kNone) values[at] += block(r, q);
    }
  }
}

}  // namespace

FactorSolver::FactorSolver(const model::Model& model, const Columns& columns, Part part,
                           BlockEntries entries, int threads)
    : model_(model),
      columns_(columns),
      threads_(threads),
      pattern_(make_pattern(model, columns, part, entries)) {
  // Kernels that the processor has not are an error here, not in a thread.
  linalg::kernels::version();
}

linalg::PanelStore& FactorSolver::store() {
  if (!store_) store_.emplace(pattern_.symbolic);
  return *store_;
}

// Lambda_i' M_ij Lambda_j for every block, then I x K^-1.
void FactorSolver::assemble(const Factors& lambda, const model::BlockSymmetric& cross,
                            double* values) const {
  const NodeFactors factors(model_, columns_, lambda);
  const Index* position = pattern_.cross_positions.data();
  Matrix block;
  Sandwich sandwich;
  for (SmallIndex j = 0; j < pattern_.n_nodes; ++j) {
    const Matrix& lambda_j = factors[j];
    const SmallIndex nj = cross.nodes.size(j);
    for (Index k = cross.start[j]; k < cross.start[j + 1]; ++k) {
      const SmallIndex i = cross.node[k];
      if (i >= pattern_.n_nodes) break;
      const SmallIndex ni = cross.nodes.size(i);
      const Matrix& lambda_i = factors[i];
      const double* m = cross.value.data() + cross.first_value[k];
      if (lambda_i.size() == 1 && lambda_j.size() == 1) {
        values[*position++] += lambda_i(0, 0) * *m * lambda_j(0, 0);
        continue;
      }
      sandwich.multiply(lambda_i, BlockView(m, ni, nj), lambda_j, block);
      scatter(block, i == j, position, values);
    }
  }
  for (std::size_t b = 0; b < model_.blocks.size(); ++b) {
    const std::vector<Index>& positions = pattern_.precision_positions[b];
    const model::LevelCovariance& levels = *model_.blocks[b].levels;
    const Index n_columns = model_.blocks[b].structure->n_columns();
    const model::Relationship& precision = levels.relationship();
    for (std::size_t k = 0; k < positions.size(); ++k)
      values[positions[k]] += levels.is_identity() ? 1.0 : precision.value[k / n_columns];
  }
}

std::optional<linalg::CholeskyFactor> FactorSolver::factorize(
    const Factors& lambda, const model::BlockSymmetric& cross_products, Callbacks& callbacks) {
  linalg::Panels panels = store().take();
  assemble(lambda, cross_products, panels.data());
  auto result = linalg::factorize(std::move(panels), linalg::FactorOptions{threads_}, callbacks);
  if (std::holds_alternative<linalg::NotPositiveDefinite>(result)) return std::nullopt;
  return std::get<linalg::CholeskyFactor>(std::move(result));
}

std::optional<linalg::CholeskyFactor> FactorSolver::factorize_rows(const linalg::SparseRows& rows) {
  return linalg::factorize_rows(store().take(), rows);
}

}  // namespace henderson::equations
