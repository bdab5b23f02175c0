// SPDX-License-Identifier: GPL-3.0-or-later
// The equations: against their dense form in the engine's own coordinates.
#include <catch.h>

#include <Eigen/Dense>

#include "core/equations/traces.h"
#include "support/evaluations.h"

namespace henderson::equations {
namespace {

using model::Model;
using model::RandomBlock;
using test::dense_rows;
using test::difference;
using test::for_each_model;
using test::MixedModel;
using test::normal;

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
          CHECK(difference(solved->score(), model.rhs - dense.cross * dense.scale * b) < 1e-9);
          CHECK(solved->score().tail(model.rank()).isZero(1e-9));
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

// Variances of 1e10 residual ones: against long double, whose eps is 2000 times smaller.
TEST_CASE("equations that have lost their digits are factorised from the records") {
  using Long = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  std::mt19937 engine(5);
  for_each_model(15, [&](const MixedModel& given, const Model& model,
                         MixedModelEquations& equations) {
    Factors lambda = random_factors(model, engine);
    for (Matrix& factor : lambda) factor *= 1e5;
    const DenseEquations dense = dense_equations(given, model, lambda);
    const Vector weights =
        given.spec.weights.size() > 0 ? given.spec.weights : Vector::Ones(model.n_records);
    const Long w = dense_rows(model.w).cast<long double>();
    const Long scaled = w * dense.scale.cast<long double>();
    const Long c = scaled.transpose() * weights.cast<long double>().asDiagonal() * scaled +
                   dense.b.cast<long double>();
    const auto is_log_det = [](double found, const Long& matrix) {
      const Long l = matrix.llt().matrixL();
      const auto expected = static_cast<double>(2.0L * l.diagonal().array().log().sum());
      CHECK(found == Approx(expected).epsilon(0).margin(2e-7));
    };
    const std::optional<Solved> solved = solved_at(equations, lambda);
    REQUIRE(solved.has_value());
    is_log_det(solved->solution.log_det, c);
    if (equations.place() == FixedPlace::anywhere || dense.n_random == 0) return;
    is_log_det(solved->solution.log_det_random, c.topLeftCorner(dense.n_random, dense.n_random));
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
