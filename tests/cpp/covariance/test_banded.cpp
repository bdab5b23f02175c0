// SPDX-License-Identifier: GPL-3.0-or-later
// chol(k): covariances up to k apart, and no others.
#include <catch.h>

#include <Eigen/Dense>

#include "core/base/error.h"
#include "core/covariance/lower.h"
#include "core/covariance/registry.h"
#include "support/structures.h"

namespace henderson::covariance {

using namespace test;

TEST_CASE("chol: Sigma and Lambda are zero beyond its order, and us at the highest") {
  std::mt19937 engine(41);
  const auto structure = make_structure(recipe("chol", 5, 2), {});
  const Vector theta = normal(structure->n_theta(), engine);
  const Matrix sigma = structure->covariance(theta, everywhere(5));
  const Matrix lambda = *structure->factor(theta);
  for (Index j = 0; j < 5; ++j) {
    for (Index i = j + 3; i < 5; ++i) {
      CHECK(sigma(i, j) == 0.0);
      CHECK(lambda(i, j) == 0.0);
      CHECK(structure->factor_pattern()(i, j) == 0.0);
    }
  }
  const auto whole = make_structure(recipe("chol", 4, 3), {});
  const auto us = make_structure(recipe("us", 4), {});
  const Vector any = normal(us->n_theta(), engine);
  CHECK(difference(whole->covariance(any, everywhere(4)), us->covariance(any, everywhere(4))) ==
        0.0);
  CHECK(difference(whole->values(any), us->values(any)) == 0.0);
}

TEST_CASE("chol: every definite banded matrix has a theta, and singular ones") {
  std::mt19937 engine(42);
  const auto structure = make_structure(recipe("chol", 5, 1), {});
  const Vector theta = normal(structure->n_theta(), engine);
  const Vector values = structure->values(theta);
  CHECK(difference(structure->values(structure->theta_from_values(values)), values) < 1e-12);
  // Tridiagonal with correlations above 1/2: not definite.
  Vector wrong(9);
  wrong << 1, 0.9, 1, 0.9, 1, 0.9, 1, 0.9, 1;
  CHECK_THROWS_AS(structure->theta_from_values(wrong), InvalidSpec);
  // A correlation of one: the canonical form has a pivot of zero and stays banded.
  Vector singular(9);
  singular << 1, 1, 1, 0, 1, 0.3, 1, 0.2, 1;
  const Vector there = structure->theta_from_values(singular);
  CHECK(difference(structure->values(structure->canonical(there, 1e-6, 0.0)), singular) < 1e-9);
  const std::vector<bool> boundary = structure->theta_at_boundary(there);
  CHECK(boundary[2]);
  CHECK(structure->value_at_boundary(there, Matrix::Identity(5, 5))[1]);
}

TEST_CASE("chol: a start is as near as a banded matrix can be") {
  std::mt19937 engine(43);
  const auto structure = make_structure(recipe("chol", 4, 1), {});
  const Vector theta = interior(*structure, engine);
  const Matrix sigma = structure->covariance(theta, everywhere(4));
  CHECK(difference(structure->covariance(structure->theta_from_covariance(sigma), everywhere(4)),
                   sigma) < 1e-6);
  const Matrix even = Matrix::Constant(4, 4, 0.9) + 0.1 * Matrix::Identity(4, 4);
  const Matrix start = structure->covariance(structure->theta_from_covariance(even), everywhere(4));
  CHECK(start(2, 0) == 0.0);
  CHECK(start(1, 0) > 0.0);
  CHECK_THROWS_AS(make_structure(recipe("chol", 4, 4), {}), InvalidSpec);
  CHECK_THROWS_AS(make_structure(recipe("chol", 4, 0), {}), InvalidSpec);
}

}  // namespace henderson::covariance
