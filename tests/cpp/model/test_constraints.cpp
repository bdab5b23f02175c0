// SPDX-License-Identifier: GPL-3.0-or-later
// What ties and bounds ask of the structures that they meet, case by case.
#include <catch.h>

#include <limits>

#include "core/model/constraints.h"
#include "core/model/segments.h"

namespace henderson::model {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

ResidualSection section(const std::string& name, Index n_coef) {
  ResidualSection made;
  made.structure.name = name;
  made.structure.n_coef = n_coef;
  return made;
}

RandomTerm term(const std::string& name, Index n_coef) {
  RandomTerm made;
  made.structure.name = name;
  made.structure.n_coef = n_coef;
  return made;
}

Constraints follows(const std::vector<Index>& lead, double ratio = 1.0) {
  Constraints made;
  const auto n = static_cast<Index>(lead.size());
  made.lead = lead;
  made.ratio = Vector::Ones(n);
  for (Index i = 0; i < n; ++i) {
    if (lead[static_cast<std::size_t>(i)] != i) made.ratio[i] = ratio;
  }
  made.lower = Vector::Constant(n, -kInfinite);
  made.upper = Vector::Constant(n, kInfinite);
  return made;
}

std::vector<SegmentRequest> requests_of(const ModelSpec& spec, const Constraints& constraints) {
  return segment_requests(segments_of(spec), constraints,
                          std::vector<bool>(constraints.lead.size(), false));
}

}  // namespace

TEST_CASE("constraints: which values they bear on") {
  Constraints c = follows({0, 0, 2, 3});
  c.upper[3] = 1.0;
  CHECK(c.is_constrained(0));  // a lead
  CHECK(c.is_constrained(1));
  CHECK_FALSE(c.is_constrained(2));
  CHECK(c.is_constrained(3));
  CHECK_FALSE(Constraints().is_constrained(0));
}

TEST_CASE("constraints: an equal structure tied as a whole is a copy, and both keep their theta") {
  ModelSpec spec;
  spec.residual = {section("us", 2), section("us", 2)};
  const auto found = requests_of(spec, follows({0, 1, 2, 0, 1, 2}, 4.0));
  REQUIRE(found.size() == 2);
  CHECK_FALSE(found[0].natural);
  CHECK(found[0].copy_of == kNone);
  CHECK_FALSE(found[1].natural);
  CHECK(found[1].copy_of == 0);
  CHECK(found[1].factor == 4.0);
}

TEST_CASE("constraints: correlations of a copy are equal, its variances in one ratio") {
  ModelSpec spec;
  spec.residual = {section("ar1", 4), section("ar1", 4)};  // variance, rho
  Constraints c = follows({0, 1, 0, 1});
  c.ratio[2] = 3.0;
  CHECK(requests_of(spec, c)[1].copy_of == 0);
  CHECK(requests_of(spec, c)[1].factor == 3.0);
  c.ratio[3] = 0.5;
  CHECK(requests_of(spec, c)[1].copy_of == kNone);
  CHECK(requests_of(spec, c)[1].natural);
}

TEST_CASE("constraints: values tied one by one need coordinates of both structures") {
  ModelSpec spec;
  spec.residual = {section("us", 2), section("us", 2), section("us", 2)};
  const auto found = requests_of(spec, follows({0, 1, 2, 0, 4, 5, 6, 7, 8}));
  CHECK(found[0].natural);
  CHECK(found[1].natural);
  CHECK(found[1].copy_of == kNone);
  CHECK_FALSE(found[2].natural);
}

TEST_CASE("constraints: a bound needs coordinates, and makes a copy follow value by value") {
  ModelSpec spec;
  spec.residual = {section("us", 2), section("us", 2)};
  Constraints c = follows({0, 1, 2, 0, 1, 2});
  c.upper[1] = 0.3;
  const auto found = requests_of(spec, c);
  CHECK(found[0].natural);
  CHECK(found[1].natural);
  CHECK(found[1].copy_of == kNone);
}

TEST_CASE(
    "constraints: an independent residual variance that follows a term needs its coordinates") {
  ModelSpec spec;
  spec.random = {term("us", 2), term("us", 2)};
  const auto found = requests_of(spec, follows({0, 1, 2, 3, 4, 5, 0}));
  CHECK(found[0].natural);
  CHECK_FALSE(found[1].natural);
}

TEST_CASE("constraints: held values, other sizes and other kinds of segments make no copy") {
  ModelSpec spec;
  spec.residual = {section("us", 2), section("us", 2)};
  const Constraints c = follows({0, 1, 2, 0, 1, 2});
  std::vector<bool> held(6, false);
  held[1] = true;
  CHECK(segment_requests(segments_of(spec), c, held)[1].copy_of == kNone);
  spec.random = {term("us", 2)};
  spec.residual = {section("us", 2)};
  CHECK(requests_of(spec, c)[1].copy_of == kNone);
  spec.random.clear();
  spec.residual = {section("cs", 3), section("cs", 4)};
  CHECK(requests_of(spec, follows({0, 1, 0, 1}))[1].copy_of == kNone);
  CHECK_FALSE(requests_of(spec, Constraints())[1].natural);
}

}  // namespace henderson::model
