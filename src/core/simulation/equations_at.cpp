// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/simulation/equations_at.h"

#include "core/base/error.h"

namespace henderson::simulation {

using equations::GradientResult;
using linalg::SideBySide;

namespace {

template <class T>
T covariance(std::optional<T> found) {
  if (!found) throw InvalidSpec("values", "they are not a covariance");
  return std::move(*found);
}

}  // namespace

EquationsAt::EquationsAt(const model::Model& model, const likelihood::Parameters& parameters,
                         Callbacks& callbacks)
    : lambda_(covariance(likelihood::relative_factors(model, parameters))),
      records_(covariance(equations::RecordSource(model).at(parameters.theta()))),
      columns_(equations::make_columns(model)),
      equations_(model, columns_, lambda_, records_),
      preconditioner_(equations_, callbacks) {}

GradientResult EquationsAt::solve(const SideBySide& rhs, SideBySide start,
                                  const equations::GradientOptions& options, Callbacks& callbacks) {
  SideBySide b;
  equations_.to_scaled(rhs, b);
  return equations::conjugate_gradients(equations_, preconditioner_, b, std::move(start), options,
                                        callbacks);
}

}  // namespace henderson::simulation
