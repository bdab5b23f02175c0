// SPDX-License-Identifier: GPL-3.0-or-later
// K of the levels of a term, against its dense inverse.
#include <catch.h>

#include <Eigen/Dense>

#include "core/base/error.h"
#include "core/model/relationship.h"
#include "support/mixed_models.h"

namespace henderson::model {
namespace {

using test::difference;
using test::normal;

}  // namespace

TEST_CASE("precision of levels: K x and log|K|") {
  std::mt19937 engine(10);
  Matrix half(5, 8);
  for (Index c = 0; c < 8; ++c) half.col(c) = normal(5, engine);
  const Matrix inverse = half * half.transpose(), k = inverse.inverse();
  Callbacks callbacks;
  const LevelCovariance levels(test::precision(inverse), 5, "here", callbacks);
  Matrix x(5, 2);
  x << normal(5, engine), normal(5, engine);
  Matrix kx = x;
  levels.multiply(kx);
  CHECK(difference(kx, k * x) < 1e-11);
  CHECK(levels.log_determinant() == Approx(std::log(k.determinant())));
  CHECK_THROWS_AS(LevelCovariance(test::precision(inverse), 6, "here", callbacks),
                  DimensionMismatch);
  CHECK_THROWS_AS(LevelCovariance(test::precision(-inverse), 5, "here", callbacks), InvalidSpec);
  const LevelCovariance identity(Relationship{}, 5, "here", callbacks);
  identity.multiply(x);
  CHECK(identity.log_determinant() == 0.0);
}

}  // namespace henderson::model
