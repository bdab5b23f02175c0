// SPDX-License-Identifier: GPL-3.0-or-later
// The band against the matrix it came from, U'AU; its factor and solves against Eigen's.
#include <catch.h>

#include <Eigen/Dense>
#include <algorithm>

#include "core/linalg/band_reduction.h"
#include "support/mixed_models.h"

namespace henderson::linalg {
namespace {

Matrix random_matrix(Index n, Index m, std::mt19937& engine) {
  Matrix x(n, m);
  for (Index j = 0; j < m; ++j) x.col(j) = test::normal(n, engine);
  return x;
}

Matrix lower_of(const Matrix& band) {
  const Index n = band.cols();
  Matrix found = Matrix::Zero(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = j; i < std::min(n, j + band.rows()); ++i) found(i, j) = band(i - j, j);
  return found;
}

Matrix whole_of(const Matrix& band) {
  const Matrix lower = lower_of(band);
  Matrix found = lower + lower.transpose();
  found.diagonal() = lower.diagonal();
  return found;
}

}  // namespace

TEST_CASE("a matrix and its band have one orthogonal matrix between them", "[band_reduction]") {
  std::mt19937 engine(5);
  Callbacks callbacks;
  for (const Index n : {1, 2, 17, 64, 65, 129, 200}) {
    for (const Index width : {1, 7, 64}) {
      INFO(n << " rows, width " << width);
      const Matrix half = random_matrix(n, n, engine);
      const Matrix a = half + half.transpose();
      const BandReduction found(a, width, 1, callbacks);
      const Matrix u = found.from_band(Matrix::Identity(n, n));
      CHECK(test::difference(u.transpose() * u, Matrix::Identity(n, n)) < 1e-13);
      CHECK(test::difference(u * whole_of(found.band()) * u.transpose(), a) < 1e-13);
      const Matrix x = random_matrix(n, 3, engine);
      CHECK(test::difference(found.to_band(x), u.transpose() * x) < 1e-13);
      CHECK(test::difference(found.from_band(found.to_band(x)), x) < 1e-13);
    }
  }
}

TEST_CASE("the band is the same on two threads, bit for bit", "[band_reduction]") {
  std::mt19937 engine(6);
  Callbacks callbacks;
  const Matrix half = random_matrix(300, 300, engine);
  const Matrix a = half * half.transpose();
  const BandReduction one(a, 64, 1, callbacks), two(a, 64, 2, callbacks);
  CHECK(one.band() == two.band());
  const Matrix x = random_matrix(300, 2, engine);
  CHECK(one.to_band(x) == two.to_band(x));
}

TEST_CASE("the factor of a band, and solves", "[band_reduction]") {
  std::mt19937 engine(7);
  Callbacks callbacks;
  for (const Index rank : {90, 89, 88, 60, 1}) {
    INFO("rank " << rank);
    const Matrix half = random_matrix(90, rank, engine);
    const Matrix whole_band = BandReduction(half * half.transpose(), 8, 1, callbacks).band();
    const Matrix whole = whole_of(whole_band);
    const double least = 1e-14 * whole.cwiseAbs().rowwise().sum().maxCoeff();
    const Matrix band = factor_band(whole_band, least);
    const Matrix lower = lower_of(band);
    CHECK((lower * lower.transpose() - whole).cwiseAbs().maxCoeff() < 3.0 * least);
    if (rank < 90) continue;
    const Matrix x = random_matrix(90, 2, engine);
    Matrix found = x;
    solve_band(band, found);
    CHECK(test::difference(lower * found, x) < 1e-11);
    found = x;
    solve_band_transposed(band, found);
    CHECK(test::difference(lower.transpose() * found, x) < 1e-11);
  }
}

}  // namespace henderson::linalg
