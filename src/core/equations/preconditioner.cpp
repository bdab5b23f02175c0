// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/preconditioner.h"

#include <Eigen/Cholesky>
#include <algorithm>

namespace henderson::equations {
namespace {

using model::Model;
using model::RandomBlock;

// Levels of equal size that follow each other in W: those of a random block, or columns without a
// prior.
struct Range {
  Index first_node = 0;
  Index first_column = 0;
  Index size = 0;
  Index n_levels = 0;

  Index end() const { return first_column + size * n_levels; }
};

// M_ll of each level of a range, column by column, from the rows of W. A row may meet a level in
// several entries.
std::vector<double> diagonal_of_records(const Model& model, const Range& range) {
  std::vector<double> sums(static_cast<std::size_t>(range.n_levels * range.size * range.size), 0.0);
  const model::SparseRows& w = model.w;
  std::vector<std::pair<Index, double>> own;  // column within the range, value
  for (Index r = 0; r < w.n_rows(); ++r) {
    own.clear();
    for (Index k = w.start[r]; k < w.start[r + 1]; ++k) {
      const Index column = w.column[k];
      if (column >= range.first_column && column < range.end())
        own.emplace_back(column - range.first_column, w.value[k]);
    }
    const double weight = model.weights.size() > 0 ? model.weights[r] : 1.0;
    for (const auto& [a, x] : own) {
      for (const auto& [b, y] : own) {
        if (a / range.size != b / range.size) continue;
        sums[static_cast<std::size_t>(b * range.size + a % range.size)] += weight * x * y;
      }
    }
  }
  return sums;
}

std::vector<double> diagonal_of_products(const model::BlockSymmetric& m, const Range& range) {
  const Index n = range.size * range.size;
  std::vector<double> sums;
  sums.reserve(static_cast<std::size_t>(range.n_levels * n));
  for (Index l = 0; l < range.n_levels; ++l) {
    const double* block = m.value.data() + m.first_value[m.start[range.first_node + l]];
    sums.insert(sums.end(), block, block + n);
  }
  return sums;
}

std::vector<double> diagonal(const EquationOperator& equations, const Range& range) {
  if (equations.model().has_structured_residual())
    return diagonal_of_products(equations.records().cross_products(), range);
  return diagonal_of_records(equations.model(), range);
}

// (Lambda'M Lambda + k_l I)^-1 of each level l.
std::vector<double> inverses(const std::vector<double>& sums, const Matrix& lambda,
                             const Vector& precision) {
  const Index t = lambda.rows(), m = lambda.cols(), n_levels = precision.size();
  std::vector<double> found(static_cast<std::size_t>(n_levels * m * m));
  const Matrix one = Matrix::Identity(m, m);
  for (Index l = 0; l < n_levels; ++l) {
    const Eigen::Map<const Matrix> sum(sums.data() + l * t * t, t, t);
    Eigen::Map<Matrix> inverse(found.data() + l * m * m, m, m);
    if (m == 1 && t == 1) {
      inverse(0, 0) = 1.0 / (lambda(0, 0) * sum(0, 0) * lambda(0, 0) + precision[l]);
      continue;
    }
    const Matrix block = lambda.transpose() * sum * lambda + precision[l] * one;
    inverse = block.llt().solve(one);
  }
  return found;
}

}  // namespace

Preconditioner::Preconditioner(const EquationOperator& equations, Callbacks& callbacks,
                               const CornerLimits& limits)
    : corner_(make_corner(equations, callbacks, limits)) {
  const Model& model = equations.model();
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    if (corner_.has_block[b]) continue;
    const RandomBlock& block = model.blocks[b];
    const Range range{block.first_node, block.first_column, block.n_coef, block.n_levels};
    const std::vector<double> of_records = diagonal(equations, range);
    blocks_.push_back(
        {equations.columns().nodes.first_column[block.first_node], block.structure->n_columns(),
         inverses(of_records, equations.lambda()[b], block.levels->precision_diagonal())});
    if (const pedigree::SingleStep* levels = block.levels->single_step()) {
      const Index size = range.size * range.size;
      const Vector first = Eigen::Map<const Vector, 0, Eigen::InnerStride<>>(
          of_records.data(), levels->n_animals(), Eigen::InnerStride<>(size));
      markers_.emplace_back(equations, block, first, SampleLimits{}, callbacks);
    }
    callbacks.stop_if_interrupted();
  }
  if (corner_.has_fixed) return;
  const Index n = model.n_free_columns();
  const Index first = model.cross_products.nodes.n_columns() - n;
  const Range range{model.cross_products.nodes.count() - n, first, 1, n};
  blocks_.push_back(
      {equations.size() - n, 1,
       inverses(diagonal(equations, range), Matrix::Identity(1, 1), Vector::Zero(n))});
}

void Preconditioner::solve(const SideBySide& r, SideBySide& z) const {
  const Index width = r.cols();
  z.resize(r.rows(), width);
  for (const LevelBlocks& block : blocks_) {
    const Index m = block.size;
    const auto n_levels = static_cast<Index>(block.inverse.size()) / (m * m);
    const double* from = r.data() + block.first_column * width;
    double* to = z.data() + block.first_column * width;
    linalg::with_rows(width, [&](auto row_at, auto sum) {
      for (Index l = 0; l < n_levels; ++l) {
        const double* inverse = block.inverse.data() + l * m * m;
        for (Index a = 0; a < m; ++a) {
          sum = inverse[a] * row_at(from, l * m);
          for (Index b = 1; b < m; ++b) sum += inverse[b * m + a] * row_at(from, l * m + b);
          row_at(to, l * m + a) = sum;
        }
      }
    });
  }
  for (const MarkerPreconditioner& markers : markers_) markers.solve(r, z);
  if (!corner_.factor) return;
  Matrix own(n_in_factor(), width);
  for (Index i = 0; i < own.rows(); ++i) own.row(i) = r.row(corner_.columns[i]);
  corner_.factor->solve(own);
  for (Index i = 0; i < own.rows(); ++i) z.row(corner_.columns[i]) = own.row(i);
}

}  // namespace henderson::equations
