// SPDX-License-Identifier: GPL-3.0-or-later
// A fit by likelihood, from the model to everything that is reported of it.
#pragma once

#include <optional>

#include "core/answers/estimates.h"
#include "core/answers/mean_covariance.h"
#include "core/information/variance_information.h"
#include "core/model/rotation.h"
#include "core/reml/maximiser.h"

namespace henderson::answers {

// The information of the variance parameters, and the moments of all fixed effects that are
// estimated.
struct TestBasis {
  information::VarianceInformation information;
  MeanCovariance moments;
};

// What is done about parameters that the data cannot tell apart (information/identification.h).
enum class Identify {
  nothing,
  report,  // they are given with the fit
  stop     // so they are where the search threw because of them: without estimates
};

// When the information and the moments are made: where that costs no more than an iteration, or by
// differences of the score, as many as there are values.
enum class Tests { nothing, at_hand, by_differences };

struct FitResult {
  Estimates estimates;
  double minus2loglik = 0.0;
  reml::SearchReport search;
  std::optional<TestBasis> tests;
  Matrix unidentified;  // n_values x directions
  Matrix redundant;     // those that no data could tell
};

// Cost: that of the search, and of the estimates; where the average information at the end is
// nearly singular, that of unidentified_values(). Throws InvalidSpec, Interrupted.
FitResult fit(const equations::MixedModelEquations& equations,
              const model::VarianceRequest& request, const reml::RemlOptions& options, Tests tests,
              Identify identify, Callbacks& callbacks);

// The fit of a turned model (model/rotation.h) in the levels and records of the whole one.
void turn_back(const model::Rotation& rotation, Estimates& estimates);

}  // namespace henderson::answers
