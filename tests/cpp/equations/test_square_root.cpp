// SPDX-License-Identifier: GPL-3.0-or-later
// Rows A with A'A = C, against the factor of C.
#include <catch.h>

#include "core/equations/square_root.h"
#include "core/likelihood/fixed_place.h"
#include "core/likelihood/start.h"
#include "support/evaluations.h"

namespace henderson::equations {
namespace {

using test::all_models;
using test::difference;
using test::MixedModel;

Matrix dense(const linalg::SparseRows& rows, Index n_columns) {
  Matrix found = Matrix::Zero(rows.n_rows(), n_columns);
  for (Index i = 0; i < rows.n_rows(); ++i)
    rows.visit(i, [&](const linalg::RowEntry& entry) {
      CHECK(found(i, entry.column) == 0.0);
      found(i, entry.column) = entry.value;
    });
  return found;
}

}  // namespace

TEST_CASE("the rows of the records and of the prior have the equations as cross-products") {
  Callbacks callbacks;
  for (const MixedModel& given : all_models(31)) {
    INFO(given.name);
    const model::VarianceRequest request = test::nothing_held(given.n_values());
    const model::Model model = model::build_model(given.spec, request, callbacks);
    const MixedModelEquations equations(model, likelihood::fixed_place(model), 1);
    const auto at = likelihood::evaluate(equations, likelihood::starting_parameters(model, request),
                                         false, callbacks);
    REQUIRE(at);
    const auto check = [&](FactorSolver& solver, const linalg::CholeskyFactor& factor) {
      const linalg::SymbolicFactor& symbolic = *solver.pattern().symbolic;
      const Index n = symbolic.size();
      const Matrix a =
          dense(square_root(model, equations.columns(), symbolic, at->lambda(), at->records()), n);
      Matrix product = a.transpose() * a;
      factor.solve(product);
      CHECK(difference(product, Matrix::Identity(n, n)) < 1e-9);
    };
    check(equations.solver(), at->factor());
    if (at->solved.random_factor) check(equations.random_solver(), *at->solved.random_factor);
  }
}

}  // namespace henderson::equations
