// SPDX-License-Identifier: GPL-3.0-or-later
// The expected information by patterns: tr(P V_i P V_j) / 2 of the V form, and, with the average
// information and the curvature, the Hessian that differences of the score give.
#include <catch.h>

#include <Eigen/Dense>

#include "core/reml/derivatives.h"
#include "core/reml/expected_information.h"
#include "core/reml/start.h"
#include "mixed_models.h"

namespace henderson::reml {
namespace {

using equations::FixedPlace;
using equations::MixedModelEquations;
using model::Model;
using test::MixedModel;

// Derivatives of V by the parameters of the model.
std::vector<Matrix> by_parameters(const test::Oracle& dense, const Matrix& jacobian) {
  std::vector<Matrix> found;
  for (Index i = 0; i < jacobian.cols(); ++i) {
    Matrix sum = Matrix::Zero(dense.v.rows(), dense.v.cols());
    for (Index k = 0; k < jacobian.rows(); ++k) sum += jacobian(k, i) * dense.dv[k];
    found.push_back(sum);
  }
  return found;
}

Vector gradient_at(MixedModelEquations& equations, const Parameters& parameters) {
  Callbacks callbacks;
  std::optional<Evaluation> evaluation = evaluate(equations, parameters, false, callbacks);
  REQUIRE(evaluation.has_value());
  return derivatives(equations, std::move(*evaluation), callbacks, Extent::gradient).gradient;
}

// d2(-2l) / d theta2 by central differences of the exact score.
Matrix differenced(MixedModelEquations& equations, const Parameters& at) {
  const double h = 1e-5;
  const Index n = at.theta().size();
  Matrix hessian(n, n);
  for (Index i = 0; i < n; ++i) {
    const auto shifted = [&](double step) {
      return Parameters(at.theta() + step * Vector::Unit(n, i), at.log_residual());
    };
    hessian.col(i) =
        (gradient_at(equations, shifted(h)) - gradient_at(equations, shifted(-h))) / (2.0 * h);
  }
  return hessian;
}

Matrix exact(MixedModelEquations& equations, const Parameters& at) {
  Callbacks callbacks;
  std::optional<Evaluation> evaluation = evaluate(equations, at, false, callbacks);
  REQUIRE(evaluation.has_value());
  const std::optional<Matrix> expected = expected_information(equations, *evaluation);
  REQUIRE(expected.has_value());
  const Derivatives found =
      derivatives(equations, std::move(*evaluation), callbacks, Extent::curvature_of_residual);
  REQUIRE(found.has_residual_curvature);
  return 4.0 * found.information - 2.0 * *expected + found.curvature;
}

}  // namespace

TEST_CASE("The expected information is tr(P V_i P V_j) / 2", "[expected]") {
  std::mt19937 engine(11);
  Callbacks callbacks;
  int tried = 0;
  for (unsigned seed = 60; seed < 64; ++seed) {
    for (const MixedModel& given : test::residual_models(seed)) {
      INFO(given.name << (given.spec.reml ? " REML" : " ML"));
      const Vector values = test::random_values(given, engine);
      const Model model =
          model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
      MixedModelEquations equations(model, FixedPlace::last, 1);
      const Parameters at = from_user_values(model, values);
      std::optional<Evaluation> evaluation = evaluate(equations, at, false, callbacks);
      REQUIRE(evaluation.has_value());
      const std::optional<Matrix> found = expected_information(equations, *evaluation);
      REQUIRE(found.has_value() == given.terms.empty());
      if (!found) continue;
      ++tried;
      const test::Oracle dense = test::oracle(given, values);
      const std::vector<Matrix> dv = by_parameters(dense, user_jacobian(model, at));
      const Matrix p = given.spec.reml ? dense.p : Matrix(dense.v.inverse());
      Matrix expected(found->rows(), found->cols());
      for (Index i = 0; i < expected.rows(); ++i) {
        for (Index j = 0; j < expected.cols(); ++j)
          expected(i, j) = 0.5 * (p * dv[i]).cwiseProduct((p * dv[j]).transpose()).sum();
      }
      CHECK(test::difference(*found, expected) < 1e-9);
    }
  }
  CHECK(tried == 16);
}

TEST_CASE("With the average information and the curvature it gives the Hessian", "[expected]") {
  Callbacks callbacks;
  const std::vector<std::pair<std::string, Index>> structures = {
      {"us", 6},   {"diag", 3}, {"cs", 2},   {"csh", 4}, {"ar1", 2},
      {"ar1h", 4}, {"toep", 3}, {"ante", 5}, {"fa", 6}};
  for (const auto& [name, n_values] : structures) {
    for (MixedModel given : test::residual_models(65)) {
      if (!given.terms.empty() || given.spec.residual.size() != 1) continue;
      INFO(name << (given.spec.reml ? " REML" : " ML"));
      given.spec.residual.front().structure.name = name;
      if (name == "fa") given.spec.residual.front().structure.order = 1;
      const model::VarianceRequest request = test::nothing_held(n_values);
      const Model model = model::build_model(given.spec, request, callbacks);
      MixedModelEquations equations(model, FixedPlace::last, 1);
      const Parameters start = starting_parameters(model, request);
      std::mt19937 engine(12);
      const Parameters at(start.theta() + 0.1 * test::normal(start.theta().size(), engine),
                          start.log_residual());
      CHECK(test::difference(exact(equations, at), differenced(equations, at)) < 1e-5);
    }
  }
}

}  // namespace henderson::reml
