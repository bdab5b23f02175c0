// SPDX-License-Identifier: GPL-3.0-or-later
// Information made in the entries of R, and their sums: against the V form.
#include <catch.h>

#include <Eigen/Dense>

#include "core/covariance/lower.h"
#include "core/information/entry_information.h"
#include "core/information/entry_sums.h"
#include "core/information/random_information.h"
#include "support/evaluations.h"

namespace henderson::information {
namespace {

using equations::FixedPlace;
using equations::MixedModelEquations;
using likelihood::Evaluation;
using likelihood::user_jacobian;
using model::Model;
using test::difference;
using test::evaluate_at;
using test::MixedModel;

// tr(P V_i P V_j) / 2 by the values; V^-1 for ML.
Matrix expected_by_values(const MixedModel& given, const test::Oracle& oracle) {
  const Matrix p = given.spec.reml ? oracle.p : Matrix(oracle.v.inverse());
  const auto n = static_cast<Index>(oracle.dv.size());
  Matrix expected(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j)
      expected(i, j) = 0.5 * (p * oracle.dv[i]).cwiseProduct((p * oracle.dv[j]).transpose()).sum();
  }
  return expected;
}

}  // namespace

TEST_CASE("by entries: average and expected information without random terms") {
  std::mt19937 engine(161);
  int tried = 0;
  for (const MixedModel& given : test::residual_models(161)) {
    INFO(given.name);
    Callbacks callbacks;
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    REQUIRE(has_entries(model) == given.terms.empty());
    if (!given.terms.empty()) continue;
    ++tried;
    const Vector values = test::random_values(given, engine);
    const test::Oracle oracle = test::oracle(given, values);
    const MixedModelEquations equations(model, FixedPlace::last, 1);
    const Evaluation at = evaluate_at(equations, values);
    const Matrix jacobian = user_jacobian(model, at.parameters);
    CHECK(difference(average_by_entries(at), jacobian.transpose() * oracle.information * jacobian) <
          1e-9);
    const std::optional<Matrix> expected = expected_by_entries(at, callbacks);
    REQUIRE(expected);
    CHECK(difference(*expected,
                     jacobian.transpose() * expected_by_values(given, oracle) * jacobian) < 1e-9);
  }
  CHECK(tried == 4);
}

// Each pattern's entries of R^-1, relative to sigma^2.
TEST_CASE("by entries: the inverses of the patterns") {
  std::mt19937 engine(162);
  const MixedModel given = test::residual_models(162)[0];
  Callbacks callbacks;
  const Model model =
      model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
  const MixedModelEquations equations(model, FixedPlace::last, 1);
  const Evaluation at = evaluate_at(equations, test::random_values(given, engine));
  const ByPattern found = pattern_inverses(model, *at.records().whitened());
  REQUIRE(found.size() == 1);
  const model::ResidualBlock& block = model.residual.blocks[0];
  const Vector theta = at.parameters.theta();
  for (std::size_t p = 0; p < block.patterns.size(); ++p) {
    const covariance::Positions& positions = block.patterns[p].positions;
    const Matrix inverse = block.structure->covariance(theta, positions).inverse();
    Vector expected = Vector::Zero(found[0].rows());
    for (Index c = 0; c < inverse.cols(); ++c) {
      for (Index r = c; r < inverse.rows(); ++r)
        expected[covariance::lower_position(positions[r], positions[c])] = inverse(r, c);
    }
    CHECK(difference(found[0].col(static_cast<Index>(p)), expected) < 1e-10);
  }
}

TEST_CASE("by entries: random terms, and log sigma^2 after them") {
  std::mt19937 engine(163);
  int tried = 0;
  for (const MixedModel& given : test::mixed_models(163)) {
    INFO(given.name);
    Callbacks callbacks;
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    const Vector values = test::random_values(given, engine);
    const MixedModelEquations equations(model, FixedPlace::last, 1);
    const Evaluation at = evaluate_at(equations, values);
    const std::optional<Matrix> found = random_information(at);
    if (!found) continue;
    ++tried;
    const Matrix jacobian = user_jacobian(model, at.parameters);
    const Matrix expected = expected_by_values(given, test::oracle(given, values));
    CHECK(difference(*found, jacobian.transpose() * expected * jacobian) < 1e-8);
  }
  CHECK(tried > 8);
}

}  // namespace henderson::information
