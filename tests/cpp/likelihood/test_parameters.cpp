// SPDX-License-Identifier: GPL-3.0-or-later
// From parameters to the values of the user and back.
#include <catch.h>

#include "core/base/error.h"
#include "support/evaluations.h"

namespace henderson::likelihood {
namespace {

using equations::FixedPlace;
using equations::MixedModelEquations;
using model::Model;
using test::all_models;
using test::difference;
using test::MixedModel;
using test::shifted;

}  // namespace

TEST_CASE("user_jacobian is the derivative of user_values") {
  std::mt19937 engine(2);
  for (const MixedModel& given : all_models(22)) {
    INFO(given.name);
    Callbacks callbacks;
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    const Parameters at = from_user_values(model, test::random_values(given, engine));
    const Matrix jacobian = user_jacobian(model, at);
    for (Index i = 0; i < model.n_parameters(); ++i) {
      const Vector up = user_values(model, shifted(at, i, 1e-5)),
                   down = user_values(model, shifted(at, i, -1e-5));
      CHECK(difference(jacobian.col(i), (up - down) / 2e-5) < 1e-7);
    }
    const Parameters larger = rescaled(model, at, 3.0);
    CHECK(difference(user_values(model, larger), 3.0 * user_values(model, at)) < 1e-12);
    CHECK_THROWS_AS(from_user_values(model, Vector::Ones(model.n_values + 1)), DimensionMismatch);
    const Vector nothing = Vector::Zero(model.n_values);
    if (given.residual.empty()) {
      CHECK_THROWS_AS(from_user_values(model, nothing), InvalidSpec);
    } else {
      MixedModelEquations equations(model, FixedPlace::last, 1);
      CHECK(!evaluate(equations, from_user_values(model, nothing), false, callbacks));
    }
  }
}

}  // namespace henderson::likelihood
