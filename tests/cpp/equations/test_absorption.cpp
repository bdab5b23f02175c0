// SPDX-License-Identifier: GPL-3.0-or-later
// Absorption of random effects in groups: against V^-1 as it is, and which terms fall into groups.
#include <catch.h>

#include <Eigen/Dense>
#include <algorithm>

#include "core/equations/absorption.h"
#include "core/equations/node_groups.h"
#include "core/likelihood/parameters.h"
#include "support/mixed_models.h"

namespace henderson::equations {
namespace {

using model::Model;
using test::dense_rows;
using test::difference;
using test::MixedModel;

// Everything relative to sigma^2, in the engine's columns.
struct Dense {
  Matrix w;  // with the square roots of the weights
  Matrix p;  // V^-1 for ML
};

Dense dense_form(const Model& model, const Factors& lambda) {
  Dense dense;
  dense.w = dense_rows(model.w);
  if (model.weights.size() > 0) dense.w = model.weights.cwiseSqrt().asDiagonal() * dense.w;
  const Index n = dense.w.rows();
  Matrix v = Matrix::Identity(n, n);
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const model::RandomBlock& block = model.blocks[b];
    for (Index l = 0; l < block.n_levels; ++l) {
      const Matrix z =
          dense.w.middleCols(block.first_column + l * block.n_coef, block.n_coef) * lambda[b];
      v += z * z.transpose();
    }
  }
  dense.p = v.inverse();
  if (!model.reml) return dense;
  const Matrix vx = dense.p * dense.w.rightCols(model.rank());
  dense.p -= vx * (dense.w.rightCols(model.rank()).transpose() * vx).inverse() * vx.transpose();
  return dense;
}

// Z'PZ of the columns of one group: H - F Y F'.
void check_group(const MixedModelEquations& equations, const Absorption& absorption,
                 const AbsorbedGroup& group, const Dense& dense) {
  const model::Nodes& nodes = equations.model().cross_products.nodes;
  Matrix z(dense.w.rows(), group.h.rows());
  for (std::size_t i = 0; i < group.nodes.size(); ++i) {
    const SmallIndex size = nodes.size(group.nodes[i]);
    z.middleCols(group.first[i], size) =
        dense.w.middleCols(nodes.first_column[group.nodes[i]], size);
  }
  const auto n = static_cast<Index>(group.columns.size());
  Matrix y(n, n);
  for (Index c = 0; c < n; ++c) {
    for (Index r = 0; r < n; ++r) y(r, c) = absorption.inverse(group.columns[r], group.columns[c]);
  }
  CHECK(difference(group.h - group.f * y * group.f.transpose(), z.transpose() * dense.p * z) <
        1e-10);
}

// Z'PZ of a term that is left: S Y Sigma^-1 in its columns.
void check_rest(const Model& model, const Absorption& absorption, std::size_t b,
                const Dense& dense) {
  const model::RandomBlock& block = model.blocks[b];
  const Index width = Index{block.n_levels} * block.n_coef, at = absorption.first_in_rest[b];
  const Matrix z = dense.w.middleCols(block.first_column, width);
  Matrix shrunk = absorption.half;
  absorption.times_inverse_factor(shrunk);
  const Matrix found = (absorption.rest * shrunk).block(at, at, width, width);
  CHECK(difference(found, z.transpose() * dense.p * z) < 1e-9);
}

}  // namespace

TEST_CASE("absorption: Z'PZ of all terms, in groups of any size") {
  std::mt19937 engine(61);
  Index n_groups = 0, n_rests = 0;
  for (const MixedModel& given : test::mixed_models(61)) {
    Callbacks callbacks;
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    MixedModelEquations equations(model, FixedPlace::last, 1);
    const std::optional<Factors> lambda = likelihood::relative_factors(
        model, likelihood::from_user_values(model, test::random_values(given, engine)));
    REQUIRE(lambda);
    const Dense dense = dense_form(model, *lambda);
    for (const Index largest : {64, 3, 0}) {
      INFO(given.name << ", groups of " << largest);
      AbsorptionLimits limits;
      limits.group = largest;
      const std::optional<Absorption> found = absorb(equations, *lambda, limits);
      const bool is_related = std::any_of(given.terms.begin(), given.terms.end(),
                                          [](const auto& t) { return !t.k.isIdentity(); });
      CHECK(found.has_value() == (!is_related && !given.terms.empty()));
      if (!found) continue;
      for (const AbsorbedGroup& group : found->groups) {
        CHECK(group.h.rows() <= largest);
        check_group(equations, *found, group, dense);
        ++n_groups;
      }
      for (std::size_t b = 0; b < model.blocks.size(); ++b) {
        if (found->is_absorbed[b]) continue;
        check_rest(model, *found, b, dense);
        ++n_rests;
      }
    }
  }
  CHECK(n_groups > 50);
  CHECK(n_rests > 20);
}

TEST_CASE("absorption: a term of variance 0 is nowhere, and too large a rest is refused") {
  const MixedModel given = test::mixed_models(62)[1];  // two crossed terms
  Callbacks callbacks;
  const Model model =
      model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
  MixedModelEquations equations(model, FixedPlace::last, 1);
  const Factors lambda{Matrix::Identity(1, 1), Matrix::Zero(1, 1)};
  const std::optional<Absorption> found = absorb(equations, lambda);
  REQUIRE(found);
  CHECK_FALSE(found->is_absorbed[1]);
  CHECK(found->first_in_rest[1] == kNone);
  CHECK(found->rest.rows() == model.rank());
  AbsorptionLimits limits;
  limits.rest = model.rank() - 1;
  CHECK_FALSE(absorb(equations, lambda, limits));
}

TEST_CASE("node groups: crossed terms meet as a whole, one alone by its levels") {
  const MixedModel given = test::mixed_models(63)[1];  // terms of 6 and of 4 levels
  Callbacks callbacks;
  const Model model =
      model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
  MixedModelEquations equations(model, FixedPlace::last, 1);
  const Factors lambda{Matrix::Identity(1, 1), Matrix::Identity(1, 1)};
  NodeGroups together = group_nodes(equations, lambda, 10);
  CHECK((together.is_absorbed == std::vector<bool>{true, true}));
  for (SmallIndex node = 1; node < 10; ++node)
    CHECK(together.sets.root(node) == together.sets.root(0));
  NodeGroups alone = group_nodes(equations, lambda, 9);  // the larger one
  CHECK((alone.is_absorbed == std::vector<bool>{true, false}));
  for (SmallIndex node = 1; node < 6; ++node) CHECK(alone.sets.root(node) == node);
}

TEST_CASE("node sets grow together") {
  model::Nodes nodes;
  nodes.append(3, 2);
  nodes.append(2, 1);
  NodeSets sets(nodes);
  CHECK(sets.unite(0, 3) == 3);
  CHECK(sets.unite(4, 3) == 4);
  CHECK(sets.unite(4, 0) == 4);  // already one
  CHECK(sets.root(0) == sets.root(4));
  CHECK(sets.root(1) == 1);
  CHECK(sets.root(0) != sets.root(2));
}

}  // namespace henderson::equations
