// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/entry_information.h"

#include <algorithm>
#include <numeric>

#include "core/covariance/lower.h"
#include "core/equations/group_views.h"
#include "core/linalg/dense.h"

namespace henderson::reml {
namespace {

using covariance::lower_position;
using covariance::lower_size;
using covariance::Positions;
using equations::MixedModelEquations;
using equations::WhitenedRecords;
using model::Model;
using model::RecordGroup;
using model::ResidualBlock;

constexpr Index kMostPositions = 32;
constexpr Index kMostProducts = 2000;
// Loops over records do not run at the speed of products of matrices.
constexpr double kOverhead = 25.0;

// For each block a matrix: a row for each entry of R, a column for each pattern.
using ByPattern = std::vector<Matrix>;

ByPattern zeros(const Model& model) {
  ByPattern all;
  for (const ResidualBlock& block : model.residual.blocks)
    all.push_back(Matrix::Zero(lower_size(block.structure->n_coef()),
                               static_cast<Index>(block.patterns.size())));
  return all;
}

// Adds the lower triangle of a matrix among the positions of a pattern (ascending).
void add_entries(const Matrix& among, const Positions& at, Eigen::Ref<Vector> entries) {
  for (Index c = 0; c < among.cols(); ++c) {
    for (Index r = c; r < among.rows(); ++r) entries[lower_position(at[r], at[c])] += among(r, c);
  }
}

// Omega_p
ByPattern inverses(const Model& model, const WhitenedRecords& records) {
  ByPattern all = zeros(model);
  for (std::size_t b = 0; b < all.size(); ++b) {
    const ResidualBlock& block = model.residual.blocks[b];
    for (std::size_t p = 0; p < block.patterns.size(); ++p) {
      const Matrix& t = records.dense_transform(b, p);
      add_entries(t.transpose() * t, block.patterns[p].positions,
                  all[b].col(static_cast<Index>(p)));
    }
  }
  return all;
}

// sum_p f(Omega_p, M_p), from their entries.
Matrix traces(const Matrix& omega, const Matrix& middle, Index n_positions) {
  const Matrix products = omega * middle.transpose();
  const auto at = [](Index i, Index j) { return lower_position(std::max(i, j), std::min(i, j)); };
  Matrix sum(products.rows(), products.cols());
  for (Index r = 0, a = 0; r < n_positions; ++r) {
    for (Index c = 0; c <= r; ++c, ++a) {
      for (Index t = 0, b = 0; b <= a; ++t) {
        for (Index u = 0; u <= t && b <= a; ++u, ++b) {
          double f = products(at(u, r), at(c, t));
          if (r != c) f += products(at(u, c), at(r, t));
          if (t != u) f += products(at(t, r), at(c, u));
          if (r != c && t != u) f += products(at(t, c), at(r, u));
          sum(a, b) = sum(b, a) = f;
        }
      }
    }
  }
  return sum;
}

// d entries / d theta of one block.
Matrix entry_jacobian(const ResidualBlock& block, const Vector& theta) {
  const Index n = block.structure->n_coef();
  Positions all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  const std::vector<Matrix> sigma = block.structure->covariance_derivatives(
      theta.segment(block.first_theta, block.structure->n_theta()), all);
  Matrix jacobian(lower_size(n), static_cast<Index>(sigma.size()));
  for (std::size_t i = 0; i < sigma.size(); ++i)
    jacobian.col(static_cast<Index>(i)) = covariance::lower_of(sigma[i]);
  return jacobian;
}

// Carries sum_p f from entries to theta, block by block.
Matrix traces_of_theta(const Model& model, const ByPattern& omega, const ByPattern& middle,
                       const std::vector<Matrix>& jacobians) {
  Matrix found = Matrix::Zero(model.n_theta, model.n_theta);
  for (std::size_t b = 0; b < omega.size(); ++b) {
    const ResidualBlock& block = model.residual.blocks[b];
    const Matrix& j = jacobians[b];
    found.block(block.first_theta, block.first_theta, j.cols(), j.cols()) =
        j.transpose() * traces(omega[b], middle[b], block.structure->n_coef()) * j;
  }
  return found;
}

std::vector<Matrix> entry_jacobians(const Model& model, const Vector& theta) {
  std::vector<Matrix> all;
  for (const ResidualBlock& block : model.residual.blocks)
    all.push_back(entry_jacobian(block, theta));
  return all;
}

// R^-1 X of a subject in the columns that it has.
Matrix weighted_design(const WhitenedRecords& records, const RecordGroup& group) {
  return records.dense_transform(group.block, group.pattern).transpose() * records.whitened(group);
}

// Of one pass over the subjects: sum w w' by pattern, and sum X'R^-1 V_a w, a row for each column
// of X and a column for each entry.
struct WeightedErrors {
  ByPattern squares;
  std::vector<Matrix> cross;
};

WeightedErrors weighted_errors(const Model& model, const WhitenedRecords& records,
                               const ConstVectorRef& solution) {
  WeightedErrors sums{zeros(model), {}};
  for (const Matrix& entries : sums.squares)
    sums.cross.push_back(Matrix::Zero(entries.rows(), solution.size()));
  const Vector error = records.residual(solution);
  std::vector<Index> place;
  for (const RecordGroup& group : model.groups->groups) {
    const Positions& at = model.residual.blocks[group.block].patterns[group.pattern].positions;
    const Matrix& t = records.dense_transform(group.block, group.pattern);
    const Vector w = t.transpose() * error.segment(group.first_row, group.n_rows);
    add_entries(w * w.transpose(), at, sums.squares[group.block].col(group.pattern));
    const Matrix x = weighted_design(records, group);
    Matrix& cross = sums.cross[group.block];
    for (SmallIndex j = 0; j < group.n_columns; ++j) {
      double* into = cross.col(model.groups->column[group.first_column + j]).data();
      for (Index r = 0; r < w.size(); ++r) {
        double* row = into + lower_position(at[r], 0);
        for (Index c = 0; c < r; ++c) row[at[c]] += x(r, j) * w[c] + x(c, j) * w[r];
        row[at[r]] += x(r, j) * w[r];
      }
    }
  }
  return sums;
}

// Xi of all subjects of a block: sum Xi Xi' by pattern, and the products of all rows of Xi, (r, j)
// stored at r * (columns) + j.
struct WeightedColumns {
  Matrix squares;
  Matrix products;
};

WeightedColumns weighted_columns(const MixedModelEquations& equations, std::size_t b,
                                 const Matrix& upper) {
  const Model& model = equations.model();
  const WhitenedRecords& records = *equations.records();
  const ResidualBlock& block = model.residual.blocks[b];
  const Index n_columns = upper.cols();
  const Index n_positions = block.structure->n_coef();
  std::vector<const RecordGroup*> groups;
  for (const RecordGroup& group : model.groups->groups) {
    if (group.block == static_cast<SmallIndex>(b)) groups.push_back(&group);
  }
  WeightedColumns sums{
      Matrix::Zero(lower_size(n_positions), static_cast<Index>(block.patterns.size())), {}};
  const auto write = [&](Index first, MatrixRef columns) {
    columns.setZero();
    for (Index s = 0; s < columns.cols(); ++s) {
      const RecordGroup& group = *groups[static_cast<std::size_t>(first + s)];
      const Positions& at = block.patterns[group.pattern].positions;
      const Matrix xi = equations::gathered(*model.groups, group, upper).transpose() *
                        weighted_design(records, group).transpose();  // a column per position
      add_entries(xi.transpose() * xi, at, sums.squares.col(group.pattern));
      for (Index r = 0; r < xi.cols(); ++r)
        columns.col(s).segment(at[r] * n_columns, n_columns) = xi.col(r);
    }
  };
  Callbacks callbacks;
  sums.products = linalg::cross_product(n_positions * n_columns, static_cast<Index>(groups.size()),
                                        write, equations.threads(), callbacks);
  return sums;
}

// B_a of every entry, stacked as the columns of a matrix.
Matrix stacked_products(const Matrix& products, Index n_positions) {
  const Index n = products.rows() / n_positions;
  Matrix stacked(n * n, lower_size(n_positions));
  for (Index r = 0, a = 0; r < n_positions; ++r) {
    for (Index c = 0; c <= r; ++c, ++a) {
      Eigen::Map<Matrix> b(stacked.col(a).data(), n, n);
      b = products.block(r * n, c * n, n, n);
      if (r != c) b += products.block(c * n, r * n, n, n);
    }
  }
  return stacked;
}

// Products of all pairs of entries for each pattern, against the records once for each parameter:
// an ar1 of many patterns has few parameters.
bool is_worth_entries(const Model& model) {
  const double columns =
      static_cast<double>(model.groups->n_whitened) / static_cast<double>(model.residual.n_rows());
  double by_entries = 0.0, by_parameters = 0.0;
  for (const ResidualBlock& block : model.residual.blocks) {
    const auto n_positions = static_cast<double>(block.structure->n_coef());
    const auto n_entries = static_cast<double>(lower_size(block.structure->n_coef()));
    by_entries += static_cast<double>(block.patterns.size()) * n_entries * n_entries;
    double n_rows = 0.0;
    for (const model::ResidualPattern& pattern : block.patterns)
      n_rows += static_cast<double>(pattern.positions.size() * pattern.first_row.size());
    by_parameters +=
        static_cast<double>(block.structure->n_theta()) * n_rows * (n_positions + columns);
  }
  return by_entries <= kOverhead * by_parameters;
}

}  // namespace

bool has_entries(const Model& model) {
  if (!model.has_structured_residual() || !model.blocks.empty()) return false;
  for (const ResidualBlock& block : model.residual.blocks) {
    if (block.structure->n_coef() > kMostPositions) return false;
  }
  return is_worth_entries(model) &&
         std::all_of(model.groups->groups.begin(), model.groups->groups.end(),
                     [](const RecordGroup& group) { return group.is_subject; });
}

Matrix average_by_entries(const MixedModelEquations& equations, const Evaluation& evaluation) {
  const Model& model = equations.model();
  const WhitenedRecords& records = *equations.records();
  const std::vector<Matrix> jacobians = entry_jacobians(model, evaluation.parameters.theta());
  const WeightedErrors errors =
      weighted_errors(model, records, evaluation.solved.solution.unscaled);
  Matrix information = traces_of_theta(model, inverses(model, records), errors.squares, jacobians);
  Matrix c(evaluation.solved.solution.unscaled.size(), model.n_theta);
  for (std::size_t b = 0; b < jacobians.size(); ++b) {
    c.middleCols(model.residual.blocks[b].first_theta, jacobians[b].cols()) =
        errors.cross[b].transpose() * jacobians[b];
  }
  c = equations.to_scaled(evaluation.lambda, c);
  evaluation.solved.factor.solve_lower(c);
  information -= c.transpose() * c;
  return information / (2.0 * evaluation.parameters.residual());
}

std::optional<Matrix> expected_by_entries(const MixedModelEquations& equations,
                                          const Evaluation& evaluation) {
  const Model& model = equations.model();
  const std::vector<Matrix> jacobians = entry_jacobians(model, evaluation.parameters.theta());
  const ByPattern omega = inverses(model, *equations.records());
  const Index n = model.reml ? equations.pattern().nodes.n_columns() : 0;
  Matrix upper = Matrix::Identity(equations.pattern().nodes.n_columns(), n);
  evaluation.solved.factor.solve_upper(upper);
  upper = equations.to_unscaled(evaluation.lambda, upper);
  ByPattern middle = omega;
  Matrix b_theta(n * n, model.n_theta);
  for (std::size_t b = 0; b < omega.size(); ++b) {
    const ResidualBlock& block = model.residual.blocks[b];
    const Index n_positions = block.structure->n_coef();
    if (n_positions * n > kMostProducts) return std::nullopt;
    for (std::size_t p = 0; p < block.patterns.size(); ++p)
      middle[b].col(static_cast<Index>(p)) *=
          static_cast<double>(block.patterns[p].first_row.size());
    if (n == 0) continue;
    const WeightedColumns columns = weighted_columns(equations, b, upper);
    middle[b] -= 2.0 * columns.squares;
    b_theta.middleCols(block.first_theta, jacobians[b].cols()) =
        stacked_products(columns.products, n_positions) * jacobians[b];
  }
  return 0.5 * (traces_of_theta(model, omega, middle, jacobians) + b_theta.transpose() * b_theta);
}

}  // namespace henderson::reml
