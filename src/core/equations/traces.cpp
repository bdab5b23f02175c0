// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/traces.h"

#include "core/equations/node_factors.h"
#include "core/equations/sandwich.h"

namespace henderson::equations {
namespace {

// The block D_ij at these positions, whole; of a diagonal block only the lower triangle has
// positions.
void gather(const linalg::SelectedInverse& inverse, bool diagonal, const Index*& position,
            Matrix& block) {
  for (Index q = 0; q < block.cols(); ++q) {
    for (Index r = diagonal ? q : 0; r < block.rows(); ++r) {
      const Index at = *position++;
      block(r, q) = at == kNone ? 0.0 : inverse[at];
      if (diagonal) block(q, r) = block(r, q);
    }
  }
}

}  // namespace

Traces make_traces(const Solved& at, const EquationPattern& pattern,
                   const linalg::SelectedInverse& inverse) {
  const Columns& columns = at.equations->columns();
  const model::BlockSymmetric& cross = at.records.cross_products();
  const model::Model& model = at.equations->model();
  const std::size_t n_blocks = at.lambda.size();
  // The fixed effects as a last block with Lambda = 1; its entry sums tr(D_bX X'W_s).
  Factors factors = at.lambda;
  factors.push_back(Matrix::Identity(1, 1));
  const NodeFactors of_node(model, columns, factors);
  std::vector<Matrix> sum;
  for (const Matrix& factor : factors) sum.push_back(Matrix::Zero(factor.cols(), factor.rows()));

  const Index* position = pattern.cross_positions.data();
  Matrix d, seen;
  Sandwich sandwich;
  const auto add_to = [&](SmallIndex node, auto add) {
    const auto b = static_cast<std::size_t>(columns.block_of_node[node]);
    const model::SeenCells* cells = b < n_blocks ? model.blocks[b].seen.get() : nullptr;
    if (cells == nullptr) return add(sum[b]);
    seen.setZero(sum[b].rows(), of_node[node].rows());
    add(seen);
    const Index first = cells->start[node - model.blocks[b].first_node];
    for (Index k = 0; k < seen.cols(); ++k) sum[b].col(cells->coef[first + k]) += seen.col(k);
  };
  for (SmallIndex j = 0; j < pattern.n_nodes; ++j) {
    const auto bj = static_cast<std::size_t>(columns.block_of_node[j]);
    for (Index k = cross.start[j]; k < cross.start[j + 1]; ++k) {
      const SmallIndex i = cross.node[k];
      if (i >= pattern.n_nodes) break;
      const auto bi = static_cast<std::size_t>(columns.block_of_node[i]);
      const double* m = cross.value.data() + cross.first_value[k];
      const Matrix& lambda_i = of_node[i];
      const Matrix& lambda_j = of_node[j];
      if (factors[bi].size() == 1 && factors[bj].size() == 1) {
        const double dm = inverse[*position++] * *m;
        sum[bj](0, 0) += dm * lambda_i(0, 0);
        if (i != j) sum[bi](0, 0) += dm * lambda_j(0, 0);
        continue;
      }
      const BlockView block(m, lambda_i.rows(), lambda_j.rows());
      d.resize(lambda_i.cols(), lambda_j.cols());
      gather(inverse, i == j, position, d);
      add_to(j, [&](Matrix& into) { sandwich.add_trace(lambda_i, block, d, into); });
      if (i == j) continue;
      add_to(i, [&](Matrix& into) { sandwich.add_transposed_trace(lambda_j, block, d, into); });
    }
  }
  Traces traces;
  for (std::size_t b = 0; b <= n_blocks; ++b)
    traces.of_records += sum[b].cwiseProduct(factors[b].transpose()).sum();
  sum.pop_back();
  traces.of_block = std::move(sum);
  return traces;
}

std::vector<double> unscaled_inverse(const Solved& at, const EquationPattern& pattern,
                                     const linalg::SelectedInverse& inverse) {
  const Columns& columns = at.equations->columns();
  const model::BlockSymmetric& cross = at.records.cross_products();
  // Of W~'W~: entries that are zero for every R. Those of W'W may be zero by chance.
  const bool has_pattern = at.records.whitened() != nullptr;
  const model::BlockSymmetric& pattern_of_cross = at.equations->model().cross_products;
  const NodeFactors of_node(at.equations->model(), columns, at.lambda);
  std::vector<double> values(cross.value.size());
  const Index* position = pattern.cross_positions.data();
  Matrix d;
  Sandwich sandwich;
  for (SmallIndex j = 0; j < pattern.n_nodes; ++j) {
    const Matrix& lambda_j = of_node[j];
    for (Index k = cross.start[j]; k < cross.start[j + 1]; ++k) {
      const SmallIndex i = cross.node[k];
      if (i >= pattern.n_nodes) break;
      const Matrix& lambda_i = of_node[i];
      d.resize(lambda_i.cols(), lambda_j.cols());
      gather(inverse, i == j, position, d);
      Eigen::Map<Matrix> block(values.data() + cross.first_value[k], lambda_i.rows(),
                               lambda_j.rows());
      if (!has_pattern) {
        block.noalias() = lambda_i.lazyProduct(d * lambda_j.transpose());
        continue;
      }
      const BlockView present(pattern_of_cross.value.data() + pattern_of_cross.first_value[k],
                              lambda_i.rows(), lambda_j.rows());
      sandwich.put_entries(lambda_i, present, d, lambda_j, block);
    }
  }
  return values;
}

}  // namespace henderson::equations
