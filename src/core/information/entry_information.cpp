// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/entry_information.h"

#include <algorithm>
#include <numeric>

#include "core/covariance/lower.h"
#include "core/information/entry_sums.h"

namespace henderson::information {
namespace {

using covariance::lower_position;
using covariance::lower_size;
using covariance::Positions;
using equations::MixedModelEquations;
using equations::WhitenedRecords;
using likelihood::Evaluation;
using model::Model;
using model::RecordGroup;
using model::ResidualBlock;

constexpr Index kMostPositions = 32;
constexpr Index kMostProducts = 2000;
// Loops over records do not run at the speed of products of matrices.
constexpr double kOverhead = 25.0;
// Of the variance of a position over what the positions before it leave of it.
constexpr double kMostLost = 1e4;

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
  const std::vector<Matrix> sigma =
      block.structure->covariance_derivatives(block.theta_of(theta), all);
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

bool has_entries(const Evaluation& evaluation) {
  const Model& model = evaluation.model();
  if (!has_entries(model)) return false;
  const WhitenedRecords& records = *evaluation.records().whitened();
  for (std::size_t b = 0; b < model.residual.blocks.size(); ++b) {
    const ResidualBlock& block = model.residual.blocks[b];
    const ConstVectorRef theta = block.theta_of(evaluation.parameters.theta());
    for (std::size_t p = 0; p < block.patterns.size(); ++p) {
      const Vector own = block.structure->covariance(theta, block.patterns[p].positions).diagonal();
      const Vector pivots = records.dense_transform(b, p).diagonal();
      if ((pivots.array().square() * own.array()).maxCoeff() > kMostLost) return false;
    }
  }
  return true;
}

Matrix average_by_entries(const Evaluation& evaluation) {
  const Model& model = evaluation.model();
  const WhitenedRecords& records = *evaluation.records().whitened();
  const std::vector<Matrix> jacobians = entry_jacobians(model, evaluation.parameters.theta());
  const WeightedErrors errors = weighted_errors(model, records, evaluation.solution().unscaled);
  Matrix information =
      traces_of_theta(model, pattern_inverses(model, records), errors.squares, jacobians);
  Matrix c(evaluation.solution().unscaled.size(), model.n_theta);
  for (std::size_t b = 0; b < jacobians.size(); ++b) {
    c.middleCols(model.residual.blocks[b].first_theta, jacobians[b].cols()) =
        errors.cross[b].transpose() * jacobians[b];
  }
  c = evaluation.equations().to_scaled(evaluation.lambda(), c);
  evaluation.factor().solve_lower(c);
  information -= c.transpose() * c;
  return information / (2.0 * evaluation.residual());
}

std::optional<Matrix> expected_by_entries(const Evaluation& evaluation, Callbacks& callbacks) {
  const MixedModelEquations& equations = evaluation.equations();
  const Model& model = equations.model();
  const WhitenedRecords& records = *evaluation.records().whitened();
  const std::vector<Matrix> jacobians = entry_jacobians(model, evaluation.parameters.theta());
  const ByPattern omega = pattern_inverses(model, records);
  const Index n_columns = equations.columns().nodes.n_columns();
  const Index n = model.reml ? n_columns : 0;
  Matrix upper = Matrix::Identity(n_columns, n);
  evaluation.factor().solve_upper(upper);
  upper = equations.to_unscaled(evaluation.lambda(), upper);
  ByPattern middle = omega;
  Matrix b_theta(n * n, model.n_theta);
  for (std::size_t b = 0; b < omega.size(); ++b) {
    const ResidualBlock& block = model.residual.blocks[b];
    const Index n_positions = block.structure->n_coef();
    if (n_positions * n > kMostProducts) return std::nullopt;
    for (std::size_t p = 0; p < block.patterns.size(); ++p)
      middle[b].col(static_cast<Index>(p)) *= block.patterns[p].n_subjects();
    if (n == 0) continue;
    const WeightedDesign design =
        weighted_design(model, records, b, upper, equations.threads(), callbacks);
    middle[b] -= 2.0 * design.squares;
    b_theta.middleCols(block.first_theta, jacobians[b].cols()) =
        stacked_products(design.products, n_positions) * jacobians[b];
  }
  return 0.5 * (traces_of_theta(model, omega, middle, jacobians) + b_theta.transpose() * b_theta);
}

}  // namespace henderson::information
