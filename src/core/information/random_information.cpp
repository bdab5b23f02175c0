// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/random_information.h"

#include <numeric>

#include "core/covariance/lower.h"
#include "core/information/entry_traces.h"
#include "core/information/residual_information.h"

namespace henderson::information {
namespace {

using covariance::lower_size;
using equations::Absorption;
using equations::MixedModelEquations;
using likelihood::Evaluation;
using model::Model;
using model::RandomBlock;

constexpr Index kMostEntries = 120;
// What is left of n - p for the residual, below which its digits are lost in the difference.
constexpr double kCancelled = 5e-7;
constexpr Index kMostWeights = 25000000;  // entries of all N_a

// d entries / d theta, relative to sigma^2, and the entries themselves: a column for each theta,
// then one for each block.
Matrix entry_jacobian(const Model& model, const Evaluation& evaluation, Index n_entries) {
  const Index n_blocks = static_cast<Index>(model.blocks.size());
  Matrix jacobian = Matrix::Zero(n_entries, model.n_theta + n_blocks);
  Index first = 0;
  for (Index b = 0; b < n_blocks; ++b) {
    const RandomBlock& block = model.blocks[b];
    const Index n = lower_size(block.n_coef);
    covariance::Positions all(static_cast<std::size_t>(block.n_coef));
    std::iota(all.begin(), all.end(), 0);
    const std::vector<Matrix> sigma =
        block.structure->covariance_derivatives(evaluation.parameters.of(block), all);
    for (std::size_t i = 0; i < sigma.size(); ++i)
      jacobian.col(block.first_theta + static_cast<Index>(i)).segment(first, n) =
          covariance::lower_of(sigma[i]) / evaluation.parameters.residual();
    const Matrix& lambda = evaluation.lambda()[b];
    jacobian.col(model.n_theta + b).segment(first, n) =
        covariance::lower_of(lambda * lambda.transpose());
    first += n;
  }
  return jacobian;
}

}  // namespace

std::optional<Matrix> random_information(const Evaluation& evaluation,
                                         const equations::AbsorptionLimits& limits) {
  const Model& model = evaluation.model();
  Index n_entries = 0;
  for (const RandomBlock& block : model.blocks) n_entries += lower_size(block.n_coef);
  if (n_entries > kMostEntries) return std::nullopt;
  const std::optional<Absorption> absorption =
      equations::absorb(evaluation.equations(), evaluation.lambda(), limits);
  if (!absorption) return std::nullopt;
  const Index n_rest = absorption->rest.rows();
  if (n_entries * n_rest * n_rest > kMostWeights) return std::nullopt;
  const EntryTraces sums = entry_traces(evaluation.equations(), *absorption);
  const Matrix jacobian = entry_jacobian(model, evaluation, n_entries);
  // Over all theta and then all blocks.
  Matrix information = with_residual_information(
      0.5 * (jacobian.transpose() * sums.products * jacobian), jacobian.transpose() * sums.traces,
      model.n_theta, model.error_df());
  const double left = information(model.n_theta, model.n_theta);
  if (left < kCancelled * model.error_df()) return std::nullopt;
  return information;
}

}  // namespace henderson::information
