// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch.h>

#include <Eigen/Dense>

#include "core/base/error.h"
#include "core/covariance/registry.h"
#include "support/structures.h"

namespace henderson::covariance {

using namespace test;

TEST_CASE("corg: every correlation matrix has a theta") {
  std::mt19937 engine(20);
  const auto structure = make_structure(recipe("corg", 4), {});
  for (int repeat = 0; repeat < 20; ++repeat) {
    Matrix loading(4, 5);
    for (Index c = 0; c < 5; ++c) loading.col(c) = normal(4, engine);
    const Vector size = loading.rowwise().norm();
    const Matrix unit = size.cwiseInverse().asDiagonal() * loading;
    const Matrix r = unit * unit.transpose();
    Vector values(7);
    values << 3.0, r(1, 0), r(2, 0), r(2, 1), r(3, 0), r(3, 1), r(3, 2);
    const Vector theta = structure->theta_from_values(values);
    CHECK(difference(structure->covariance(theta, everywhere(4)), 3.0 * r) < 1e-12);
  }
}

}  // namespace henderson::covariance
