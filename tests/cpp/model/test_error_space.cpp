// SPDX-License-Identifier: GPL-3.0-or-later
// The projection onto the error contrasts against a dense one.
#include <catch.h>

#include <Eigen/Dense>

#include "core/model/error_space.h"
#include "support/evaluations.h"

namespace henderson::model {

TEST_CASE("what is projected is orthogonal to the weighed fixed effects, and stays so") {
  std::mt19937 engine(3);
  std::normal_distribution<double> normal;
  for (const test::MixedModel& given : test::all_models(21)) {
    INFO(given.name);
    Callbacks callbacks;
    const Model model = build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    const ErrorSpace space(model, callbacks);
    Vector x(model.n_records);
    for (Index i = 0; i < x.size(); ++i) x[i] = normal(engine);
    const Vector before = x;
    space.project(x);
    if (!model.reml || model.rank() == 0) {
      CHECK(x == before);
      continue;
    }
    Vector weighed = x;
    weigh(model, weighed);
    const Vector all = weighted_cross_product(model.w, Vector(), weighed);
    CHECK(all.tail(model.rank()).cwiseAbs().maxCoeff() < 1e-9);
    const Vector once = x;
    space.project(x);
    CHECK((x - once).cwiseAbs().maxCoeff() < 1e-9);
  }
}

}  // namespace henderson::model
