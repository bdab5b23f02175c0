// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/simulation/drawn_records.h"

#include <cmath>

namespace henderson::simulation {
namespace {

using equations::EquationOperator;
using equations::WhitenedRecords;
using model::Model;

// W u + e of independent residuals, and its products: record by record, nothing is kept.
RecordVectors iid_records(const Model& model, const SideBySide& u, NormalStream& normal) {
  RecordVectors drawn;
  drawn.rhs = SideBySide::Zero(u.rows(), u.cols());
  const Index n_sets = u.cols();
  const model::SparseRows& w = model.w;
  linalg::with_rows(n_sets, [&](auto row_at, auto y) {
    auto squares = y;
    for (Index r = 0; r < w.n_rows(); ++r) {
      const double weight = model.weights.size() > 0 ? model.weights[r] : 1.0;
      const double sd = 1.0 / std::sqrt(weight);
      for (Index c = 0; c < n_sets; ++c) y[c] = sd * normal();
      for (Index k = w.start[r]; k < w.start[r + 1]; ++k)
        y += w.value[k] * row_at(u.data(), w.column[k]);
      squares += weight * y.square();
      for (Index k = w.start[r]; k < w.start[r + 1]; ++k)
        row_at(drawn.rhs.data(), w.column[k]) += (weight * w.value[k]) * y;
    }
    drawn.squares = squares;
  });
  return drawn;
}

// The whitened records are W~ u + e~, e~ standard normal.
RecordVectors whitened_records(const WhitenedRecords& records, const SideBySide& u,
                               NormalStream& normal) {
  RecordVectors drawn;
  drawn.whitened = records.multiply(Matrix(u));
  for (Index c = 0; c < u.cols(); ++c)
    for (Index r = 0; r < drawn.whitened.rows(); ++r) drawn.whitened(r, c) += normal();
  drawn.rhs = records.cross(drawn.whitened);
  drawn.squares = drawn.whitened.colwise().squaredNorm().transpose();
  return drawn;
}

}  // namespace

RecordVectors response_of(const EquationOperator& equations) {
  RecordVectors found;
  found.rhs = equations.records().rhs();
  found.squares = Eigen::ArrayXd::Constant(1, equations.records().weighted_ss());
  if (const WhitenedRecords* records = equations.records().whitened())
    found.whitened = records->residual(Vector::Zero(found.rhs.rows()));
  return found;
}

SideBySide draw_effects(const EquationOperator& equations, Index n_sets, NormalStream& normal) {
  SideBySide v = SideBySide::Zero(equations.size(), n_sets);
  for (const model::RandomBlock& block : equations.model().blocks) {
    const Index m = block.structure->n_columns();
    double* first = v.data() + equations.columns().nodes.first_column[block.first_node] * n_sets;
    for (Index i = 0; i < block.n_levels * m * n_sets; ++i) first[i] = normal();
    block.levels->draw(m * n_sets, first);
  }
  SideBySide u;
  equations.to_unscaled(v, u);
  return u;
}

RecordVectors records_of(const EquationOperator& equations, const SideBySide& u,
                         NormalStream& normal) {
  if (const WhitenedRecords* records = equations.records().whitened())
    return whitened_records(*records, u, normal);
  return iid_records(equations.model(), u, normal);
}

RecordVectors draw_records(const EquationOperator& equations, Index n_sets, std::uint64_t seed) {
  NormalStream normal(seed);
  return records_of(equations, draw_effects(equations, n_sets, normal), normal);
}

}  // namespace henderson::simulation
