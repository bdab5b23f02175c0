// SPDX-License-Identifier: GPL-3.0-or-later
// Solutions by the factor and by conjugate gradients, against each other and the product.
#include <catch.h>

#include <Eigen/Dense>
#include <random>

#include "core/linalg/definite_solver.h"
#include "core/linalg/side_by_side.h"

namespace henderson::linalg {

TEST_CASE("a definite matrix is solved alike with a factor and without") {
  constexpr SmallIndex n = 60;
  std::mt19937 random(2);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  LowerPattern pattern;
  pattern.n = n;
  pattern.start.push_back(0);
  std::vector<double> value;
  Matrix dense = Matrix::Zero(n, n);
  for (SmallIndex j = 0; j < n; ++j) {
    for (SmallIndex i = j; i < n; ++i) {
      if (i != j && random() % 8 != 0) continue;
      value.push_back(i == j ? 8.0 : uniform(random));
      pattern.row.push_back(i);
      dense(i, j) = dense(j, i) = value.back();
    }
    pattern.start.push_back(static_cast<Index>(value.size()));
  }
  Callbacks callbacks;
  const DefiniteSolver factor(pattern, value, DefiniteLimits{}, callbacks);
  DefiniteLimits none;
  none.entries = 0;
  const DefiniteSolver iterated(pattern, value, none, callbacks);
  REQUIRE(factor.has_factor());
  REQUIRE_FALSE(iterated.has_factor());
  CHECK(factor.bytes() > iterated.bytes());
  for (const Index width : {1, 2, 5}) {
    SideBySide x(n, width);
    for (Index k = 0; k < x.size(); ++k) x.data()[k] = uniform(random);
    if (width == 5) x.col(3).setZero();
    SideBySide a = x, b = x;
    factor.solve(width, a.data());
    iterated.solve(width, b.data());
    CHECK((dense * a - x).cwiseAbs().maxCoeff() < 1e-12);
    CHECK((a - b).cwiseAbs().maxCoeff() < 1e-12);
  }
  value[0] = -1.0;
  CHECK_THROWS_AS(DefiniteSolver(pattern, value, DefiniteLimits{}, callbacks), Error);
}

}  // namespace henderson::linalg
