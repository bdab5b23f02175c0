// SPDX-License-Identifier: GPL-3.0-or-later
// The minimum of a quadratic within a distance, against random points and the conditions of More
// and Sorensen.
#include <catch.h>

#include <Eigen/Dense>

#include "core/reml/trust_region.h"
#include "support/mixed_models.h"

namespace henderson::reml {
namespace {

using test::difference;
using test::normal;

double quadratic(const Vector& g, const Matrix& h, const Vector& d) {
  return g.dot(d) + 0.5 * d.dot(h * d);
}

}  // namespace

TEST_CASE("trust region: no point within the radius is lower") {
  std::mt19937 engine(5);
  for (const Index n : {1, 2, 3, 6}) {
    for (int repeat = 0; repeat < 40; ++repeat) {
      Matrix h(n, n);
      for (Index c = 0; c < n; ++c) h.col(c) = normal(n, engine);
      h = repeat % 2 == 0 ? Matrix(h * h.transpose()) : Matrix(h + h.transpose());
      Vector g = normal(n, engine) * std::pow(10.0, repeat % 5 - 2);
      const QuadraticModel quadratic_model(g, h);
      const double lowest = Eigen::SelfAdjointEigenSolver<Matrix>(h).eigenvalues()[0];
      for (const double radius : {1e-3, 0.5, 20.0}) {
        const Vector d = quadratic_model.minimum(radius);
        CHECK(d.norm() <= radius * (1.0 + 1e-8));
        CHECK(quadratic_model.decrease(d) == Approx(-quadratic(g, h, d)));
        for (int k = 0; k < 100; ++k) {
          Vector other = normal(n, engine);
          other *= radius * (k % 2 == 0 ? 1.0 : 0.7) / other.norm();
          CHECK(quadratic(g, h, other) >= quadratic(g, h, d) - 1e-8 * std::abs(quadratic(g, h, d)));
        }
        // More & Sorensen: (H + shift I) d = -g with H + shift I semidefinite, and shift = 0
        // inside.
        const double shift = -d.dot(g + h * d) / d.squaredNorm();
        CHECK(shift > std::max(0.0, -lowest) - 1e-6 * h.norm());
        CHECK((h * d + shift * d + g).norm() < 1e-6 * (g.norm() + h.norm() * radius));
        if (d.norm() < 0.99 * radius) CHECK(std::abs(shift) < 1e-6 * h.norm());
      }
    }
  }
}

TEST_CASE("trust region: hard cases") {
  const Matrix saddle = Eigen::Vector2d(-1, 2).asDiagonal();
  SECTION("no gradient along the direction of negative curvature") {
    const Vector g = (Vector(2) << 0, 1).finished();
    const Vector d = QuadraticModel(g, saddle).minimum(2.0);
    CHECK(d.norm() == Approx(2.0));
    CHECK(d[1] == Approx(-1.0 / 3.0));
    CHECK(std::isinf(QuadraticModel(g, saddle).potential()));
  }
  SECTION("no gradient at all") {
    const Vector d = QuadraticModel(Vector::Zero(2), saddle).minimum(3.0);
    CHECK(std::abs(d[0]) == Approx(3.0));
    CHECK(d[1] == Approx(0.0).margin(1e-12));
  }
  SECTION("a large gradient along weakly negative curvature") {
    const Matrix h = Eigen::Vector2d(-1e-3, 1).asDiagonal();
    const Vector g = (Vector(2) << 10, 1).finished();
    const Vector d = QuadraticModel(g, h).minimum(1.0);
    CHECK(d.norm() == Approx(1.0));
    CHECK(d[0] < -0.99);
  }
  SECTION("nothing to move") {
    const QuadraticModel empty(Vector(0), Matrix(0, 0));
    CHECK(empty.minimum(1.0).size() == 0);
    CHECK(empty.potential() == 0.0);
    CHECK(empty.decrease(Vector(0)) == 0.0);
  }
  SECTION("flat directions are left alone") {
    const Matrix flat = Eigen::Vector2d(0, 2).asDiagonal();
    const Vector g = (Vector(2) << 0, 4).finished();
    const QuadraticModel model(g, flat);
    CHECK(difference(model.minimum(10.0), (Vector(2) << 0, -2).finished()) < 1e-12);
    CHECK(model.potential() == Approx(4.0));
    CHECK(model.minimum(0.5).norm() == Approx(0.5));
    CHECK(QuadraticModel(Vector::Zero(2), Matrix::Zero(2, 2)).minimum(1.0).isZero(0.0));
  }
  SECTION("a slope without curvature is gone down, by one step of 1") {
    const Matrix flat = Eigen::Vector2d(0, 2).asDiagonal();
    const QuadraticModel model((Vector(2) << 3, 4).finished(), flat);
    CHECK(difference(model.minimum(10.0), (Vector(2) << -1, -2).finished()) < 1e-12);
    CHECK(model.potential() == Approx(1.5 + 4.0));
    const QuadraticModel rounding((Vector(2) << 1e-5, 4).finished(), flat);
    CHECK(difference(rounding.minimum(10.0), (Vector(2) << 0, -2).finished()) < 1e-12);
  }
}

}  // namespace henderson::reml
