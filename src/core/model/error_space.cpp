// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/error_space.h"

#include "core/base/error.h"
#include "core/model/gram.h"

namespace henderson::model {
namespace {

// The columns of W from `first` on.
SparseRows last_columns(const SparseRows& w, SmallIndex first) {
  SparseRows found;
  found.n_columns = w.n_columns - first;
  found.start.push_back(0);
  for (Index r = 0; r < w.n_rows(); ++r) {
    for (Index k = w.start[r]; k < w.start[r + 1]; ++k) {
      if (w.column[k] < first) continue;
      found.column.push_back(w.column[k] - first);
      found.value.push_back(w.value[k]);
    }
    found.start.push_back(static_cast<Index>(found.column.size()));
  }
  return found;
}

}  // namespace

void weigh(const Model& model, Vector& x) {
  if (model.weights.size() > 0) x.array() *= model.weights.array().sqrt();
}

ErrorSpace::ErrorSpace(const Model& model, Callbacks& callbacks) : model_(model) {
  if (!model.reml || model.rank() == 0) return;
  x_ = last_columns(model.w, model.n_random_columns + model.n_missing);
  if (model.fixed.n_dense == model.rank()) return;
  auto factor = linalg::factorize(gram(x_, model.weights), linalg::FactorOptions{}, callbacks);
  if (std::holds_alternative<linalg::NotPositiveDefinite>(factor))
    throw InvalidSpec("formula", "the fixed effects are too nearly dependent to be told apart");
  factor_ = std::move(std::get<linalg::CholeskyFactor>(factor));
}

void ErrorSpace::project(Vector& x) const {
  if (x_.n_columns == 0) return;
  Vector weighed = x;
  weigh(model_, weighed);
  Vector b = weighted_cross_product(x_, Vector(), weighed);
  if (factor_) factor_->solve(b);
  Vector fitted = multiply(x_, b);
  weigh(model_, fitted);
  x -= fitted;
}

}  // namespace henderson::model
