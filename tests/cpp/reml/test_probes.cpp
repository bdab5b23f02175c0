// SPDX-License-Identifier: GPL-3.0-or-later
// Points found without derivatives: none about a maximum, a better one from beside it.
#include <catch.h>

#include "core/likelihood/start.h"
#include "core/reml/maximiser.h"
#include "core/reml/probes.h"
#include "support/mixed_models.h"

namespace henderson::reml {

using likelihood::Parameters;

TEST_CASE("probes: better points beside a maximum, none at it", "[search]") {
  int seen = 0;
  for (const test::MixedModel& given : test::mixed_models(5)) {
    INFO(given.name);
    Callbacks callbacks;
    const model::VarianceRequest request = test::nothing_held(given.n_values());
    const model::Model model = model::build_model(given.spec, request, callbacks);
    const equations::MixedModelEquations equations(model, equations::FixedPlace::last, 1);
    const coordinates::FreeSpace space(model);
    if (space.size() == 0 || space.size() > 6) continue;
    std::optional<RemlResult> found =
        maximise(equations, likelihood::starting_parameters(model, request), {}, callbacks);
    if (found->report.termination != Termination::converged) continue;
    const Parameters best = found->evaluation.parameters;
    const double value = found->evaluation.minus2loglik;
    found.reset();
    Trials trials(equations, space, callbacks);
    trials.set_scale_free(false);
    const Matrix none = Matrix::Identity(space.size(), space.size());
    CHECK_FALSE(probed(trials, best, value, none));
    const std::optional<Parameters> beside =
        trials.moved(best, Vector::Constant(space.size(), 0.3));
    if (!beside) continue;
    const double worse = trials.at(beside)->minus2loglik;
    if (!(worse > value + 1e-2)) continue;
    const auto better = probed(trials, *beside, worse, none);
    REQUIRE(better);
    CHECK(better->minus2loglik < worse - 1e-6);
    ++seen;
  }
  CHECK(seen > 3);
}

}  // namespace henderson::reml
