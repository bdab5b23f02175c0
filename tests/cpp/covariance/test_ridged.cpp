// SPDX-License-Identifier: GPL-3.0-or-later
// A ridge on some positions: Sigma and T of it, also where the structure itself is singular.
#include <catch.h>

#include <Eigen/Dense>

#include "core/covariance/lower.h"
#include "core/covariance/ridged.h"
#include "core/covariance/unstructured.h"
#include "support/mixed_models.h"

namespace henderson::covariance {
namespace {

using test::difference;

const Positions kAll = {0, 1, 2};
const Vector kRidge = Eigen::Vector3d(1e-3, 0.0, 2e-3);

Ridged ridged_us() { return {std::make_unique<Unstructured>(3), kRidge}; }

// Correlation 1 of the first two; the third has its own variance, or none.
Vector theta_of(double last) { return (Vector(6) << 1.0, 2.0, 0.0, 0.5, 0.0, last).finished(); }

}  // namespace

TEST_CASE("a ridge is added to the variances and is no part of the values") {
  const Ridged us = ridged_us();
  const Vector theta = theta_of(0.7);
  const Matrix own = Unstructured(3).covariance(theta, kAll);
  CHECK(difference(us.covariance(theta, kAll), own + Matrix(kRidge.asDiagonal())) < 1e-15);
  CHECK(us.covariance(theta, {2})(0, 0) == own(2, 2) + kRidge[2]);
  CHECK(us.values(theta) == Unstructured(3).values(theta));
  CHECK_FALSE(us.can_be_rescaled());
}

TEST_CASE("a singular Sigma has a T where its null space has a ridge") {
  for (const double last : {0.7, 0.0}) {
    const Ridged us = ridged_us();
    const Vector theta = theta_of(last);
    const Whitening t = us.whitening(theta, kAll, true);
    REQUIRE(t.size() == 3);
    const Matrix whole = t.matrix();
    const Matrix one = whole * us.covariance(theta, kAll) * whole.transpose();
    CHECK(difference(one, Matrix::Identity(3, 3)) < 1e-10);
    // Theta with a derivative of T: that of its differences.
    const double h = 1e-6;
    for (Index i = 0; i < us.n_theta(); ++i) {
      const Vector step = h * Vector::Unit(us.n_theta(), i);
      const Vector slope = (us.whitening(theta + step, kAll, false).value -
                            us.whitening(theta - step, kAll, false).value) /
                           (2.0 * h);
      CHECK(difference(t.derivative.col(i), slope) < 1e-4 * (1.0 + slope.norm()));
    }
  }
  CHECK(Ridged(std::make_unique<Unstructured>(3), Vector::Zero(3))
            .whitening(theta_of(0.7), kAll, false)
            .size() == 0);
}

TEST_CASE("the boundaries of a ridged structure are those of its own Sigma") {
  const Ridged us = ridged_us();
  const std::vector<bool> stopped = us.value_at_boundary(theta_of(0.7), Matrix::Identity(3, 3));
  CHECK((stopped == std::vector<bool>{false, true, false, false, false, false}));
}

}  // namespace henderson::covariance
