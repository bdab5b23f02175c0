// SPDX-License-Identifier: GPL-3.0-or-later
// The exact Hessian of few levels of random terms: its expected information against the V form, and
// with the average information and the curvature against differences of the score.
#include <catch.h>

#include <Eigen/Dense>

#include "core/answers/estimates.h"
#include "core/information/derivatives.h"
#include "core/information/loading_information.h"
#include "support/mixed_models.h"
#include "support/score_differences.h"

namespace henderson::reml {
namespace {

using equations::FixedPlace;
using equations::MixedModelEquations;
using information::Derivatives;
using information::derivatives;
using information::ExactParts;
using information::loading_information;
using likelihood::evaluate;
using likelihood::Evaluation;
using likelihood::from_user_values;
using likelihood::Parameters;
using likelihood::user_jacobian;
using model::Model;
using test::MixedModel;

// Unrelated lines in four environments with a structure of these values, the residual last; and
// blocks of records beside.
model::ModelSpec trial(const std::string& structure, std::mt19937& engine) {
  constexpr SmallIndex kRecords = 60, kLines = 6, kEnvironments = 4, kBlocks = 3;
  model::ModelSpec spec;
  spec.reml = true;
  spec.response = test::normal(kRecords, engine);
  const model::ColumnTerm environment{{model::FactorPart{
      test::random_levels(kRecords, kEnvironments, engine), test::full_coding(kEnvironments)}}};
  spec.fixed = {environment};
  model::RandomTerm line;
  line.label = "line";
  line.structure.name = structure;
  line.structure.n_coef = line.n_coef = kEnvironments;
  line.structure.order = structure == "fa" ? 2 : 0;
  line.n_levels = kLines;
  line.incidence.push_back({test::random_levels(kRecords, kLines, engine), {environment}, 0});
  spec.random.push_back(std::move(line));
  model::RandomTerm block;
  block.label = "block";
  block.n_coef = 1;
  block.structure.name = "us";
  block.structure.n_coef = 1;
  block.n_levels = kBlocks;
  block.incidence.push_back(
      {test::random_levels(kRecords, kBlocks, engine), {model::ColumnTerm{}}, 0});
  spec.random.push_back(std::move(block));
  return spec;
}

Vector values_of(const std::string& structure) {
  if (structure == "fa") {
    Vector values(13);
    values << 0.4, 0.7, 0.3, 0.9, 1.0, -0.5, 0.8, 0.4, 0.6, 0.3, -0.7, 0.5, 1.2;
    return values;
  }
  Vector values(7);  // ar1h
  values << 0.8, 1.1, 0.5, 1.6, 0.4, 0.5, 1.2;
  return values;
}

Matrix exact(MixedModelEquations& equations, const Parameters& at) {
  Callbacks callbacks;
  std::optional<Evaluation> evaluation = evaluate(equations, at, false, callbacks);
  REQUIRE(evaluation.has_value());
  const std::optional<ExactParts> parts = loading_information(*evaluation);
  REQUIRE(parts.has_value());
  const Derivatives found = derivatives(std::move(*evaluation), callbacks);
  Matrix hessian = 4.0 * found.information - 2.0 * parts->expected + parts->curvature;
  hessian(hessian.rows() - 1, hessian.rows() - 1) += found.gradient[found.gradient.size() - 1];
  return hessian;
}

}  // namespace

TEST_CASE("loadings: the exact Hessian is that of differences of the score", "[loadings]") {
  std::mt19937 engine(5);
  Callbacks callbacks;
  for (const std::string structure : {"fa", "ar1h"}) {
    for (const auto entries : {equations::BlockEntries::whole, equations::BlockEntries::needed}) {
      INFO(structure);
      const model::ModelSpec spec = trial(structure, engine);
      const Vector values = values_of(structure);
      const Model model = model::build_model(spec, test::nothing_held(values.size()), callbacks);
      MixedModelEquations equations(model, FixedPlace::last, 1, entries);
      const Parameters at = from_user_values(model, values);
      const Matrix expected = test::differenced_hessian(equations, at);
      CHECK(test::difference(exact(equations, at), expected) < 1e-6);
    }
  }
}

TEST_CASE("loadings: the expected information is that of the V form", "[loadings]") {
  std::mt19937 engine(6);
  Callbacks callbacks;
  int tried = 0;
  for (const MixedModel& given : test::mixed_models(7)) {
    const Vector values = test::random_values(given, engine);
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    MixedModelEquations equations(model, FixedPlace::last, 1);
    const Parameters at = from_user_values(model, values);
    std::optional<Evaluation> evaluation = evaluate(equations, at, false, callbacks);
    REQUIRE(evaluation.has_value());
    const std::optional<ExactParts> found = loading_information(*evaluation);
    if (!given.spec.reml || model.has_structured_residual()) CHECK_FALSE(found.has_value());
    if (!found) continue;
    INFO(given.name);
    ++tried;
    const test::Oracle dense = test::oracle(given, values);
    const Matrix jacobian = user_jacobian(model, at);
    const auto n = static_cast<Index>(dense.dv.size());
    Matrix by_value(n, n);
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        by_value(i, j) =
            0.5 * (dense.p * dense.dv[i]).cwiseProduct((dense.p * dense.dv[j]).transpose()).sum();
      }
    }
    CHECK(test::difference(found->expected, jacobian.transpose() * by_value * jacobian) < 1e-9);
  }
  CHECK(tried > 3);
}

}  // namespace henderson::reml
