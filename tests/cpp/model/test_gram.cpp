// SPDX-License-Identifier: GPL-3.0-or-later
// X'X ready for a factor, and least squares: against the dense product and a dense QR
// decomposition.
#include <catch.h>

#include <Eigen/Dense>

#include "core/base/error.h"
#include "core/linalg/symbolic.h"
#include "core/model/gram.h"
#include "support/mixed_models.h"

namespace henderson::model {
namespace {

using test::beside;
using test::difference;
using test::indicators;
using test::normal;
using test::random_levels;
using test::sparse_rows;

}  // namespace

TEST_CASE("gram: the factor that its panels make is that of X'RX") {
  std::mt19937 engine(7);
  const Index n = 30;
  const Matrix x = beside(indicators(random_levels(n, 5, engine), 5), normal(n, engine));
  const Vector weights = normal(n, engine).cwiseAbs().array() + 0.1;
  for (const bool weighted : {false, true}) {
    const Vector w = weighted ? weights : Vector(Vector::Ones(n));
    const Matrix dense = x.transpose() * w.asDiagonal() * x;
    Callbacks callbacks;
    auto factored =
        linalg::factorize(gram(sparse_rows(x), weighted ? weights : Vector()), {}, callbacks);
    REQUIRE(std::holds_alternative<linalg::CholeskyFactor>(factored));
    const linalg::CholeskyFactor& factor = std::get<linalg::CholeskyFactor>(factored);
    Matrix inverse = Matrix::Identity(x.cols(), x.cols());
    factor.solve(inverse);
    CHECK(difference(inverse, dense.inverse()) < 1e-12);
    CHECK(factor.log_determinant() == Approx(std::log(dense.determinant())));
  }
}

TEST_CASE("least squares") {
  std::mt19937 engine(8);
  const Index n = 30;
  const Matrix x = beside(indicators(random_levels(n, 5, engine), 5), normal(n, engine));
  const Vector y = normal(n, engine), weights = normal(n, engine).cwiseAbs();
  Callbacks callbacks;
  const Vector expected = x.colPivHouseholderQr().solve(y);
  CHECK(difference(least_squares(sparse_rows(x), Vector(), y, false, callbacks), expected) < 1e-12);
  const Matrix xw = weights.cwiseSqrt().asDiagonal() * x;
  const Vector weighted = xw.colPivHouseholderQr().solve(weights.cwiseSqrt().cwiseProduct(y));
  CHECK(difference(least_squares(sparse_rows(x), weights, y, false, callbacks), weighted) < 1e-12);
  const Matrix q = Matrix(x.householderQr().householderQ()).leftCols(6);
  CHECK(difference(least_squares(sparse_rows(q), Vector(), y, true, callbacks), q.transpose() * y) <
        1e-14);
  CHECK_THROWS_AS(least_squares(sparse_rows(beside(x, x)), Vector(), y, false, callbacks),
                  InvalidSpec);
}

}  // namespace henderson::model
