// SPDX-License-Identifier: GPL-3.0-or-later
// What the search learns from its own course, and its exact Hessian.
#include <catch.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>

#include "core/likelihood/start.h"
#include "core/reml/course.h"
#include "core/reml/maximiser.h"
#include "core/reml/residual_wall.h"
#include "core/reml/secants.h"
#include "support/mixed_models.h"

namespace henderson::reml {
namespace {

using coordinates::Box;
using coordinates::FreeSpace;
using likelihood::Parameters;
using likelihood::starting_parameters;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

Course course_of(const std::vector<double>& gains, Index n_free = 3) {
  Course course(1e-8, n_free);
  for (const double gain : gains) course.add({100.0, gain, 1.0});
  return course;
}

Matrix definite(Index n, std::mt19937& engine) {
  Matrix half(n, n + 2);
  for (Index c = 0; c < half.cols(); ++c) half.col(c) = test::normal(n, engine);
  return half * half.transpose();
}

}  // namespace

TEST_CASE("course: what stands still below the noise rests", "[search]") {
  CHECK_FALSE(course_of({1e-9, 1e-9, 1e-9}).rests());
  CHECK(course_of({1.0, 1e-9, 1e-9, 1e-9, 1e-9}).rests());
  CHECK_FALSE(course_of({1e-3, 1e-3, 1e-3, 1e-3}).rests());
  CHECK_FALSE(course_of({8e-9, 4e-9, 2e-9, 1e-9}).rests());
  CHECK_FALSE(course_of({1e-9, 2e-9, 4e-9, 8e-9}).rests());
}

TEST_CASE("course: what falls by less than ten times creeps, with patience", "[search]") {
  CHECK_FALSE(course_of({1.0}).is_slow());
  CHECK_FALSE(course_of({1.0, 0.05}).is_slow());
  CHECK(course_of({1.0, 0.5}).is_slow());
  CHECK(course_of({1.0, kInfinite}).is_slow());
  CHECK_FALSE(course_of({1.0, 0.5, 0.4, 0.3, 0.2}).creeps());
  CHECK(course_of({1.0, 0.5, 0.4, 0.3, 0.2, 0.15}).creeps());
  CHECK_FALSE(course_of({1.0, 0.5, 0.4, 0.3, 0.2, 0.01}).creeps());
}

TEST_CASE("course: differences of many parameters must save more than they cost", "[search]") {
  const std::vector<double> quick = {1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5};
  const std::vector<double> slow = {1.0, 0.99, 0.98, 0.97, 0.96, 0.95};
  CHECK(course_of(quick, 3).is_worth_differences());
  CHECK_FALSE(course_of(quick, 40).is_worth_differences());
  CHECK(course_of(slow, 40).is_worth_differences());
}

TEST_CASE("course: a gain is foreseen only near the optimum", "[search]") {
  CHECK(course_of({1.0, 1e-3}).left_after_step() == 1e-3);
  CHECK(course_of({1e-4, 1e-7}).left_after_step() == Approx(1e-10));
  CHECK(course_of({1e-7, 9e-8}).left_after_step() == 9e-8);
  CHECK(course_of({kInfinite, 1e-9}).left_after_step() == 1e-9);
}

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
  const Vector falls = Vector::Ones(space.size());
  CHECK_FALSE(wall.is_worth_a_look(at(0.5), falls, 0.1));    // not small
  CHECK_FALSE(wall.is_worth_a_look(at(0.01), falls, 10.0));  // far from the optimum
  CHECK_FALSE(wall.is_worth_a_look(at(0.01), -falls, 0.1));  // on its way up
  CHECK(wall.is_worth_a_look(at(0.01), falls, 0.1));
  CHECK_FALSE(wall.is_worth_a_look(at(0.009), falls, 0.1));  // it has just been looked at
  CHECK(wall.is_worth_a_look(at(0.001), falls, 0.1));
  CHECK_FALSE(wall.hides_descent(at(1e-6), falls));
  wall.build();
  Box box{Vector::Constant(space.size(), -kInfinite), Vector::Constant(space.size(), kInfinite)};
  wall.limit(at(1e-3), box);
  CHECK(box.lower.maxCoeff() == Approx(std::log(1e-3)));
  CHECK(wall.hides_descent(at(1e-6), falls));
  CHECK_FALSE(wall.hides_descent(at(1e-6), 1e-6 * falls));
  CHECK_FALSE(wall.hides_descent(at(1e-3), falls));
  wall.remove();
  CHECK_FALSE(wall.stands());
  CHECK_FALSE(wall.is_worth_a_look(at(1e-4), falls, 0.1));
}

TEST_CASE("secants: the Hessian agrees with the newest step, and stays definite", "[search]") {
  std::mt19937 engine(21);
  const Matrix truth = definite(5, engine), rough = definite(5, engine);
  Secants secants;
  CHECK(secants.updated(rough) == rough);
  for (int k = 0; k < 20; ++k) {
    const Vector step = test::normal(5, engine);
    secants.add(step, truth * step);
    const Matrix found = secants.updated(rough);
    CHECK(test::difference(found * step, truth * step) < 1e-9);
    CHECK(test::difference(found, found.transpose()) < 1e-12);
    CHECK(found.llt().info() == Eigen::Success);
  }
}

// Updates along conjugate directions make up the whole matrix (Nocedal & Wright 2006, theorem 6.4).
TEST_CASE("secants: conjugate steps tell all of a quadratic", "[search]") {
  std::mt19937 engine(22);
  const Matrix truth = definite(4, engine), rough = definite(4, engine);
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(truth);
  Secants secants;
  for (Index i = 0; i < 4; ++i)
    secants.add(eigen.eigenvectors().col(i), truth * eigen.eigenvectors().col(i));
  CHECK(test::difference(secants.updated(rough), truth) < 1e-9);
}

TEST_CASE("secants: steps along which nothing curves upwards are left out", "[search]") {
  const Matrix rough = Matrix::Identity(3, 3);
  Secants secants;
  secants.add(Vector::Unit(3, 0), -Vector::Unit(3, 0));
  secants.add(Vector::Unit(3, 1), 1e-9 * Vector::Unit(3, 1));
  CHECK(secants.updated(rough) == rough);
}

// With an exact Hessian the gain that is left falls faster than by a constant factor: no more than
// twelve steps, where twice the average information alone creeps.
TEST_CASE("a factor analytic residual that does not fit takes few steps", "[search]") {
  Callbacks callbacks;
  for (test::MixedModel given : test::residual_models(23)) {
    if (!given.terms.empty() || given.spec.residual.size() != 1) continue;
    INFO(given.name);
    given.spec.residual.front().structure.name = "fa";
    given.spec.residual.front().structure.order = 1;
    const model::VarianceRequest request = test::nothing_held(6);
    const model::Model model = model::build_model(given.spec, request, callbacks);
    equations::MixedModelEquations equations(model, equations::FixedPlace::last, 1);
    const RemlResult found =
        maximise(equations, starting_parameters(model, request), RemlOptions{}, callbacks);
    CHECK(found.termination == Termination::converged);
    CHECK(found.history.size() <= 13);
  }
}

}  // namespace henderson::reml
