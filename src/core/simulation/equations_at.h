// SPDX-License-Identifier: GPL-3.0-or-later
// The equations of a model at given variances as an operator with its preconditioner.
#pragma once

#include "core/equations/conjugate_gradients.h"
#include "core/likelihood/parameters.h"

namespace henderson::simulation {

class EquationsAt {
 public:
  // Keeps a reference to the model. Throws InvalidSpec where the parameters are no covariance,
  // Interrupted.
  EquationsAt(const model::Model& model, const likelihood::Parameters& parameters,
              Callbacks& callbacks);
  EquationsAt(const EquationsAt&) = delete;
  EquationsAt& operator=(const EquationsAt&) = delete;

  equations::EquationOperator& equations() { return equations_; }
  const equations::Preconditioner& preconditioner() const { return preconditioner_; }

  // Of right-hand sides over the columns of W; x is scaled, and so is `start`.
  equations::GradientResult solve(const linalg::SideBySide& rhs, linalg::SideBySide start,
                                  const equations::GradientOptions& options, Callbacks& callbacks);

 private:
  const equations::Factors lambda_;
  const equations::Records records_;
  const equations::Columns columns_;
  equations::EquationOperator equations_;
  const equations::Preconditioner preconditioner_;
};

}  // namespace henderson::simulation
