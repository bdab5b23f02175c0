// SPDX-License-Identifier: GPL-3.0-or-later
// Score and average information against the V form and differences.
#include <catch.h>

#include <Eigen/Dense>

#include "core/information/derivatives.h"
#include "support/evaluations.h"

namespace henderson::information {
namespace {

using equations::FixedPlace;
using equations::MixedModelEquations;
using likelihood::evaluate;
using likelihood::Evaluation;
using likelihood::from_user_values;
using likelihood::Parameters;
using likelihood::user_jacobian;
using likelihood::user_values;
using model::Model;
using test::all_models;
using test::difference;
using test::minus2loglik_at;
using test::MixedModel;
using test::places;
using test::shifted;

// By central differences of fourth order.
double slope_at(const MixedModelEquations& equations, const Parameters& parameters, Index i) {
  const double h = 1e-5;
  const auto rise = [&](double step) {
    return minus2loglik_at(equations, shifted(parameters, i, step)) -
           minus2loglik_at(equations, shifted(parameters, i, -step));
  };
  return (8.0 * rise(h) - rise(2.0 * h)) / (12.0 * h);
}

}  // namespace

TEST_CASE("-2 log-likelihood, score and average information are those of the V form") {
  std::mt19937 engine(1);
  for (const MixedModel& given : all_models(21)) {
    Callbacks callbacks;
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    for (const FixedPlace place : places(given)) {
      MixedModelEquations equations(model, place, 1);
      for (int repeat = 0; repeat < 3; ++repeat) {
        INFO(given.name << ", place " << static_cast<int>(place));
        const Vector values = test::random_values(given, engine);
        const test::Oracle oracle = test::oracle(given, values);
        const Parameters parameters = from_user_values(model, values);
        CHECK(difference(user_values(model, parameters), values) < 1e-9);
        std::optional<Evaluation> found = evaluate(equations, parameters, false, callbacks);
        REQUIRE(found.has_value());
        CHECK(found->minus2loglik == Approx(oracle.minus2loglik).epsilon(1e-10));
        const Derivatives derivative = derivatives(std::move(*found), callbacks);
        const Matrix jacobian = user_jacobian(model, parameters);
        const Vector gradient = jacobian.transpose() * oracle.gradient;
        CHECK(difference(derivative.gradient, gradient) < 1e-8);
        CHECK(difference(derivative.information,
                         jacobian.transpose() * oracle.information * jacobian) < 1e-8);
        for (Index i = 0; i < gradient.size(); ++i) {
          const double slope = slope_at(equations, parameters, i);
          CHECK(std::abs(derivative.gradient[i] - slope) <
                1e-6 * std::max(1.0, gradient.cwiseAbs().maxCoeff()));
        }
      }
    }
  }
}

}  // namespace henderson::information
