// SPDX-License-Identifier: GPL-3.0-or-later
// The equations: against their dense form in the engine's own coordinates, and against textbook
// equations and V form in the user's.
#include <catch.h>

#include <Eigen/Dense>

#include "core/answers/errors.h"
#include "core/answers/inverse_answers.h"
#include "core/equations/traces.h"
#include "core/likelihood/evaluation.h"
#include "support/mixed_models.h"

namespace henderson::equations {
namespace {

using model::Model;
using model::RandomBlock;
using test::dense_rows;
using test::difference;
using test::MixedModel;
using test::normal;

constexpr FixedPlace kPlaces[] = {FixedPlace::anywhere, FixedPlace::last, FixedPlace::apart};

// Everything in the engine's coordinates, dense.
struct DenseEquations {
  Matrix scale;  // W_s = W scale
  Matrix cross;  // W'RW with R = diag(weights)
  Matrix b;      // B
  Matrix c;
  Index n_random = 0;
};

DenseEquations dense_equations(const MixedModel& given, const Model& model, const Factors& lambda) {
  const Matrix w = dense_rows(model.w);
  const Vector weights =
      given.spec.weights.size() > 0 ? given.spec.weights : Vector::Ones(w.rows());
  DenseEquations dense;
  dense.cross = w.transpose() * weights.asDiagonal() * w;
  dense.scale = Matrix::Identity(w.cols(), w.cols());
  dense.b = Matrix::Zero(w.cols(), w.cols());
  dense.n_random = w.cols() - model.rank();
  for (std::size_t k = 0; k < model.blocks.size(); ++k) {
    const RandomBlock& block = model.blocks[k];
    const Matrix precision = given.terms[block.term].k.inverse();
    const Index t = block.n_coef;
    for (Index l = 0; l < block.n_levels; ++l) {
      const Index first = block.first_column + l * t;
      dense.scale.block(first, first, t, t) = lambda[k];
      for (Index m = 0; m < block.n_levels; ++m) {
        dense.b.block(first, block.first_column + m * t, t, t) =
            precision(l, m) * Matrix::Identity(t, t);
      }
    }
  }
  dense.c = dense.scale.transpose() * dense.cross * dense.scale + dense.b;
  return dense;
}

double log_det(const Matrix& a) {
  return a.rows() == 0 ? 0.0 : 2.0 * Matrix(a.llt().matrixL()).diagonal().array().log().sum();
}

Factors random_factors(const Model& model, std::mt19937& engine) {
  Factors lambda;
  for (const RandomBlock& block : model.blocks) {
    Matrix factor = Matrix::Zero(block.n_coef, block.n_coef);
    for (Index c = 0; c < block.n_coef; ++c)
      factor.col(c).tail(block.n_coef - c) = normal(block.n_coef - c, engine);
    lambda.push_back(factor);
  }
  return lambda;
}

std::optional<Solved> solved_at(const MixedModelEquations& equations, const Factors& lambda) {
  Callbacks callbacks;
  return equations.solve(lambda, *equations.records_at(Vector::Zero(equations.model().n_theta)),
                         callbacks);
}

// Calls check(given, model, equations) for every model with every place of the fixed effects.
template <class Check>
void for_each_model(unsigned seed, const Check& check) {
  for (const MixedModel& given : test::mixed_models(seed)) {
    Callbacks callbacks;
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    for (const FixedPlace place : kPlaces) {
      INFO(given.name << ", place " << static_cast<int>(place));
      MixedModelEquations equations(model, place, 1);
      check(given, model, equations);
    }
  }
}

likelihood::Evaluation evaluate_at(MixedModelEquations& equations, const Vector& values) {
  Callbacks callbacks;
  auto found = likelihood::evaluate(
      equations, likelihood::from_user_values(equations.model(), values), false, callbacks);
  REQUIRE(found.has_value());
  return std::move(*found);
}

// u in the user's units and order.
Vector user_u(const MixedModel& given, const Model& model, const Vector& unscaled) {
  std::vector<Index> first{0};
  for (const auto& term : given.terms) first.push_back(first.back() + term.z.cols());
  Vector u(first.back());
  for (const RandomBlock& block : model.blocks) {
    for (Index l = 0; l < block.n_levels; ++l) {
      u.segment(first[block.term] + l * given.terms[block.term].n_coef + block.first_coef,
                block.n_coef) =
          block.coef_transform *
          unscaled.segment(block.first_column + l * block.n_coef, block.n_coef);
    }
  }
  return u;
}

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

TEST_CASE("C, its determinants and its solution are those of the dense equations") {
  std::mt19937 engine(1);
  for_each_model(
      11, [&](const MixedModel& given, const Model& model, MixedModelEquations& equations) {
        for (int repeat = 0; repeat < 3; ++repeat) {
          Factors lambda = random_factors(model, engine);
          if (repeat == 1 && !lambda.empty()) lambda[0].setZero();
          const DenseEquations dense = dense_equations(given, model, lambda);
          std::optional<Solved> solved = solved_at(equations, lambda);
          REQUIRE(solved.has_value());
          const Solution& found = solved->solution;
          const Matrix inverse = dense.c.inverse();
          Matrix identity = Matrix::Identity(dense.c.rows(), dense.c.rows());
          solved->factor.solve(identity);
          CHECK(difference(identity, inverse) < 1e-10);
          CHECK(found.log_det == Approx(log_det(dense.c)));
          const Vector b = inverse * dense.scale.transpose() * model.rhs;
          CHECK(difference(found.scaled, b) < 1e-10);
          CHECK(difference(found.unscaled, dense.scale * b) < 1e-10);
          CHECK(difference(found.score, model.rhs - dense.cross * dense.scale * b) < 1e-9);
          CHECK(found.score.tail(model.rank()).isZero(1e-9));
          CHECK(found.quadratic == Approx(model.weighted_ss - model.rhs.dot(dense.scale * b)));
        }
      });
}

TEST_CASE("the determinant of the random part, with fixed effects last or apart") {
  std::mt19937 engine(2);
  for_each_model(
      12, [&](const MixedModel& given, const Model& model, MixedModelEquations& equations) {
        const Factors lambda = random_factors(model, engine);
        const DenseEquations dense = dense_equations(given, model, lambda);
        const double expected = log_det(dense.c.topLeftCorner(dense.n_random, dense.n_random));
        const std::optional<Solved> solved = solved_at(equations, lambda);
        if (equations.place() != FixedPlace::anywhere)
          CHECK(solved->solution.log_det_random == Approx(expected).margin(1e-10));
      });
}

TEST_CASE("products with Lambda and B") {
  std::mt19937 engine(3);
  for_each_model(
      13, [&](const MixedModel& given, const Model& model, MixedModelEquations& equations) {
        const Factors lambda = random_factors(model, engine);
        const DenseEquations dense = dense_equations(given, model, lambda);
        Matrix x(dense.c.rows(), 3);
        for (Index c = 0; c < 3; ++c) x.col(c) = normal(x.rows(), engine);
        CHECK(difference(equations.to_scaled(lambda, x), dense.scale.transpose() * x) < 1e-13);
        CHECK(difference(equations.to_unscaled(lambda, x), dense.scale * x) < 1e-13);
        CHECK(difference(equations.prior_products(x), x.transpose() * dense.b * x) < 1e-11);
      });
}

TEST_CASE("traces of the selected inverse") {
  std::mt19937 engine(4);
  for_each_model(14,
                 [&](const MixedModel& given, const Model& model, MixedModelEquations& equations) {
                   const Factors lambda = random_factors(model, engine);
                   const DenseEquations dense = dense_equations(given, model, lambda);
                   const EquationPattern& pattern = equations.solver().pattern();
                   const bool last = pattern.symbolic->n_last() > 0;
                   for (const bool without_last : {false, true}) {
                     if (without_last && !last) continue;
                     Matrix d = dense.c.inverse();
                     if (without_last) {
                       d.setZero();
                       const Index n = dense.n_random;
                       if (n > 0) d.topLeftCorner(n, n) = dense.c.topLeftCorner(n, n).inverse();
                     }
                     Callbacks callbacks;
                     std::optional<Solved> solved = solved_at(equations, lambda);
                     linalg::InverseOptions options;
                     options.without_last = without_last;
                     linalg::SelectedInverse inverse =
                         linalg::selected_inverse(std::move(solved->factor), options, callbacks);
                     const Traces traces = make_traces(*solved, pattern, inverse);
                     const Matrix dwz = d * dense.scale.transpose() * dense.cross;  // D W_s'W
                     REQUIRE(traces.of_block.size() == model.blocks.size());
                     for (std::size_t b = 0; b < model.blocks.size(); ++b) {
                       const RandomBlock& block = model.blocks[b];
                       Matrix expected = Matrix::Zero(block.n_coef, block.n_coef);
                       for (Index l = 0; l < block.n_levels; ++l) {
                         const Index first = block.first_column + l * block.n_coef;
                         expected += dwz.block(first, first, block.n_coef, block.n_coef);
                       }
                       CHECK(difference(traces.of_block[b], expected) < 1e-10);
                     }
                     CHECK(traces.of_records == Approx((dwz * dense.scale).trace()).margin(1e-10));
                   }
                 });
}

TEST_CASE("BLUE, BLUP and y'Py are those of the V form") {
  std::mt19937 engine(5);
  for_each_model(
      15, [&](const MixedModel& given, const Model& model, MixedModelEquations& equations) {
        const Vector values = test::random_values(given, engine);
        const test::Oracle oracle = test::oracle(given, values);
        const likelihood::Evaluation found = evaluate_at(equations, values);
        const Solution& solution = found.solution();
        const Vector b =
            model.response_unit * solution.unscaled.tail(model.rank()) + model.least_squares;
        const Vector beta = model.fixed.beta(b, 0.0);
        Vector expected = Vector::Zero(given.x.cols());
        for (std::size_t j = 0; j < oracle.kept.size(); ++j)
          expected[oracle.kept[j]] = oracle.beta[j];
        CHECK(difference(beta, expected) < 1e-10);
        CHECK(difference(user_u(given, model, solution.unscaled), oracle.u) < 1e-10);
        CHECK(solution.quadratic / found.parameters.residual() ==
              Approx(given.spec.response.dot(oracle.py)));
        // log|V| + log|X'V^-1X| = log|R| + log|C| + log|K| on the user's scale: the whole of -2l.
        if (given.spec.reml)
          CHECK(found.minus2loglik == Approx(oracle.minus2loglik).epsilon(1e-10));
      });
}

TEST_CASE("error covariances are the inverse of the textbook equations") {
  std::mt19937 engine(6);
  for_each_model(16, [&](const MixedModel& given, const Model& model,
                         MixedModelEquations& equations) {
    const Vector values = test::random_values(given, engine);
    const test::Oracle oracle = test::oracle(given, values);
    const Matrix expected = error_over_all_columns(given, oracle);
    const likelihood::Evaluation found = evaluate_at(equations, values);
    Matrix k(expected.rows(), 4);
    for (Index c = 0; c < 4; ++c) k.col(c) = normal(k.rows(), engine);
    const Matrix covariance = answers::error_covariance(found, k);
    CHECK(difference(covariance, k.transpose() * expected * k) < 1e-9);
    const Matrix columns = answers::error_columns(found, k);
    CHECK(difference(columns, expected * k) < 1e-9);
    const std::vector<Matrix> blocks = answers::error_blocks(found, k.sparseView(), {0, 3, 3, 4});
    REQUIRE(blocks.size() == 3);
    CHECK(difference(blocks[0], covariance.topLeftCorner(3, 3)) < 1e-12);
    CHECK(blocks[1].size() == 0);
    CHECK(difference(blocks[2], covariance.bottomRightCorner(1, 1)) < 1e-12);
    CHECK_THROWS_AS(answers::error_blocks(found, k.sparseView(), {0, 3}), DimensionMismatch);
    CHECK_THROWS_AS(answers::error_covariance(found, k.topRows(1)), DimensionMismatch);
    const Matrix fixed = answers::fixed_covariance(found);
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
    answers::InverseQuestions questions;
    questions.standard_errors = questions.prediction_errors = true;
    const answers::InverseAnswers found =
        answers::answer_from_inverse(evaluate_at(equations, values), questions, callbacks);
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
        answers::InverseQuestions questions;
        questions.leverages = questions.effective_dimensions = true;
        const answers::InverseAnswers found =
            answers::answer_from_inverse(evaluate_at(equations, values), questions, callbacks);
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

TEST_CASE("the storage of the equations is one") {
  const MixedModel given = test::mixed_models(18)[0];
  Callbacks callbacks;
  const Model model =
      model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
  MixedModelEquations equations(model, FixedPlace::last, 1);
  const Factors lambda{Matrix::Identity(1, 1)};
  std::optional<Solved> solved = solved_at(equations, lambda);
  CHECK_THROWS_AS(solved_at(equations, lambda), Error);
  solved.reset();
  solved = solved_at(equations, lambda);
  REQUIRE(solved.has_value());
  // Whatever became of the factor: here its inverse, which ends too.
  linalg::selected_inverse(std::move(solved->factor), linalg::InverseOptions{}, callbacks);
  CHECK(solved_at(equations, lambda).has_value());
}

}  // namespace henderson::equations
