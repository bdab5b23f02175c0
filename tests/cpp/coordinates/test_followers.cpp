// SPDX-License-Identifier: GPL-3.0-or-later
// Tied parameters as functions of their lead: against the values that they give, and differences.
#include <catch.h>

#include <limits>

#include "core/base/error.h"
#include "core/coordinates/followers.h"
#include "core/likelihood/start.h"
#include "support/mixed_models.h"

namespace henderson::coordinates {
namespace {

using likelihood::Parameters;
using model::Model;
using model::VarianceRequest;
using test::MixedModel;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

VarianceRequest tied(Index n_values, const std::vector<Index>& lead, const std::vector<double>& r) {
  VarianceRequest request = test::nothing_held(n_values);
  request.constraints.lead = lead;
  request.constraints.ratio = Eigen::Map<const Vector>(r.data(), n_values);
  request.constraints.lower = Vector::Constant(n_values, -kInfinite);
  request.constraints.upper = Vector::Constant(n_values, kInfinite);
  return request;
}

// Two residual sections of three positions each.
MixedModel two_groups(const std::string& first, const std::string& second) {
  MixedModel given = test::residual_models(41)[1];
  given.spec.residual[0].structure.name = first;
  given.spec.residual[1].structure.name = second;
  given.spec.residual[0].structure.n_coef = 3;
  return given;
}

Parameters some_point(const Model& model, const VarianceRequest& request) {
  const Parameters start = likelihood::starting_parameters(model, request);
  return {start.theta().array() + 0.15, start.log_residual() + 0.1};
}

void check_by_value(const Model& model, const Follower& follower, const Parameters& at) {
  REQUIRE(follower.by_value);
  for (const double x : {0.2, 0.5, 0.9}) {
    const std::optional<double> y = followed(follower, x, at);
    REQUIRE(y);
    CHECK(value_at(follower.to, *y, at) ==
          Approx(follower.ratio * value_at(follower.from, x, at)).epsilon(1e-10));
    const double h = 1e-5;
    const double rise = *followed(follower, x + h, at) - *followed(follower, x - h, at);
    CHECK(slope(follower, x, at) == Approx(rise / (2.0 * h)).epsilon(1e-6));
    const double turn = slope(follower, x + h, at) - slope(follower, x - h, at);
    CHECK(bend(follower, x, at) == Approx(turn / (2.0 * h)).epsilon(1e-4).margin(1e-6));
  }
  CHECK(follower.parameter < model.n_parameters());
}

}  // namespace

TEST_CASE("no ties, no followers") {
  Callbacks callbacks;
  const MixedModel given = test::mixed_models(40)[0];
  const Model model =
      model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
  CHECK(followers_of(model).empty());
}

TEST_CASE("a variance follows a variance, of one kind or of another") {
  Callbacks callbacks;
  SECTION("the residual variance follows that of a term") {
    const MixedModel given = test::mixed_models(42)[0];
    const VarianceRequest request = tied(2, {0, 0}, {1.0, 3.0});
    const Model model = model::build_model(given.spec, request, callbacks);
    const std::vector<Follower> followers = followers_of(model);
    REQUIRE(followers.size() == 1);
    CHECK(followers[0].parameter == model.n_theta);  // log sigma^2
    CHECK(followers[0].lead == 0);
    check_by_value(model, followers[0], some_point(model, request));
  }
  SECTION("a term's follows the residual") {
    const MixedModel given = test::mixed_models(42)[0];
    const VarianceRequest request = tied(2, {1, 1}, {0.25, 1.0});
    const Model model = model::build_model(given.spec, request, callbacks);
    check_by_value(model, followers_of(model).at(0), some_point(model, request));
  }
  SECTION("between standard deviations it is linear, and keeps the sign") {
    const MixedModel given = test::mixed_models(42)[3];  // diag(3)
    const VarianceRequest request = tied(4, {0, 1, 0, 3}, {1.0, 1.0, 4.0, 1.0});
    const Model model = model::build_model(given.spec, request, callbacks);
    const Follower follower = followers_of(model).at(0);
    const Parameters at = some_point(model, request);
    check_by_value(model, follower, at);
    CHECK(*followed(follower, -0.5, at) == Approx(-*followed(follower, 0.5, at)));
    CHECK(bend(follower, 0.5, at) == Approx(0.0).margin(1e-9));
  }
}

TEST_CASE("a correlation follows a correlation of another structure") {
  Callbacks callbacks;
  const MixedModel given = two_groups("ar1", "cs");
  const VarianceRequest request = tied(4, {0, 1, 2, 1}, {1.0, 1.0, 1.0, 0.5});
  const Model model = model::build_model(given.spec, request, callbacks);
  const Follower follower = followers_of(model).at(0);
  CHECK_FALSE(follower.same_scale);
  check_by_value(model, follower, some_point(model, request));
}

TEST_CASE("equal correlations of equal structures have equal parameters") {
  Callbacks callbacks;
  const MixedModel given = two_groups("ar1", "ar1");
  const VarianceRequest request = tied(4, {0, 1, 2, 1}, {1.0, 1.0, 1.0, 1.0});
  const Model model = model::build_model(given.spec, request, callbacks);
  const Follower follower = followers_of(model).at(0);
  CHECK(follower.same_scale);
  const Parameters at = some_point(model, request);
  CHECK(*followed(follower, 0.3, at) == 0.3);
  CHECK(slope(follower, 0.3, at) == 1.0);
  CHECK(bend(follower, 0.3, at) == 0.0);
}

// Theta follows theta, by the square root of the factor of the variances.
TEST_CASE("whole structures follow theta by theta") {
  Callbacks callbacks;
  const MixedModel given = two_groups("us", "us");
  const VarianceRequest request =
      tied(12, {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5},
           {1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.25, 2.25, 2.25, 2.25, 2.25, 2.25});
  const Model model = model::build_model(given.spec, request, callbacks);
  const std::vector<Follower> followers = followers_of(model);
  REQUIRE(followers.size() == 6);
  Vector theta = some_point(model, request).theta();
  for (const Follower& follower : followers) {
    CHECK_FALSE(follower.by_value);
    CHECK(follower.parameter == follower.lead + 6);
    theta[follower.parameter] =
        *followed(follower, theta[follower.lead], some_point(model, request));
  }
  const Vector values = likelihood::user_values(model, {theta, 0.0});
  CHECK(test::difference(values.tail(6), 2.25 * values.head(6)) < 1e-12);
}

TEST_CASE("what cannot be tied by itself, or has another unit, is refused") {
  Callbacks callbacks;
  const MixedModel given = two_groups("ar1", "cs");
  const Model units =
      model::build_model(given.spec, tied(4, {0, 1, 2, 0}, {1.0, 1.0, 1.0, 1.0}), callbacks);
  CHECK_THROWS_AS(followers_of(units), InvalidSpec);
}

}  // namespace henderson::coordinates
