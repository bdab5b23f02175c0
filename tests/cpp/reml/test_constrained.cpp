// SPDX-License-Identifier: GPL-3.0-or-later
// The maximum on a surface against its conditions: the function has its value, and the score of the
// V form is along its gradient.
#include <catch.h>

#include "core/likelihood/start.h"
#include "core/reml/constrained.h"
#include "core/reml/maximiser.h"
#include "support/mixed_models.h"

namespace henderson::reml {
namespace {

using equations::FixedPlace;
using equations::MixedModelEquations;
using likelihood::Parameters;
using likelihood::starting_parameters;
using likelihood::user_values;
using model::Model;
using model::VarianceRequest;
using test::MixedModel;

// w'values
class Linear final : public ValueFunction {
 public:
  explicit Linear(Vector w) : w_(std::move(w)) {}
  Value at(const Vector& values) const override { return {w_.dot(values), w_}; }

 private:
  Vector w_;
};

// No place on it has a value.
class Nowhere final : public ValueFunction {
 public:
  Value at(const Vector& values) const override { return {std::nan(""), 0.0 * values}; }
};

TEST_CASE("on the surface the score is along the gradient of the function") {
  int inside = 0;
  for (const MixedModel& given : test::mixed_models(31)) {
    INFO(given.name);
    Callbacks callbacks;
    const VarianceRequest request = test::nothing_held(given.n_values());
    const Model model = model::build_model(given.spec, request, callbacks);
    MixedModelEquations equations(model, FixedPlace::last, 1);
    std::optional<RemlResult> best =
        maximise(equations, starting_parameters(model, request), RemlOptions(), callbacks);
    const Parameters at = best->evaluation.parameters;
    const double highest = best->evaluation.minus2loglik;
    best.reset();
    // The residual variance counts twice: a sum of variances and covariances.
    Vector w = Vector::Ones(given.n_values());
    w[w.size() - 1] = 2.0;
    const double target = 1.3 * w.dot(user_values(model, at)) + 0.01;
    const ConstrainedResult found =
        maximise_on_surface(equations, at, Linear(w), target, callbacks);
    CHECK(found.reached);
    CHECK(found.converged);
    CHECK(w.dot(found.values) == Approx(target).epsilon(1e-8));
    CHECK(found.minus2loglik >= highest);
    const test::Oracle oracle = test::oracle(given, found.values);
    CHECK(oracle.minus2loglik == Approx(found.minus2loglik).epsilon(1e-8));
    // At a boundary other conditions hold.
    const Vector score = oracle.gradient;
    const double multiplier = score[score.size() - 1] / 2.0;
    if ((score - multiplier * w).norm() < 1e-2 * score.norm()) ++inside;
    CHECK_FALSE(maximise_on_surface(equations, at, Nowhere(), target, callbacks).reached);
  }
  CHECK(inside >= 6);
}

}  // namespace
}  // namespace henderson::reml
