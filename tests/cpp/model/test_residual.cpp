// SPDX-License-Identifier: GPL-3.0-or-later
// The residuals of a spec: units, rows and patterns, and what is refused.
#include <catch.h>

#include <Eigen/Dense>
#include <algorithm>

#include "core/base/error.h"
#include "core/model/model.h"
#include "core/model/segments.h"
#include "support/mixed_models.h"

namespace henderson::model {
namespace {

// Subjects 0 and 2 have positions 0 and 1, subject 1 has position 1 alone; records out of order.
ModelSpec small_spec(const std::string& structure) {
  ModelSpec spec;
  spec.response.resize(5);
  spec.response << 1.0, 100.0, 3.0, 300.0, 200.0;
  ResidualSection section;
  section.label = "residual";
  section.structure.name = structure;
  section.structure.n_coef = 2;
  section.record = {4, 3, 2, 1, 0};
  section.subject = {1, 2, 2, 0, 0};
  section.position = {1, 1, 0, 1, 0};
  spec.residual = {section};
  return spec;
}

ResidualModel make(const ModelSpec& spec, Index n_values) {
  return make_residual(spec.residual, position_units(spec), test::nothing_held(n_values),
                       segments_of(spec), {{}}, 0);
}

}  // namespace

TEST_CASE("residual: each position of us has its standard deviation as unit, one of ar1 has none") {
  const ModelSpec us = small_spec("us");
  const Vector units = position_units(us).at(0);
  // 1 of 1, 3, relative to a unit in which the five records have a mean weight of 1.
  const double second = std::sqrt(2.0 / 3.0) * 100.0;
  CHECK(units[1] / units[0] == Approx(second));
  CHECK(units[0] == Approx(std::sqrt((2.0 + 3.0 / (second * second)) / 5.0)));
  const Vector weights = scaled_weights(us, {units});
  CHECK(weights.mean() == Approx(1.0));
  CHECK(weights[3] * units[1] * units[1] == Approx(1.0));
  const ModelSpec ar1 = small_spec("ar1");
  CHECK(position_units(ar1).at(0) == Vector::Ones(2));
  CHECK(scaled_weights(ar1, position_units(ar1)).size() == 0);
}

TEST_CASE("residual: positions of csh have units of their own where they are far apart") {
  ModelSpec csh = small_spec("csh");
  CHECK(position_units(csh).at(0) == position_units(small_spec("us")).at(0));
  const Vector alike = (Vector(5) << 1.0, 10.0, 3.0, 30.0, 20.0).finished();
  csh.response = alike;
  CHECK(position_units(csh).at(0) == Vector::Ones(2));
}

TEST_CASE(
    "residual: a position of csh that does not vary has the unit of the one that varies most") {
  ModelSpec spec = small_spec("csh");
  spec.response[2] = spec.response[0];
  CHECK(position_units(spec).at(0) == Vector::Ones(2));
}

TEST_CASE("residual: units of positions do not know that of the response") {
  ModelSpec spec = small_spec("us");
  const Vector units = position_units(spec).at(0);
  spec.response *= 1e-7;
  CHECK(position_units(spec).at(0).isApprox(units));
}

TEST_CASE("residual: a position that does not vary has the unit of all records") {
  ModelSpec spec = small_spec("us");
  spec.response[2] = spec.response[0];
  CHECK(position_units(spec).at(0)[0] == 1.0);
}

TEST_CASE("residual: subjects with the same positions share a pattern, in the order of positions") {
  const ResidualModel found = make(small_spec("us"), 3);
  REQUIRE(found.blocks.size() == 1);
  REQUIRE(found.blocks[0].patterns.size() == 2);
  CHECK(found.n_rows() == 5);
  for (const ResidualPattern& pattern : found.blocks[0].patterns) {
    if (pattern.positions.size() == 1) {
      CHECK(pattern.positions[0] == 1);
      REQUIRE(pattern.first_row.size() == 1);
      CHECK(found.record_of_row[pattern.first_row[0]] == 4);
      continue;
    }
    REQUIRE(pattern.first_row.size() == 2);
    CHECK(found.record_of_row[pattern.first_row[0]] == 0);
    CHECK(found.record_of_row[pattern.first_row[0] + 1] == 1);
    CHECK(found.record_of_row[pattern.first_row[1]] == 2);
    CHECK(found.record_of_row[pattern.first_row[1] + 1] == 3);
  }
}

// A large field has a sparse T only with all its plots; a small one needs none of them.
TEST_CASE("residual: rows without a record where a structure needs all positions") {
  for (const SmallIndex side : {2, 20}) {
    ModelSpec spec = small_spec("product");
    covariance::Recipe row, column;
    row.name = column.name = "ar1";
    row.n_coef = column.n_coef = side;
    spec.residual[0].structure.factors = {row, column};
    spec.residual[0].structure.n_coef = side * side;
    spec.residual[0].position = {3, 1, 0, 2, 0};
    const ResidualModel found = make(spec, 3);
    const bool is_large = side == 20;
    CHECK(found.blocks[0].structure->needs_all_positions() == is_large);
    CHECK(found.n_rows() == (is_large ? 3 * 400 : 5));
    CHECK(std::count(found.record_of_row.begin(), found.record_of_row.end(), kNone) ==
          found.n_rows() - 5);
    if (is_large) CHECK(found.blocks[0].patterns.size() == 1);
  }
}

TEST_CASE("residual: what is refused") {
  const auto spoiled = [](const auto& spoil) {
    ModelSpec spec = small_spec("us");
    spoil(spec.residual[0]);
    make(spec, 3);
  };
  CHECK_NOTHROW(spoiled([](ResidualSection&) {}));
  CHECK_THROWS_AS(spoiled([](ResidualSection& s) { s.position[1] = 0; }), InvalidSpec);
  CHECK_THROWS_AS(spoiled([](ResidualSection& s) { s.record[0] = 3; }), InvalidSpec);
  CHECK_THROWS_AS(spoiled([](ResidualSection& s) { s.record[0] = 7; }), InvalidSpec);
  CHECK_THROWS_AS(spoiled([](ResidualSection& s) { s.position[0] = 2; }), InvalidSpec);
  CHECK_THROWS_AS(spoiled([](ResidualSection& s) { s.subject.pop_back(); }), InvalidSpec);
  CHECK_THROWS_AS(spoiled([](ResidualSection& s) {
                    s.record.pop_back();
                    s.subject.pop_back();
                    s.position.pop_back();
                  }),
                  InvalidSpec);
}

}  // namespace henderson::model
