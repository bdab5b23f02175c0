// SPDX-License-Identifier: GPL-3.0-or-later
// Walls at zero of standard deviations that count by their absolute value: where they stand, and a
// search that ends at one, against the V form on both sides of it.
#include <catch.h>

#include <Eigen/Dense>
#include <limits>

#include "core/coordinates/boundary.h"
#include "core/covariance/lower.h"
#include "core/likelihood/start.h"
#include "core/reml/maximiser.h"
#include "support/mixed_models.h"

namespace henderson::reml {
namespace {

using coordinates::Box;
using coordinates::FreeSpace;
using coordinates::keep_sides;
using equations::FixedPlace;
using equations::MixedModelEquations;
using likelihood::Parameters;
using likelihood::starting_parameters;
using likelihood::user_values;
using model::Model;
using test::MixedModel;

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kShare = 1e-7;

// A model with a variance for each environment, with another structure of its term.
MixedModel environments(const std::string& structure) {
  for (MixedModel given : test::mixed_models(51)) {
    if (given.spec.random.size() != 1 || given.spec.random[0].structure.name != "diag") continue;
    given.spec.random[0].structure.name = structure;
    given.terms[0].diagonal = false;
    return given;
  }
  throw std::logic_error("no such model");
}

// Coefficients that go together but for the last one, which goes against them: the common
// correlation of csh is positive, and a last coefficient makes it worse.
Vector opposed_response(const MixedModel& given, std::mt19937& engine) {
  const test::DenseTerm& term = given.terms[0];
  const Index n_levels = term.z.cols() / term.n_coef;
  const Vector common = test::normal(n_levels, engine);
  Vector u(term.z.cols());
  for (Index l = 0; l < n_levels; ++l) {
    for (Index c = 0; c < term.n_coef; ++c)
      u[l * term.n_coef + c] = c + 1 < term.n_coef ? 2.0 * common[l] : -0.2 * common[l];
  }
  return term.z * u + 0.5 * test::normal(term.z.rows(), engine);
}

// -2l of csh through V, of the values of the equal us.
double dense_minus2loglik(const MixedModel& given, const Vector& sd, double rho, double residual) {
  Matrix sigma = rho * sd * sd.transpose();
  sigma.diagonal() = sd.cwiseAbs2();
  Vector values(covariance::lower_size(sd.size()) + 1);
  values << covariance::lower_of(sigma), residual;
  return test::oracle(given, values).minus2loglik;
}

}  // namespace

TEST_CASE("walls stand at zero of the standard deviations of csh, and of nothing else",
          "[boundary]") {
  Callbacks callbacks;
  const MixedModel given = environments("csh");
  const Index n = given.terms[0].n_coef, n_values = n + 2;
  const Model model = model::build_model(given.spec, test::nothing_held(n_values), callbacks);
  const covariance::Structure& csh = *model.blocks[0].structure;
  std::vector<bool> expected(static_cast<std::size_t>(n + 1), true);
  expected.back() = false;  // the correlation
  CHECK(csh.has_kink() == expected);

  const FreeSpace space(model);
  Vector theta = Vector::Constant(n + 1, 0.5);
  theta[1] = -0.4;
  theta[n - 1] = 1.5e-7;  // nearly there
  const Parameters at(theta, 0.0);
  Box box{Vector::Constant(space.size(), -kInfinite), Vector::Constant(space.size(), kInfinite)};
  box.lower[0] = -0.1;  // a bound that is nearer
  keep_sides(model, space, at, kShare, box);
  CHECK(box.lower[0] == -0.1);
  CHECK(box.upper[0] == kInfinite);
  CHECK(box.lower[1] == -kInfinite);
  CHECK(box.upper[1] == Approx(0.4 - kShare).epsilon(1e-12));
  CHECK(box.lower[n - 1] == 0.0);
  for (Index j = n; j < space.size(); ++j) {
    CHECK(box.lower[j] == -kInfinite);
    CHECK(box.upper[j] == kInfinite);
  }
}

TEST_CASE("structures without a kink have no walls", "[boundary]") {
  Callbacks callbacks;
  for (const std::string name : {"us", "cs"}) {
    INFO(name);
    MixedModel given = environments(name);
    const Index n = given.terms[0].n_coef;
    const Index n_values = (name == "us" ? covariance::lower_size(n) : 2) + 1;
    const Model model = model::build_model(given.spec, test::nothing_held(n_values), callbacks);
    const FreeSpace space(model);
    Box box{Vector::Constant(space.size(), -kInfinite), Vector::Constant(space.size(), kInfinite)};
    keep_sides(model, space, starting_parameters(model, test::nothing_held(n_values)), kShare, box);
    CHECK((box.lower.array() == -kInfinite).all());
    CHECK((box.upper.array() == kInfinite).all());
  }
}

TEST_CASE("a search ends at a wall where -2l rises with a slope", "[boundary]") {
  Callbacks callbacks;
  std::mt19937 engine(53);
  MixedModel given = environments("csh");
  const Index n = given.terms[0].n_coef;
  int at_wall = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    given.spec.response = opposed_response(given, engine);
    const model::VarianceRequest request = test::nothing_held(n + 2);
    const Model model = model::build_model(given.spec, request, callbacks);
    MixedModelEquations equations(model, FixedPlace::last, 1);
    const RemlResult found =
        maximise(equations, starting_parameters(model, request), RemlOptions{}, callbacks);
    CHECK(found.report.termination == Termination::converged);
    const Vector values = user_values(model, found.evaluation.parameters);
    const Vector sd = values.head(n).cwiseSqrt();
    const double rho = values[n], residual = values[n + 1];
    const double here = dense_minus2loglik(given, sd, rho, residual);
    CHECK(here == Approx(found.evaluation.minus2loglik).epsilon(1e-9));
    if (sd[n - 1] != 0.0) continue;
    ++at_wall;
    const auto risen = [&](double last) {
      Vector moved = sd;
      moved[n - 1] = last;
      return dense_minus2loglik(given, moved, rho, residual) - here;
    };
    CHECK(risen(1e-3) > 0.0);
    CHECK(risen(2e-3) / risen(1e-3) == Approx(2.0).epsilon(0.05));  // a slope, no curvature
    const std::vector<bool> stopped = model.blocks[0].structure->theta_at_boundary(
        found.evaluation.parameters.of(model.blocks[0]));
    CHECK(stopped[static_cast<std::size_t>(n - 1)]);
  }
  CHECK(at_wall >= 3);
}

}  // namespace henderson::reml
