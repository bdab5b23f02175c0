// SPDX-License-Identifier: GPL-3.0-or-later
// Where the values of a spec stand, and where those and the theta of a model do.
#include <catch.h>

#include "core/model/model.h"
#include "core/model/segments.h"
#include "support/mixed_models.h"

namespace henderson::model {

TEST_CASE("segments: terms before sections, one after the other, an iid variance in none") {
  ModelSpec spec;
  CHECK(segments_of(spec).empty());
  CHECK(n_values(spec) == 1);
  spec.random.resize(2);
  spec.random[0].structure.name = "us";
  spec.random[0].structure.n_coef = 3;
  spec.random[1].structure.name = "ar1h";
  spec.random[1].structure.n_coef = 4;
  CHECK(n_values(spec) == 6 + 5 + 1);
  spec.residual.resize(1);
  spec.residual[0].structure.name = "cs";
  spec.residual[0].structure.n_coef = 2;
  CHECK(n_values(spec) == 6 + 5 + 2);
  const std::vector<Segment> segments = segments_of(spec);
  REQUIRE(segments.size() == 3);
  CHECK(segments[1].recipe == &spec.random[1].structure);
  CHECK(segments[1].first_value == 6);
  CHECK(segments[1].has_value(10));
  CHECK_FALSE(segments[1].has_value(11));
  CHECK(segments[2].in_residual);
  CHECK(segments[2].first_value == 11);
  CHECK(segments[2].end() == n_values(spec));
}

TEST_CASE("slots: random blocks, then those of the residual, each after the one before") {
  std::vector<test::MixedModel> models = test::mixed_models(3);
  for (test::MixedModel& given : test::residual_models(3)) models.push_back(std::move(given));
  for (const test::MixedModel& given : models) {
    INFO(given.name);
    Callbacks callbacks;
    const Model model = build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    const std::vector<Segment> segments = segments_of(given.spec);
    const Vector theta = Vector::LinSpaced(model.n_theta, 0.0, double(model.n_theta) - 1.0);
    Index n_theta = 0, n_slot_values = 0;
    for (const Slot& slot : model.slots()) {
      CHECK(slot.first_theta == n_theta);
      CHECK(slot.first_value == n_slot_values);
      CHECK(slot.in_residual == segments.at(slot.segment).in_residual);
      CHECK(segments[slot.segment].has_value(slot.first_value));
      CHECK(slot.value_powers.size() == slot.n_values());
      CHECK(slot.value_transform.rows() == slot.n_values());
      CHECK((slot.theta_of(theta).array() >= double(n_theta)).all());
      n_theta += slot.n_theta();
      n_slot_values += slot.n_values();
      CHECK((slot.theta_of(theta).array() < double(n_theta)).all());
    }
    CHECK(n_theta == model.n_theta);
    CHECK(n_slot_values + (model.has_structured_residual() ? 0 : 1) == model.n_values);
    CHECK(model.n_values == n_values(given.spec));
  }
}

}  // namespace henderson::model
