// SPDX-License-Identifier: GPL-3.0-or-later
// The search, against the V form at its end.
#include <catch.h>

#include <Eigen/Dense>

#include "core/answers/estimates.h"
#include "core/base/error.h"
#include "core/likelihood/start.h"
#include "core/reml/maximiser.h"
#include "support/mixed_models.h"

namespace henderson::reml {
namespace {

using answers::Estimates;
using answers::estimates;
using answers::ValueStatus;
using equations::FixedPlace;
using equations::MixedModelEquations;
using likelihood::starting_parameters;
using model::Model;
using model::VarianceRequest;
using test::difference;
using test::MixedModel;
using test::normal;

// A fit with what it was made from.
struct Fit {
  RemlResult result;
  Estimates estimates;
};

Fit fit(const MixedModel& given, const VarianceRequest& request, Callbacks& callbacks,
        RemlOptions options = {}) {
  const Model model = model::build_model(given.spec, request, callbacks);
  MixedModelEquations equations(model, FixedPlace::last, 1);
  RemlResult result = maximise(equations, starting_parameters(model, request), options, callbacks);
  Estimates found = estimates(result.evaluation, request, callbacks);
  return {std::move(result), std::move(found)};
}

VarianceRequest free_request(const MixedModel& given) {
  return test::nothing_held(given.n_values());
}

// One-way classification with group means that differ less than chance would have it: the variance
// is zero.
MixedModel without_variance() {
  MixedModel given = test::mixed_models(3)[0];
  const Index n = given.spec.response.size();
  const auto& levels = given.spec.random[0].incidence[0].level_of_record;
  std::mt19937 engine(40);
  Vector y = normal(n, engine);
  for (SmallIndex l = 0; l < 5; ++l) {
    double sum = 0.0, count = 0.0;
    for (Index r = 0; r < n; ++r) {
      if (levels[r] == l) sum += y[r], count += 1.0;
    }
    for (Index r = 0; r < n; ++r) {
      if (levels[r] == l) y[r] -= sum / count;
    }
  }
  given.spec.response = y;
  return given;
}

}  // namespace

TEST_CASE(
    "the search ends at a maximum of the likelihood, and its estimates are those of the V form "
    "there") {
  for (const MixedModel& given : test::mixed_models(24)) {
    INFO(given.name);
    Callbacks callbacks;
    const Fit found = fit(given, free_request(given), callbacks);
    CHECK((found.result.report.termination == Termination::converged));
    const Estimates& e = found.estimates;
    const test::Oracle oracle = test::oracle(given, e.values);
    CHECK(found.result.evaluation.minus2loglik == Approx(oracle.minus2loglik).epsilon(1e-9));
    const bool interior =
        std::count(e.status.begin(), e.status.end(), ValueStatus::free) == given.n_values();
    if (interior) {
      const Matrix inverse = oracle.information.inverse();
      CHECK(oracle.gradient.dot(inverse * oracle.gradient) < 1e-8);
      CHECK(difference(e.value_covariance.cwiseQuotient(inverse),
                       Matrix::Ones(inverse.rows(), inverse.cols())) < 1e-5);
    }
    std::mt19937 engine(6);
    for (int k = 0; k < 20; ++k) {
      const Vector other = test::random_values(given, engine);
      CHECK(test::oracle(given, other).minus2loglik > oracle.minus2loglik - 1e-8);
    }
    Vector beta = Vector::Zero(given.x.cols());
    for (std::size_t j = 0; j < oracle.kept.size(); ++j) {
      beta[oracle.kept[j]] = oracle.beta[j];
      CHECK(e.beta[oracle.kept[j]] == Approx(oracle.beta[j]).epsilon(1e-8));
      CHECK(e.beta_se[oracle.kept[j]] ==
            Approx(e.beta_covariance.diagonal().cwiseSqrt()[oracle.kept[j]]));
    }
    CHECK(e.beta.array().isNaN().count() ==
          given.x.cols() - static_cast<Index>(oracle.kept.size()));
    CHECK(difference(e.fitted_fixed, given.x * beta) < 1e-9);
    Vector fitted = given.x * beta;
    Index first = 0;
    for (std::size_t t = 0; t < given.terms.size(); ++t) {
      const Index n = given.terms[t].z.cols();
      CHECK(difference(Eigen::Map<const Vector>(e.u[t].data(), n), oracle.u.segment(first, n)) <
            1e-8);
      fitted += given.terms[t].z * oracle.u.segment(first, n);
      first += n;
    }
    CHECK(difference(e.fitted, fitted) < 1e-9);
  }
}

TEST_CASE("a variance that is best at zero is exactly zero, and says so") {
  for (const bool reml : {true, false}) {
    MixedModel given = without_variance();
    given.spec.reml = reml;
    Callbacks callbacks;
    const Fit found = fit(given, free_request(given), callbacks);
    CHECK((found.result.report.termination == Termination::converged));
    CHECK(found.estimates.values[0] == 0.0);
    CHECK((found.estimates.status[0] == ValueStatus::at_boundary));
    CHECK((found.estimates.status[1] == ValueStatus::free));
    CHECK(std::isnan(found.estimates.value_covariance(0, 0)));
    CHECK(found.estimates.value_covariance(1, 1) > 0.0);
    CHECK(found.estimates.u[0].isZero(0.0));
  }
}

TEST_CASE("held parameters stay, the others are best given them") {
  MixedModel given = test::mixed_models(25)[2];  // us(2)
  std::mt19937 engine(8);
  const Matrix v = test::oracle(given, (Vector(4) << 4, 0.5, 2, 1).finished()).v;
  given.spec.response = Matrix(v.llt().matrixL()) * normal(v.rows(), engine);
  const auto held = [&](const std::vector<double>& values) {
    VarianceRequest request = free_request(given);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(values[i])) continue;
      request.held[i] = true;
      request.values[static_cast<Index>(i)] = values[i];
    }
    return request;
  };
  const double none = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::vector<double>> requests{{2.0, 0.3, 1.5, 7.0},    {none, none, none, 1.0},
                                                  {2.0, 0.3, 1.5, none},   {none, none, 2.0, none},
                                                  {none, 0.5, none, none}, {0.0, 0.0, 0.0, none}};
  for (const std::vector<double>& values : requests) {
    Callbacks callbacks;
    const VarianceRequest request = held(values);
    const Fit found = fit(given, request, callbacks);
    // Where entries of one matrix are held, the search cannot reach a singular one, and has to say
    // so.
    const bool converged = found.result.report.termination == Termination::converged;
    const bool partly = std::isnan(values[0]) && !(std::isnan(values[1]) && std::isnan(values[2]));
    if (!partly) CHECK(converged);
    const test::Oracle oracle = test::oracle(given, found.estimates.values);
    if (values[0] != 0.0) {
      CHECK(found.result.evaluation.minus2loglik == Approx(oracle.minus2loglik).epsilon(1e-9));
    }
    const std::vector<ValueStatus>& status = found.estimates.status;
    const bool interior = converged && values[0] != 0.0 &&
                          std::count(status.begin(), status.end(), ValueStatus::at_boundary) == 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto k = static_cast<Index>(i);
      if (!std::isnan(values[i])) {
        CHECK(found.estimates.values[k] == Approx(values[i]).epsilon(1e-12).margin(1e-12));
        CHECK((found.estimates.status[i] == ValueStatus::held));
        CHECK(std::isnan(found.estimates.value_covariance(k, k)));
      } else if (interior) {
        CHECK(std::abs(oracle.gradient[k]) * found.estimates.values.cwiseAbs()[k] < 1e-3);
      }
    }
  }
}

TEST_CASE("starting values do not change the end; impossible ones throw") {
  const MixedModel given = test::mixed_models(26)[2];
  Callbacks callbacks;
  const Fit reference = fit(given, free_request(given), callbacks);
  std::mt19937 engine(7);
  for (int repeat = 0; repeat < 3; ++repeat) {
    VarianceRequest request = free_request(given);
    request.values = test::random_values(given, engine);
    if (repeat == 2) request.values[1] = std::numeric_limits<double>::quiet_NaN();
    const Fit found = fit(given, request, callbacks);
    CHECK(difference(found.estimates.values, reference.estimates.values) < 1e-5);
    CHECK(found.result.evaluation.minus2loglik ==
          Approx(reference.result.evaluation.minus2loglik).epsilon(1e-11));
  }
  VarianceRequest impossible = free_request(given);
  impossible.values = (Vector(4) << 1, 5, 1, 1).finished();
  CHECK_THROWS_AS(fit(given, impossible, callbacks), InvalidSpec);
  impossible.values = (Vector(4) << 1, 0, 1, -1).finished();
  CHECK_THROWS_AS(fit(given, impossible, callbacks), InvalidSpec);
}

TEST_CASE("no more iterations than asked for, and a line for each") {
  class Lines final : public Callbacks {
   public:
    void progress(const std::string&) override { ++count; }
    int count = 0;
  };
  const MixedModel given = test::mixed_models(27)[2];
  for (const int limit : {0, 1, 2, 100}) {
    Lines lines;
    RemlOptions options;
    options.max_iterations = limit;
    options.trace = true;
    const Fit found = fit(given, free_request(given), lines, options);
    CHECK(static_cast<int>(found.result.report.history.size()) <= limit + 1);
    CHECK(lines.count == static_cast<int>(found.result.report.history.size()));
    CHECK((found.result.report.termination ==
           (limit < 3 ? Termination::iteration_limit : Termination::converged)));
    for (std::size_t k = 1; k < found.result.report.history.size(); ++k) {
      CHECK(found.result.report.history[k].minus2loglik <=
            found.result.report.history[k - 1].minus2loglik + 1e-9);
    }
  }
}

// With an exact Hessian the gain that is left falls faster than by a constant factor: no more than
// twelve steps, where twice the average information alone creeps.
TEST_CASE("a factor analytic residual that does not fit takes few steps") {
  Callbacks callbacks;
  for (test::MixedModel given : test::residual_models(23)) {
    if (!given.terms.empty() || given.spec.residual.size() != 1) continue;
    INFO(given.name);
    given.spec.residual.front().structure.name = "fa";
    given.spec.residual.front().structure.order = 1;
    const model::VarianceRequest request = test::nothing_held(6);
    const model::Model model = model::build_model(given.spec, request, callbacks);
    equations::MixedModelEquations equations(model, equations::FixedPlace::last, 1);
    const RemlResult found =
        maximise(equations, starting_parameters(model, request), RemlOptions{}, callbacks);
    CHECK(found.report.termination == Termination::converged);
    CHECK(found.report.history.size() <= 13);
  }
}

TEST_CASE("an interrupt at any call stops the whole") {
  class InterruptAt final : public Callbacks {
   public:
    explicit InterruptAt(int call) : left_(call) {}
    bool interrupted() override { return left_-- == 0; }
    bool reached() const { return left_ < 0; }

   private:
    int left_;
  };
  for (const std::size_t which : {std::size_t{4}, std::size_t{5}}) {
    const MixedModel given = test::mixed_models(28)[which];
    int n_calls = 0;
    for (;; ++n_calls) {
      InterruptAt callbacks(n_calls);
      bool thrown = false;
      try {
        fit(given, free_request(given), callbacks);
      } catch (const Interrupted&) {
        thrown = true;
      }
      CHECK(thrown == callbacks.reached());
      if (!thrown) break;
    }
    CHECK(n_calls > 10);
  }
}

}  // namespace henderson::reml
