// SPDX-License-Identifier: GPL-3.0-or-later
// The model as a whole: W, W'W and the way back to the user's units; what is refused.
#include <catch.h>

#include <Eigen/Dense>

#include "core/base/error.h"
#include "core/model/model.h"
#include "support/mixed_models.h"

namespace henderson::model {
namespace {

using test::dense_product;
using test::dense_rows;
using test::difference;

}  // namespace

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
