// SPDX-License-Identifier: GPL-3.0-or-later
// Factor analytic random terms of related levels: C without its structural zeros against the V form
// and against whole blocks, and the start from moments.
#include <catch.h>

#include <Eigen/Dense>

#include "core/covariance/lower.h"
#include "core/equations/pattern.h"
#include "core/information/derivatives.h"
#include "core/likelihood/start.h"
#include "core/reml/moment_start.h"
#include "support/mixed_models.h"

namespace henderson::reml {
namespace {

using equations::BlockEntries;
using equations::FixedPlace;
using equations::MixedModelEquations;
using information::Derivatives;
using information::derivatives;
using likelihood::evaluate;
using likelihood::Evaluation;
using likelihood::from_user_values;
using likelihood::Parameters;
using likelihood::starting_parameters;
using likelihood::user_jacobian;
using likelihood::user_values;
using model::Model;
using test::MixedModel;
using test::normal;

constexpr SmallIndex kEnvironments = 4;
constexpr Index kFaValues = 8;  // psi and one loading of each

// Precision of a chain of relatives.
Matrix chain(Index n) {
  Matrix inverse = 1.5 * Matrix::Identity(n, n);
  for (Index i = 1; i < n; ++i) inverse(i, i - 1) = inverse(i - 1, i) = -0.6;
  return inverse;
}

// Lines in environments, each record in one of them, with effects of covariance Sigma x K.
MixedModel trial(SmallIndex n_lines, SmallIndex n_records, const Matrix& sigma, bool reml,
                 std::mt19937& engine) {
  MixedModel made;
  made.name = reml ? "REML" : "ML";
  const model::ColumnTerm environment{{model::FactorPart{
      test::random_levels(n_records, kEnvironments, engine), test::full_coding(kEnvironments)}}};
  const Matrix columns = test::dense_columns({environment}, n_records);
  const std::vector<SmallIndex> line = test::random_levels(n_records, n_lines, engine);
  test::DenseTerm dense{Matrix::Zero(n_records, n_lines * kEnvironments), chain(n_lines).inverse(),
                        kEnvironments};
  for (Index r = 0; r < n_records; ++r)
    dense.z.row(r).segment(line[r] * kEnvironments, kEnvironments) = columns.row(r);
  const Matrix root = sigma.llt().matrixL(), k_root = dense.k.llt().matrixL();
  Matrix draws(kEnvironments, n_lines);
  for (Index l = 0; l < n_lines; ++l) draws.col(l) = normal(kEnvironments, engine);
  const Matrix u = root * draws * k_root.transpose();
  made.spec.response =
      dense.z * Eigen::Map<const Vector>(u.data(), u.size()) + normal(n_records, engine);
  made.spec.fixed = {environment};
  made.spec.reml = reml;
  made.x = columns;
  model::RandomTerm term;
  term.label = "line";
  term.structure.name = "fa";
  term.structure.n_coef = term.n_coef = kEnvironments;
  term.structure.order = 1;
  term.n_levels = n_lines;
  term.incidence.push_back({line, {environment}, 0});
  term.relationship = test::precision(chain(n_lines));
  made.spec.random.push_back(std::move(term));
  made.terms.push_back(std::move(dense));
  return made;
}

// psi, loadings, residual.
Vector fa_values(std::mt19937& engine) {
  Vector values(kFaValues + 1);
  values.head(kEnvironments) = normal(kEnvironments, engine).array().square() + 0.2;
  values.segment(kEnvironments, kEnvironments) = normal(kEnvironments, engine);
  values[kFaValues] = 1.3;
  return values;
}

Matrix sigma_of(const Vector& values) {
  const Vector loading = values.segment(kEnvironments, kEnvironments);
  return loading * loading.transpose() + Matrix(values.head(kEnvironments).asDiagonal());
}

// The entries of the lower triangle by row, then the residual: the values of the V form.
Vector dense_values(const Vector& values) {
  const Matrix sigma = sigma_of(values);
  Vector found(kEnvironments * (kEnvironments + 1) / 2 + 1);
  Index next = 0;
  for (Index r = 0; r < kEnvironments; ++r) {
    for (Index c = 0; c <= r; ++c) found[next++] = sigma(r, c);
  }
  found[next] = values[kFaValues];
  return found;
}

// d dense_values / d values by differences: it is quadratic, so they are exact.
Matrix dense_jacobian(const Vector& values) {
  Matrix jacobian(dense_values(values).size(), values.size());
  for (Index i = 0; i < values.size(); ++i) {
    const Vector unit = Vector::Unit(values.size(), i);
    jacobian.col(i) = 0.5 * (dense_values(values + unit) - dense_values(values - unit));
  }
  return jacobian;
}

}  // namespace

TEST_CASE("C without its structural zeros gives the V form's likelihood and score", "[fa]") {
  std::mt19937 engine(31);
  Callbacks callbacks;
  for (const bool reml : {true, false}) {
    const MixedModel given = trial(12, 60, Matrix::Identity(4, 4), reml, engine);
    INFO(given.name);
    const Model model =
        model::build_model(given.spec, test::nothing_held(kFaValues + 1), callbacks);
    CHECK(equations::has_sparse_blocks(model.blocks.front(), BlockEntries::needed));
    CHECK_FALSE(equations::has_sparse_blocks(model.blocks.front(), BlockEntries::whole));
    const auto entries_of = [&model](BlockEntries entries) {
      return equations::make_pattern(model, equations::make_columns(model),
                                     equations::Part::fixed_last, entries)
          .symbolic->factor_entries();
    };
    CHECK(entries_of(BlockEntries::needed) < entries_of(BlockEntries::whole));
    for (int repeat = 0; repeat < 4; ++repeat) {
      const Vector values = fa_values(engine);
      const test::Oracle dense = test::oracle(given, dense_values(values));
      const Parameters at = from_user_values(model, values);
      const Matrix jacobian = dense_jacobian(values) * user_jacobian(model, at);
      for (const BlockEntries entries : {BlockEntries::needed, BlockEntries::whole}) {
        MixedModelEquations equations(model, FixedPlace::last, 1, entries);
        std::optional<Evaluation> found = evaluate(equations, at, false, callbacks);
        REQUIRE(found.has_value());
        CHECK(found->minus2loglik == Approx(dense.minus2loglik).epsilon(1e-10));
        const Derivatives derivative = derivatives(std::move(*found), callbacks);
        CHECK(derivative.has_block_curvature == (entries == BlockEntries::whole));
        CHECK(test::difference(derivative.gradient, jacobian.transpose() * dense.gradient) < 1e-8);
        CHECK(test::difference(derivative.information,
                               jacobian.transpose() * dense.information * jacobian) < 1e-8);
      }
    }
  }
}

TEST_CASE("the start from moments is near Sigma and better than the plain one", "[fa]") {
  std::mt19937 engine(32);
  Callbacks callbacks;
  Vector values(kFaValues);
  values << 0.4, 0.6, 0.5, 0.3, 1.5, -1.2, 1.0, 0.8;
  const Matrix sigma = sigma_of(values);
  const MixedModel given = trial(150, 2400, sigma, true, engine);
  const model::VarianceRequest request = test::nothing_held(kFaValues + 1);
  const Model model = model::build_model(given.spec, request, callbacks);
  MixedModelEquations equations(model, FixedPlace::last, 1);
  const Parameters plain = starting_parameters(model, request);
  const Parameters found = moment_start(equations, plain, request, callbacks);
  const Matrix estimate = sigma_of(user_values(model, found));
  const Matrix correlation = estimate.diagonal().cwiseSqrt().cwiseInverse().asDiagonal() *
                             estimate * estimate.diagonal().cwiseSqrt().cwiseInverse().asDiagonal();
  CHECK(correlation(0, 1) < -0.2);
  CHECK(correlation(0, 2) > 0.2);
  CHECK(correlation(1, 3) < -0.2);
  const auto minus2loglik = [&](const Parameters& at) {
    std::optional<Evaluation> evaluation = evaluate(equations, at, true, callbacks);
    REQUIRE(evaluation.has_value());
    const double value = evaluation->minus2loglik;
    return value;
  };
  CHECK(minus2loglik(found) < minus2loglik(plain) - 50.0);
}

TEST_CASE("the start from moments leaves given and held values alone", "[fa]") {
  std::mt19937 engine(33);
  Callbacks callbacks;
  const MixedModel given = trial(12, 60, Matrix::Identity(4, 4), true, engine);
  model::VarianceRequest request = test::nothing_held(kFaValues + 1);
  request.values[1] = 0.7;
  const Model model = model::build_model(given.spec, request, callbacks);
  MixedModelEquations equations(model, FixedPlace::last, 1);
  const Parameters start = starting_parameters(model, request);
  CHECK(moment_start(equations, start, request, callbacks).theta() == start.theta());
}

}  // namespace henderson::reml
