// SPDX-License-Identifier: GPL-3.0-or-later
// A value of the user as a function of one parameter: against all values, its own inverse and
// differences.
#include <catch.h>

#include "core/coordinates/value_place.h"
#include "core/likelihood/start.h"
#include "support/mixed_models.h"

namespace henderson::coordinates {
namespace {

using likelihood::Parameters;
using likelihood::user_values;
using model::Model;
using test::MixedModel;

double parameter_at(const Model& model, const Parameters& at, Index i) {
  return i < model.n_theta ? at.theta()[i] : at.log_residual();
}

Parameters with_parameter(const Model& model, const Parameters& at, Index i, double x) {
  Vector theta = at.theta();
  if (i < model.n_theta) theta[i] = x;
  return {std::move(theta), i < model.n_theta ? at.log_residual() : x};
}

// How many values have a place of their own.
Index check_places(const Model& model, const Parameters& at) {
  Index n_places = 0;
  const Vector values = user_values(model, at);
  for (Index k = 0; k < model.n_values; ++k) {
    const std::optional<ValuePlace> place = place_of(model, k);
    if (!place) continue;
    ++n_places;
    const double x = parameter_at(model, at, place->parameter);
    CHECK(value_at(*place, x, at) == Approx(values[k]));
    const std::optional<double> back = inverse_at(*place, values[k], at);
    REQUIRE(back);
    CHECK(std::abs(*back) == Approx(std::abs(x)).epsilon(1e-9).margin(1e-10));
    for (const double moved : {x + 0.1, x - 0.05}) {
      const Parameters there = with_parameter(model, at, place->parameter, moved);
      CHECK(value_at(*place, moved, at) == Approx(user_values(model, there)[k]));
      const double h = 1e-6;
      const double slope =
          (value_at(*place, moved + h, at) - value_at(*place, moved - h, at)) / (2.0 * h);
      CHECK(slope_at(*place, moved, at) == Approx(slope).epsilon(1e-6).margin(1e-7));
    }
  }
  return n_places;
}

// As many places as the structure has values that depend on one theta, and sigma^2.
TEST_CASE("places of the values of random terms") {
  for (const auto& [name, n_values, n_places] :
       {std::tuple("diag", 3, 3), std::tuple("cs", 2, 2), std::tuple("csh", 4, 4),
        std::tuple("ar1h", 4, 4), std::tuple("us", 6, 0)}) {
    INFO(name);
    for (MixedModel given : test::mixed_models(31)) {
      if (given.terms.size() != 1 || given.terms[0].n_coef != 3) continue;
      given.spec.random[0].structure.name = name;
      Callbacks callbacks;
      const model::VarianceRequest request = test::nothing_held(n_values + 1);
      const Model model = model::build_model(given.spec, request, callbacks);
      const Parameters start = likelihood::starting_parameters(model, request);
      const Parameters at(start.theta().array() + 0.2, start.log_residual());
      CHECK(check_places(model, at) == n_places + 1);
    }
  }
}

TEST_CASE("places of the values of a residual, which sigma multiplies") {
  for (const auto& [name, n_values] :
       {std::pair("diag", 3), std::pair("ar1", 2), std::pair("csh", 4)}) {
    INFO(name);
    MixedModel given = test::residual_models(32)[0];
    given.spec.residual[0].structure.name = name;
    Callbacks callbacks;
    const model::VarianceRequest request = test::nothing_held(n_values);
    const Model model = model::build_model(given.spec, request, callbacks);
    const Parameters start = likelihood::starting_parameters(model, request);
    const Parameters at(start.theta().array() + 0.2, 0.7);
    CHECK(check_places(model, at) == n_values);
  }
}

TEST_CASE("a value out of the range of its structure has no place") {
  MixedModel given = test::residual_models(33)[0];
  given.spec.residual[0].structure.name = "ar1";
  Callbacks callbacks;
  const model::VarianceRequest request = test::nothing_held(2);
  const Model model = model::build_model(given.spec, request, callbacks);
  const Parameters at = likelihood::starting_parameters(model, request);
  const std::optional<ValuePlace> variance = place_of(model, 0), correlation = place_of(model, 1);
  REQUIRE(variance);
  REQUIRE(correlation);
  CHECK(variance->has_unit);
  CHECK_FALSE(correlation->has_unit);
  CHECK_FALSE(inverse_at(*variance, -1.0, at));
  CHECK_FALSE(inverse_at(*correlation, 1.5, at));
  CHECK(inverse_at(*correlation, 0.5, at));
}

}  // namespace
}  // namespace henderson::coordinates
