// SPDX-License-Identifier: GPL-3.0-or-later
// Directions in the space of V, and the covariance of K'beta with its derivatives and Kenward &
// Roger's adjustment, against the V form.
#include <catch.h>

#include <Eigen/Dense>
#include <numeric>

#include "core/answers/mean_covariance.h"
#include "core/information/trace_products.h"
#include "core/information/variance_information.h"
#include "support/evaluations.h"

namespace henderson::answers {
namespace {

using answers::Adjustment;
using answers::combined;
using answers::Direction;
using answers::is_zero;
using answers::MeanCovariance;
using answers::nonlinear_part;
using equations::FixedPlace;
using equations::MixedModelEquations;
using likelihood::Parameters;
using model::Model;
using test::all_models;
using test::difference;
using test::MixedModel;

std::vector<Index> everything(const Model& model) {
  std::vector<Index> all(static_cast<std::size_t>(model.n_parameters()));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// A model at random values with its V form; dv are the derivatives of V by theta.
struct Case {
  Case(const MixedModel& given, std::mt19937& engine)
      : values(test::random_values(given, engine)),
        dense(test::oracle(given, values)),
        model(model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks)),
        equations(model, FixedPlace::last, 1),
        parameters(likelihood::from_user_values(model, values)),
        moving(everything(model)) {
    const Matrix jacobian = likelihood::user_jacobian(model, parameters);
    for (const Index i : moving) {
      Matrix sum = Matrix::Zero(dense.v.rows(), dense.v.cols());
      for (Index k = 0; k < jacobian.rows(); ++k) sum += jacobian(k, i) * dense.dv[k];
      dv.push_back(sum);
    }
    const auto rank = static_cast<Index>(dense.kept.size());
    x.resize(dense.v.rows(), rank);
    for (Index j = 0; j < rank; ++j) x.col(j) = given.x.col(dense.kept[j]);
    // Rows of K at dropped columns stay 0: only estimable functions are asked for.
    k = Matrix::Zero(given.x.cols(), 2);
    for (const Index j : dense.kept) k.row(j) = test::normal(2, engine).transpose();
    small_k.resize(rank, 2);
    for (Index j = 0; j < rank; ++j) small_k.row(j) = k.row(dense.kept[j]);
  }

  std::vector<Direction> directions() const {
    return answers::directions(model, parameters.theta(), parameters.log_residual(), moving);
  }

  MeanCovariance moments(const std::optional<Adjustment>& adjustment) {
    std::optional<likelihood::Evaluation> at =
        likelihood::evaluate(equations, parameters, false, callbacks);
    REQUIRE(at.has_value());
    MeanCovariance found = mean_covariance(*at, k, directions(), adjustment, callbacks);
    return found;
  }

  // T = V^-1 X Phi K
  Matrix weighted() const {
    const Matrix vx = dense.v.ldlt().solve(x);
    return vx * (x.transpose() * vx).ldlt().solve(small_k);
  }

  Callbacks callbacks;
  Vector values;
  test::Oracle dense;
  Model model;
  MixedModelEquations equations;
  Parameters parameters;
  std::vector<Index> moving;
  std::vector<Matrix> dv;
  Matrix x, k, small_k;
};

Matrix definite(Index n, std::mt19937& engine) {
  Matrix half(n, n + 2);
  for (Index c = 0; c < half.cols(); ++c) half.col(c) = test::normal(n, engine);
  return half * half.transpose();
}

bool is_along_sigma(const Direction& direction) {
  return direction.residual == 0.0 && direction.theta.size() == 0;
}

}  // namespace

TEST_CASE("the covariance of K'beta and its derivatives are those of the V form") {
  std::mt19937 engine(3);
  for (const MixedModel& given : all_models(41)) {
    INFO(given.name);
    Case at(given, engine);
    if (at.x.cols() == 0) continue;
    const MeanCovariance found = at.moments({});
    const Matrix t = at.weighted();
    CHECK(difference(found.covariance, t.transpose() * at.dense.v * t) < 1e-9);
    CHECK(found.adjusted.size() == 0);
    REQUIRE(found.gradients.size() == at.dv.size());
    for (std::size_t i = 0; i < at.dv.size(); ++i)
      CHECK(difference(found.gradients[i], t.transpose() * at.dv[i] * t) < 1e-8);
  }
}

TEST_CASE("the derivatives of the covariance of K'beta are its differences") {
  std::mt19937 engine(4);
  for (const MixedModel& given : all_models(42)) {
    INFO(given.name);
    Case at(given, engine);
    if (at.x.cols() == 0) continue;
    const MeanCovariance found = at.moments({});
    const Parameters centre = at.parameters;
    for (std::size_t i = 0; i < at.moving.size(); ++i) {
      const double h = 1e-5;
      const auto covariance_at = [&](double step) {
        Vector theta = centre.theta();
        double log_residual = centre.log_residual();
        (at.moving[i] < theta.size() ? theta[at.moving[i]] : log_residual) += step;
        at.parameters = Parameters(theta, log_residual);
        return at.moments({}).covariance;
      };
      const Matrix slope = (covariance_at(h) - covariance_at(-h)) / (2.0 * h);
      CHECK(difference(found.gradients[i], slope) < 1e-6);
    }
  }
}

TEST_CASE("Kenward and Roger's covariance is that of their paper") {
  std::mt19937 engine(5);
  for (const MixedModel& given : all_models(43)) {
    INFO(given.name);
    Case at(given, engine);
    if (at.x.cols() == 0) continue;
    const Matrix w = definite(static_cast<Index>(at.dv.size()), engine);
    const Direction curved = nonlinear_part(at.model, at.parameters.theta(), at.moving, w);
    CHECK(is_zero(curved));  // us and diag are linear in their values
    const MeanCovariance found = at.moments(Adjustment{w, curved});
    const Matrix t = at.weighted();
    Matrix expected = t.transpose() * at.dense.v * t;
    for (std::size_t i = 0; i < at.dv.size(); ++i) {
      for (std::size_t j = 0; j < at.dv.size(); ++j)
        expected += 2.0 * w(i, j) * t.transpose() * at.dv[i] * at.dense.p * at.dv[j] * t;
    }
    CHECK(difference(found.adjusted, expected) < 1e-8);
  }
}

TEST_CASE("tr(P V_r P N) is that of the V form") {
  std::mt19937 engine(6);
  for (const MixedModel& given : all_models(44)) {
    if (!given.spec.reml) continue;
    INFO(given.name);
    Case at(given, engine);
    const std::vector<Direction> directions = at.directions();
    for (std::size_t j = 0; j < directions.size(); ++j) {
      if (!is_along_sigma(directions[j])) continue;
      const information::CovarianceChange change{directions[j].sigma, directions[j].residual_sigma};
      const std::optional<Vector> found =
          information::trace_products(at.equations, at.parameters, at.moving, change, at.callbacks);
      REQUIRE(found.has_value());
      Vector expected(static_cast<Index>(at.dv.size()));
      for (Index r = 0; r < expected.size(); ++r) {
        const Matrix turned = at.dense.p * at.dv[static_cast<std::size_t>(r)];
        expected[r] = turned.cwiseProduct((at.dense.p * at.dv[j]).transpose()).sum();
      }
      CHECK(difference(*found, expected) < 1e-5);
    }
  }
}

TEST_CASE("nothing of a combination of directions is left beside them") {
  std::mt19937 engine(7);
  for (const MixedModel& given : all_models(45)) {
    if (!given.spec.reml) continue;
    INFO(given.name);
    Case at(given, engine);
    const std::vector<Direction> directions = at.directions();
    const auto n = static_cast<Index>(directions.size());
    const Vector weights = test::normal(n, engine);
    const Matrix expected = definite(n, engine);
    const Direction left =
        beside(directions, combined(directions, weights), expected, 2.0 * expected * weights);
    const auto largest = [](const std::vector<Matrix>& all) {
      double size = 0.0;
      for (const Matrix& matrix : all)
        if (matrix.size() > 0) size = std::max(size, matrix.cwiseAbs().maxCoeff());
      return size;
    };
    CHECK(std::abs(left.residual) < 1e-9);
    CHECK(largest(left.sigma) < 1e-9);
    CHECK(largest(left.residual_sigma) < 1e-9);
  }
}

TEST_CASE("the second derivatives of an autoregressive residual are those of its formula") {
  std::mt19937 engine(8);
  MixedModel given = test::residual_models(46).front();
  given.spec.residual.front().structure.name = "ar1";
  Callbacks callbacks;
  const Model model = model::build_model(given.spec, test::nothing_held(2), callbacks);
  const double variance = 2.0, rho = 0.4;
  const Parameters at =
      likelihood::from_user_values(model, Vector::Map(std::vector{variance, rho}.data(), 2));
  const std::vector<Index> moving = everything(model);
  const Matrix w = definite(2, engine);
  const Direction found = nonlinear_part(model, at.theta(), moving, w);
  const Matrix jacobian = likelihood::user_jacobian(model, at);
  const Matrix by_values = jacobian * w * jacobian.transpose();
  const Index n = model.residual.blocks.front().structure->n_coef();
  Matrix expected(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      const double lag = static_cast<double>(std::abs(i - j));
      expected(i, j) = by_values(1, 1) * variance * lag * (lag - 1.0) * std::pow(rho, lag - 2.0) +
                       2.0 * by_values(0, 1) * lag * std::pow(rho, lag - 1.0);
    }
  }
  expected /= model.response_unit * model.response_unit;
  REQUIRE(found.residual_sigma.size() == 1);
  CHECK(difference(found.residual_sigma.front(), expected) < 1e-5);
}

}  // namespace henderson::answers
