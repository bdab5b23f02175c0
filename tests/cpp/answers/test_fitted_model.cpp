// SPDX-License-Identifier: GPL-3.0-or-later
// The one door after a fit, with the place of the fixed effects that fits have: against the V form,
// and several questions at once against each by itself.
#include <catch.h>

#include <Eigen/Dense>
#include <algorithm>

#include "core/answers/fit.h"
#include "core/answers/questions.h"
#include "core/base/error.h"
#include "core/likelihood/fixed_place.h"
#include "support/evaluations.h"

namespace henderson::answers {
namespace {

using test::difference;
using test::MixedModel;
using test::normal;

std::vector<MixedModel> models_for(unsigned seed) {
  std::vector<MixedModel> models = test::all_models(seed);
  for (MixedModel& model : test::models_of_many_fixed_effects(seed))
    models.push_back(std::move(model));
  return models;
}

model::VarianceRequest at_values(const Vector& values) {
  model::VarianceRequest request = test::nothing_held(values.size());
  request.values = values;
  return request;
}

// Columns over the columns of X that are estimated.
Matrix some_functions(const MixedModel& given, const test::Oracle& oracle, Index n,
                      std::mt19937& engine) {
  Matrix k = Matrix::Zero(given.x.cols(), n);
  for (const Index c : oracle.kept) k.row(c) = normal(n, engine).transpose();
  return k;
}

// V^-1 X (X'V^-1 X)^-1 K.
Matrix by_records(const MixedModel& given, const test::Oracle& oracle, const Matrix& k) {
  const auto rank = static_cast<Index>(oracle.kept.size());
  Matrix x(given.x.rows(), rank), kept(rank, k.cols());
  for (Index j = 0; j < rank; ++j) {
    x.col(j) = given.x.col(oracle.kept[j]);
    kept.row(j) = k.row(oracle.kept[j]);
  }
  const Matrix vx = oracle.v.ldlt().solve(x);
  return vx * (x.transpose() * vx).ldlt().solve(kept);
}

Matrix expected_information(const MixedModel& given, const test::Oracle& oracle) {
  const Matrix p = given.spec.reml ? oracle.p : Matrix(oracle.v.inverse());
  const auto n = static_cast<Index>(oracle.dv.size());
  std::vector<Matrix> pv;
  for (const Matrix& dv : oracle.dv) pv.push_back(p * dv);
  Matrix expected(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j)
      expected(i, j) = 0.5 * pv[i].cwiseProduct(pv[j].transpose()).sum();
  }
  return expected;
}

}  // namespace

TEST_CASE("fitted model: -2l and its derivatives by the user's values") {
  std::mt19937 engine(151);
  for (const MixedModel& given : models_for(151)) {
    INFO(given.name);
    Callbacks callbacks;
    const Vector values = test::random_values(given, engine);
    const test::Oracle oracle = test::oracle(given, values);
    const ValueDerivatives found =
        FittedModel(given.spec, at_values(values), model::Cells::all, 1, callbacks)
            .value_derivatives();
    CHECK(found.minus2loglik == Approx(oracle.minus2loglik).epsilon(1e-10));
    CHECK(difference(found.gradient, oracle.gradient) < 1e-8);
    CHECK(difference(found.average_information, oracle.information) < 1e-8);
  }
}

TEST_CASE("fitted model: the covariance of K'beta and its derivatives") {
  std::mt19937 engine(152);
  for (const MixedModel& given : models_for(152)) {
    if (given.x.cols() == 0) continue;
    INFO(given.name);
    Callbacks callbacks;
    const Vector values = test::random_values(given, engine);
    const test::Oracle oracle = test::oracle(given, values);
    const Matrix k = some_functions(given, oracle, 3, engine);
    const Matrix t = by_records(given, oracle, k);
    FittedModel fitted(given.spec, at_values(values), model::Cells::all, 1, callbacks);
    const MeanCovariance found = fitted.moments(k, std::nullopt);
    CHECK(difference(found.covariance, t.transpose() * oracle.v * t) < 1e-9);
    const Matrix jacobian = likelihood::user_jacobian(fitted.model(), fitted.parameters());
    REQUIRE(static_cast<Index>(found.gradients.size()) == jacobian.cols());
    for (Index i = 0; i < jacobian.cols(); ++i) {
      Matrix expected = Matrix::Zero(3, 3);
      for (Index v = 0; v < jacobian.rows(); ++v)
        expected += jacobian(v, i) * t.transpose() * oracle.dv[v] * t;
      CHECK(difference(found.gradients[i], expected) < 1e-8);
    }
  }
}

// Inside, at the estimates: the observed one follows from the others, as V is linear in the values.
TEST_CASE("fitted model: average, observed and expected information at the estimates") {
  int tried = 0;
  std::vector<MixedModel> models = test::mixed_models(153);
  for (MixedModel& model : test::models_of_many_fixed_effects(153))
    models.push_back(std::move(model));
  for (const MixedModel& given : models) {
    INFO(given.name);
    Callbacks callbacks;
    const model::VarianceRequest free = test::nothing_held(given.n_values());
    const model::Model model = model::build_model(given.spec, free, callbacks);
    const equations::MixedModelEquations equations(model, likelihood::fixed_place(model), 1);
    const FitResult fitted = fit(equations, free, {}, Tests::nothing, Identify::report, callbacks);
    CHECK(fitted.unidentified.cols() == 0);
    CHECK((fitted.search.termination == reml::Termination::converged));
    const std::vector<ValueStatus>& status = fitted.estimates.status;
    if (std::count(status.begin(), status.end(), ValueStatus::free) != given.n_values()) continue;
    ++tried;
    const test::Oracle oracle = test::oracle(given, fitted.estimates.values);
    CHECK(fitted.minus2loglik == Approx(oracle.minus2loglik).epsilon(1e-10));
    FittedModel door(given.spec, at_values(fitted.estimates.values), model::Cells::all, 1,
                     callbacks);
    const information::VarianceInformation found = door.information(false, Matrix());
    const Matrix& j = found.jacobian;
    const Matrix average = j.transpose() * oracle.information * j,
                 expected = j.transpose() * expected_information(given, oracle) * j;
    CHECK(difference(found.average, average) < 1e-8);
    CHECK(difference(door.average_information().average, average) < 1e-8);
    REQUIRE(found.has_expected);
    // Differences of the score have seven digits.
    CHECK(difference(found.expected, expected) < 1e-5);
    CHECK(difference(found.observed, 2.0 * average - expected) < 1e-5);
  }
  CHECK(tried > 8);
}

TEST_CASE("questions: several at once are answered as each by itself, in any order") {
  std::mt19937 engine(155);
  for (const MixedModel& given : models_for(155)) {
    if (given.terms.empty() || !given.residual.empty() || given.x.cols() == 0) continue;
    INFO(given.name);
    Callbacks callbacks;
    const model::VarianceRequest request = at_values(test::random_values(given, engine));
    const test::Oracle oracle = test::oracle(given, request.values);
    Index n_effects = given.x.cols();
    for (const test::DenseTerm& term : given.terms) n_effects += term.z.cols();
    Matrix k = Matrix::Zero(n_effects, 2);
    k.topRows(given.x.cols()) = some_functions(given, oracle, 2, engine);
    Question error, moments, information, average, leverages, dimensions;
    error.topic = Topic::error_covariance;
    error.k = k.sparseView();
    moments.topic = Topic::moments;
    moments.k = k.topRows(given.x.cols()).sparseView();
    information.topic = Topic::information;
    average.topic = Topic::average_information;
    leverages.topic = Topic::leverages;
    dimensions.topic = Topic::effective_dimensions;

    FittedModel fitted(given.spec, request, model::Cells::all, 1, callbacks);
    const std::vector<Answer> together =
        ask(fitted, {information, leverages, error, average, dimensions, moments, error});
    REQUIRE(together.size() == 7);
    const auto alone = [&](const Question& question) {
      FittedModel own(given.spec, request, model::Cells::all, 1, callbacks);
      return ask(own, {question})[0];
    };
    using information::VarianceInformation;
    CHECK(std::get<VarianceInformation>(together[0]).observed ==
          std::get<VarianceInformation>(alone(information)).observed);
    CHECK(std::get<Vector>(together[1]) == std::get<Vector>(alone(leverages)));
    CHECK(std::get<Matrix>(together[2]) == std::get<Matrix>(alone(error)));
    CHECK(std::get<VarianceInformation>(together[3]).average ==
          std::get<VarianceInformation>(alone(average)).average);
    CHECK(std::get<Vector>(together[4]) == std::get<Vector>(alone(dimensions)));
    CHECK(std::get<MeanCovariance>(together[5]).covariance ==
          std::get<MeanCovariance>(alone(moments)).covariance);
    CHECK(std::get<Matrix>(together[6]) == std::get<Matrix>(together[2]));
    // K'beta by two ways.
    CHECK(difference(std::get<Matrix>(together[2]),
                     std::get<MeanCovariance>(together[5]).covariance) < 1e-9);
    // What uses the factor up leaves a model that can be asked again.
    CHECK(std::get<Matrix>(ask(fitted, {error})[0]) == std::get<Matrix>(together[2]));
  }
}

TEST_CASE("fitted model: values that are no covariance, and an interrupt") {
  const MixedModel given = test::mixed_models(156)[2];  // us(2)
  Callbacks callbacks;
  Vector values(4);
  values << 1.0, 2.0, 1.0, 1.0;
  CHECK_THROWS_AS(FittedModel(given.spec, at_values(values), model::Cells::all, 1, callbacks),
                  InvalidSpec);
  class Interrupt final : public Callbacks {
   public:
    bool interrupted() override { return is_on; }
    bool is_on = false;
  } interrupt;
  values[1] = 0.5;
  FittedModel fitted(given.spec, at_values(values), model::Cells::all, 1, interrupt);
  interrupt.is_on = true;
  CHECK_THROWS_AS(fitted.evaluation(), Interrupted);
  interrupt.is_on = false;
  CHECK_NOTHROW(fitted.evaluation());
}

}  // namespace henderson::answers
