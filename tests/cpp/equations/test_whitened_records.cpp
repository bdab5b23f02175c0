// SPDX-License-Identifier: GPL-3.0-or-later
// Records at some R: W'R^-1 W, W'R^-1 y, y'R^-1 y and log|R| against R as a matrix.
#include <catch.h>

#include <Eigen/Dense>

#include "core/equations/whitened_records.h"
#include "core/likelihood/start.h"
#include "support/mixed_models.h"

namespace henderson::equations {
namespace {

using model::Model;
using test::dense_product;
using test::difference;
using test::MixedModel;
using test::normal;

// By row: those without a record have a 1 in their column of M, and no response.
struct DenseRecords {
  Matrix w;
  Vector y;
  Matrix r;
};

DenseRecords dense_records(const Model& model, const Vector& theta) {
  const Index n = model.residual.n_rows();
  const Matrix by_record = test::dense_rows(model.w);
  DenseRecords dense{Matrix::Zero(n, by_record.cols()), Vector::Zero(n), Matrix::Zero(n, n)};
  Index missing = model.n_random_columns;
  for (Index i = 0; i < n; ++i) {
    const SmallIndex record = model.residual.record_of_row[static_cast<std::size_t>(i)];
    if (record == kNone) {
      dense.w(i, missing++) = 1.0;
      continue;
    }
    const double root = model.weights.size() > 0 ? std::sqrt(model.weights[record]) : 1.0;
    dense.w.row(i) = root * by_record.row(record);
    dense.y[i] = root * model.response[record];
  }
  for (const model::ResidualBlock& block : model.residual.blocks) {
    const Vector own = theta.segment(block.first_theta, block.structure->n_theta());
    for (const model::ResidualPattern& pattern : block.patterns) {
      const Matrix among = block.structure->covariance(own, pattern.positions);
      for (const Index first : pattern.first_row)
        dense.r.block(first, first, among.rows(), among.cols()) = among;
    }
  }
  return dense;
}

void check_records(const Model& model, const Vector& theta) {
  const DenseRecords dense = dense_records(model, theta);
  const Matrix precision = dense.r.inverse();
  const Matrix wrw = dense.w.transpose() * precision * dense.w;
  const Vector wry = dense.w.transpose() * precision * dense.y;
  WhitenedRecords records(model);
  REQUIRE(records.set(theta));
  CHECK(difference(dense_product(records.cross_products()), wrw) < 1e-10);
  CHECK(difference(records.rhs(), wry) < 1e-10);
  CHECK(records.weighted_ss() == Approx(dense.y.dot(precision * dense.y)));
  const Vector pivots = dense.r.llt().matrixLLT().diagonal();
  // log|R| is that of the records with their weights: R = D^-1/2 R~ D^-1/2.
  CHECK(records.log_det() ==
        Approx(2.0 * pivots.array().log().sum() - model.sum_log_weights).epsilon(1e-9));
  std::mt19937 engine(5);
  Matrix x(dense.w.cols(), 2);
  for (Index c = 0; c < 2; ++c) x.col(c) = normal(x.rows(), engine);
  const Matrix whitened = records.multiply(x);
  CHECK(difference(whitened.transpose() * whitened, x.transpose() * wrw * x) < 1e-10);
  CHECK(difference(records.cross(whitened), wrw * x) < 1e-10);
  const Vector left = records.residual(x.col(0)), e = dense.y - dense.w * x.col(0);
  CHECK(left.squaredNorm() == Approx(e.dot(precision * e)));
}

// A field of 9 x 10 plots, of which some have no record.
MixedModel field() {
  std::mt19937 engine(3);
  std::bernoulli_distribution present(0.9);
  MixedModel made;
  covariance::Recipe rows, columns;
  rows.name = columns.name = "ar1";
  rows.n_coef = 9;
  columns.n_coef = 10;
  model::ResidualSection section;
  section.label = "residual";
  section.structure.name = "product";
  section.structure.factors = {rows, columns};
  section.structure.n_coef = 90;
  SmallIndex n = 0;
  for (SmallIndex p = 0; p < 90; ++p) {
    if (!present(engine)) continue;
    section.record.push_back(n++);
    section.subject.push_back(0);
    section.position.push_back(p);
  }
  made.spec.residual = {section};
  made.spec.fixed = {model::ColumnTerm{}, {{Matrix(normal(n, engine))}}};
  made.spec.response = normal(n, engine);
  return made;
}

}  // namespace

TEST_CASE("whitened records are those of R as a matrix") {
  std::mt19937 engine(2);
  for (const MixedModel& given : test::residual_models(131)) {
    INFO(given.name);
    Callbacks callbacks;
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    const Vector values = test::random_values(given, engine);
    check_records(model, likelihood::from_user_values(model, values).theta());
  }
}

TEST_CASE("whitened records of a field with missing plots: T is sparse, and they have unknowns") {
  const MixedModel given = field();
  Callbacks callbacks;
  const model::VarianceRequest request = test::nothing_held(3);
  const Model model = model::build_model(given.spec, request, callbacks);
  REQUIRE(model.n_missing > 0);
  REQUIRE(model.residual.n_rows() == 90);
  const Vector start = likelihood::starting_parameters(model, request).theta();
  check_records(model, start.array() + 0.4);
}

TEST_CASE("whitened records move from R to R, and refuse one that is singular") {
  const MixedModel given = test::residual_models(132)[0];
  Callbacks callbacks;
  const Model model =
      model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
  std::mt19937 engine(4);
  const Vector first =
      likelihood::from_user_values(model, test::random_values(given, engine)).theta();
  const Vector second =
      likelihood::from_user_values(model, test::random_values(given, engine)).theta();
  WhitenedRecords moved(model), fresh(model);
  REQUIRE(moved.set(second));
  CHECK_FALSE(moved.set(Vector::Zero(first.size())));
  REQUIRE(moved.set(first));
  REQUIRE(fresh.set(first));
  CHECK(dense_product(moved.cross_products()) == dense_product(fresh.cross_products()));
  CHECK(moved.log_det() == fresh.log_det());
}

}  // namespace henderson::equations
