// SPDX-License-Identifier: GPL-3.0-or-later
// Dependent columns against a dense elimination from the left, as lm has it.
#include <catch.h>

#include <Eigen/Dense>

#include "core/model/dependence.h"
#include "support/mixed_models.h"

namespace henderson::model {
namespace {

using test::beside;
using test::indicators;
using test::normal;
using test::random_levels;

// Columns that depend on those before them.
std::vector<SmallIndex> dependent_from_left(const Matrix& x) {
  std::vector<SmallIndex> dependent;
  for (Index c = 0; c < x.cols(); ++c) {
    if (c > 0 && x.leftCols(c + 1).fullPivLu().rank() == x.leftCols(c).fullPivLu().rank())
      dependent.push_back(static_cast<SmallIndex>(c));
    if (c == 0 && x.col(0).isZero()) dependent.push_back(0);
  }
  return dependent;
}

// A basis of scaled columns alone, in the order given.
std::vector<SmallIndex> found_in(const Matrix& x, const Vector& weights,
                                 const std::vector<SmallIndex>& order) {
  FixedBasis basis;
  basis.n_original = static_cast<SmallIndex>(x.cols());
  basis.kept = order;
  basis.sparse_scale = Vector::Ones(x.cols());
  Matrix columns(x.rows(), x.cols());
  Vector length(x.cols());
  const Vector w = weights.size() > 0 ? weights : Vector::Ones(x.rows());
  for (Index j = 0; j < x.cols(); ++j) {
    length[order[j]] = std::sqrt(w.dot(x.col(order[j]).cwiseAbs2()));
    columns.col(j) = x.col(order[j]) / length[order[j]];
  }
  basis.rows = test::sparse_rows(columns);
  Callbacks callbacks;
  std::vector<SmallIndex> found = dependent_columns(basis, weights, length, callbacks);
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

TEST_CASE("dependence: the last of dependent columns, in whatever order the basis has them") {
  std::mt19937 engine(91);
  for (int repeat = 0; repeat < 20; ++repeat) {
    const Index n = 40;
    Matrix x = beside(indicators(random_levels(n, 4, engine), 4),
                      indicators(random_levels(n, 3, engine), 3));
    if (repeat % 2 == 0) x = beside(x, 2.0 * x.col(1) - x.col(5));
    if (repeat % 3 == 0) x = beside(x.rightCols(3), x);
    x = beside(x, normal(n, engine));
    const std::vector<SmallIndex> expected = dependent_from_left(x);
    REQUIRE_FALSE(expected.empty());
    std::vector<SmallIndex> order;
    for (SmallIndex c = 0; c < x.cols(); ++c) order.push_back(c);
    const Vector weights = normal(n, engine).cwiseAbs().array() + 0.2;
    CHECK(found_in(x, Vector(), order) == expected);
    CHECK(found_in(x, weights, order) == expected);
    std::shuffle(order.begin(), order.end(), engine);
    CHECK(found_in(x, Vector(), order) == expected);
  }
}

TEST_CASE("dependence: none where X has full rank") {
  std::mt19937 engine(92);
  const Matrix x = beside(indicators(random_levels(30, 5, engine), 5), normal(30, engine));
  CHECK(found_in(x, Vector(), {0, 1, 2, 3, 4, 5}).empty());
}

}  // namespace henderson::model
