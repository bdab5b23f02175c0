// SPDX-License-Identifier: GPL-3.0-or-later
// Errors of estimates and predictions, and leverages: against textbook equations and V form.
#include <catch.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "core/answers/errors.h"
#include "core/answers/inverse_answers.h"
#include "core/answers/solved_errors.h"
#include "support/evaluations.h"

namespace henderson::answers {
namespace {

using equations::MixedModelEquations;
using model::Model;
using test::difference;
using test::evaluate_at;
using test::for_each_model;
using test::MixedModel;
using test::normal;

// The oracle's error covariance over all columns of X, zero at dropped ones.
Matrix error_over_all_columns(const MixedModel& given, const test::Oracle& oracle) {
  const Index p = given.x.cols(), rank = static_cast<Index>(oracle.kept.size()),
              q = oracle.u.size();
  Matrix spread = Matrix::Zero(p + q, rank + q);
  for (Index j = 0; j < rank; ++j) spread(oracle.kept[j], j) = 1.0;
  spread.bottomRightCorner(q, q).setIdentity();
  return spread * oracle.error * spread.transpose();
}

}  // namespace

TEST_CASE("error covariances by a solution for each function are those of the factor") {
  std::mt19937 engine(61);
  equations::GradientOptions options, loose;
  options.tolerance = 1e-10;
  loose.tolerance = 1e-5;
  for_each_model(16, [&](const MixedModel& given, const Model& model,
                         MixedModelEquations& equations) {
    const Vector values = test::random_values(given, engine);
    const likelihood::Evaluation factored = evaluate_at(equations, values);
    const Index rows = error_over_all_columns(given, test::oracle(given, values)).rows();
    Matrix k(rows, 11);
    for (Index c = 0; c < k.cols(); ++c) k.col(c) = normal(rows, engine);
    Callbacks callbacks;
    const SolvedErrors found = solve_errors(model, values, k.sparseView(), options, callbacks);
    const Matrix expected = error_covariance(factored, k.sparseView());
    CHECK(difference(found.covariance, expected) < 1e-9);
    CHECK(found.reached <= options.tolerance);
    const SolvedErrors less = solve_errors(model, values, k.sparseView(), loose, callbacks);
    CHECK(difference(less.covariance.diagonal(), expected.diagonal()) < 1e-8);
    const Matrix fixed = k.topRows(given.x.cols());
    CHECK(difference(solve_errors(model, values, fixed.sparseView(), options, callbacks).covariance,
                     error_covariance(factored, fixed.sparseView())) < 1e-9);
    CHECK_THROWS_AS(
        solve_errors(model, values, k.topRows(rows - 1).sparseView(), options, callbacks),
        DimensionMismatch);
  });
}

TEST_CASE("error covariances are the inverse of the textbook equations") {
  std::mt19937 engine(6);
  for_each_model(
      16, [&](const MixedModel& given, const Model& model, MixedModelEquations& equations) {
        const Vector values = test::random_values(given, engine);
        const test::Oracle oracle = test::oracle(given, values);
        const Matrix expected = error_over_all_columns(given, oracle);
        const likelihood::Evaluation found = evaluate_at(equations, values);
        Matrix k(expected.rows(), 4);
        for (Index c = 0; c < 4; ++c) k.col(c) = normal(k.rows(), engine);
        const Matrix covariance = error_covariance(found, k.sparseView());
        CHECK(difference(covariance, k.transpose() * expected * k) < 1e-9);
        const Matrix columns = error_columns(found, k.sparseView());
        CHECK(difference(columns, expected * k) < 1e-9);
        const std::vector<Matrix> blocks = error_blocks(found, k.sparseView(), {0, 3, 3, 4});
        REQUIRE(blocks.size() == 3);
        CHECK(difference(blocks[0], covariance.topLeftCorner(3, 3)) < 1e-12);
        CHECK(blocks[1].size() == 0);
        CHECK(difference(blocks[2], covariance.bottomRightCorner(1, 1)) < 1e-12);
        CHECK_THROWS_AS(error_blocks(found, k.sparseView(), {0, 3}), DimensionMismatch);
        CHECK_THROWS_AS(error_covariance(found, k.topRows(k.rows() - 1).sparseView()),
                        DimensionMismatch);
        const Matrix fixed = fixed_covariance(found);
        REQUIRE(fixed.rows() == given.x.cols());
        for (Index j = 0; j < fixed.cols(); ++j) {
          const bool kept = std::count(oracle.kept.begin(), oracle.kept.end(), j) > 0;
          CHECK(std::isnan(fixed(j, j)) == !kept);
          for (Index i = 0; i < fixed.rows(); ++i) {
            if (!std::isnan(fixed(i, j)))
              CHECK(fixed(i, j) == Approx(expected(i, j)).epsilon(1e-8).margin(1e-10));
          }
        }
        CHECK(model.rank() == static_cast<Index>(oracle.kept.size()));
      });
}

TEST_CASE("standard errors and prediction errors from the selected inverse") {
  std::mt19937 engine(7);
  for_each_model(17, [&](const MixedModel& given, const Model&, MixedModelEquations& equations) {
    const Vector values = test::random_values(given, engine);
    const Matrix expected = error_over_all_columns(given, test::oracle(given, values));
    Callbacks callbacks;
    InverseQuestions questions;
    questions.standard_errors = questions.prediction_errors = true;
    const InverseAnswers found =
        answer_from_inverse(evaluate_at(equations, values), questions, callbacks);
    CHECK(found.leverages.size() == 0);
    const Vector& errors = found.standard_errors;
    REQUIRE(errors.size() == given.x.cols());
    for (Index j = 0; j < errors.size(); ++j) {
      CHECK(std::isnan(errors[j]) == (expected(j, j) == 0.0));
      if (!std::isnan(errors[j]))
        CHECK(errors[j] == Approx(std::sqrt(expected(j, j))).epsilon(1e-8));
    }
    const std::vector<Matrix>& predictions = found.prediction_errors;
    REQUIRE(predictions.size() == given.terms.size());
    Index first = given.x.cols();
    for (std::size_t t = 0; t < predictions.size(); ++t) {
      const Index n = given.terms[t].n_coef;
      for (Index l = 0; l < predictions[t].cols() / n; ++l, first += n) {
        Matrix block = predictions[t].middleCols(l * n, n),
               theirs = expected.block(first, first, n, n);
        if (given.terms[t].diagonal) {
          CHECK(n * n - n == block.array().isNaN().count());
          block = block.diagonal().asDiagonal();
          theirs = theirs.diagonal().asDiagonal();
        }
        CHECK(difference(block, theirs) < 1e-9);
      }
    }
  });
}

// diag(P) = (1 - weight x leverage) weight / sigma^2
TEST_CASE("leverages of records are those of the V form") {
  std::mt19937 engine(8);
  for_each_model(
      19, [&](const MixedModel& given, const Model& model, MixedModelEquations& equations) {
        if (model.has_structured_residual()) return;
        const Vector values = test::random_values(given, engine);
        const test::Oracle oracle = test::oracle(given, values);
        Callbacks callbacks;
        InverseQuestions questions;
        questions.leverages = questions.effective_dimensions = true;
        const InverseAnswers found =
            answer_from_inverse(evaluate_at(equations, values), questions, callbacks);
        const Vector& leverages = found.leverages;
        Vector weights = model.weights;
        if (weights.size() == 0) weights = Vector::Ones(model.n_records);
        const Vector left = 1.0 - (weights.array() * leverages.array());
        const double residual = values[values.size() - 1];
        CHECK(difference(weights.cwiseProduct(left) / residual, oracle.p.diagonal()) < 1e-9);
        // All effective dimensions, the rank of X and the residual's add up to the records.
        const double of_residual = oracle.p.diagonal().cwiseQuotient(weights).sum() * residual;
        CHECK(found.effective_dimensions.sum() + model.rank() + of_residual ==
              Approx(static_cast<double>(model.n_records)));
      });
}

}  // namespace henderson::answers
