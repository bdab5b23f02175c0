// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/trace_products.h"

#include <limits>

#include "core/base/error.h"
#include "core/information/covariance_trace.h"
#include "core/information/differences.h"

namespace henderson::information {
namespace {

using equations::MixedModelEquations;
using likelihood::evaluate;
using likelihood::Evaluation;
using likelihood::Parameters;

// tr(P N) of the blocks whose score leaves G open.
double trace_left_open(const Evaluation& at, const CovarianceChange& change, Callbacks& callbacks) {
  double trace = 0.0;
  for (std::size_t b = 0; b < change.random.size(); ++b) {
    const model::RandomBlock& block = at.model().blocks[b];
    if (change.random[b].size() > 0 && leaves_open(block))
      trace += covariance_trace(at, block, callbacks).cwiseProduct(change.random[b]).sum();
  }
  return trace;
}

// tr(P N). Of a random block with G = d log|C| / dSigma: Lambda'G is its trace, relative to sigma.
std::optional<double> trace_with(Evaluation&& evaluation, const CovarianceChange& change,
                                 Callbacks& callbacks) {
  Evaluation at = std::move(evaluation);
  double trace = trace_left_open(at, change, callbacks);
  const auto [traces, unscaled] = inverted(at.solved, callbacks);
  for (std::size_t b = 0; b < change.random.size(); ++b) {
    if (change.random[b].size() == 0 || leaves_open(at.model().blocks[b])) continue;
    const Matrix g = covariance_gradient(at.lambda()[b], traces.of_block[b]);
    trace += g.cwiseProduct(change.random[b]).sum() / at.residual();
  }
  if (change.residual.empty()) return trace;
  const std::optional<std::vector<Matrix>> scores = at.records().whitened()->covariance_score(
      unscaled, at.solution().unscaled, std::numeric_limits<double>::infinity());
  if (!scores) return std::nullopt;
  for (std::size_t b = 0; b < change.residual.size(); ++b) {
    if (change.residual[b].size() > 0) trace += (*scores)[b].cwiseProduct(change.residual[b]).sum();
  }
  return trace;
}

}  // namespace

std::optional<Vector> trace_products(const MixedModelEquations& equations,
                                     const Parameters& parameters, const std::vector<Index>& moving,
                                     const CovarianceChange& change, Callbacks& callbacks) {
  const auto trace_at = [&](Index parameter, double step) {
    callbacks.stop_if_interrupted();
    std::optional<Evaluation> evaluation = evaluate(
        equations, shifted(equations.model(), parameters, parameter, step), false, callbacks);
    if (!evaluation) throw Error("the equations near the estimates are not positive definite");
    return trace_with(std::move(*evaluation), change, callbacks);
  };
  std::optional<Evaluation> evaluation = evaluate(equations, parameters, false, callbacks);
  if (!evaluation) throw Error("the equations at the estimates are not positive definite");
  const Matrix average = average_information(*evaluation);
  if (!trace_with(std::move(*evaluation), change, callbacks)) return std::nullopt;
  Vector products(static_cast<Index>(moving.size()));
  for (Index i = 0; i < products.size(); ++i) {
    const double step =
        step_for(equations.model(), parameters, moving[i], average(moving[i], moving[i]));
    products[i] = (*trace_at(moving[i], -step) - *trace_at(moving[i], step)) / (2.0 * step);
  }
  return products;
}

}  // namespace henderson::information
