// SPDX-License-Identifier: GPL-3.0-or-later
// The best of many points: in order, the same each time, and as good as what they were taken from.
#include <catch.h>

#include "core/likelihood/start.h"
#include "core/reml/survey.h"
#include "support/mixed_models.h"

namespace henderson::reml {

using likelihood::Parameters;

TEST_CASE("a survey gives its best points, the same each time", "[search]") {
  std::size_t seen = 0;
  for (const test::MixedModel& given : test::mixed_models(5)) {
    INFO(given.name);
    Callbacks callbacks;
    const model::VarianceRequest request = test::nothing_held(given.n_values());
    const model::Model model = model::build_model(given.spec, request, callbacks);
    if (model.n_theta == 0) continue;
    const equations::MixedModelEquations equations(model, equations::FixedPlace::last, 1);
    const coordinates::FreeSpace space(model);
    Trials trials(equations, space, callbacks);
    const Parameters start = likelihood::starting_parameters(model, request);
    const auto value = [&](const Parameters& at) { return trials.at(at)->minus2loglik; };
    const std::vector<Parameters> few = surveyed_starts(trials, start, 20, 3);
    const std::vector<Parameters> again = surveyed_starts(trials, start, 20, 3);
    const std::vector<Parameters> more = surveyed_starts(trials, start, 60, 3);
    REQUIRE(few.size() <= 3);
    REQUIRE(again.size() == few.size());
    for (std::size_t k = 0; k < few.size(); ++k) {
      CHECK(again[k].theta() == few[k].theta());
      CHECK(value(more[k]) <= value(few[k]) + 1e-9);
      if (k > 0) CHECK(value(few[k]) >= value(few[k - 1]) - 1e-9);
      CHECK(few[k].theta() != start.theta());
    }
    seen += few.size();
  }
  CHECK(seen > 20);
}

}  // namespace henderson::reml
