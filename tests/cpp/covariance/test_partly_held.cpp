// SPDX-License-Identifier: GPL-3.0-or-later
// us with held values: the surface of its theta against finite differences, that it reaches every
// valid matrix, and completions against their conditions.
#include <catch.h>

#include <Eigen/Dense>

#include "core/base/error.h"
#include "core/covariance/completion.h"
#include "core/covariance/lower.h"
#include "core/covariance/partly_held.h"
#include "support/mixed_models.h"

namespace henderson::covariance {
namespace {

using test::difference;
using test::normal;

Matrix random_covariance(Index n, Index rank, std::mt19937& engine) {
  Matrix half(n, rank);
  for (Index c = 0; c < rank; ++c) half.col(c) = normal(n, engine);
  return half * half.transpose();
}

// Pattern k holds entry i where bit i of k is set.
std::vector<bool> pattern(Index n, unsigned k) {
  std::vector<bool> held;
  for (Index i = 0; i < lower_size(n); ++i) held.push_back((k >> i) % 2 == 1);
  return held;
}

// All patterns of two and three coefficients with a held and a free entry.
template <class Check>
void for_each_pattern(Check check) {
  std::mt19937 engine(41);
  for (const Index n : {2, 3}) {
    for (unsigned k = 1; k + 1 < (1U << lower_size(n)); ++k) {
      INFO("n " << n << " pattern " << k);
      check(n, pattern(n, k), engine);
    }
  }
}

Vector theta_of(const Matrix& sigma) { return lower_of(semidefinite_cholesky(sigma, 1e-12, 0.0)); }

double held_error(const PartlyHeld& structure, const ConstVectorRef& theta) {
  return structure.misses(theta).cwiseQuotient(structure.sizes(theta)).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("partly held: equations and their derivatives", "[partly_held]") {
  for_each_pattern([](Index n, const std::vector<bool>& held, std::mt19937& engine) {
    const Matrix sigma = random_covariance(n, n + 1, engine);
    const PartlyHeld structure(n, held, lower_of(sigma));
    CHECK(held_error(structure, theta_of(sigma)) < 1e-14);
    const Vector theta = normal(structure.n_theta(), engine);  // not on the surface
    const Vector multipliers = normal(structure.n_equations(), engine);
    const Matrix gradients = structure.gradients(theta);
    const Matrix curvature = structure.curvature_of_equations(theta, multipliers);
    const double h = 1e-5;
    for (Index i = 0; i < theta.size(); ++i) {
      const Vector up = theta + h * Vector::Unit(theta.size(), i);
      const Vector down = theta - h * Vector::Unit(theta.size(), i);
      CHECK(difference(gradients.col(i),
                       (structure.misses(up) - structure.misses(down)) / (2 * h)) < 1e-8);
      const Matrix change = structure.gradients(up) - structure.gradients(down);
      CHECK(difference(curvature.col(i), change.transpose() * multipliers / (2 * h)) < 1e-8);
    }
  });
}

TEST_CASE("partly held: the chart is tangent, and curves as its Hessian says", "[partly_held]") {
  for_each_pattern([](Index n, const std::vector<bool>& held, std::mt19937& engine) {
    const Matrix sigma = random_covariance(n, n + 1, engine);
    const PartlyHeld structure(n, held, lower_of(sigma));
    const Vector theta = theta_of(sigma);
    const Matrix basis = structure.tangent(theta);
    REQUIRE(basis.cols() == structure.n_theta() - structure.n_equations());
    CHECK(difference(basis.transpose() * basis, Matrix::Identity(basis.cols(), basis.cols())) <
          1e-13);
    CHECK((structure.gradients(theta) * basis).cwiseAbs().maxCoeff() < 1e-12);
    // Of the linear function w'theta.
    const Vector w = normal(theta.size(), engine);
    const Vector d = normal(basis.cols(), engine).normalized();
    const double h = 1e-4 * structure.factor(theta)->diagonal().cwiseAbs().minCoeff();
    const std::optional<Vector> up = structure.restored(theta + h * (basis * d));
    const std::optional<Vector> down = structure.restored(theta - h * (basis * d));
    REQUIRE(up);
    REQUIRE(down);
    CHECK(held_error(structure, *up) < 1e-13);
    const double slope = w.dot(*up - *down) / (2 * h);
    CHECK(slope == Approx(w.dot(basis * d)).epsilon(1e-5).margin(1e-6));
    const double second = w.dot(*up - 2.0 * theta + *down) / (h * h);
    const Matrix bend = basis.transpose() * structure.bend(theta, w) * basis;
    const double size = bend.cwiseAbs().maxCoeff() + 1.0;
    CHECK(second == Approx(d.dot(bend * d)).margin(1e-3 * size));
  });
}

// Of every rank: the surface is the set of all factors of valid matrices.
TEST_CASE("partly held: every valid matrix is on the surface, also singular ones",
          "[partly_held]") {
  for_each_pattern([](Index n, const std::vector<bool>& held, std::mt19937& engine) {
    for (Index rank = 1; rank <= n; ++rank) {
      const Matrix sigma = random_covariance(n, rank, engine);
      const PartlyHeld structure(n, held, lower_of(sigma));
      const Vector theta = structure.theta_from_values(lower_of(sigma));
      CHECK(held_error(structure, theta) < 1e-13);
      CHECK(difference(structure.values(theta), lower_of(sigma)) < 1e-12);
    }
  });
}

TEST_CASE("partly held: a correlation goes to 1 and beyond without a kink", "[partly_held]") {
  // Both variances are held: Lambda's second row is on a circle.
  const PartlyHeld structure(2, {true, false, true}, (Vector(3) << 4, 0, 9).finished());
  Vector theta = (Vector(3) << 2, 0, 3).finished();
  std::vector<double> correlation;
  for (int k = 0; k < 40; ++k) {
    const Matrix basis = structure.tangent(theta);
    REQUIRE(basis.cols() == 1);
    // On, in the sense of a growing first entry, then of a falling pivot.
    const Vector turn = (Vector(3) << 0, theta[2], -theta[1]).finished();
    const double sense = basis.col(0).dot(turn) > 0.0 ? 1.0 : -1.0;
    theta = *structure.restored(theta + 0.15 * sense * basis.col(0));
    const Vector values = structure.values(theta);
    CHECK(values[0] == Approx(4.0).epsilon(1e-14));
    CHECK(values[2] == Approx(9.0).epsilon(1e-14));
    correlation.push_back(values[1] / 6.0);
  }
  CHECK(*std::max_element(correlation.begin(), correlation.end()) > 0.998);
  CHECK(correlation.back() < 0.95);  // theta has passed the singular matrix
  CHECK(theta[2] < 0.0);
}

TEST_CASE("partly held: a direction that is nearly zero becomes zero, the held values stay",
          "[partly_held]") {
  const PartlyHeld structure(2, {false, false, true}, (Vector(3) << 0, 0, 9).finished());
  const Vector near = (Vector(3) << 2, std::sqrt(9.0 - 1e-6), 1e-3).finished();
  const Vector theta = *structure.restored(structure.canonical(near, 1e-2, 1e-2));
  CHECK(theta[2] == 0.0);
  CHECK(theta[1] == Approx(3.0).epsilon(1e-15));
  CHECK((structure.theta_at_boundary(theta) == std::vector<bool>{false, false, true}));
  // A held variance is not zero, however small it is in units of the residual.
  const PartlyHeld small(2, {true, false, false}, (Vector(3) << 1e-6, 0, 0).finished());
  const Vector kept = small.canonical((Vector(3) << 1e-3, 0.5, 1e-3).finished(), 1e-2, 1e-2);
  CHECK(kept[0] == Approx(1e-3));
  CHECK(kept[2] == 0.0);
  // Only what moves is tangent: at the boundary the covariance goes with the free variance.
  const Matrix among = structure.tangent_among(theta, {true, true, false});
  REQUIRE(among.cols() == 1);
  CHECK(std::abs(among(0, 0)) == Approx(1.0));
}

TEST_CASE("completion: known entries stay", "[completion]") {
  for_each_pattern([](Index n, const std::vector<bool>& held, std::mt19937& engine) {
    const Vector given = lower_of(random_covariance(n, n, engine));
    const Matrix target = Matrix(random_covariance(n, n, engine).diagonal().asDiagonal());
    const std::optional<Matrix> found = completion(held, given, target);
    REQUIRE(found);
    CHECK(found->llt().info() == Eigen::Success);
    const Vector values = lower_of(*found);
    for (Index k = 0; k < values.size(); ++k) {
      if (held[static_cast<std::size_t>(k)]) CHECK(values[k] == Approx(given[k]).epsilon(1e-12));
    }
  });
}

// Source: Dempster (1972), Biometrics 28:157: of least tr(T^-1 S) - log det S is the S with
// (S^-1)_rc = (T^-1)_rc where S_rc is not given. Given are the variances and the covariances of
// neighbours, so highly correlated that zero elsewhere would be indefinite.
TEST_CASE("completion: the inverse agrees with the target's where nothing is given",
          "[completion]") {
  std::mt19937 engine(43);
  for (const Index n : {3, 4, 6}) {
    for (int repeat = 0; repeat < 5; ++repeat) {
      const Vector v = normal(n, engine).cwiseAbs() + Vector::Ones(n);
      const Matrix sigma = v * v.transpose() + 0.2 * Matrix::Identity(n, n);
      std::vector<bool> held;
      for (Index r = 0; r < n; ++r) {
        for (Index c = 0; c <= r; ++c) held.push_back(r - c <= 1);
      }
      const std::optional<Matrix> found = completion(
          held, lower_of(sigma), Matrix(random_covariance(n, n, engine).diagonal().asDiagonal()));
      REQUIRE(found);
      const Matrix inverse = found->inverse();
      for (Index r = 0; r < n; ++r) {
        for (Index c = 0; c <= r; ++c) {
          if (r - c <= 1) {
            CHECK((*found)(r, c) == Approx(sigma(r, c)).epsilon(1e-12));
          } else {
            CHECK(std::abs(inverse(r, c)) < 1e-3 * std::sqrt(inverse(r, r) * inverse(c, c)));
          }
        }
      }
    }
  }
}

TEST_CASE("completion: there is none where a part that is given has none", "[completion]") {
  const double nan = std::nan("");
  Matrix sigma(3, 3);
  sigma << 1, 2, nan, 2, 3.9, nan, nan, nan, nan;
  CHECK_FALSE(has_completion(sigma));
  sigma(1, 1) = 4.0;  // singular
  CHECK(has_completion(sigma));
  sigma(1, 1) = nan;  // a large one will do
  CHECK(has_completion(sigma));
  // Three correlations of which each pair fits, but not all: r = -0.9 for all, from -0.5 on.
  sigma = Matrix::Constant(3, 3, -0.9);
  sigma.diagonal().setOnes();
  CHECK_FALSE(has_completion(sigma));
  sigma(0, 2) = sigma(2, 0) = nan;
  CHECK(has_completion(sigma));
  // Large covariances, in any unit.
  for (const double unit : {1e-9, 1.0, 1e9}) {
    Matrix large = Matrix::Constant(3, 3, nan);
    large(2, 2) = 1e-6 * unit;
    large(2, 0) = large(0, 2) = 0.3 * unit;
    CHECK(has_completion(large));
    large(1, 0) = large(0, 1) = 1e6 * unit;
    CHECK(has_completion(large));
  }
  const std::vector<bool> held = {true, true, true, false, true, true};
  const PartlyHeld structure(3, held, lower_of(sigma));
  const Vector start = structure.values(structure.theta_from_covariance(Matrix::Identity(3, 3)));
  CHECK(start[1] == Approx(-0.9));
  CHECK(start[3] > 0.62);  // r13 is between 0.81 - 0.19 and 0.81 + 0.19
  const PartlyHeld impossible(3, {true, true, true, false, false, false},
                              (Vector(6) << 1, 2, 3.9, 0, 0, 0).finished());
  CHECK_THROWS_AS(impossible.theta_from_covariance(Matrix::Identity(3, 3)), InvalidSpec);
  CHECK_THROWS_AS(PartlyHeld(2, {true, false, false}, Vector::Zero(3)), InvalidSpec);
}

}  // namespace henderson::covariance
