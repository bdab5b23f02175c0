// SPDX-License-Identifier: GPL-3.0-or-later
// When a residual variance that goes to zero is stopped.
#include <catch.h>

#include <cmath>
#include <limits>

#include "core/coordinates/boundary.h"
#include "core/likelihood/start.h"
#include "core/reml/residual_wall.h"
#include "support/mixed_models.h"

namespace henderson::reml {
namespace {

using coordinates::Box;
using coordinates::FreeSpace;
using likelihood::Parameters;
using likelihood::starting_parameters;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("wall: a residual variance that falls meets it, one that rises does not", "[search]") {
  const test::MixedModel given = test::mixed_models(1)[0];
  Callbacks callbacks;
  const Index n = given.n_values();
  const model::VarianceRequest nothing{std::vector<bool>(n, false), Vector::Constant(n, NAN)};
  const model::Model model = model::build_model(given.spec, nothing, callbacks);
  const FreeSpace space(model);
  ResidualWall wall(model, space);
  const auto at = [&](double residual) {
    return Parameters(starting_parameters(model, nothing).theta(), std::log(residual));
  };
  const double least = coordinates::least_residual(model);
  const Vector falls = Vector::Ones(space.size());
  CHECK_FALSE(wall.is_worth_a_look(at(0.5), falls, 0.1));    // not small
  CHECK_FALSE(wall.is_worth_a_look(at(0.01), falls, 10.0));  // far from the optimum
  CHECK_FALSE(wall.is_worth_a_look(at(0.01), -falls, 0.1));  // on its way up
  CHECK(wall.is_worth_a_look(at(0.01), falls, 0.1));
  CHECK_FALSE(wall.is_worth_a_look(at(0.009), falls, 0.1));  // it has just been looked at
  CHECK(wall.is_worth_a_look(at(0.001), falls, 0.1));
  CHECK_FALSE(wall.hides_descent(at(least), falls));
  CHECK(wall.was_passed(at(1e-7)));
  CHECK_FALSE(wall.was_passed(at(1e-4)));
  CHECK(wall.is_near(at(1e-7)));
  CHECK_FALSE(wall.is_near(at(1e-5)));
  wall.build();
  CHECK_FALSE(wall.was_passed(at(1e-6)));
  Box box{Vector::Constant(space.size(), -kInfinite), Vector::Constant(space.size(), kInfinite)};
  wall.limit(at(1e-3), box);
  CHECK(box.lower.maxCoeff() == Approx(std::log(least / 1e-3)));
  CHECK(wall.hides_descent(at(least), falls));
  CHECK_FALSE(wall.hides_descent(at(least), 1e-6 * falls));
  CHECK_FALSE(wall.hides_descent(at(1e-3), falls));
  wall.remove();
  CHECK_FALSE(wall.stands());
  CHECK_FALSE(wall.is_worth_a_look(at(1e-4), falls, 0.1));
}

}  // namespace henderson::reml
