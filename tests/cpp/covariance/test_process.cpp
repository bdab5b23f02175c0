// SPDX-License-Identifier: GPL-3.0-or-later
// Autoregressions and moving averages of an order.
#include <catch.h>

#include <cmath>

#include "core/base/error.h"
#include "core/covariance/registry.h"
#include "support/structures.h"

namespace henderson::covariance {

using namespace test;

TEST_CASE("processes: correlations are those of their definitions") {
  // Yule-Walker by hand: rho_1 = phi_1 / (1 - phi_2), then the recursion.
  const auto ar2 = make_structure(recipe("ar2", 4), {});
  const Vector theta = ar2->theta_from_values(Eigen::Vector3d(2.0, 1.2, -0.5));
  const double one = 1.2 / 1.5, two = 1.2 * one - 0.5, three = 1.2 * two - 0.5 * one;
  const Matrix sigma = ar2->covariance(theta, everywhere(4));
  CHECK(difference(sigma.col(0), 2.0 * Eigen::Vector4d(1.0, one, two, three)) < 1e-14);
  // A process of a higher order contains those of lower ones.
  const auto ar3 = make_structure(recipe("ar3", 4), {});
  const Vector same = ar3->theta_from_values(Eigen::Vector4d(2.0, 1.2, -0.5, 0.0));
  CHECK(difference(ar3->covariance(same, everywhere(4)), sigma) < 1e-13);
  const auto ma2 = make_structure(recipe("ma2", 4), {});
  const Vector moving = ma2->theta_from_values(Eigen::Vector3d(1.0, 0.6, 0.3));
  CHECK(difference(ma2->covariance(moving, everywhere(4)).col(0),
                   Eigen::Vector4d(1.0, 0.78 / 1.45, 0.3 / 1.45, 0.0)) < 1e-14);
  const auto sar = make_structure(recipe("sar", 4), {});
  const auto twice = ar2->theta_from_values(Eigen::Vector3d(1.0, 0.8, -0.16));
  CHECK(
      difference(sar->covariance(sar->theta_from_values(Eigen::Vector2d(1.0, 0.8)), everywhere(4)),
                 ar2->covariance(twice, everywhere(4))) < 1e-13);
  const auto sar2 = make_structure(recipe("sar2", 4), {});
  const auto thrice = ar3->theta_from_values(Eigen::Vector4d(1.0, 0.2, 0.32, -0.096));
  CHECK(difference(sar2->covariance(sar2->theta_from_values(Eigen::Vector3d(1.0, -0.6, 0.4)),
                                    everywhere(4)),
                   ar3->covariance(thrice, everywhere(4))) < 1e-13);
}

TEST_CASE("processes: what is not stationary, or not invertible, is no process") {
  const auto ar2 = make_structure(recipe("ar2", 4), {});
  CHECK_THROWS_AS(ar2->theta_from_values(Eigen::Vector3d(1.0, 0.6, 0.5)), InvalidSpec);
  CHECK_THROWS_AS(ar2->theta_from_values(Eigen::Vector3d(1.0, 0.1, -1.01)), InvalidSpec);
  const auto ma1 = make_structure(recipe("ma1", 4), {});
  CHECK_THROWS_AS(ma1->theta_from_values(Eigen::Vector2d(1.0, 1.2)), InvalidSpec);
  const auto corg = make_structure(recipe("corg", 3), {});
  CHECK_THROWS_AS(corg->theta_from_values(Eigen::Vector4d(1.0, 0.9, 0.9, -0.9)), InvalidSpec);
  // With a value held the others stop where it has no process.
  for (const std::string name : {"ar2", "ma2"}) {
    const Held held{{false, true, false}, Eigen::Vector3d(1.0, 0.9, 0.0)};
    const auto part = make_structure(recipe(name, 4), held);
    CHECK(part->factor(part->theta_from_values(Eigen::Vector3d(1.0, 0.9, 0.05))).has_value());
    CHECK_FALSE(part->factor(Eigen::Vector2d(1.0, name == "ar2" ? 0.15 : -1.2)).has_value());
  }
}

TEST_CASE("processes: a start is found beside held numbers that go with none of the usual ones") {
  const Matrix unknown = Matrix::Identity(4, 4);
  const Held ar2{{false, true, false}, Eigen::Vector3d(1.0, 1.5, 0.0)};
  const Held toep{{false, true, false, true}, Eigen::Vector4d(1.0, 0.9, 0.0, 0.6)};
  for (const auto& part :
       {make_structure(recipe("ar2", 4), ar2), make_structure(recipe("toep", 4), toep)}) {
    const Vector theta = part->theta_from_covariance(unknown);
    CHECK(part->factor(theta).has_value());
    CHECK(std::abs(part->values(theta)[2]) > 0.5);
  }
  const Held none{{false, true, false}, Eigen::Vector3d(1.0, 2.5, 0.0)};
  CHECK_THROWS_AS(make_structure(recipe("ar2", 4), none)->theta_from_covariance(unknown),
                  InvalidSpec);
}

}  // namespace henderson::covariance
