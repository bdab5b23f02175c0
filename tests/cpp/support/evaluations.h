// SPDX-License-Identifier: GPL-3.0-or-later
// Small models evaluated at some point.
#pragma once

#include <catch.h>

#include "core/likelihood/evaluation.h"
#include "support/mixed_models.h"

namespace henderson::test {

// mixed_models() and residual_models().
std::vector<MixedModel> all_models(unsigned seed);

// Where the fixed effects may stand: ML needs the determinant of the random part.
std::vector<equations::FixedPlace> places(const MixedModel& given);

likelihood::Evaluation evaluate_at(const equations::MixedModelEquations& equations,
                                   const likelihood::Parameters& parameters);
likelihood::Evaluation evaluate_at(const equations::MixedModelEquations& equations,
                                   const Vector& values);

double minus2loglik_at(const equations::MixedModelEquations& equations,
                       const likelihood::Parameters& parameters);

// One of [theta, log sigma^2] moved.
likelihood::Parameters shifted(const likelihood::Parameters& from, Index i, double h);

// Calls check(given, model, equations) for each, with every place of the fixed effects.
template <class Check>
void for_each_of(const std::vector<MixedModel>& models, const Check& check) {
  using equations::FixedPlace;
  for (const MixedModel& given : models) {
    Callbacks callbacks;
    const model::Model model =
        model::build_model(given.spec, nothing_held(given.n_values()), callbacks);
    for (const FixedPlace place : {FixedPlace::anywhere, FixedPlace::last, FixedPlace::apart}) {
      INFO(given.name << ", place " << static_cast<int>(place));
      equations::MixedModelEquations equations(model, place, 1);
      check(given, model, equations);
    }
  }
}

// The same for every model with independent residuals.
template <class Check>
void for_each_model(unsigned seed, const Check& check) {
  for_each_of(mixed_models(seed), check);
}

}  // namespace henderson::test
