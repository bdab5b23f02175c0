// SPDX-License-Identifier: GPL-3.0-or-later
// A Hessian that agrees with the steps that were taken.
#include <catch.h>

#include <Eigen/Dense>

#include "core/reml/secants.h"
#include "support/mixed_models.h"

namespace henderson::reml {
namespace {

Matrix definite(Index n, std::mt19937& engine) {
  Matrix half(n, n + 2);
  for (Index c = 0; c < half.cols(); ++c) half.col(c) = test::normal(n, engine);
  return half * half.transpose();
}

}  // namespace

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

}  // namespace henderson::reml
