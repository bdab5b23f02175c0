// SPDX-License-Identifier: GPL-3.0-or-later
// What can move: not the coordinates at a bound, and not those that a singular matrix stops.
#include <catch.h>

#include <limits>

#include "core/coordinates/moving.h"
#include "core/likelihood/start.h"
#include "support/mixed_models.h"

namespace henderson::coordinates {
namespace {

using likelihood::from_user_values;
using likelihood::Parameters;
using model::Model;
using model::VarianceRequest;
using test::difference;
using test::MixedModel;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("inside, every coordinate moves") {
  std::mt19937 engine(51);
  for (const MixedModel& given : test::mixed_models(51)) {
    INFO(given.name);
    Callbacks callbacks;
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    const FreeSpace space(model);
    const Parameters at = from_user_values(model, test::random_values(given, engine));
    const Moving moving = moving_directions(model, space, at);
    const Index n = model.n_parameters();
    CHECK(difference(moving.directions, Matrix::Identity(n, n)) == 0.0);
    CHECK(difference(moving.jacobian, Matrix::Identity(n, n)) == 0.0);
  }
}

TEST_CASE("a variance of zero stays, and so does what a singular matrix of us stops") {
  const MixedModel given = test::mixed_models(52)[2];  // us(2)
  Callbacks callbacks;
  const Model model =
      model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
  const FreeSpace space(model);
  const auto n_moving = [&](const Vector& values) {
    return moving_directions(model, space, from_user_values(model, values)).directions.cols();
  };
  CHECK(n_moving((Vector(4) << 1.0, 0.2, 1.0, 1.0).finished()) == 4);
  CHECK(n_moving((Vector(4) << 1.0, 1.0, 1.0, 1.0).finished()) == 3);  // a correlation of 1
  CHECK(n_moving((Vector(4) << 0.0, 0.0, 0.0, 1.0).finished()) == 1);
}

TEST_CASE("a value at its bound does not move") {
  const MixedModel given = test::mixed_models(53)[3];  // diag(3)
  VarianceRequest request = test::nothing_held(4);
  request.constraints.lead = {0, 1, 2, 3};
  request.constraints.ratio = Vector::Ones(4);
  request.constraints.lower = (Vector(4) << -kInfinite, 0.5, -kInfinite, -kInfinite).finished();
  request.constraints.upper = Vector::Constant(4, kInfinite);
  Callbacks callbacks;
  const Model model = model::build_model(given.spec, request, callbacks);
  const FreeSpace space(model);
  const auto directions = [&](double second) {
    Vector values(4);
    values << 2.0, second, 2.0, 1.0;
    return moving_directions(model, space, from_user_values(model, values)).directions;
  };
  CHECK(directions(0.6).cols() == 4);
  const Matrix at_bound = directions(0.5);
  REQUIRE(at_bound.cols() == 3);
  CHECK(at_bound.row(1).isZero(0.0));
}

}  // namespace henderson::coordinates
