// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/corner.h"

#include <Eigen/SparseCore>

namespace henderson::equations {
namespace {

using model::BlockSymmetric;
using model::RandomBlock;

// The nodes of a corner, and their numbers in it: kNone for others.
struct CornerNodes {
  std::vector<SmallIndex> nodes;
  std::vector<SmallIndex> place;
};

CornerNodes nodes_of(const EquationOperator& equations, const Corner& corner) {
  const Columns& columns = equations.columns();
  CornerNodes found;
  found.place.assign(columns.block_of_node.size(), kNone);
  for (SmallIndex i = 0; i < columns.nodes.count(); ++i) {
    const auto b = static_cast<std::size_t>(columns.block_of_node[i]);
    if (b < corner.has_block.size() && !corner.has_block[b]) continue;
    found.place[i] = static_cast<SmallIndex>(found.nodes.size());
    found.nodes.push_back(i);
  }
  return found;
}

// W'W of the corner from the records.
BlockSymmetric products_of_records(const model::Model& model, const CornerNodes& corner) {
  const model::Nodes& all = model.cross_products.nodes;
  model::Nodes own;
  std::vector<SmallIndex> place(all.n_columns(), kNone);
  for (const SmallIndex i : corner.nodes) {
    for (SmallIndex c = 0; c < all.size(i); ++c)
      place[all.first_column[i] + c] = own.n_columns() + c;
    own.append(1, all.size(i));
  }
  return model::cross_products(model.w, place, own, model.weights);
}

// Entries of the lower triangle of the corner of C, in its own columns.
class CornerEntries {
 public:
  CornerEntries(const EquationOperator& equations, const CornerNodes& corner)
      : equations_(equations), corner_(corner) {
    for (const SmallIndex i : corner.nodes) {
      first_.push_back(n_);
      n_ += equations.columns().nodes.size(i);
    }
  }

  Index size() const { return n_; }

  // Lambda_i' M_ij Lambda_j for the blocks of a W'W, whose nodes have these places in the corner.
  template <class PlaceOf>
  void add_products(const BlockSymmetric& m, PlaceOf place_of) {
    const Matrix one = Matrix::Identity(1, 1);
    const auto lambda_of = [&](SmallIndex place) -> const Matrix& {
      const auto b =
          static_cast<std::size_t>(equations_.columns().block_of_node[corner_.nodes[place]]);
      return b < equations_.lambda().size() ? equations_.lambda()[b] : one;
    };
    for (SmallIndex j = 0; j < m.nodes.count(); ++j) {
      if (place_of(j) == kNone) continue;
      for (Index k = m.start[j]; k < m.start[j + 1]; ++k) {
        const SmallIndex i = place_of(m.node[k]);
        if (i == kNone) continue;
        const Eigen::Map<const Matrix> block(m.value.data() + m.first_value[k],
                                             m.nodes.size(m.node[k]), m.nodes.size(j));
        add_block(i, place_of(j), lambda_of(i).transpose() * block * lambda_of(place_of(j)));
      }
    }
  }

  void add_precision(const RandomBlock& block) {
    const model::Relationship& precision = block.levels->relationship();
    const SmallIndex place = corner_.place[block.first_node];
    for (SmallIndex l = 0; l < block.n_levels; ++l) {
      if (block.levels->is_identity()) {
        add_multiple_of_one(block, place + l, place + l, 1.0);
        continue;
      }
      for (Index k = precision.start[l]; k < precision.start[l + 1]; ++k)
        add_multiple_of_one(block, place + precision.row[k], place + l, precision.value[k]);
    }
  }

  Eigen::SparseMatrix<double> lower() const {
    Eigen::SparseMatrix<double> matrix(n_, n_);
    matrix.setFromTriplets(entries_.begin(), entries_.end());
    return matrix;
  }

 private:
  void add_block(SmallIndex i, SmallIndex j, const Matrix& block) {
    for (Index c = 0; c < block.cols(); ++c)
      for (Index r = i == j ? c : 0; r < block.rows(); ++r)
        entries_.emplace_back(first_[i] + r, first_[j] + c, block(r, c));
  }

  void add_multiple_of_one(const RandomBlock& block, SmallIndex i, SmallIndex j, double value) {
    for (Index c = 0; c < block.structure->n_columns(); ++c)
      entries_.emplace_back(first_[i] + c, first_[j] + c, value);
  }

  const EquationOperator& equations_;
  const CornerNodes& corner_;
  std::vector<Index> first_;  // column of each node of the corner
  Index n_ = 0;
  std::vector<Eigen::Triplet<double, int>> entries_;
};

Eigen::SparseMatrix<double> corner_matrix(const EquationOperator& equations, const Corner& corner,
                                          const CornerNodes& nodes) {
  const model::Model& model = equations.model();
  CornerEntries entries(equations, nodes);
  if (model.has_structured_residual())
    entries.add_products(equations.records().cross_products(),
                         [&](SmallIndex i) { return nodes.place[i]; });
  else
    entries.add_products(products_of_records(model, nodes), [](SmallIndex i) { return i; });
  for (std::size_t b = 0; b < model.blocks.size(); ++b)
    if (corner.has_block[b]) entries.add_precision(model.blocks[b]);
  return entries.lower();
}

// Nothing beyond the limits, or where the matrix is not definite to working precision.
std::optional<linalg::CholeskyFactor> factor_of(const Eigen::SparseMatrix<double>& matrix,
                                                const CornerLimits& limits, Callbacks& callbacks) {
  if (matrix.nonZeros() > limits.entries) return std::nullopt;
  linalg::LowerPattern pattern;
  pattern.n = static_cast<SmallIndex>(matrix.rows());
  pattern.start.assign(matrix.outerIndexPtr(), matrix.outerIndexPtr() + matrix.cols() + 1);
  pattern.row.assign(matrix.innerIndexPtr(), matrix.innerIndexPtr() + matrix.nonZeros());
  auto symbolic = linalg::analyze(pattern, linalg::AnalyzeOptions{});
  if (symbolic->factor_flops() > limits.flops || symbolic->storage_size() > limits.entries)
    return std::nullopt;
  const std::vector<Index> positions = symbolic->positions(pattern);
  linalg::Panels panels(std::move(symbolic));
  for (std::size_t k = 0; k < positions.size(); ++k)
    panels.data()[positions[k]] = matrix.valuePtr()[k];
  auto result = linalg::factorize(std::move(panels), linalg::FactorOptions{}, callbacks);
  if (std::holds_alternative<linalg::NotPositiveDefinite>(result)) return std::nullopt;
  return std::get<linalg::CholeskyFactor>(std::move(result));
}

bool is_small(const RandomBlock& block, Index n_equations, const CornerLimits& limits) {
  if (block.levels->is_operator()) return false;
  const Index m = block.structure->n_columns(), n_columns = block.n_levels * m;
  const double share = limits.share_of_term * static_cast<double>(n_equations);
  if (n_columns > limits.columns_of_term || static_cast<double>(n_columns) > share) return false;
  const auto entries = static_cast<Index>(block.levels->relationship().row.size());
  return entries * m <= limits.precision_entries;
}

// The columns of C of these nodes, and their factor.
bool fill(const EquationOperator& equations, const CornerLimits& limits, Corner& corner,
          Callbacks& callbacks) {
  const CornerNodes nodes = nodes_of(equations, corner);
  const model::Nodes& all = equations.columns().nodes;
  corner.columns.clear();
  for (const SmallIndex i : nodes.nodes)
    for (SmallIndex c = all.first_column[i]; c < all.first_column[i + 1]; ++c)
      corner.columns.push_back(c);
  if (corner.columns.empty()) return true;
  corner.factor = factor_of(corner_matrix(equations, corner, nodes), limits, callbacks);
  return corner.factor.has_value();
}

}  // namespace

Corner make_corner(const EquationOperator& equations, Callbacks& callbacks,
                   const CornerLimits& limits) {
  const model::Model& model = equations.model();
  Corner corner;
  bool any = false;
  for (const RandomBlock& block : model.blocks) {
    corner.has_block.push_back(is_small(block, equations.size(), limits));
    any = any || corner.has_block.back();
  }
  corner.has_fixed = true;
  if (any && fill(equations, limits, corner, callbacks)) return corner;
  corner.has_block.assign(model.blocks.size(), false);
  if (fill(equations, limits, corner, callbacks)) return corner;
  corner.has_fixed = false;
  corner.columns.clear();
  return corner;
}

}  // namespace henderson::equations
