// SPDX-License-Identifier: GPL-3.0-or-later
// A point and the likelihood there: against the V form in the user's units.
#include <catch.h>

#include "core/likelihood/fixed_place.h"
#include "support/evaluations.h"

namespace henderson::likelihood {
namespace {

using equations::FixedPlace;
using equations::MixedModelEquations;
using equations::Solution;
using model::Model;
using model::RandomBlock;
using test::all_models;
using test::difference;
using test::evaluate_at;
using test::for_each_model;
using test::minus2loglik_at;
using test::MixedModel;

// u in the user's units and order.
Vector user_u(const MixedModel& given, const Model& model, const Vector& unscaled) {
  std::vector<Index> first{0};
  for (const auto& term : given.terms) first.push_back(first.back() + term.z.cols());
  Vector u(first.back());
  for (const RandomBlock& block : model.blocks) {
    for (Index l = 0; l < block.n_levels; ++l) {
      u.segment(first[block.term] + l * given.terms[block.term].n_coef + block.first_coef,
                block.n_coef) =
          block.coef_transform *
          unscaled.segment(block.first_column + l * block.n_coef, block.n_coef);
    }
  }
  return u;
}

}  // namespace

TEST_CASE("BLUE, BLUP and y'Py are those of the V form") {
  std::mt19937 engine(5);
  for_each_model(
      15, [&](const MixedModel& given, const Model& model, MixedModelEquations& equations) {
        const Vector values = test::random_values(given, engine);
        const test::Oracle oracle = test::oracle(given, values);
        const Evaluation found = evaluate_at(equations, values);
        const Solution& solution = found.solution();
        const Vector b =
            model.response_unit * solution.unscaled.tail(model.rank()) + model.least_squares;
        const Vector beta = model.fixed.beta(b, 0.0);
        Vector expected = Vector::Zero(given.x.cols());
        for (std::size_t j = 0; j < oracle.kept.size(); ++j)
          expected[oracle.kept[j]] = oracle.beta[j];
        CHECK(difference(beta, expected) < 1e-10);
        CHECK(difference(user_u(given, model, solution.unscaled), oracle.u) < 1e-10);
        CHECK(solution.quadratic / found.parameters.residual() ==
              Approx(given.spec.response.dot(oracle.py)));
        // log|V| + log|X'V^-1X| = log|R| + log|C| + log|K| on the user's scale: the whole of -2l.
        if (given.spec.reml)
          CHECK(found.minus2loglik == Approx(oracle.minus2loglik).epsilon(1e-10));
      });
}

TEST_CASE("rescaling finds the best common factor of all variances") {
  std::mt19937 engine(3);
  for (const MixedModel& given : all_models(23)) {
    INFO(given.name);
    Callbacks callbacks;
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    MixedModelEquations equations(model, FixedPlace::last, 1);
    const Parameters at = from_user_values(model, test::random_values(given, engine));
    std::optional<Evaluation> best = evaluate(equations, at, true, callbacks);
    const Parameters scaled = best->parameters;
    const double value = best->minus2loglik;
    best.reset();
    CHECK(minus2loglik_at(equations, scaled) == Approx(value).epsilon(1e-12));
    for (const double c : {0.99, 1.01})
      CHECK(minus2loglik_at(equations, rescaled(model, scaled, c)) > value);
  }
}

TEST_CASE("few fixed effects go last, many where the ordering wants them, for ML apart") {
  Callbacks callbacks;
  for (const MixedModel& given : test::models_of_many_fixed_effects(31)) {
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    CHECK((fixed_place(model) == (given.spec.reml ? FixedPlace::anywhere : FixedPlace::apart)));
  }
  for (const MixedModel& given : test::mixed_models(31)) {
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    CHECK((fixed_place(model) == FixedPlace::last));
  }
}

}  // namespace henderson::likelihood
