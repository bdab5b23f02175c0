// SPDX-License-Identifier: GPL-3.0-or-later
// The information of log sigma^2 from that of the random terms, against tr(P V_i P V_j) / 2.
#include <catch.h>

#include <Eigen/Dense>

#include "core/information/residual_information.h"
#include "support/mixed_models.h"

namespace henderson::information {

TEST_CASE("the information of log sigma^2 follows from V = sigma^2 I + the sum of all terms") {
  std::mt19937 engine(101);
  const Index n = 14;
  Matrix x(n, 2), half(n, 4), other(n, 5);
  x << Vector::Ones(n), test::normal(n, engine);
  for (Index c = 0; c < 4; ++c) half.col(c) = test::normal(n, engine);
  for (Index c = 0; c < 5; ++c) other.col(c) = test::normal(n, engine);
  // Two blocks, theta their standard deviations: V_b = theta_b^2 Z_b Z_b'.
  const Vector theta = (Vector(2) << 0.7, 1.3).finished();
  const double residual = 0.6;
  const std::vector<Matrix> blocks{theta[0] * theta[0] * half * half.transpose(),
                                   theta[1] * theta[1] * other * other.transpose()};
  const Matrix v = residual * Matrix::Identity(n, n) + blocks[0] + blocks[1];
  const Matrix vi = v.inverse();
  const Matrix p = vi - vi * x * (x.transpose() * vi * x).inverse() * x.transpose() * vi;
  const std::vector<Matrix> dv{2.0 / theta[0] * blocks[0], 2.0 / theta[1] * blocks[1], blocks[0],
                               blocks[1]};
  Matrix information(4, 4);
  Vector traces(4);
  for (Index i = 0; i < 4; ++i) {
    traces[i] = (p * dv[i]).trace();
    for (Index j = 0; j < 4; ++j) information(i, j) = 0.5 * (p * dv[i] * p * dv[j]).trace();
  }
  const Matrix found = with_residual_information(information, traces, 2, double(n - 2));
  const std::vector<Matrix> by_parameter{dv[0], dv[1], residual * Matrix::Identity(n, n)};
  REQUIRE(found.rows() == 3);
  for (Index i = 0; i < 3; ++i) {
    for (Index j = 0; j < 3; ++j)
      CHECK(found(i, j) == Approx(0.5 * (p * by_parameter[i] * p * by_parameter[j]).trace()));
  }
}

}  // namespace henderson::information
