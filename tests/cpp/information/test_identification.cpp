// SPDX-License-Identifier: GPL-3.0-or-later
// Which parameters are told apart, against the rank of dense K'V_iK.
#include <catch.h>

#include <Eigen/Dense>

#include "core/information/derivatives.h"
#include "core/information/identification.h"
#include "core/likelihood/fixed_place.h"
#include "core/likelihood/start.h"
#include "support/evaluations.h"

namespace henderson::information {
namespace {

using test::all_models;
using test::MixedModel;

Matrix unidentified(const model::ModelSpec& spec, Index n_values) {
  Callbacks callbacks;
  const model::VarianceRequest request = test::nothing_held(n_values);
  const model::Model model = model::build_model(spec, request, callbacks);
  return unidentified_values(model, likelihood::starting_parameters(model, request), callbacks);
}

}  // namespace

TEST_CASE("a random term that stands twice is not told apart, and once it is") {
  for (const MixedModel& given : all_models(21)) {
    INFO(given.name);
    const Index n = given.n_values();
    CHECK(unidentified(given.spec, n).cols() == 0);
    if (given.spec.random.empty()) continue;
    model::ModelSpec twice = given.spec;
    twice.random.push_back(twice.random.front());
    const Matrix found =
        unidentified(twice, n + covariance::n_values(twice.random.front().structure));
    CHECK(found.cols() > 0);
  }
}

TEST_CASE("an information that is clear of singular is not that of a term that stands twice") {
  int n_clear = 0;
  for (const MixedModel& given : all_models(22)) {
    INFO(given.name);
    const Index n = given.n_values();
    model::ModelSpec twice = given.spec;
    if (!twice.random.empty()) twice.random.push_back(twice.random.front());
    for (const model::ModelSpec& spec : {given.spec, twice}) {
      const bool is_twice = spec.random.size() > given.spec.random.size();
      const Index n_values =
          n + (is_twice ? covariance::n_values(spec.random.front().structure) : 0);
      Callbacks callbacks;
      const model::VarianceRequest request = test::nothing_held(n_values);
      const model::Model model = model::build_model(spec, request, callbacks);
      const equations::MixedModelEquations equations(model, likelihood::fixed_place(model), 1);
      auto found = likelihood::evaluate(equations, likelihood::starting_parameters(model, request),
                                        false, callbacks);
      REQUIRE(found);
      const Matrix average = average_information(*found);
      const bool is_clear = tells_all_apart(model, found->parameters, average);
      if (is_twice) CHECK_FALSE(is_clear);
      n_clear += is_clear;
    }
  }
  CHECK(n_clear > 10);
}

}  // namespace henderson::information
