// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch.h>

#include "core/base/error.h"
#include "core/covariance/registry.h"
#include "support/structures.h"

namespace henderson::covariance {

using namespace test;

TEST_CASE("toep: every positive definite Toeplitz matrix has a theta") {
  std::mt19937 engine(18);
  const auto structure = make_structure(recipe("toep", 5), {});
  for (int repeat = 0; repeat < 20; ++repeat) {
    // A mixture of cosines is a Toeplitz covariance.
    Vector values = Vector::Zero(5);
    for (int k = 0; k < 4; ++k) {
      const double weight = std::exp(normal(1, engine)[0]), angle = 3.0 * normal(1, engine)[0];
      for (Index lag = 0; lag < 5; ++lag) {
        values[lag] += weight * std::cos(angle * static_cast<double>(lag));
      }
    }
    values.tail(4) /= 1.05 * values[0];
    CHECK(difference(structure->values(structure->theta_from_values(values)), values) < 1e-9);
  }
  CHECK_THROWS_AS(structure->theta_from_values((Vector(5) << 1, 0.9, 0, 0, 0).finished()),
                  InvalidSpec);
}

}  // namespace henderson::covariance
