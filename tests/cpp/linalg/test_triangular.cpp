// SPDX-License-Identifier: GPL-3.0-or-later
// Dense triangular inverses and products, and the whitening of a large covariance made of them.
#include <catch.h>

#include <Eigen/Dense>

#include "core/covariance/whitening.h"
#include "core/linalg/triangular.h"
#include "support/mixed_models.h"

namespace henderson::linalg {
namespace {

Matrix random_matrix(Index rows, Index columns, std::mt19937& engine) {
  Matrix made(rows, columns);
  for (Index c = 0; c < columns; ++c) made.col(c) = test::normal(rows, engine);
  return made;
}

Matrix definite(Index n, std::mt19937& engine) {
  const Matrix half = random_matrix(n, n + 5, engine);
  return half * half.transpose() / static_cast<double>(n) + 0.1 * Matrix::Identity(n, n);
}

}  // namespace

TEST_CASE("triangular: T A T' = I, with zeros above the diagonal", "[triangular]") {
  std::mt19937 engine(4);
  for (const Index n : {1, 7, 48, 49, 100, 230}) {
    INFO(n);
    const Matrix a = definite(n, engine);
    const std::optional<Matrix> t = inverse_cholesky(a);
    REQUIRE(t.has_value());
    CHECK(test::difference(*t * a * t->transpose(), Matrix::Identity(n, n)) < 1e-11);
    CHECK(Matrix(t->triangularView<Eigen::StrictlyUpper>()).isZero(0.0));
  }
  Matrix indefinite = definite(60, engine);
  indefinite(59, 59) = -1.0;
  CHECK_FALSE(inverse_cholesky(indefinite).has_value());
}

TEST_CASE("triangular: products", "[triangular]") {
  std::mt19937 engine(5);
  const Index sizes[][3] = {{1, 1, 1}, {5, 3, 9}, {70, 130, 40}, {300, 2, 80}, {4, 4, 0}};
  for (const auto& size : sizes) {
    const Matrix a = random_matrix(size[0], size[2], engine);
    const Matrix b = random_matrix(size[2], size[1], engine);
    CHECK(test::difference(product(a, b), a * b) < 1e-13);
  }
}

TEST_CASE("triangular: the derivative of a large whitening is that of differences",
          "[triangular]") {
  std::mt19937 engine(6);
  constexpr Index kOrder = 60;
  const Matrix a = definite(kOrder, engine), half = random_matrix(kOrder, kOrder, engine);
  const Matrix slope = 0.1 * (half + half.transpose());
  const double h = 1e-6;
  const covariance::Whitening at = covariance::dense_whitening(a, {slope});
  const Vector above = covariance::dense_whitening(a + h * slope, {}).value;
  const Vector below = covariance::dense_whitening(a - h * slope, {}).value;
  CHECK(test::difference(at.derivative, (above - below) / (2.0 * h)) < 1e-6);
}

}  // namespace henderson::linalg
