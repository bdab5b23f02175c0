// SPDX-License-Identifier: GPL-3.0-or-later
// Covariance matrices of less than full rank: what their pivot levels and combinations give,
// against K itself and Eigen's inverse.
#include <catch.h>

#include <Eigen/Dense>
#include <algorithm>

#include "core/linalg/dense.h"
#include "core/linalg/semidefinite.h"
#include "support/mixed_models.h"

namespace henderson::linalg {
namespace {

// Genotypes of n animals at m markers, less the means of the markers.
Matrix centred_markers(Index n, Index m, std::mt19937& engine) {
  std::binomial_distribution<int> count(2, 0.3);
  Matrix z(n, m);
  for (Index j = 0; j < m; ++j) {
    for (Index i = 0; i < n; ++i) z(i, j) = count(engine);
  }
  return z.rowwise() - z.colwise().mean();
}

Matrix relationships(Index n, Index m, std::mt19937& engine) {
  const Matrix z = centred_markers(n, m, engine);
  return z * z.transpose() / (0.42 * static_cast<double>(m));
}

// K and its inverse, as the pivots and combinations say.
void check_levels(const Matrix& k, const PivotLevels& found) {
  const auto r = static_cast<Index>(found.pivots.size()), n = k.rows();
  Matrix shares = Matrix::Zero(r, n), own(r, r);
  for (Index i = 0; i < r; ++i) {
    shares(i, found.pivots[i]) = 1.0;
    for (Index j = 0; j < r; ++j) own(i, j) = k(found.pivots[i], found.pivots[j]);
  }
  for (std::size_t j = 0; j < found.others.size(); ++j)
    shares.col(found.others[j]) = found.weights.col(static_cast<Index>(j));
  CHECK(test::difference(shares.transpose() * own * shares, k) < 1e-9);
  CHECK(test::difference(found.inverse, own.inverse()) <
        1e-9 * found.inverse.cwiseAbs().maxCoeff());
}

}  // namespace

TEST_CASE("pivot levels: rank, combinations and inverse", "[semidefinite]") {
  std::mt19937 engine(11);
  for (const Index n : {1, 2, 30, 63, 64, 65, 200}) {
    for (const Index m : {5, 50, 400}) {
      if (n == 1) continue;
      INFO(n << " animals, " << m << " markers");
      const Matrix k = relationships(n, m, engine);
      const PivotLevels found = pivot_levels(k, 1);
      CHECK(static_cast<Index>(found.pivots.size()) == std::min(n - 1, m));
      CHECK(found.left <= found.rounding);
      check_levels(k, found);
    }
    const Matrix definite = relationships(n, 400, engine) + Matrix::Identity(n, n);
    const PivotLevels all = pivot_levels(definite, 1);
    CHECK(all.others.empty());
    check_levels(definite, all);
  }
}

TEST_CASE("the rounding of a sum over many animals is told from a variance", "[semidefinite]") {
  std::mt19937 engine(12);
  const Index n = 900;
  Matrix k = relationships(n, 1500, engine);
  // As large as that of a relationship matrix by allele counts: one unit of each entry.
  k.array() += 8.0 * std::numeric_limits<double>::epsilon();
  CHECK(pivot_levels(k, 1).pivots.size() == n - 1);
  const auto inverted = symmetric_inverse(k, 1);
  if (const auto* found = std::get_if<DenseInverse>(&inverted))
    CHECK_FALSE(above_rounding(found->inverse, k.diagonal().cwiseSqrt()));
  // The same in any units of the levels.
  Vector unit(n);
  for (Index i = 0; i < n; ++i) unit[i] = i % 2 == 0 ? 4.0 : 0.25;
  CHECK(pivot_levels(unit.asDiagonal() * k * unit.asDiagonal(), 1).pivots.size() == n - 1);
  k.diagonal().array() += 1e-8;
  CHECK(pivot_levels(k, 1).pivots.size() == n);
  const auto definite = std::get<DenseInverse>(symmetric_inverse(k, 1));
  CHECK(above_rounding(definite.inverse, k.diagonal().cwiseSqrt()));
}

TEST_CASE("what an indefinite matrix leaves is above rounding", "[semidefinite]") {
  std::mt19937 engine(13);
  Matrix k = relationships(40, 300, engine);
  k.diagonal().array() -= 1e-3;
  const PivotLevels found = pivot_levels(k, 1);
  CHECK(found.left > 100.0 * found.rounding);
  const PivotLevels zero = pivot_levels(Matrix::Zero(3, 3), 1);
  CHECK(zero.pivots.empty());
  CHECK(zero.others.size() == 3);
}

TEST_CASE("pivot levels do not depend on the number of threads", "[semidefinite]") {
  std::mt19937 engine(14);
  const Matrix k = relationships(500, 300, engine);
  const PivotLevels one = pivot_levels(k, 1), two = pivot_levels(k, 2);
  CHECK(one.pivots == two.pivots);
  CHECK((one.inverse.array() == two.inverse.array()).all());
  CHECK((one.weights.array() == two.weights.array()).all());
}

}  // namespace henderson::linalg
