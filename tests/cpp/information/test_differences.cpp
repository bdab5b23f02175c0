// SPDX-License-Identifier: GPL-3.0-or-later
// Points for central differences: what moves, and by how much.
#include <catch.h>

#include <cmath>

#include "core/information/differences.h"
#include "support/mixed_models.h"

namespace henderson::information {

using likelihood::Parameters;

TEST_CASE("differences: one parameter moves") {
  const test::MixedModel given = test::mixed_models(111)[2];  // us(2)
  Callbacks callbacks;
  const model::Model model =
      model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
  const Parameters at(Vector::Constant(3, 0.5), -0.2);
  for (Index i = 0; i < 4; ++i) {
    const Parameters moved = shifted(model, at, i, 0.01);
    for (Index k = 0; k < 3; ++k) CHECK(moved.theta()[k] == (k == i ? 0.51 : 0.5));
    CHECK(moved.log_residual() == (i == 3 ? Approx(-0.19) : Approx(-0.2)));
  }
}

// A share of the standard error, but less than the smallest standard deviation along a direction
// of the block.
TEST_CASE("differences: steps shrink with the information and near the boundary") {
  const test::MixedModel given = test::mixed_models(112)[2];
  Callbacks callbacks;
  const model::Model model =
      model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
  // Lambda = [1, 0; c, l], in units of the model.
  const auto step = [&](double c, double l, double average) {
    Vector theta = Vector::Ones(3);
    theta[1] = c;
    theta[2] = l;
    return step_for(model, Parameters(theta, 0.0), 0, average);
  };
  CHECK(step(0.0, 1.0, 1e4) / 5e-6 == Approx(1.0));
  CHECK(step(0.0, 1.0, 1e6) / 5e-7 == Approx(1.0));
  CHECK(step(0.0, 1.0, 1e30) == 1e-8);
  CHECK(step(0.0, 1.0, 0.0) / 1e-3 == Approx(1.0));
  // The singular values of [1, 0; 1, 0.01] are near sqrt(2) and 0.01 / sqrt(2).
  CHECK(step(1.0, 0.01, 0.0) / (1e-5 / std::sqrt(2.0)) == Approx(1.0).epsilon(1e-3));
  CHECK(step(1.0, 0.0, 0.0) / (1e-3 * std::sqrt(2.0)) == Approx(1.0));  // of what is not zero
  const Parameters inside(Vector::Ones(3), 0.0);
  CHECK(step_for(model, inside, model.n_theta, 0.0) / 1e-3 == Approx(1.0));  // of log sigma^2
}

}  // namespace henderson::information
