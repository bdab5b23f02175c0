// SPDX-License-Identifier: GPL-3.0-or-later
// Products with packed genotypes, against the same matrix of numbers.
#include <catch.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/base/error.h"
#include "core/linalg/side_by_side.h"
#include "core/pedigree/marker_matrix.h"

namespace henderson::pedigree {
namespace {

using linalg::SideBySide;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Counts with `share` of them missing.
Matrix random_genotypes(Index n, Index m, double share, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform;
  Matrix g(n, m);
  for (Index k = 0; k < g.size(); ++k)
    g.data()[k] = uniform(random) < share ? kNaN : std::floor(3.0 * uniform(random));
  return g;
}

SideBySide random_rows(Index n, Index width, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  SideBySide x(n, width);
  for (Index k = 0; k < x.size(); ++k) x.data()[k] = normal(random);
  return x;
}

Matrix with_value(const Matrix& g, const Vector& missing) {
  Matrix found = g;
  for (Index j = 0; j < g.cols(); ++j)
    for (Index i = 0; i < g.rows(); ++i)
      if (std::isnan(g(i, j))) found(i, j) = missing[j];
  return found;
}

linalg::ColumnSource source_of(const Matrix& g) {
  return [&g](Index first, MatrixRef block) { block = g.middleCols(first, block.cols()); };
}

}  // namespace

TEST_CASE("packed genotypes are those that were put, and their products those of a matrix") {
  for (const Index n : {1, 3, 4, 63, 64, 65, 200}) {
    for (const double share : {0.0, 0.05, 0.6}) {
      const Index m = 37;
      const Matrix g = random_genotypes(n, m, share, static_cast<unsigned>(n));
      PackedGenotypes packed(n, m);
      packed.put(0, g.leftCols(20));
      packed.put(20, g.rightCols(17));
      const Vector missing = random_rows(m, 1, 5).col(0);
      const Matrix whole = with_value(g, missing);
      Vector column(n);
      for (Index j = 0; j < m; ++j) {
        packed.read(j, missing[j], column);
        CHECK(column == whole.col(j));
      }
      for (const Index width : {1, 2, 3, 5, 8}) {
        const SideBySide b = random_rows(m, width, 6), x = random_rows(n, width, 7);
        SideBySide forward = x, back = b, again = x, back_again = b;
        packed.multiply_add(missing, width, b.data(), 1, forward.data());
        packed.multiply_back_add(missing, width, x.data(), 1, back.data());
        CHECK((forward - (x + whole * b)).cwiseAbs().maxCoeff() < 1e-12 * (1.0 + m));
        CHECK((back - (b + whole.transpose() * x)).cwiseAbs().maxCoeff() < 1e-12 * (1.0 + n));
        packed.multiply_add(missing, width, b.data(), 3, again.data());
        packed.multiply_back_add(missing, width, x.data(), 3, back_again.data());
        CHECK(again == forward);
        CHECK(back_again == back);
      }
    }
  }
}

TEST_CASE("tallies count genotypes, and some animals are those animals") {
  const Matrix g = random_genotypes(130, 11, 0.1, 3);
  PackedGenotypes packed(130, 11);
  packed.put(0, g);
  const PackedGenotypes::Tallies found = packed.tallies();
  for (Index j = 0; j < g.cols(); ++j) {
    CHECK(found.one[j] == static_cast<double>((g.col(j).array() == 1.0).count()));
    CHECK(found.two[j] == static_cast<double>((g.col(j).array() == 2.0).count()));
    CHECK(found.missing[j] == static_cast<double>(g.col(j).array().isNaN().count()));
  }
  const std::vector<Index> some = {0, 2, 64, 65, 129};
  const PackedGenotypes few = packed.of_animals(some);
  Vector all(130), own(5);
  for (Index j = 0; j < g.cols(); ++j) {
    packed.read(j, -1.0, all);
    few.read(j, -1.0, own);
    for (Index i = 0; i < own.size(); ++i) CHECK(own[i] == all[some[i]]);
  }
}

TEST_CASE(
    "a marker matrix is (g - centre) x scale, of counts as of dosages, with a constant column") {
  Callbacks callbacks;
  const Index n = 90, m = 70;  // more markers than are read at a time
  for (const bool dosages : {false, true}) {
    Matrix g = random_genotypes(n, m, 0.1, 8);
    if (dosages) g(5, 68) = 0.3;
    MarkerCodes codes{random_rows(m, 1, 9).col(0), random_rows(m, 1, 10).col(0), 0.7};
    Matrix z(n, m + 1);
    z.leftCols(m) = with_value(g, codes.centre);
    for (Index j = 0; j < m; ++j) z.col(j) = (z.col(j).array() - codes.centre[j]) * codes.scale[j];
    z.col(m).setConstant(0.7);
    const MarkerMatrix markers(n, source_of(g), codes, 2, callbacks);
    REQUIRE(markers.n_columns() == m + 1);
    CHECK((markers.bytes() == 8.0 * n * m) == dosages);
    Matrix read(n, m + 1);
    markers.read(0, read);
    CHECK((read - z).cwiseAbs().maxCoeff() < 1e-14);
    const Vector squares = z.colwise().squaredNorm().transpose();
    CHECK((markers.squares() - squares).cwiseAbs().maxCoeff() < 1e-11);
    const SideBySide a = random_rows(m + 1, 3, 11), x = random_rows(n, 3, 12);
    SideBySide forward = x, back = a;
    markers.multiply_add(3, a.data(), forward.data());
    markers.multiply_back_add(3, x.data(), back.data());
    CHECK((forward - (x + z * a)).cwiseAbs().maxCoeff() < 1e-11);
    CHECK((back - (a + z.transpose() * x)).cwiseAbs().maxCoeff() < 1e-11);
    const MarkerMatrix few = markers.of_animals({1, 5, 80});
    Matrix rows(3, m + 1);
    few.read(0, rows);
    CHECK(rows.row(2) == read.row(80));
  }
}

}  // namespace henderson::pedigree
