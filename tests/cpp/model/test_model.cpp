// SPDX-License-Identifier: GPL-3.0-or-later
// Columns, cross-products, bases and the model itself: against explicit dense products.
#include <catch.h>

#include <Eigen/Dense>
#include <numeric>

#include "core/base/error.h"
#include "core/model/columns.h"
#include "core/model/design_rows.h"
#include "core/model/gram.h"
#include "support/mixed_models.h"

namespace henderson::model {
namespace {

using test::dense_columns;
using test::dense_rows;
using test::difference;
using test::normal;
using test::random_levels;

// A sparse matrix whose rows name some columns twice, and some not at all.
SparseRows random_rows(Index n_rows, SmallIndex n_columns, std::mt19937& engine) {
  SparseRows rows;
  rows.n_columns = n_columns;
  rows.start.push_back(0);
  for (Index r = 0; r < n_rows; ++r) {
    const std::vector<SmallIndex> columns = random_levels(r % 5, n_columns, engine);
    const Vector values = normal(static_cast<Index>(columns.size()), engine);
    rows.column.insert(rows.column.end(), columns.begin(), columns.end());
    rows.value.insert(rows.value.end(), values.data(), values.data() + values.size());
    if (!columns.empty()) {
      rows.column.push_back(columns[0]);
      rows.value.push_back(0.5);
    }
    rows.start.push_back(static_cast<Index>(rows.column.size()));
  }
  return rows;
}

SparseRows sparse(const Matrix& dense) {
  SparseRows rows;
  rows.n_columns = dense.cols();
  rows.start.push_back(0);
  for (Index r = 0; r < dense.rows(); ++r) {
    for (SmallIndex c = 0; c < dense.cols(); ++c) {
      if (dense(r, c) == 0.0) continue;
      rows.column.push_back(c);
      rows.value.push_back(dense(r, c));
    }
    rows.start.push_back(static_cast<Index>(rows.column.size()));
  }
  return rows;
}

// The whole matrix; also checks the order and completeness of the blocks.
Matrix dense_product(const BlockSymmetric& product) {
  const Nodes& nodes = product.nodes;
  Matrix dense = Matrix::Zero(nodes.n_columns(), nodes.n_columns());
  for (SmallIndex j = 0; j < nodes.count(); ++j) {
    REQUIRE(product.node[product.start[j]] == j);
    for (Index k = product.start[j]; k < product.start[j + 1]; ++k) {
      const SmallIndex i = product.node[k];
      if (k > product.start[j]) REQUIRE(product.node[k - 1] < i);
      const Eigen::Map<const Matrix> block(product.value.data() + product.first_value[k],
                                           nodes.size(i), nodes.size(j));
      dense.block(nodes.first_column[i], nodes.first_column[j], nodes.size(i), nodes.size(j)) =
          block;
      dense.block(nodes.first_column[j], nodes.first_column[i], nodes.size(j), nodes.size(i)) =
          block.transpose();
    }
  }
  return dense;
}

// T of X~ = X_kept T over the kept columns.
Matrix transform_of(const FixedBasis& basis) {
  Matrix t = Matrix::Zero(basis.rank(), basis.rank());
  t.topLeftCorner(basis.n_dense, basis.n_dense) = basis.dense_transform;
  t.bottomRightCorner(basis.rank() - basis.n_dense, basis.rank() - basis.n_dense) =
      basis.sparse_scale.asDiagonal();
  return t;
}

std::vector<SmallIndex> sorted(std::vector<SmallIndex> columns) {
  std::sort(columns.begin(), columns.end());
  return columns;
}

FixedBasis check_basis(const Matrix& x, const Vector& weights,
                       const std::vector<SmallIndex>& kept) {
  Callbacks callbacks;
  const FixedBasis basis = make_fixed_basis(sparse(x), weights, callbacks);
  CHECK(sorted(basis.kept) == kept);
  Matrix x_kept(x.rows(), basis.rank());
  for (SmallIndex j = 0; j < basis.rank(); ++j) x_kept.col(j) = x.col(basis.kept[j]);
  const Matrix t = transform_of(basis);
  const Matrix columns = dense_rows(basis.rows);
  CHECK(difference(columns, x_kept * t) < 1e-10);
  CHECK(basis.log_det_transform == Approx(t.diagonal().array().abs().log().sum()));
  const Vector w = weights.size() > 0 ? weights : Vector::Ones(x.rows());
  const Matrix q = columns.leftCols(basis.n_dense);
  CHECK(difference(q.transpose() * w.asDiagonal() * q, Matrix::Identity(q.cols(), q.cols())) <
        1e-13);
  for (Index c = 0; c < columns.cols(); ++c) {
    CHECK((columns.col(c).array().square() * w.array()).sum() == Approx(1.0));
  }
  std::mt19937 engine(5);
  const Vector b = normal(basis.rank(), engine), k = normal(x.cols(), engine);
  const Vector beta = basis.beta(b, 0.0);
  CHECK(difference(x * beta, columns * b) < 1e-9);
  CHECK(basis.transposed(k).dot(b) == Approx(k.dot(beta)));
  return basis;
}

std::vector<SmallIndex> all_of(Index n) {
  std::vector<SmallIndex> columns(static_cast<std::size_t>(n));
  std::iota(columns.begin(), columns.end(), 0);
  return columns;
}

Matrix indicators(const std::vector<SmallIndex>& level, SmallIndex n_levels) {
  Matrix z = Matrix::Zero(static_cast<Index>(level.size()), n_levels);
  for (std::size_t r = 0; r < level.size(); ++r) z(static_cast<Index>(r), level[r]) = 1.0;
  return z;
}

Matrix beside(const Matrix& a, const Matrix& b) {
  Matrix both(a.rows(), a.cols() + b.cols());
  both << a, b;
  return both;
}

}  // namespace

TEST_CASE("columns of terms are row-wise products, the first part varying fastest") {
  std::mt19937 engine(1);
  const Index n = 15;
  Matrix numeric(n, 2);
  numeric << normal(n, engine), normal(n, engine);
  numeric(3, 0) = numeric(4, 1) = 0.0;
  const FactorPart a{random_levels(n, 3, engine), test::treatment_coding(3)};
  FactorPart b{random_levels(n, 4, engine), test::full_coding(4)};
  b.coding.column.push_back(0);  // the last level stands in two columns, as with contr.sum
  b.coding.value.push_back(-1.0);
  b.coding.start.back() = 5;
  const std::vector<ColumnTerm> terms{
      {}, {{numeric}}, {{a}}, {{b}}, {{a, b}}, {{numeric, a, b}}, {{b, numeric.col(0)}}};
  const SparseRows rows = expand(terms, n, "here");
  CHECK(rows.n_columns == 1 + 2 + 2 + 4 + 8 + 16 + 4);
  CHECK(dense_rows(rows) == dense_columns(terms, n));
  for (const double value : rows.value) CHECK(value != 0.0);
  const Vector x = normal(rows.n_columns, engine);
  CHECK(difference(multiply(rows, x), dense_rows(rows) * x) < 1e-14);
  CHECK(n_columns(terms[5]) == 16);
  CHECK(expand({}, n, "here").n_rows() == n);
}

TEST_CASE("columns: what does not fit throws") {
  const FactorPart factor{{0, 1, 2}, test::full_coding(2)};
  CHECK_THROWS_AS(expand({{{factor}}}, 3, "here"), InvalidSpec);
  CHECK_THROWS_AS(expand({{{FactorPart{{0, kNone}, test::full_coding(2)}}}}, 2, "here"),
                  InvalidSpec);
  CHECK_THROWS_AS(expand({{{Matrix(Matrix::Ones(2, 1))}}}, 3, "here"), DimensionMismatch);
  CHECK_THROWS_AS(expand({{{Matrix(Matrix::Constant(3, 1, HUGE_VAL))}}}, 3, "here"), InvalidSpec);
  const FactorPart wide{{0}, [] {
                          Coding coding;
                          coding.n_columns = 1 << 20;
                          coding.start = {0, 0};
                          return coding;
                        }()};
  CHECK_THROWS_AS(n_columns(ColumnTerm{{wide, wide}}), InvalidSpec);
}

TEST_CASE("a coding with one long row reserves what its records need") {
  // contr.sum of many levels: the last level has an entry in every column.
  const SmallIndex n_levels = 20000;
  Coding coding = test::full_coding(n_levels - 1);
  for (SmallIndex c = 0; c < n_levels - 1; ++c) {
    coding.column.push_back(c);
    coding.value.push_back(-1.0);
  }
  coding.start.push_back(static_cast<Index>(coding.column.size()));
  std::vector<SmallIndex> level(n_levels);
  std::iota(level.begin(), level.end(), 0);
  const SparseRows rows = expand({{{FactorPart{level, coding}}}}, n_levels, "here");
  CHECK(rows.column.size() == 2u * (n_levels - 1));
  CHECK(rows.column.capacity() < 8u * n_levels);
}

TEST_CASE("cross-products in blocks are those of the dense matrix") {
  std::mt19937 engine(2);
  for (int repeat = 0; repeat < 10; ++repeat) {
    Nodes nodes;
    nodes.append(4, 2);
    nodes.append(3, 1);
    nodes.append(2, 3);
    const Index n = 5 * repeat;
    const SparseRows rows = random_rows(n, nodes.n_columns(), engine);
    const Matrix w = dense_rows(rows);
    const Vector y = normal(n, engine), weights = normal(n, engine).cwiseAbs(), none;
    const BlockSymmetric plain = cross_products(rows, nodes, none);
    const BlockSymmetric weighted = cross_products(rows, nodes, weights);
    CHECK(difference(dense_product(plain), w.transpose() * w) < 1e-13);
    CHECK(difference(dense_product(weighted), w.transpose() * weights.asDiagonal() * w) < 1e-13);
    CHECK(difference(weighted_cross_product(rows, none, y), w.transpose() * y) < 1e-13);
    CHECK(difference(weighted_cross_product(rows, weights, y),
                     w.transpose() * weights.cwiseProduct(y)) < 1e-13);
    Matrix x(nodes.n_columns(), 3);
    for (Index c = 0; c < 3; ++c) x.col(c) = normal(nodes.n_columns(), engine);
    Matrix product = x;
    weighted.multiply_add(x, product);
    CHECK(difference(product, x + w.transpose() * weights.asDiagonal() * w * x) < 1e-13);
  }
}

TEST_CASE("fixed basis: full rank, dense and sparse columns, weights") {
  std::mt19937 engine(3);
  const Index n = 40;
  const Matrix z = indicators(random_levels(n, 8, engine), 8);
  const Matrix x = beside(beside(Vector::Ones(n), z.rightCols(7)), normal(n, engine));
  check_basis(x, Vector(), all_of(9));
  check_basis(x, normal(n, engine).cwiseAbs().array() + 0.1, all_of(9));
}

TEST_CASE("fixed basis: a quadratic far from its origin keeps its digits") {
  std::mt19937 engine(4);
  const Index n = 50;
  const Vector year = 1e4 + (normal(n, engine) * 5.0).array();
  Matrix x(n, 2);
  x << Vector::Ones(n), year;
  const FixedBasis basis = check_basis(x, Vector(), {0, 1});
  CHECK(basis.n_dense == 2);
  const double centred = (year.array() - year.mean()).matrix().norm();
  CHECK(basis.log_det_transform ==
        Approx(-0.5 * std::log(double(n)) - std::log(centred)).epsilon(1e-10));
}

TEST_CASE("fixed basis: the last of dependent columns is dropped, as lm does") {
  std::mt19937 engine(6);
  const Index n = 60;
  const Matrix a = indicators(random_levels(n, 6, engine), 6),
               b = indicators(random_levels(n, 7, engine), 7);
  SECTION("two full dummy codings") {
    std::vector<SmallIndex> kept = all_of(1 + 6 + 7);
    kept.erase(kept.begin() + 13);
    kept.erase(kept.begin() + 6);
    check_basis(beside(beside(Vector::Ones(n), a), b), Vector(), kept);
  }
  SECTION("the intercept last") {
    std::vector<SmallIndex> kept = all_of(12);
    check_basis(beside(beside(a, b.leftCols(6)), Vector::Ones(n)), Vector(), kept);
  }
  SECTION("empty cells") {
    Matrix x = beside(Vector::Ones(n), a.leftCols(4));
    x.col(2).setZero();
    check_basis(x, Vector(), {0, 1, 3, 4});
  }
  SECTION("a sparse covariate given twice in another unit") {
    const Matrix nested = a.col(1).cwiseProduct(normal(n, engine));
    check_basis(beside(beside(a.leftCols(5), nested), 1000.0 * nested), Vector(),
                {0, 1, 2, 3, 4, 5});
  }
  SECTION("a sparse column that is the sum of a dense one and others") {
    const Matrix dense = a.col(0) + a.col(1) + a.col(2) + a.col(3);
    check_basis(beside(a, dense), Vector(), {0, 1, 2, 3, 4, 5});
    std::vector<SmallIndex> kept{0, 1, 2, 3, 5, 6};
    check_basis(beside(dense, a), Vector(), kept);
  }
  SECTION("nothing but zeros") { CHECK(check_basis(Matrix::Zero(n, 3), Vector(), {}).rank() == 0); }
  SECTION("no columns") { CHECK(check_basis(Matrix(n, 0), Vector(), {}).rank() == 0); }
  SECTION("all columns but the first depend on it") {
    Matrix x(n, 4);
    x << a.col(0), 2.0 * a.col(0), -a.col(0), 1e-6 * a.col(0);
    check_basis(x, Vector(), {0});
    x << Vector::Ones(n), 3.0 * Vector::Ones(n), -Vector::Ones(n), Vector::Ones(n);
    check_basis(x, Vector(), {0});
  }
}

TEST_CASE("fixed basis: nearly dependent sparse columns are decided, whichever way") {
  std::mt19937 engine(7);
  const Index n = 400;
  const Matrix a = indicators(random_levels(n, 8, engine), 8);
  for (double distance = 1e-9; distance < 1e-4; distance *= 1.7) {
    Matrix x = a;
    for (Index c = 0; c < 4; ++c) {
      const Vector column = a.col(c).cwiseProduct(normal(n, engine));
      const Vector noise = a.col(c).cwiseProduct(normal(n, engine));
      x = beside(beside(x, column), column / column.norm() + distance * noise / noise.norm());
    }
    Callbacks callbacks;
    const FixedBasis basis = make_fixed_basis(sparse(x), Vector(), callbacks);
    if (distance < 3e-8) CHECK(basis.rank() == 12);
    if (distance > 1e-6) CHECK(basis.rank() == 16);
  }
}

TEST_CASE("least squares") {
  std::mt19937 engine(8);
  const Index n = 30;
  const Matrix x = beside(indicators(random_levels(n, 5, engine), 5), normal(n, engine));
  const Vector y = normal(n, engine), weights = normal(n, engine).cwiseAbs();
  Callbacks callbacks;
  const Vector expected = x.colPivHouseholderQr().solve(y);
  CHECK(difference(least_squares(sparse(x), Vector(), y, false, callbacks), expected) < 1e-12);
  const Matrix xw = weights.cwiseSqrt().asDiagonal() * x;
  const Vector weighted = xw.colPivHouseholderQr().solve(weights.cwiseSqrt().cwiseProduct(y));
  CHECK(difference(least_squares(sparse(x), weights, y, false, callbacks), weighted) < 1e-12);
  const Matrix q = Matrix(x.householderQr().householderQ()).leftCols(6);
  CHECK(difference(least_squares(sparse(q), Vector(), y, true, callbacks), q.transpose() * y) <
        1e-14);
  CHECK_THROWS_AS(least_squares(sparse(beside(x, x)), Vector(), y, false, callbacks), InvalidSpec);
}

TEST_CASE(
    "coefficient basis: orthogonal columns with a mean square of one, whatever origin and unit") {
  std::mt19937 engine(9);
  const Index n = 40;
  const std::vector<SmallIndex> level = random_levels(n, 5, engine);
  const Vector x = normal(n, engine);
  for (const double origin : {0.0, 1e4, -1e6}) {
    Matrix z(n, 2);
    z << Vector::Ones(n), 1e-3 * (x.array() + origin);
    const std::vector<CoefficientRows> incidences{{0, 0, &level, sparse(z)}};
    const Matrix t =
        coefficient_basis(incidences, 0, 2, covariance::CoefficientChange::any, Vector());
    CHECK(t(1, 0) == 0.0);
    CHECK(difference(t.transpose() * z.transpose() * z * t / double(n), Matrix::Identity(2, 2)) <
          1e-8);
    const Matrix units =
        coefficient_basis(incidences, 0, 2, covariance::CoefficientChange::diagonal, Vector());
    CHECK(units.isDiagonal(0.0));
    CHECK(difference((z * units).colwise().squaredNorm() / double(n), Matrix::Ones(1, 2)) < 1e-12);
  }
  Matrix z(n, 3);
  z << Vector::Ones(n), x, x;  // dependent: the third column keeps a finite basis
  const Matrix t = coefficient_basis({{0, 0, &level, sparse(z)}}, 0, 3,
                                     covariance::CoefficientChange::any, Vector());
  CHECK(t.allFinite());
  CHECK(t.fullPivLu().isInvertible());
  CHECK(coefficient_basis({}, 0, 2, covariance::CoefficientChange::any, Vector()).isIdentity(0.0));
}

TEST_CASE("precision of levels: K x and log|K|") {
  std::mt19937 engine(10);
  Matrix half(5, 8);
  for (Index c = 0; c < 8; ++c) half.col(c) = normal(5, engine);
  const Matrix inverse = half * half.transpose(), k = inverse.inverse();
  Callbacks callbacks;
  const LevelCovariance levels(test::precision(inverse), 5, "here", callbacks);
  Matrix x(5, 2);
  x << normal(5, engine), normal(5, engine);
  Matrix kx = x;
  levels.multiply(kx);
  CHECK(difference(kx, k * x) < 1e-11);
  CHECK(levels.log_determinant() == Approx(std::log(k.determinant())));
  CHECK_THROWS_AS(LevelCovariance(test::precision(inverse), 6, "here", callbacks),
                  DimensionMismatch);
  CHECK_THROWS_AS(LevelCovariance(test::precision(-inverse), 5, "here", callbacks), InvalidSpec);
  const LevelCovariance identity(Relationship{}, 5, "here", callbacks);
  identity.multiply(x);
  CHECK(identity.log_determinant() == 0.0);
}

TEST_CASE("a model's W, W'W, W'y and y'y, and the way back to the user's units") {
  for (const test::MixedModel& given : test::mixed_models(1)) {
    INFO(given.name);
    Callbacks callbacks;
    const Model model = build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    const Matrix w = dense_rows(model.w);
    const Index n = w.rows();
    const Vector weights = given.spec.weights.size() > 0 ? given.spec.weights : Vector::Ones(n);
    const Matrix x = w.rightCols(model.rank());
    const Vector y = (given.spec.response - x * model.least_squares) / model.response_unit;
    CHECK(difference(x.transpose() * weights.asDiagonal() * y, Matrix::Zero(model.rank(), 1)) <
          1e-11);
    CHECK(y.dot(weights.cwiseProduct(y)) == Approx(double(n - model.rank())));
    CHECK(model.weighted_ss == Approx(double(n - model.rank())));
    CHECK(model.sum_log_weights == Approx(weights.array().log().sum()));
    CHECK(difference(dense_product(model.cross_products),
                     w.transpose() * weights.asDiagonal() * w) < 1e-12);
    CHECK(difference(model.rhs, w.transpose() * weights.cwiseProduct(y)) < 1e-11);
    for (const RandomBlock& block : model.blocks) {
      for (Index l = 0; l < block.n_levels; ++l) {
        const Matrix& z = given.terms[block.term].z;
        const Matrix mine = w.middleCols(block.first_column + l * block.n_coef, block.n_coef);
        const Matrix theirs =
            z.middleCols(l * given.terms[block.term].n_coef + block.first_coef, block.n_coef);
        CHECK(difference(mine * model.response_unit, theirs * block.coef_transform) < 1e-11);
      }
    }
  }
}

TEST_CASE("a model that cannot be is refused") {
  const test::MixedModel good = test::mixed_models(2)[2];
  Callbacks callbacks;
  const VarianceRequest request = test::nothing_held(good.n_values());
  const auto build = [&](const auto& spoil) {
    ModelSpec spec = good.spec;
    VarianceRequest asked = request;
    spoil(spec, asked);
    build_model(spec, asked, callbacks);
  };
  CHECK_NOTHROW(build([](ModelSpec&, VarianceRequest&) {}));
  CHECK_THROWS_AS(build([](ModelSpec& s, auto&) { s.response[0] = HUGE_VAL; }), InvalidSpec);
  CHECK_THROWS_AS(build([](ModelSpec& s, auto&) { s.response.setConstant(3.0); }), InvalidSpec);
  CHECK_THROWS_AS(build([](ModelSpec& s, auto&) { s.weights = Vector::Zero(s.n_records()); }),
                  InvalidSpec);
  CHECK_THROWS_AS(build([](ModelSpec& s, auto&) { s.weights = Vector::Ones(3); }),
                  DimensionMismatch);
  CHECK_THROWS_AS(build([](ModelSpec& s, auto&) { s.random[0].structure.name = "?"; }),
                  InvalidSpec);
  CHECK_THROWS_AS(
      build([](ModelSpec& s, auto&) { s.random[0].incidence[0].level_of_record[0] = 7; }),
      InvalidSpec);
  CHECK_THROWS_AS(build([](ModelSpec& s, auto&) { s.random[0].incidence[0].first_coef = 1; }),
                  InvalidSpec);
  CHECK_THROWS_AS(
      build([](ModelSpec& s, auto&) { s.random[0].incidence[0].level_of_record.pop_back(); }),
      DimensionMismatch);
  CHECK_THROWS_AS(build([](auto&, VarianceRequest& r) { r.values = Vector::Zero(2); }),
                  DimensionMismatch);
  CHECK_THROWS_AS(build([](auto&, VarianceRequest& r) { r.held.pop_back(); }), DimensionMismatch);
  CHECK_THROWS_AS(build([](auto&, VarianceRequest& r) {
                    r.held.back() = true;
                    r.values[r.values.size() - 1] = 0.0;
                  }),
                  InvalidSpec);
}

}  // namespace henderson::model
