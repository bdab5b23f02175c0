// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/cost.h"

namespace henderson::equations {
namespace {

template <class T>
double bytes_of(const std::vector<T>& x) {
  return static_cast<double>(x.size() * sizeof(T));
}

double bytes_of(const Vector& x) { return static_cast<double>(x.size()) * sizeof(double); }

double bytes_of(const model::SparseRows& rows) {
  return bytes_of(rows.start) + bytes_of(rows.column) + bytes_of(rows.value);
}

double bytes_of(const model::BlockSymmetric& m) {
  return bytes_of(m.nodes.first_column) + bytes_of(m.start) + bytes_of(m.node) +
         bytes_of(m.first_value) + bytes_of(m.value);
}

// K^-1, and its factor with about as many entries.
double bytes_of(const model::Relationship& precision) {
  return 2.0 * (bytes_of(precision.start) + bytes_of(precision.row) + bytes_of(precision.value));
}

// Blocks of one term share their levels.
template <class Visit>
void for_each_relationship(const model::Model& model, Visit visit) {
  const model::LevelCovariance* last = nullptr;
  for (const model::RandomBlock& block : model.blocks) {
    if (block.levels.get() == last) continue;
    last = block.levels.get();
    visit(last->relationship());
  }
}

double bytes_of(const model::RecordGroups& groups) {
  return bytes_of(groups.groups) + bytes_of(groups.source_row) + bytes_of(groups.column) +
         bytes_of(groups.node) + bytes_of(groups.pair_position) + bytes_of(groups.design) +
         bytes_of(groups.response) + static_cast<double>(groups.n_whitened) * sizeof(double);
}

}  // namespace

double model_bytes(const model::Model& model) {
  double bytes = bytes_of(model.w) + bytes_of(model.cross_products) + bytes_of(model.response) +
                 bytes_of(model.weights) + bytes_of(model.rhs);
  for_each_relationship(model, [&](const auto& precision) { bytes += bytes_of(precision); });
  // W~'W~ at some R is a second set of values.
  if (model.groups) bytes += bytes_of(*model.groups) + bytes_of(model.cross_products.value);
  return bytes;
}

FactorCost factor_cost(const EquationPattern& pattern, int threads) {
  const linalg::SymbolicFactor& symbolic = *pattern.symbolic;
  const linalg::Schedule& schedule = symbolic.schedule();
  const double leaf = static_cast<double>(schedule.max_leaf_below) * schedule.max_leaf_below;
  const double workspace = static_cast<double>(schedule.shared_memory) +
                           threads * (static_cast<double>(schedule.thread_memory) + leaf);
  double map = bytes_of(pattern.cross_positions);
  for (const std::vector<Index>& positions : pattern.precision_positions)
    map += bytes_of(positions);
  FactorCost cost;
  cost.entries = static_cast<double>(symbolic.factor_entries());
  cost.bytes = sizeof(double) * (static_cast<double>(symbolic.storage_size()) + workspace) + map;
  cost.flops = symbolic.factor_flops();
  cost.inverse_flops = symbolic.inverse_flops();
  return cost;
}

// Working variates, their images and solutions in the columns of W and of C, and where the residual
// has a structure in the records; then all products of two of them.
InformationCost information_cost(const model::Model& model, const FactorCost& factor) {
  constexpr double kOfDesign = 3.0, kOfEquations = 1.0, kOfRows = 2.0;  // at a time
  const auto m = static_cast<double>(model.n_parameters());
  const auto n_design = static_cast<double>(model.cross_products.nodes.n_columns());
  double n_equations = model.n_free_columns();
  for (const model::RandomBlock& block : model.blocks)
    n_equations += static_cast<double>(block.structure->n_columns()) * block.n_levels;
  const double n_rows =
      model.has_structured_residual() ? static_cast<double>(model.residual.n_rows()) : 0.0;
  InformationCost cost;
  cost.bytes =
      sizeof(double) * m * (kOfDesign * n_design + kOfEquations * n_equations + kOfRows * n_rows);
  cost.flops = m * (4.0 * factor.entries + m * (n_rows > 0.0 ? n_rows : 2.0 * n_design));
  return cost;
}

RoundCost round_cost(const model::Model& model) {
  constexpr double kVectors = 6.0;  // x, r, z and p of C, two of W
  constexpr double kPasses = 14.0;  // over them in a round
  double n_equations = model.n_free_columns(), blocks = 0.0, precision = 0.0;
  for (const model::RandomBlock& block : model.blocks) {
    const auto m = static_cast<double>(block.structure->n_columns());
    n_equations += m * block.n_levels;
    blocks += m * m * block.n_levels;
    precision += m * static_cast<double>(block.levels->relationship().value.size());
  }
  const bool by_products = model.has_structured_residual();
  const double entries =
      static_cast<double>(by_products ? model.cross_products.value.size() : model.w.value.size());
  RoundCost cost;
  cost.bytes = sizeof(double) * (kVectors * n_equations + blocks);
  cost.flops = 4.0 * (entries + precision) + 2.0 * blocks + 10.0 * n_equations;
  cost.bytes_read = (by_products ? bytes_of(model.cross_products) : bytes_of(model.w)) +
                    sizeof(double) * (kPasses * n_equations + blocks);
  for_each_relationship(model, [&](const auto& k) { cost.bytes_read += 0.5 * bytes_of(k); });
  return cost;
}

}  // namespace henderson::equations
