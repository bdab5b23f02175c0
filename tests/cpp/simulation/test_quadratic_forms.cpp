// SPDX-License-Identifier: GPL-3.0-or-later
// The score by simulation and the average information without a factor: against those of the
// factor.
#include <catch.h>

#include "core/information/derivatives.h"
#include "core/simulation/quadratic_forms.h"
#include "core/simulation/search.h"
#include "support/evaluations.h"

namespace henderson::simulation {
namespace {

using equations::EquationOperator;
using equations::FixedPlace;
using equations::MixedModelEquations;
using likelihood::Evaluation;
using model::Model;
using test::difference;
using test::MixedModel;

template <class Check>
void for_each_reml(unsigned seed, const Check& check) {
  std::mt19937 engine(seed);
  for (const MixedModel& given : test::all_models(seed)) {
    if (!given.spec.reml || given.spec.random.empty()) continue;
    INFO(given.name);
    Callbacks callbacks;
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    const MixedModelEquations equations(model, FixedPlace::anywhere, 1);
    check(model, equations, test::evaluate_at(equations, test::random_values(given, engine)));
  }
}

SimulationOptions exact_solves(Index n_sets) {
  SimulationOptions options;
  options.n_sets = n_sets;
  options.gradients.tolerance = 1e-12;
  return options;
}

}  // namespace

// The mean over many data sets is the trace, within 5 standard errors of that mean.
TEST_CASE("the score by simulation has the score as its expectation") {
  for_each_reml(31, [](const Model& model, const MixedModelEquations& equations, Evaluation at) {
    constexpr Index kSets = 4000;
    EquationOperator product(model, equations.columns(), at.lambda(), at.records());
    const RecordVectors drawn = draw_records(product, kSets, 7);
    SideBySide b;
    product.to_scaled(drawn.rhs, b);
    Matrix solution = b;
    at.factor().solve(solution);
    const Matrix forms = quadratic_forms(product, at.parameters, drawn, solution);
    const RecordVectors data = response_of(product);
    const Matrix own =
        quadratic_forms(product, at.parameters, data, SideBySide(at.solution().scaled));
    const Vector mean = forms.rowwise().mean();
    const Vector error = ((forms.colwise() - mean).rowwise().squaredNorm() /
                          (static_cast<double>(kSets) * (kSets - 1)))
                             .cwiseSqrt();
    const double residual = at.residual();
    Callbacks callbacks;
    const Vector gradient = information::derivatives(std::move(at), callbacks).gradient;
    const Vector found = mean - own.col(0) / residual;
    for (Index i = 0; i < found.size(); ++i) {
      INFO("parameter " << i);
      CHECK(std::abs(found[i] - gradient[i]) <= 5.0 * error[i] + 1e-8 * std::abs(gradient[i]));
    }
  });
}

TEST_CASE("average information by the iteration is that of the factor") {
  for_each_reml(
      32, [](const Model& model, const MixedModelEquations& equations, const Evaluation& at) {
        Callbacks callbacks;
        Warmth warmth;
        const std::optional<Point> point =
            point_at(model, equations.columns(), at.parameters, exact_solves(2), warmth, callbacks);
        REQUIRE(point.has_value());
        CHECK(point->solved);
        CHECK(difference(point->information, information::average_information(at)) < 1e-7);
        CHECK(difference(point->solution, at.solution().scaled) < 1e-7);
        // Common random numbers: the same point again has the same score.
        const std::optional<Point> again =
            point_at(model, equations.columns(), at.parameters, exact_solves(2), warmth, callbacks);
        CHECK(difference(again->gradient, point->gradient) < 1e-7);
      });
}

}  // namespace henderson::simulation
