// SPDX-License-Identifier: GPL-3.0-or-later
// A^-1 by the rules of the pedigree, against the matrix that ainverse() makes and its inverse.
#include <catch.h>

#include <Eigen/Dense>
#include <random>

#include "core/base/error.h"
#include "core/linalg/side_by_side.h"
#include "core/pedigree/inbreeding.h"
#include "core/pedigree/rules.h"
#include "support/pedigrees.h"

namespace henderson::pedigree {
namespace {

using linalg::SideBySide;

using test::random_pedigree;

Matrix dense(const LowerMatrix& lower) {
  const auto n = static_cast<Index>(lower.start.size()) - 1;
  Matrix full = Matrix::Zero(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index k = lower.start[j]; k < lower.start[j + 1]; ++k)
      full(lower.row[k], j) = full(j, lower.row[k]) = lower.value[k];
  return full;
}

SideBySide random_rows(Index n, Index width) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  SideBySide x(n, width);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = normal(random);
  return x;
}

Vector variances(const Pedigree& p) {
  Callbacks callbacks;
  return mendelian_variances(p, inbreeding(p, 1, callbacks));
}

void check_against_matrix(const Pedigree& p) {
  const Vector m = variances(p);
  const Matrix inverse = dense(ainverse(p, m));
  const Matrix a = inverse.inverse();
  const double size = inverse.cwiseAbs().maxCoeff() * a.cwiseAbs().maxCoeff();
  const Rules rules(p, m);
  CHECK(dense(rules.inverse()) == inverse);
  CHECK((rules.inverse_diagonal() - inverse.diagonal()).cwiseAbs().maxCoeff() < 1e-13 * size);
  CHECK(rules.log_determinant() == Approx(std::log(a.determinant())).margin(1e-10));
  for (const Index width : {1, 3, 8, 11}) {
    const SideBySide x = random_rows(p.size(), width);
    SideBySide product = SideBySide::Ones(p.size(), width);
    rules.add_inverse_times(width, x.data(), product.data());
    const Matrix expected = inverse * x + Matrix::Ones(p.size(), width);
    CHECK((Matrix(product) - expected).cwiseAbs().maxCoeff() < 1e-12 * size);
  }
  Matrix product = Matrix::Identity(p.size(), p.size());
  rules.multiply(product);
  CHECK((product - a).cwiseAbs().maxCoeff() < 1e-11 * size);
  // Draws are L z with LL' = A.
  SideBySide root = SideBySide::Identity(p.size(), p.size());
  rules.draw(p.size(), root.data());
  CHECK((Matrix(root) * Matrix(root).transpose() - a).cwiseAbs().maxCoeff() < 1e-11 * size);
}

}  // namespace

TEST_CASE(
    "rules of a pedigree: products, draws, diagonal and determinant are those of the matrix") {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    const auto n = static_cast<SmallIndex>(4 * seed + 1);
    check_against_matrix(random_pedigree(n, 0, seed));
    Pedigree grandsires = random_pedigree(n, 0, seed + 20);
    grandsires.dam_weight = 0.25;
    check_against_matrix(grandsires);
    Pedigree metafounders = random_pedigree(n, 2, seed + 40);
    metafounders.gamma = Matrix::Constant(2, 2, 0.2);
    metafounders.gamma.diagonal() << 0.7, 0.4;
    check_against_matrix(metafounders);
  }
}

TEST_CASE("rules of a pedigree whose relationships have no inverse are refused") {
  Pedigree p = random_pedigree(9, 2, 3);
  const Vector m = variances(p);
  CHECK_THROWS_AS(Rules(p, m), InvalidSpec);  // fixed groups
  p.gamma = Matrix::Ones(2, 2);
  CHECK_THROWS_AS(Rules(p, m), InvalidSpec);
  p.gamma = Matrix::Identity(2, 2);
  CHECK_THROWS_AS(Rules(p, m.head(8)), DimensionMismatch);
  Vector none = m;
  none[5] = 0.0;
  CHECK_THROWS_AS(Rules(p, none), InvalidSpec);
}

}  // namespace henderson::pedigree
