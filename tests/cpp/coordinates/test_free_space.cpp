// SPDX-License-Identifier: GPL-3.0-or-later
// Ties and bounds: values in their ratios, derivatives against differences.
#include <catch.h>

#include <Eigen/Dense>

#include "core/base/error.h"
#include "core/information/expansion.h"
#include "core/likelihood/start.h"
#include "core/reml/maximiser.h"
#include "support/evaluations.h"

namespace henderson::reml {
namespace {

using coordinates::FreeSpace;
using equations::FixedPlace;
using equations::MixedModelEquations;
using information::Derivatives;
using information::derivatives;
using information::differenced_hessian;
using information::expand;
using information::Expansion;
using information::reduced;
using likelihood::evaluate;
using likelihood::Evaluation;
using likelihood::from_user_values;
using likelihood::Parameters;
using likelihood::starting_parameters;
using likelihood::user_values;
using model::Constraints;
using model::Model;
using model::VarianceRequest;
using test::all_models;
using test::MixedModel;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

Constraints no_constraints(Index n) {
  Constraints constraints;
  for (Index i = 0; i < n; ++i) constraints.lead.push_back(i);
  constraints.ratio = Vector::Ones(n);
  constraints.lower = Vector::Constant(n, -kInfinite);
  constraints.upper = Vector::Constant(n, kInfinite);
  return constraints;
}

VarianceRequest tied_request(const MixedModel& given, Index lead, Index follower, double ratio) {
  VarianceRequest request = test::nothing_held(given.n_values());
  request.constraints = no_constraints(given.n_values());
  request.constraints.lead[follower] = lead;
  request.constraints.ratio[follower] = ratio;
  return request;
}

// -2l; nothing where the point is not valid.
std::optional<double> minus2loglik_at(MixedModelEquations& equations,
                                      const std::optional<Parameters>& parameters) {
  if (!parameters) return std::nullopt;
  Callbacks callbacks;
  std::optional<Evaluation> found = evaluate(equations, *parameters, false, callbacks);
  if (!found) return std::nullopt;
  const double value = found->minus2loglik;
  return value;
}

// By central differences of fourth order along coordinate j.
std::optional<double> slope_at(MixedModelEquations& equations, const FreeSpace& space,
                               const Parameters& at, Index j, double h) {
  double sum = 0.0;
  for (const auto& [step, weight] : {std::pair(h, 8.0), std::pair(-h, -8.0),
                                     std::pair(2.0 * h, -1.0), std::pair(-2.0 * h, 1.0)}) {
    const Vector to = space.coordinates(at) + step * Vector::Unit(space.size(), j);
    const std::optional<double> value = minus2loglik_at(equations, space.at(to, at));
    if (!value) return std::nullopt;
    sum += weight * *value;
  }
  return sum / (12.0 * h);
}

// One tied pair of values in one model: whether it could be tried there.
bool check_pair(const MixedModel& given, Index lead, Index follower, double ratio) {
  Callbacks callbacks;
  const VarianceRequest request = tied_request(given, lead, follower, ratio);
  const Model model = model::build_model(given.spec, request, callbacks);
  MixedModelEquations equations(model, FixedPlace::last, 1);
  std::optional<FreeSpace> space;
  try {
    space.emplace(model);
  } catch (const InvalidSpec&) {
    return false;  // of different kinds
  }
  const std::optional<Parameters> start = space->restored(starting_parameters(model, request));
  if (!start || !minus2loglik_at(equations, start)) return false;

  CHECK(space->size() == model.n_parameters() - 1);
  const Vector values = user_values(model, *start);
  CHECK(values[follower] == Approx(ratio * values[lead]).epsilon(1e-12));
  Callbacks quiet;
  const Derivatives found =
      reduced(*space, *start, derivatives(*evaluate(equations, *start, false, quiet), quiet));
  for (Index j = 0; j < space->size(); ++j) {
    // Of several steps, as -2l bends sharply along some coordinates, and has few digits along
    // others.
    const double g = found.gradient[j];
    std::optional<double> nearest;
    for (const double h : {1e-5, 4e-5, 2e-4}) {
      const std::optional<double> slope = slope_at(equations, *space, *start, j, h);
      if (slope && (!nearest || std::abs(g - *slope) < std::abs(g - *nearest))) nearest = slope;
    }
    if (nearest) CHECK(g == Approx(*nearest).margin(2e-6).epsilon(1e-7));
  }
  return true;
}

}  // namespace

TEST_CASE("Tied values keep their ratio, and the score is that of differences", "[free_space]") {
  int tried = 0;
  for (const MixedModel& given : all_models(7)) {
    INFO(given.name);
    const Index n = given.n_values();
    for (Index lead = 0; lead < n; ++lead) {
      for (Index follower = 0; follower < n; ++follower) {
        if (lead != follower && (lead + follower) % 3 != 0)
          tried += check_pair(given, lead, follower, 0.8);
      }
    }
  }
  CHECK(tried > 50);
}

// Every second value of every us is held: the score and, without random terms, the Hessian.
TEST_CASE("With held values of us the score is that of differences along the surface",
          "[free_space]") {
  int tried = 0, exact = 0;
  std::mt19937 engine(29);
  for (const MixedModel& given : all_models(17)) {
    INFO(given.name);
    Callbacks callbacks;
    VarianceRequest request = test::nothing_held(given.n_values());
    const Vector values = test::random_values(given, engine);
    const Model whole = model::build_model(given.spec, request, callbacks);
    for (const model::Slot& slot : whole.slots()) {
      for (Index k = slot.first_value + 1; slot.has_value(k) && slot.structure->n_coef() > 1;
           k += 2) {
        request.held[static_cast<std::size_t>(k)] = true;
        request.values[k] = values[k];
      }
    }
    const Model model = model::build_model(given.spec, request, callbacks);
    const FreeSpace space(model);
    const Matrix none = space.tangent(starting_parameters(model, request));
    if (none.rows() == none.cols()) continue;  // no surface
    ++tried;
    MixedModelEquations equations(model, FixedPlace::last, 1);
    const Parameters at = *space.restored(from_user_values(model, values));
    CHECK(test::difference(user_values(model, at), values) < 1e-12);
    std::optional<Evaluation> evaluation = evaluate(equations, at, false, callbacks);
    REQUIRE(evaluation);
    const Expansion found = expand(space, std::move(*evaluation), model.blocks.empty(), callbacks);
    for (Index j = 0; j < space.size(); ++j) {
      const std::optional<double> slope = slope_at(equations, space, at, j, 1e-5);
      REQUIRE(slope);
      CHECK(found.gradient[j] == Approx(*slope).margin(2e-6).epsilon(1e-6));
    }
    int evaluations = 0;
    const std::optional<Matrix> differenced =
        differenced_hessian(equations, space, at, evaluations, callbacks);
    REQUIRE(differenced);
    const double size = differenced->cwiseAbs().maxCoeff();
    CHECK(test::difference(*differenced / size, differenced->transpose() / size) < 1e-5);
    if (!found.is_exact) continue;
    ++exact;
    CHECK(test::difference(found.hessian / size, *differenced / size) < 1e-5);
  }
  CHECK(tried >= 8);
  CHECK(exact >= 3);
}

TEST_CASE("A search that ends at a bound has the score of its side", "[free_space]") {
  const MixedModel given = test::mixed_models(3)[0];
  Callbacks callbacks;
  VarianceRequest request = test::nothing_held(given.n_values());
  request.constraints = no_constraints(given.n_values());
  const Model free_model = model::build_model(given.spec, request, callbacks);
  MixedModelEquations equations(free_model, FixedPlace::last, 1);
  const RemlResult free =
      maximise(equations, starting_parameters(free_model, request), {}, callbacks);
  const double best = user_values(free_model, free.evaluation.parameters)[0];

  for (const double share : {0.5, 2.0}) {
    request.constraints.lower[0] = share < 1.0 ? -kInfinite : share * best;
    request.constraints.upper[0] = share < 1.0 ? share * best : kInfinite;
    const Model model = model::build_model(given.spec, request, callbacks);
    MixedModelEquations bounded(model, FixedPlace::last, 1);
    RemlResult found = maximise(bounded, starting_parameters(model, request), {}, callbacks);
    CHECK(found.report.termination == Termination::converged);
    const Parameters at = found.evaluation.parameters;
    CHECK(user_values(model, at)[0] == Approx(share * best).epsilon(1e-10));
    const Derivatives score = derivatives(std::move(found.evaluation), callbacks);
    CHECK((share < 1.0 ? score.gradient[0] < 0.0 : score.gradient[0] > 0.0));
    CHECK(std::abs(score.gradient[model.n_theta]) < 1e-4);
  }
}

}  // namespace henderson::reml
