// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/bayes/surface.h"

#include <algorithm>
#include <atomic>

#include "core/base/error.h"
#include "core/likelihood/fixed_place.h"
#include "core/linalg/team.h"

namespace henderson::bayes {

using equations::MixedModelEquations;
using likelihood::Evaluation;

namespace {

// A factor of more operations is worth sharing.
constexpr double kSmallFactor = 2e8;

// A user's covariance function can be called by one thread only.
bool has_user_matrix(const covariance::Recipe& recipe) {
  return recipe.user != nullptr ||
         std::any_of(recipe.factors.begin(), recipe.factors.end(), has_user_matrix);
}

bool has_user_matrix(const model::ModelSpec& spec) {
  return std::any_of(
             spec.random.begin(), spec.random.end(),
             [](const model::RandomTerm& term) { return has_user_matrix(term.structure); }) ||
         std::any_of(spec.residual.begin(), spec.residual.end(),
                     [](const model::ResidualSection& section) {
                       return has_user_matrix(section.structure);
                     });
}

}  // namespace

Surface::Worker::Worker(const model::ModelSpec& spec, const model::VarianceRequest& request,
                        int threads, Callbacks& callbacks)
    : model(model::build_model(spec, request, callbacks)),
      equations(model, likelihood::fixed_place(model), threads) {}

Surface::Surface(const model::ModelSpec& spec, const model::VarianceRequest& request, int threads,
                 Callbacks& callbacks) {
  const auto add = [&](int own) {
    workers_.push_back(std::make_unique<Worker>(spec, request, own, callbacks));
  };
  add(1);
  if (threads == 1) return;
  const MixedModelEquations& equations = workers_.front()->equations;
  if (equations.solver().pattern().symbolic->factor_flops() > kSmallFactor) {
    workers_.clear();
    add(threads);
  } else if (!has_user_matrix(spec)) {
    while (static_cast<int>(workers_.size()) < threads) add(1);
  }
}

std::optional<Evaluation> Surface::Worker::at(const ConstVectorRef& values,
                                              Callbacks& callbacks) const {
  if (!values.allFinite()) return std::nullopt;
  try {
    return likelihood::evaluate(equations, likelihood::from_user_values(model, values), false,
                                callbacks);
  } catch (const InvalidSpec&) {
    return std::nullopt;  // no covariance matrix has these values
  }
}

void Surface::visit(const Matrix& values, const Read& read, Callbacks& callbacks) {
  if (values.rows() != model().n_values)
    throw DimensionMismatch("variance parameters", values.rows(), model().n_values);
  const Index n = values.cols();
  std::atomic<Index> next{0};
  std::atomic<bool> stopped{false};
  const std::function<void(int)> take = [&](int worker) {
    Callbacks silent;
    Callbacks& own = worker == 0 ? callbacks : silent;
    try {
      for (Index k = next++; k < n && !stopped; k = next++) {
        own.stop_if_interrupted();
        read(k, workers_[static_cast<std::size_t>(worker)]->at(values.col(k), own), own);
      }
    } catch (...) {
      stopped = true;
      throw;
    }
  };
  if (workers_.size() == 1 || n == 1) return take(0);
  linalg::Team team(static_cast<int>(std::min<Index>(n, static_cast<Index>(workers_.size()))));
  team.run(take);
}

}  // namespace henderson::bayes
