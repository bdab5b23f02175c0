// SPDX-License-Identifier: GPL-3.0-or-later
// ante of any order: what it is by definition, and what it shares with us and ante of order one.
#include <catch.h>

#include <Eigen/Dense>
#include <cmath>

#include "core/base/error.h"
#include "core/covariance/antedependence.h"
#include "core/covariance/higher_antedependence.h"
#include "core/covariance/registry.h"
#include "support/structures.h"

namespace henderson::covariance {

using namespace test;

namespace {

// The correlation of i and j given those between, from the inverse of that part of R.
double partial_between(const Matrix& r, Index i, Index j) {
  const Index n = j - i + 1;
  const Matrix inverse = r.block(i, i, n, n).inverse();
  return -inverse(0, n - 1) / std::sqrt(inverse(0, 0) * inverse(n - 1, n - 1));
}

}  // namespace

TEST_CASE("ante: partial correlations are the parameters up to its order, and zero beyond") {
  std::mt19937 engine(31);
  for (const Index order : {2, 3, 5}) {
    const HigherAntedependence ante(7, order);
    const Vector p = ante.parameters(normal(ante.n_parameters(), engine));
    const Matrix r = ante.matrix(p, everywhere(7));
    Index k = 0;
    for (Index lag = 1; lag < 7; ++lag) {
      for (Index i = 0; i + lag < 7; ++i) {
        const double expected = lag <= order ? p[k++] : 0.0;
        CHECK(partial_between(r, i, i + lag) == Approx(expected).margin(1e-10));
      }
    }
    REQUIRE(k == ante.n_parameters());
    // The precision is banded, Gabriel (1962).
    const Matrix precision = r.inverse();
    for (Index j = 0; j < 7; ++j) {
      for (Index i = 0; i + order < j; ++i)
        CHECK(std::abs(precision(i, j)) < 1e-11 * precision.norm());
    }
  }
}

TEST_CASE("ante: order one is the chain, and zeros at higher lags make a lower order") {
  std::mt19937 engine(32);
  const Antedependence chain(5);
  const Vector rho = chain.parameters(normal(4, engine));
  const Matrix expected = chain.matrix(rho, everywhere(5));
  for (const Index order : {1, 2, 4}) {
    const HigherAntedependence ante(5, order);
    Vector p = Vector::Zero(ante.n_parameters());
    p.head(4) = rho;
    CHECK(difference(ante.matrix(p, everywhere(5)), expected) < 1e-14);
  }
}

TEST_CASE("ante: of the highest order it is us") {
  std::mt19937 engine(33);
  const auto structure = make_structure(recipe("ante", 4, 3), {});
  for (int repeat = 0; repeat < 10; ++repeat) {
    Matrix root(4, 6);
    for (Index c = 0; c < 6; ++c) root.col(c) = normal(4, engine);
    const Matrix sigma = root * root.transpose();
    const Vector theta = structure->theta_from_covariance(sigma);
    CHECK(difference(structure->covariance(theta, everywhere(4)), sigma) < 0.3);
    // The partial correlations of sigma are its values.
    Vector values(10);
    values.head(4) = sigma.diagonal();
    Index k = 4;
    for (Index lag = 1; lag < 4; ++lag) {
      for (Index i = 0; i + lag < 4; ++i) values[k++] = partial_between(sigma, i, i + lag);
    }
    const Vector exact = structure->theta_from_values(values);
    CHECK(difference(structure->covariance(exact, everywhere(4)), sigma) < 1e-10);
  }
}

TEST_CASE("ante: T is banded for the first positions, and dense where some are missing") {
  std::mt19937 engine(34);
  const HigherAntedependence ante(9, 2);
  const Vector free = normal(ante.n_parameters(), engine);
  CHECK(ante.whitening(free, everywhere(9)).value.size() == 1 + 2 + 7 * 3);
  for (const Positions& at :
       {everywhere(6), Positions{0, 1, 3, 4, 8}, Positions{2, 3, 4}, Positions{5}}) {
    const Whitening whitening = ante.whitening(free, at);
    const Matrix t = whitening.matrix();
    const Matrix r = ante.matrix(ante.parameters(free), at);
    const auto n = static_cast<Index>(at.size());
    CHECK(difference(t * r * t.transpose(), Matrix::Identity(n, n)) < 1e-11);
  }
}

TEST_CASE("ante: all digits next to a limit, and the limit itself") {
  const HigherAntedependence ante(4, 2);
  Vector free = Vector::Constant(5, 0.3);
  for (const Index k : {0, 3, 4}) {
    Vector near = free;
    near[k] = 15.0;
    const Matrix root = *ante.root(near);
    const Whitening t = ante.whitening(near, everywhere(4));
    CHECK(difference(t.matrix() * root, Matrix::Identity(4, 4)) < 1e-9);
    near[k] = kInfinity;
    const Matrix r = ante.matrix(ante.parameters(near), everywhere(4));
    CHECK(r.allFinite());
    CHECK(Eigen::SelfAdjointEigenSolver<Matrix>(r).eigenvalues()[0] == Approx(0.0).margin(1e-12));
    CHECK(ante.whitening(near, everywhere(4)).size() == 0);
  }
}

TEST_CASE("ante: an order that there is not") {
  CHECK_THROWS_AS(make_structure(recipe("ante", 3, 3), {}), InvalidSpec);
  CHECK(make_structure(recipe("ante", 3, 0), {})->n_values() == 5);
  CHECK_THROWS_AS(
      make_structure(recipe("ante", 4, 2), {})
          ->theta_from_values((Vector(9) << 1, 1, 1, 1, 0.5, 0.5, 0.5, 1.2, 0).finished()),
      InvalidSpec);
}

}  // namespace henderson::covariance
