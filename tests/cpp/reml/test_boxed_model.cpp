// SPDX-License-Identifier: GPL-3.0-or-later
// The minimum of a quadratic in a box, against all its faces.
#include <catch.h>

#include <Eigen/Dense>
#include <algorithm>
#include <limits>

#include "core/reml/boxed_model.h"
#include "support/mixed_models.h"

namespace henderson::reml {
namespace {

using test::difference;
using test::normal;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

Matrix random_hessian(Index n, bool definite, std::mt19937& engine) {
  Matrix half(n, n);
  for (Index c = 0; c < n; ++c) half.col(c) = normal(n, engine);
  if (!definite) return half + half.transpose();
  return half * half.transpose() + 0.5 * Matrix::Identity(n, n);
}

// The face whose number in base 3 says where each coordinate is: free, below or above.
std::vector<int> face(Index number, Index n) {
  std::vector<int> where;
  for (Index i = 0; i < n; ++i, number /= 3) where.push_back(static_cast<int>(number % 3));
  return where;
}

// The least value in the box of a positive definite quadratic: of all faces, whose own minimum is
// in the box.
double least_in_box(const Vector& g, const Matrix& h, const Vector& lower, const Vector& upper) {
  const Index n = g.size();
  double least = 0.0;
  for (Index k = 0; k < std::lround(std::pow(3.0, n)); ++k) {
    const std::vector<int> where = face(k, n);
    Matrix system = h;
    Vector right = -g;
    for (Index i = 0; i < n; ++i) {
      if (where[i] == 0) continue;
      system.row(i) = Vector::Unit(n, i).transpose();
      right[i] = where[i] == 1 ? lower[i] : upper[i];
    }
    const Vector d = system.partialPivLu().solve(right);
    if ((d - lower).minCoeff() < -1e-12 || (upper - d).minCoeff() < -1e-12) continue;
    least = std::min(least, g.dot(d) + 0.5 * d.dot(h * d));
  }
  return least;
}

}  // namespace

TEST_CASE("boxed model: without finite limits it is the quadratic model") {
  std::mt19937 engine(11);
  for (const bool definite : {true, false}) {
    const Vector g = normal(4, engine), infinite = Vector::Constant(4, kInfinite);
    const Matrix h = random_hessian(4, definite, engine);
    const BoxedModel boxed(g, h, -infinite, infinite);
    const QuadraticModel plain(g, h);
    for (const double radius : {0.1, 2.0, 100.0})
      CHECK(boxed.minimum(radius) == plain.minimum(radius));
    CHECK(boxed.potential() == plain.potential());
  }
}

TEST_CASE("boxed model: walls that are not met change nothing") {
  std::mt19937 engine(12);
  for (int repeat = 0; repeat < 20; ++repeat) {
    const Vector g = normal(4, engine), far = Vector::Constant(4, 3.0);
    const Matrix h = random_hessian(4, repeat % 2 == 0, engine);
    const BoxedModel boxed(g, h, -far, far);
    CHECK(difference(boxed.minimum(2.9), QuadraticModel(g, h).minimum(2.9)) < 1e-12);
  }
}

TEST_CASE("boxed model: a step is in the box and the ball, and gains what they allow at most") {
  std::mt19937 engine(13);
  for (int repeat = 0; repeat < 200; ++repeat) {
    const Index n = 2 + repeat % 3;
    const Vector g = normal(n, engine);
    const Matrix h = random_hessian(n, true, engine);
    const Vector lower = -0.4 * normal(n, engine).cwiseAbs(),
                 upper = 0.4 * normal(n, engine).cwiseAbs();
    const BoxedModel boxed(g, h, lower, upper);
    for (const double radius : {0.05, 0.3, 10.0}) {
      const Vector step = boxed.minimum(radius);
      CHECK((step - lower).minCoeff() >= 0.0);
      CHECK((upper - step).minCoeff() >= 0.0);
      CHECK(step.norm() <= radius * (1.0 + 1e-9));
      CHECK(boxed.decrease(step) > 0.0);
      CHECK(boxed.decrease(step) <= -least_in_box(g, h, lower, upper) * (1.0 + 1e-12));
    }
  }
}

// Where the minimum of the quadratic is beyond one wall alone, that on the wall is the minimum.
TEST_CASE("boxed model: beyond one wall it finds the minimum of the box") {
  std::mt19937 engine(15);
  int tried = 0;
  for (int repeat = 0; repeat < 300; ++repeat) {
    const Index n = 2 + repeat % 3;
    const Vector g = normal(n, engine);
    const Matrix h = random_hessian(n, true, engine);
    const Vector lower = -2.0 * normal(n, engine).cwiseAbs(),
                 upper = 2.0 * normal(n, engine).cwiseAbs();
    const Vector outside = h.llt().solve(-g);
    if ((outside.array() < lower.array() || outside.array() > upper.array()).count() != 1) continue;
    const BoxedModel boxed(g, h, lower, upper);
    const Vector step = boxed.minimum(1e3);
    if ((step.array() == lower.array() || step.array() == upper.array()).count() != 1) continue;
    ++tried;
    CHECK(boxed.decrease(step) == Approx(-least_in_box(g, h, lower, upper)).epsilon(1e-9));
  }
  CHECK(tried > 50);
}

TEST_CASE("boxed model: without correlations each coordinate stops at its own wall") {
  std::mt19937 engine(14);
  for (int repeat = 0; repeat < 20; ++repeat) {
    const Vector g = normal(5, engine), curvature = normal(5, engine).cwiseAbs().array() + 0.1;
    const Vector lower = -normal(5, engine).cwiseAbs(), upper = normal(5, engine).cwiseAbs();
    const BoxedModel boxed(g, curvature.asDiagonal(), lower, upper);
    const Vector own = (-g).cwiseQuotient(curvature).cwiseMax(lower).cwiseMin(upper);
    CHECK(difference(boxed.minimum(1e3), own) < 1e-12);
  }
}

TEST_CASE("boxed model: a coordinate that pushes against a wall is not free") {
  const Vector g = (Vector(2) << 1.0, -2.0).finished(), upper = Vector::Ones(2);
  const Vector lower = (Vector(2) << 0.0, -1.0).finished();
  const BoxedModel model(g, Matrix::Identity(2, 2), lower, upper);
  CHECK(model.potential() == Approx(2.0));  // of the second alone: 2^2 / 2
  const Vector step = model.minimum(10.0);
  CHECK(step[0] == 0.0);
  CHECK(step[1] == 1.0);
}

}  // namespace henderson::reml
