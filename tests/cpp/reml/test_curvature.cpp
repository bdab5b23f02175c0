// SPDX-License-Identifier: GPL-3.0-or-later
// What a search tries, how it finds its curvature, and what becomes zero at its end.
#include <catch.h>

#include "core/likelihood/start.h"
#include "core/reml/curvature.h"
#include "core/reml/ending.h"
#include "support/mixed_models.h"

namespace henderson::reml {
namespace {

using coordinates::FreeSpace;
using equations::FixedPlace;
using equations::MixedModelEquations;
using likelihood::Evaluation;
using likelihood::Parameters;
using likelihood::starting_parameters;

// A model with all that a search needs to look at it.
struct Problem {
  explicit Problem(const test::MixedModel& given)
      : request(test::nothing_held(given.n_values())),
        model(model::build_model(given.spec, request, callbacks)),
        equations(model, FixedPlace::last, 1),
        space(model),
        trials(equations, space, callbacks),
        start(*trials.nudged(starting_parameters(model, request))) {}

  Callbacks callbacks;
  model::VarianceRequest request;
  model::Model model;
  MixedModelEquations equations;
  FreeSpace space;
  Trials trials;
  Parameters start;
};

// -2l that falls by half of what is expected in each iteration: a search that creeps.
Course creeping(Index n_free) {
  Course course(1e-8, n_free);
  for (double gain = 1.0; course.size() < 7; gain *= 0.5) course.add({100.0, gain, 1.0});
  return course;
}

}  // namespace

TEST_CASE("trials count the points that they evaluate, and no others", "[search]") {
  Problem problem(test::mixed_models(2)[0]);
  CHECK_FALSE(problem.trials.at(std::nullopt));
  CHECK(problem.trials.count() == 0);
  const double value = problem.trials.at(problem.start)->minus2loglik;
  CHECK(problem.trials.count() == 1);
  CHECK(problem.trials.as_good(problem.start, value));
  CHECK_FALSE(problem.trials.as_good(problem.start, value - 1e-3));
  CHECK(problem.trials.count() == 3);
}

TEST_CASE("curvature is twice the average information at first, observed where steps creep",
          "[search]") {
  for (const test::MixedModel& given : test::mixed_models(5)) {
    INFO(given.name);
    Problem problem(given);
    if (problem.space.size() == 0 || problem.space.size() > 12) continue;
    const Course fresh(1e-8, problem.space.size()), slow = creeping(problem.space.size());

    Curvature average(problem.trials, fresh);
    average.look(problem.start, std::move(*problem.trials.at(problem.start)));
    const information::Expansion expected = information::expand(
        problem.space, std::move(*problem.trials.at(problem.start)), false, problem.callbacks);
    CHECK(test::difference(average.hessian(), expected.hessian) == 0.0);
    CHECK_FALSE(average.is_doubtful());

    Curvature observed(problem.trials, slow);
    observed.look(problem.start, std::move(*problem.trials.at(problem.start)));
    int scores = 0;
    const std::optional<Matrix> differences = information::differenced_hessian(
        problem.equations, problem.space, problem.start, scores, problem.callbacks);
    if (!differences) continue;
    const double size = 1.0 + differences->cwiseAbs().maxCoeff();
    CHECK(test::difference(observed.hessian(), *differences) < 1e-5 * size);
    CHECK(test::difference(observed.gradient(), average.gradient()) < 1e-10 * size);
  }
}

TEST_CASE("at its end what the likelihood cannot tell from zero is zero", "[search]") {
  Problem problem(test::mixed_models(3)[0]);
  const Index n = problem.start.theta().size();
  const Parameters tiny(Vector::Constant(n, 1e-6), problem.start.log_residual());
  const Parameters zero(Vector::Zero(n), problem.start.log_residual());
  const double at_tiny = problem.trials.at(tiny)->minus2loglik;
  const double at_zero = problem.trials.at(zero)->minus2loglik;
  REQUIRE(at_zero == Approx(at_tiny).margin(1e-8));
  CHECK(end_at(problem.trials, tiny, at_tiny, tiny).parameters.theta().isZero(0.0));
  const Evaluation kept = end_at(problem.trials, problem.start, at_zero, problem.start);
  CHECK(kept.parameters.theta().minCoeff() > 0.0);
}

}  // namespace henderson::reml
