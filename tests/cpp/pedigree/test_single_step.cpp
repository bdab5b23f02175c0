// SPDX-License-Identifier: GPL-3.0-or-later
// Relationships of single-step evaluation as an operator, against A^-1 + tau G^-1 - omega A22^-1 of
// dense matrices (Legarra, Aguilar & Misztal 2009, J. Dairy Sci. 92:4656).
#include <catch.h>

#include <Eigen/Dense>
#include <algorithm>
#include <random>

#include "core/base/error.h"
#include "core/linalg/side_by_side.h"
#include "core/pedigree/inbreeding.h"
#include "core/pedigree/single_step.h"
#include "support/pedigrees.h"

namespace henderson::pedigree {
namespace {

using linalg::SideBySide;

std::shared_ptr<const Rules> random_rules(SmallIndex n, SmallIndex n_groups, unsigned seed) {
  Pedigree p = test::random_pedigree(n, n_groups, seed);
  if (n_groups > 0) {
    p.gamma = Matrix::Constant(n_groups, n_groups, 0.2);
    p.gamma.diagonal().array() += 0.4;
  }
  Callbacks callbacks;
  Vector variances = mendelian_variances(p, inbreeding(p, 1, callbacks));
  return std::make_shared<const Rules>(std::move(p), std::move(variances));
}

// A linear operator on n rows as a matrix.
template <class Apply>
Matrix matrix_of(Index n, const Apply& apply) {
  SideBySide x = SideBySide::Identity(n, n);
  apply(n, x);
  return x;
}

struct Example {
  std::shared_ptr<const Rules> rules;
  std::vector<SmallIndex> genotyped;
  Matrix z;
  SingleStepWeights weights;
};

Example random_example(SmallIndex n, SmallIndex n_groups, SingleStepWeights weights,
                       unsigned seed) {
  Example made{random_rules(n, n_groups, seed), {}, Matrix(), weights};
  std::mt19937 random(seed + 1);
  for (SmallIndex i = n_groups; i < n; ++i)
    if (random() % 3 == 0) made.genotyped.push_back(i);
  std::shuffle(made.genotyped.begin(), made.genotyped.end(), random);
  made.z.resize(static_cast<Index>(made.genotyped.size()), 9);
  for (Index k = 0; k < made.z.size(); ++k) made.z.data()[k] = static_cast<double>(random() % 3);
  return made;
}

SingleStep operator_of(const Example& given) {
  Callbacks callbacks;
  MarkerCodes codes{Vector::Constant(given.z.cols(), 0.9), Vector::Constant(given.z.cols(), 0.3),
                    0.2};
  const auto source = [&](Index first, MatrixRef block) {
    block = given.z.middleCols(first, block.cols());
  };
  return SingleStep(GenotypedSplit(given.rules, given.genotyped, callbacks),
                    MarkerMatrix(given.z.rows(), source, codes, 1, callbacks), given.weights);
}

Matrix at(const Matrix& a, const std::vector<SmallIndex>& rows) {
  const auto n = static_cast<Index>(rows.size());
  Matrix found(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) found(i, j) = a(rows[i], rows[j]);
  return found;
}

// A^-1 + (ZZ' + c A22)^-1 - omega A22^-1.
Matrix h_inverse(const Example& given) {
  Matrix a = Matrix::Identity(given.rules->size(), given.rules->size());
  given.rules->multiply(a);
  const Matrix a22 = at(a, given.genotyped);
  const Matrix z = (given.z.array() - 0.9) * 0.3;
  Matrix g = z * z.transpose() + given.weights.polygenic * a22;
  g.array() += 0.04;
  const Matrix added = g.inverse() - given.weights.omega * a22.inverse();
  Matrix inverse = a.inverse();
  for (Index j = 0; j < added.cols(); ++j)
    for (Index i = 0; i < added.rows(); ++i)
      inverse(given.genotyped[i], given.genotyped[j]) += added(i, j);
  return inverse;
}

double size(const Matrix& a) { return a.cwiseAbs().maxCoeff(); }

}  // namespace

TEST_CASE(
    "what genotyped animals tell of the others is A_12 A_22^-1, and A_22^-1 has its products") {
  for (const unsigned seed : {1U, 2U, 3U}) {
    const Example given = random_example(40, seed == 3 ? 3 : 0, {}, seed);
    Callbacks callbacks;
    const GenotypedSplit split(given.rules, given.genotyped, callbacks);
    const SmallIndex n = given.rules->size();
    Matrix a = Matrix::Identity(n, n);
    given.rules->multiply(a);
    const Matrix inverse22 = at(a, given.genotyped).inverse();
    Matrix told = Matrix::Zero(n, n), expected22 = Matrix::Zero(n, n);
    const auto n2 = static_cast<Index>(given.genotyped.size());
    Matrix of_genotyped(n, n2);
    for (Index j = 0; j < n2; ++j) of_genotyped.col(j) = a.col(given.genotyped[j]);
    const Matrix j_whole = of_genotyped * inverse22;
    for (Index j = 0; j < n2; ++j) {
      told.col(given.genotyped[j]) = j_whole.col(j);
      for (Index i = 0; i < n2; ++i)
        expected22(given.genotyped[i], given.genotyped[j]) = inverse22(i, j);
    }
    const Matrix imputed = matrix_of(n, [&](Index w, SideBySide& x) { split.impute(w, x.data()); });
    CHECK(size(imputed - told) < 1e-10);
    const Matrix collected =
        matrix_of(n, [&](Index w, SideBySide& x) { split.collect(w, x.data()); });
    CHECK(size(collected - told.transpose()) < 1e-10);
    const Matrix product = matrix_of(n, [&](Index w, SideBySide& x) {
      SideBySide out = SideBySide::Zero(n, w);
      split.add_inverse_times(2.0, w, x.data(), out.data());
      x = out;
    });
    CHECK(size(product - 2.0 * expected22) < 1e-9 * size(expected22));
    // (A^11)^-1 = A_11 - A_12 A_22^-1 A_21
    const Matrix others =
        matrix_of(n, [&](Index w, SideBySide& x) { split.solve_others(w, x.data()); });
    CHECK(size(others - (a - j_whole * of_genotyped.transpose())) < 1e-10);
    // Of records of the genotyped and of those that follow from parents alone.
    Vector records = Vector::Zero(n);
    for (SmallIndex i = 0; i < n; ++i)
      if (told.row(i).cwiseAbs().maxCoeff() > 0.0) records[i] = 1.0 + i % 3;
    const std::vector<bool> needed =
        with_ancestors(given.rules->pedigree().parents, given.genotyped);
    for (SmallIndex i = 0; i < n; ++i)
      if (needed[i] && told(i, i) == 0.0) records[i] = 0.0;
    const Vector collected_records = split.records_of_genotyped(records);
    const Matrix exact = told.transpose() * records.asDiagonal() * told;
    CHECK(collected_records.minCoeff() >= 0.0);
    CHECK(collected_records.sum() > 0.0);
    CHECK(collected_records.sum() < 1.5 * exact.trace());
    const Vector diagonal = split.inverse_diagonal();
    CHECK((diagonal.array() >= inverse22.diagonal().array() - 1e-10).all());
  }
}

TEST_CASE("the operator is A^-1 + G^-1 - omega A22^-1 of the animals") {
  for (const double c : {0.01, 0.3, 1.0, 1.6}) {
    for (const double omega : {1.0, 0.7}) {
      for (const SmallIndex n_groups : {0, 2}) {
        const Example given = random_example(35, n_groups, {c, omega}, 17);
        const SingleStep step = operator_of(given);
        const Index n = step.size(), n_animals = step.n_animals();
        REQUIRE(step.n_effects() == given.z.cols() + 1);
        const Matrix precision = matrix_of(n, [&](Index w, SideBySide& x) {
          SideBySide out = SideBySide::Zero(n, w);
          step.add_precision_times(w, x.data(), out.data());
          x = out;
        });
        const Matrix t = matrix_of(n, [&](Index w, SideBySide& x) { step.transform(w, x.data()); });
        const Matrix back =
            matrix_of(n, [&](Index w, SideBySide& x) { step.transform_back(w, x.data()); });
        CHECK(size(back - t.transpose()) < 1e-10);
        CHECK(size(precision - precision.transpose()) < 1e-9 * size(precision));
        const Matrix covariance = precision.inverse();
        const Matrix h = (t * covariance * t.transpose()).topLeftCorner(n_animals, n_animals);
        const Matrix expected = h_inverse(given);
        CHECK(size(h * expected - Matrix::Identity(n_animals, n_animals)) < 1e-8);
        if (omega != 1.0) {
          Matrix x = Matrix::Identity(n, n);
          CHECK_THROWS_AS(step.multiply(x), InvalidSpec);
          continue;
        }
        Matrix product = Matrix::Identity(n, n);
        step.multiply(product);
        CHECK(size(product - covariance) < 1e-9);
        const Matrix root = matrix_of(n, [&](Index w, SideBySide& x) { step.draw(w, x.data()); });
        CHECK(size(root * root.transpose() - covariance) < 1e-9);
      }
    }
  }
}

TEST_CASE("animals that are not in the pedigree, or twice, are an error") {
  const Example given = random_example(20, 0, {}, 4);
  Callbacks callbacks;
  CHECK_THROWS_AS(GenotypedSplit(given.rules, {1, 20}, callbacks), InvalidSpec);
  CHECK_THROWS_AS(GenotypedSplit(given.rules, {1, 1}, callbacks), InvalidSpec);
}

}  // namespace henderson::pedigree
