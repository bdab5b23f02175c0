// SPDX-License-Identifier: GPL-3.0-or-later
// The expected information by patterns and by absorption: tr(P V_i P V_j) / 2 of the V form, and,
// with the average information and the curvature, the Hessian that differences of the score give.
#include <catch.h>

#include <Eigen/Dense>
#include <algorithm>

#include "core/information/derivatives.h"
#include "core/information/expected_information.h"
#include "core/likelihood/start.h"
#include "support/mixed_models.h"
#include "support/score_differences.h"

namespace henderson::reml {
namespace {

using equations::FixedPlace;
using equations::MixedModelEquations;
using information::average_information;
using information::Derivatives;
using information::expected_information;
using information::Extent;
using likelihood::evaluate;
using likelihood::Evaluation;
using likelihood::from_user_values;
using likelihood::Parameters;
using likelihood::starting_parameters;
using likelihood::user_jacobian;
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

// tr(P V_i P V_j) / 2, dense; V^-1 for ML.
Matrix oracle_information(const MixedModel& given, const Model& model, const Parameters& at,
                          const Vector& values) {
  const test::Oracle dense = test::oracle(given, values);
  const std::vector<Matrix> dv = by_parameters(dense, user_jacobian(model, at));
  const Matrix p = given.spec.reml ? dense.p : Matrix(dense.v.inverse());
  const auto n = static_cast<Index>(dv.size());
  Matrix expected(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j)
      expected(i, j) = 0.5 * (p * dv[i]).cwiseProduct((p * dv[j]).transpose()).sum();
  }
  return expected;
}

Matrix exact(MixedModelEquations& equations, const Parameters& at) {
  Callbacks callbacks;
  std::optional<Evaluation> evaluation = evaluate(equations, at, false, callbacks);
  REQUIRE(evaluation.has_value());
  const std::optional<Matrix> expected = expected_information(*evaluation, callbacks);
  REQUIRE(expected.has_value());
  const Matrix average = average_information(*evaluation);
  const Derivatives found = derivatives(std::move(*evaluation), callbacks, Extent::curvature);
  const double last_gradient = found.gradient[found.gradient.size() - 1];
  REQUIRE(found.has_residual_curvature == equations.model().has_structured_residual());
  Matrix hessian = 4.0 * average - 2.0 * *expected + found.curvature;
  // d2V / d(log sigma^2)^2 = dV / d log sigma^2
  if (!equations.model().has_structured_residual())
    hessian(hessian.rows() - 1, hessian.rows() - 1) += last_gradient;
  return hessian;
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
      const std::optional<Matrix> found = expected_information(*evaluation, callbacks);
      REQUIRE(found.has_value() == given.terms.empty());
      if (!found) continue;
      ++tried;
      CHECK(test::difference(*found, oracle_information(given, model, at, values)) < 1e-9);
    }
  }
  CHECK(tried == 16);
}

// By groups of no more than so many columns.
void compare_absorbed(const MixedModel& given, Index largest_group, std::mt19937& engine,
                      int& tried) {
  INFO(given.name << (given.spec.reml ? " REML" : " ML") << ", groups of " << largest_group);
  Callbacks callbacks;
  const Vector values = test::random_values(given, engine);
  const Model model =
      model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
  MixedModelEquations equations(model, FixedPlace::last, 1);
  const Parameters at = from_user_values(model, values);
  std::optional<Evaluation> evaluation = evaluate(equations, at, false, callbacks);
  REQUIRE(evaluation.has_value());
  equations::AbsorptionLimits limits;
  limits.group = largest_group;
  const std::optional<Matrix> found = expected_information(*evaluation, callbacks, limits);
  if (!found) return;
  ++tried;
  CHECK(test::difference(*found, oracle_information(given, model, at, values)) < 1e-8);
}

TEST_CASE("So is that of random terms by absorption", "[expected]") {
  std::mt19937 engine(13);
  int tried = 0;
  for (unsigned seed = 70; seed < 74; ++seed) {
    for (const MixedModel& given : test::mixed_models(seed)) {
      for (const Index largest_group : {64, 3, 0})
        compare_absorbed(given, largest_group, engine, tried);
    }
  }
  CHECK(tried == 144);
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
      CHECK(test::difference(exact(equations, at), test::differenced_hessian(equations, at)) <
            1e-5);
    }
  }
}

TEST_CASE("The Hessian of random terms is had in the same way", "[expected]") {
  Callbacks callbacks;
  std::mt19937 engine(14);
  for (const MixedModel& given : test::mixed_models(75)) {
    if (given.terms.empty() ||
        !std::all_of(given.terms.begin(), given.terms.end(),
                     [](const test::DenseTerm& term) { return term.k.isIdentity(); }))
      continue;
    INFO(given.name << (given.spec.reml ? " REML" : " ML"));
    const Vector values = test::random_values(given, engine);
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    MixedModelEquations equations(model, FixedPlace::last, 1);
    const Parameters at = from_user_values(model, values);
    CHECK(test::difference(exact(equations, at), test::differenced_hessian(equations, at)) < 1e-5);
  }
}

}  // namespace henderson::reml
