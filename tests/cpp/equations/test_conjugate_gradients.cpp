// SPDX-License-Identifier: GPL-3.0-or-later
// C as an operator, its preconditioner and conjugate gradients: against the factor of C, which is
// assembled on another way.
#include <catch.h>

#include <limits>

#include "core/equations/conjugate_gradients.h"
#include "core/equations/cost.h"
#include "core/linalg/kernel_rate.h"
#include "support/evaluations.h"

namespace henderson::equations {
namespace {

using likelihood::Evaluation;
using model::Model;
using test::difference;
using test::MixedModel;
using test::normal;

// None of the corners: levels and columns stand alone.
CornerLimits no_corner() {
  CornerLimits limits;
  limits.columns_of_term = 0;
  limits.entries = -1;
  return limits;
}

// Calls check(given, equations, factor) for every model at some variances.
template <class Check>
void for_each_operator(unsigned seed, const Check& check) {
  std::mt19937 engine(seed);
  for (const MixedModel& given : test::all_models(seed)) {
    INFO(given.name);
    Callbacks callbacks;
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    const MixedModelEquations equations(model, FixedPlace::anywhere, 1);
    const Evaluation at = test::evaluate_at(equations, test::random_values(given, engine));
    EquationOperator product(model, equations.columns(), at.lambda(), at.records());
    check(given, product, at);
  }
}

Matrix random_matrix(Index n, Index columns, std::mt19937& engine) {
  Matrix x(n, columns);
  for (Index c = 0; c < columns; ++c) x.col(c) = normal(n, engine);
  return x;
}

}  // namespace

TEST_CASE("products with C are undone by its factor, for any number of vectors") {
  std::mt19937 engine(1);
  for_each_operator(21, [&](const MixedModel&, EquationOperator& equations, const Evaluation& at) {
    for (const Index width : {1, 2, 3, 5, 8}) {
      const Matrix x = random_matrix(equations.size(), width, engine);
      SideBySide product;
      equations.multiply(x, product);
      Matrix back = product;
      at.factor().solve(back);
      CHECK(difference(back, x) < 1e-8);
    }
  });
}

TEST_CASE("a corner of all levels is C itself") {
  std::mt19937 engine(2);
  for_each_operator(22, [&](const MixedModel&, EquationOperator& equations, const Evaluation& at) {
    Callbacks callbacks;
    CornerLimits all;
    all.share_of_term = 1.0;
    const Preconditioner preconditioner(equations, callbacks, all);
    REQUIRE(preconditioner.n_in_factor() == equations.size());
    const Matrix b = random_matrix(equations.size(), 3, engine);
    SideBySide found;
    preconditioner.solve(b, found);
    Matrix expected = b;
    at.factor().solve(expected);
    CHECK(difference(found, expected) < 1e-8);
    const GradientResult result = conjugate_gradients(equations, preconditioner, b, SideBySide(),
                                                      GradientOptions{}, callbacks);
    CHECK(result.converged);
    CHECK(result.rounds <= 2);
  });
}

TEST_CASE("conjugate gradients give the solution of the factor") {
  std::mt19937 engine(3);
  for_each_operator(
      23, [&](const MixedModel& given, EquationOperator& equations, const Evaluation& at) {
        Callbacks callbacks;
        for (const bool with_corner : {true, false}) {
          CornerLimits limits = no_corner();
          if (with_corner) limits.entries = CornerLimits{}.entries;
          const Preconditioner preconditioner(equations, callbacks, limits);
          const Index n_free = equations.model().n_free_columns();
          CHECK(preconditioner.n_in_factor() == (with_corner ? n_free : 0));
          SideBySide b;
          equations.to_scaled(SideBySide(at.records().rhs()), b);
          GradientOptions options;
          options.tolerance = 1e-11;
          const GradientResult found =
              conjugate_gradients(equations, preconditioner, b, SideBySide(), options, callbacks);
          REQUIRE(found.converged);
          CHECK(found.reached <= options.tolerance);
          CHECK(difference(found.x, at.solution().scaled) < 1e-7);
          // From there nothing is left to do; zero right-hand sides have the solution zero.
          const GradientResult again =
              conjugate_gradients(equations, preconditioner, b, found.x, options, callbacks);
          CHECK(again.rounds == 0);
          SideBySide two = SideBySide::Zero(b.rows(), 2);
          two.col(1) = b.col(0);
          const GradientResult both =
              conjugate_gradients(equations, preconditioner, two, SideBySide(), options, callbacks);
          CHECK(both.x.col(0).isZero(0.0));
          CHECK(difference(both.x.col(1), found.x) < 1e-7);
        }
        (void)given;
      });
}

TEST_CASE("rounds end at their limit, and at an interruption") {
  class Impatient : public Callbacks {
   public:
    bool interrupted() override { return ++asked_ > 3; }

   private:
    int asked_ = 0;
  };
  for_each_operator(24, [&](const MixedModel&, EquationOperator& equations, const Evaluation& at) {
    Callbacks callbacks;
    const Preconditioner preconditioner(equations, callbacks, no_corner());
    SideBySide b;
    equations.to_scaled(SideBySide(at.records().rhs()), b);
    GradientOptions options;
    options.tolerance = std::numeric_limits<double>::min();
    options.max_rounds = 2;
    const GradientResult found =
        conjugate_gradients(equations, preconditioner, b, SideBySide(), options, callbacks);
    CHECK(found.rounds <= 2);
    options.max_rounds = 1000;
    Impatient impatient;
    if (found.rounds == 2)
      CHECK_THROWS_AS(
          conjugate_gradients(equations, preconditioner, b, SideBySide(), options, impatient),
          Interrupted);
  });
}

TEST_CASE("a model without W'W has the same products") {
  std::mt19937 engine(5);
  for (const MixedModel& given : test::all_models(25)) {
    INFO(given.name);
    Callbacks callbacks;
    const model::VarianceRequest request = test::nothing_held(given.n_values());
    const Model whole = model::build_model(given.spec, request, callbacks);
    const Model light = model::build_model(given.spec, request, model::Products::records,
                                           model::Cells::all, callbacks);
    CHECK(light.cross_products.value.empty() != light.has_structured_residual());
    const Columns columns = make_columns(light);
    CHECK(columns.nodes.n_columns() == make_columns(whole).nodes.n_columns());
    if (light.has_structured_residual()) continue;
    const Matrix x = random_matrix(whole.w.n_columns, 3, engine);
    SideBySide by_records = SideBySide::Zero(x.rows(), 3);
    const SideBySide side_by_side = x;
    model::add_record_products(light.w, light.weights, 3, side_by_side.data(), by_records.data());
    Matrix by_products = Matrix::Zero(x.rows(), 3);
    whole.cross_products.multiply_add(x, by_products);
    CHECK(difference(by_records, by_products) < 1e-12);
  }
}

TEST_CASE("the cost of a factor is that of its symbolic factor") {
  for_each_operator(26, [&](const MixedModel&, EquationOperator& equations, const Evaluation& at) {
    const EquationPattern pattern =
        make_pattern(equations.model(), equations.columns(), Part::whole, BlockEntries::whole);
    const FactorCost cost = factor_cost(pattern, 1);
    CHECK(cost.flops == at.factor().symbolic().factor_flops());
    CHECK(cost.bytes >= 8.0 * static_cast<double>(at.factor().panels().size()));
    CHECK(cost.entries == static_cast<double>(at.factor().symbolic().factor_entries()));
    CHECK(model_bytes(equations.model()) >=
          12.0 * static_cast<double>(equations.model().w.value.size()));
    // A multiplication and an addition, there and back, for each entry of W, or of W'W.
    const Model& model = equations.model();
    const auto entries =
        model.has_structured_residual() ? model.cross_products.value.size() : model.w.value.size();
    CHECK(round_cost(model).flops >= 4.0 * static_cast<double>(entries));
  });
  linalg::KernelSample().run();
}

}  // namespace henderson::equations
