// SPDX-License-Identifier: GPL-3.0-or-later
// Cells of like records, each as its mean with the pure error apart, against all the records.
#include <catch.h>

#include <Eigen/Dense>
#include <algorithm>

#include "core/anova/henderson3.h"
#include "core/base/error.h"
#include "core/information/derivatives.h"
#include "core/information/expected_information.h"
#include "core/information/identification.h"
#include "core/likelihood/start.h"
#include "support/evaluations.h"

namespace henderson::information {
namespace {

using equations::MixedModelEquations;
using likelihood::Evaluation;
using likelihood::from_user_values;
using likelihood::user_jacobian;
using model::ModelSpec;
using test::difference;
using test::MixedModel;

// Record r of the result is record source[r] of the spec, without a response.
std::vector<model::ColumnTerm> taken(std::vector<model::ColumnTerm> terms,
                                     const std::vector<Index>& source) {
  const auto n = static_cast<Index>(source.size());
  for (model::ColumnTerm& term : terms) {
    for (model::Part& part : term.parts) {
      if (auto* numbers = std::get_if<model::NumericPart>(&part)) {
        model::NumericPart rows(n, numbers->cols());
        for (Index r = 0; r < n; ++r) rows.row(r) = numbers->row(source[r]);
        *numbers = rows;
      } else {
        std::vector<SmallIndex>& level = std::get<model::FactorPart>(part).level_of_record;
        std::vector<SmallIndex> levels;
        for (const Index r : source) levels.push_back(level[r]);
        level = levels;
      }
    }
  }
  return terms;
}

ModelSpec taken(ModelSpec spec, const std::vector<Index>& source) {
  spec.fixed = taken(spec.fixed, source);
  for (model::RandomTerm& term : spec.random) {
    for (model::Incidence& incidence : term.incidence) {
      incidence.terms = taken(incidence.terms, source);
      std::vector<SmallIndex> levels;
      for (const Index r : source) levels.push_back(incidence.level_of_record[r]);
      incidence.level_of_record = levels;
    }
  }
  spec.response = Vector::Zero(static_cast<Index>(source.size()));
  return spec;
}

struct Pair {
  ModelSpec whole, pooled;
};

// Record r of the spec stands for a cell of `size(r)` records with weights of their own.
template <class Size>
Pair cells_of(const ModelSpec& spec, std::mt19937& engine, const Size& size) {
  const Index n = spec.n_records();
  std::vector<Index> source;
  for (Index r = 0; r < n; ++r) source.insert(source.end(), size(r), r);
  const auto n_whole = static_cast<Index>(source.size());
  Pair pair{taken(spec, source), spec};
  pair.whole.weights = test::normal(n_whole, engine).cwiseAbs().array() + 0.5;
  const Vector noise = test::normal(n_whole, engine);
  pair.pooled.response.setZero();
  pair.pooled.weights = Vector::Zero(n);
  for (Index i = 0; i < n_whole; ++i) {
    const double weight = pair.whole.weights[i];
    pair.whole.response[i] = spec.response[source[i]] + noise[i];
    pair.pooled.response[source[i]] += weight * pair.whole.response[i];
    pair.pooled.weights[source[i]] += weight;
  }
  pair.pooled.response.array() /= pair.pooled.weights.array();
  pair.pooled.row_counts = Vector::Zero(n);
  for (Index i = 0; i < n_whole; ++i) pair.pooled.row_counts[source[i]] += 1.0;
  model::PureError& pure = pair.pooled.pure_error;
  pure.df = static_cast<double>(n_whole - n);
  for (Index i = 0; i < n_whole; ++i)
    pure.sum_of_squares += pair.whole.weights[i] *
                           std::pow(pair.whole.response[i] - pair.pooled.response[source[i]], 2);
  pure.sum_log_weights =
      pair.whole.weights.array().log().sum() - pair.pooled.weights.array().log().sum();
  return pair;
}

struct At {
  double minus2loglik;
  Vector gradient;  // these by theta of the user's values
  Matrix average;
  Matrix expected;  // empty where absorption does not reach
};

At evaluated(const ModelSpec& spec, const Vector& values, equations::FixedPlace place) {
  Callbacks callbacks;
  const model::Model model = model::build_model(spec, test::nothing_held(values.size()), callbacks);
  const MixedModelEquations equations(model, place, 1);
  Evaluation found = test::evaluate_at(equations, from_user_values(model, values));
  const Matrix back = user_jacobian(model, found.parameters).inverse();
  const std::optional<Matrix> expected =
      expected_information(found, callbacks, equations::AbsorptionLimits{});
  At at{found.minus2loglik, {}, {}, {}};
  if (expected) at.expected = back.transpose() * *expected * back;
  const Derivatives derivative = derivatives(std::move(found), callbacks);
  at.gradient = back.transpose() * derivative.gradient;
  at.average = back.transpose() * derivative.information * back;
  return at;
}

// Whether the expected information was compared, too.
bool is_the_same(const Pair& pair, const Vector& values, equations::FixedPlace place) {
  const At whole = evaluated(pair.whole, values, place);
  const At pooled = evaluated(pair.pooled, values, place);
  CHECK(pooled.minus2loglik == Approx(whole.minus2loglik).epsilon(1e-11));
  CHECK(difference(pooled.gradient, whole.gradient) < 1e-9);
  CHECK(difference(pooled.average, whole.average) < 1e-9);
  REQUIRE(pooled.expected.size() == whole.expected.size());
  if (whole.expected.size() == 0) return false;
  CHECK(difference(pooled.expected, whole.expected) < 1e-8);
  return true;
}

}  // namespace

TEST_CASE("likelihood, score and information of cells with their pure error are those of records") {
  std::mt19937 engine(5);
  int n_expected = 0;
  for (const MixedModel& given : test::mixed_models(31)) {
    const Pair pair = cells_of(given.spec, engine, [](Index r) { return 1 + r % 3; });
    const Vector values = test::random_values(given, engine);
    for (const equations::FixedPlace place : test::places(given)) {
      INFO(given.name << ", place " << static_cast<int>(place));
      if (is_the_same(pair, values, place)) ++n_expected;
    }
  }
  CHECK(n_expected > 10);
}

// The residual has a variance for each of two groups: record r of the whole is of group group[r].
// Its pooled rows are joined by one for each group, which no effect sees and which stands for the
// pure error there.
Pair in_groups(Pair pair, const std::vector<Index>& source, Index n_rows) {
  const auto group_of = [](Index row) { return static_cast<SmallIndex>(row % 2); };
  const auto n_whole = static_cast<Index>(source.size());
  Vector df = Vector::Zero(2), squares = Vector::Zero(2);
  const auto section = [&](Index n) {
    model::ResidualSection all;
    all.label = "residual";
    all.structure.name = "diag";
    all.structure.n_coef = 2;
    for (SmallIndex r = 0; r < n; ++r) {
      all.record.push_back(r);
      all.subject.push_back(r);
    }
    return all;
  };
  pair.whole.residual = {section(n_whole)};
  for (Index i = 0; i < n_whole; ++i) {
    const SmallIndex g = group_of(source[i]);
    pair.whole.residual[0].position.push_back(g);
    df[g] += 1.0;
    squares[g] += pair.whole.weights[i] *
                  std::pow(pair.whole.response[i] - pair.pooled.response[source[i]], 2);
  }
  ModelSpec& pooled = pair.pooled;
  pooled.residual = {section(n_rows + 2)};
  Vector one = Vector::Ones(n_rows + 2);
  one.tail(2).setZero();
  std::vector<Index> rows;
  for (Index r = 0; r < n_rows; ++r) rows.push_back(r);
  rows.insert(rows.end(), {0, 1});
  const Vector response = pooled.response, weights = pooled.weights;
  const double sum_log_weights = pooled.pure_error.sum_log_weights;
  pooled = taken(pooled, rows);
  for (model::ColumnTerm& term : pooled.fixed) term.parts.emplace_back(model::NumericPart(one));
  for (model::RandomTerm& term : pooled.random) {
    for (model::Incidence& incidence : term.incidence) {
      for (model::ColumnTerm& own : incidence.terms)
        own.parts.emplace_back(model::NumericPart(one));
    }
  }
  for (Index r = 0; r < n_rows; ++r) {
    pooled.residual[0].position.push_back(group_of(r));
    df[group_of(r)] -= 1.0;
  }
  pooled.residual[0].position.insert(pooled.residual[0].position.end(), {0, 1});
  pooled.residual[0].stands_for = Vector::Ones(n_rows + 2);
  pooled.residual[0].stands_for.tail(2) = df;
  pooled.response << response, squares.cwiseSqrt();
  pooled.weights = Vector::Ones(n_rows + 2);
  pooled.weights.head(n_rows) = weights;
  Vector counts = Vector::Zero(n_rows + 2);
  counts.head(n_rows) = pooled.row_counts;
  pooled.row_counts = counts;
  pooled.pure_error = {0.0, 0.0, sum_log_weights};
  return pair;
}

TEST_CASE("rows stand for the pure error of groups that have a residual variance each") {
  std::mt19937 engine(9);
  int n_expected = 0;
  for (const MixedModel& given : test::mixed_models(35)) {
    const Index n = given.spec.n_records();
    const auto size = [](Index r) { return 1 + r % 3; };
    std::vector<Index> source;
    for (Index r = 0; r < n; ++r) source.insert(source.end(), size(r), r);
    const Pair pair = in_groups(cells_of(given.spec, engine, size), source, n);
    Vector values(given.n_values() + 1);
    values << test::random_values(given, engine), 0.7;
    for (const equations::FixedPlace place : test::places(given)) {
      INFO(given.name << ", place " << static_cast<int>(place));
      if (is_the_same(pair, values, place)) ++n_expected;
    }
    Callbacks callbacks;
    const model::VarianceRequest request = test::nothing_held(values.size());
    CHECK(model::build_model(pair.pooled, request, callbacks).n_observations() ==
          static_cast<double>(pair.whole.n_records()));
  }
  CHECK(n_expected > 0);
}

TEST_CASE("a row that stands for less than itself, or beside another of its subject, is refused") {
  Callbacks callbacks;
  const MixedModel given = test::mixed_models(33)[2];
  const Index n = given.spec.n_records();
  const auto build = [&](const Vector& stands_for, SmallIndex subject_of_second) {
    ModelSpec spec = given.spec;
    model::ResidualSection section;
    section.label = "residual";
    section.structure.name = "diag";
    section.structure.n_coef = 2;
    for (SmallIndex r = 0; r < n; ++r) {
      section.record.push_back(r);
      section.subject.push_back(r == 1 ? subject_of_second : r);
      section.position.push_back(r % 2);
    }
    section.stands_for = stands_for;
    spec.residual = {section};
    return model::build_model(spec, test::nothing_held(given.n_values() + 1), callbacks);
  };
  Vector counts = Vector::Ones(n);
  counts[0] = 4.0;
  CHECK(build(counts, 1).n_observations() == static_cast<double>(n) + 3.0);
  CHECK_THROWS_AS(build(counts, 0), InvalidSpec);
  CHECK_THROWS_AS(build(0.5 * counts, 1), InvalidSpec);
  CHECK_THROWS_AS(build(Vector::Ones(2), 1), InvalidSpec);
}

TEST_CASE("the pure error tells the residual from a term with a level for each cell") {
  std::mt19937 engine(6);
  ModelSpec spec;
  const SmallIndex n = 12;
  spec.response = test::normal(n, engine);
  spec.fixed = {model::ColumnTerm{}};
  model::RandomTerm term;
  term.label = "cell";
  term.structure.name = "us";
  term.structure.n_coef = 1;
  term.n_coef = 1;
  term.n_levels = n;
  std::vector<SmallIndex> levels;
  for (SmallIndex l = 0; l < n; ++l) levels.push_back(l);
  term.incidence.push_back({levels, {model::ColumnTerm{}}, 0});
  spec.random.push_back(term);
  const auto n_unidentified = [&](const ModelSpec& asked) {
    Callbacks callbacks;
    const model::VarianceRequest request = test::nothing_held(2);
    const model::Model model = model::build_model(asked, request, callbacks);
    return unidentified_values(model, likelihood::starting_parameters(model, request), callbacks)
        .cols();
  };
  CHECK(n_unidentified(spec) == 1);
  spec.pure_error = {24.0, 30.0, 0.0};
  CHECK(n_unidentified(spec) == 0);
}

TEST_CASE("Method 3 of cells with their pure error is that of records") {
  std::mt19937 engine(7);
  for (const MixedModel& given : test::mixed_models(32)) {
    const bool has_intercepts = std::all_of(
        given.spec.random.begin(), given.spec.random.end(),
        [](const auto& term) { return term.n_coef == 1 && term.relationship.is_identity; });
    if (!has_intercepts || given.spec.random.empty() || !given.spec.reml) continue;
    INFO(given.name);
    const Pair pair = cells_of(given.spec, engine, [](Index r) { return 1 + r % 2; });
    Callbacks callbacks;
    const auto estimates = [&](const ModelSpec& spec) {
      const model::Model model =
          model::build_model(spec, test::nothing_held(given.n_values()), callbacks);
      return anova::method_three(model, anova::MethodOptions{}, callbacks);
    };
    const anova::MethodThree whole = estimates(pair.whole), pooled = estimates(pair.pooled);
    CHECK(difference(pooled.df, whole.df) == 0.0);
    CHECK(difference(pooled.sums_of_squares, whole.sums_of_squares) < 1e-10);
    CHECK(difference(pooled.variances, whole.variances) < 1e-10);
    CHECK(difference(pooled.covariance, whole.covariance) < 1e-9);
  }
}

TEST_CASE("cells start a search where their records do") {
  std::mt19937 engine(8);
  for (const MixedModel& given : test::mixed_models(34)) {
    INFO(given.name);
    const Pair pair = cells_of(given.spec, engine, [](Index r) { return 1 + r % 3; });
    Callbacks callbacks;
    const model::VarianceRequest request = test::nothing_held(given.n_values());
    const auto start = [&](const ModelSpec& spec) {
      const model::Model model = model::build_model(spec, request, callbacks);
      return likelihood::user_values(model, likelihood::starting_parameters(model, request));
    };
    CHECK(difference(start(pair.pooled), start(pair.whole)) < 1e-10);
  }
}

TEST_CASE("pure error that is none of records is refused") {
  Callbacks callbacks;
  const MixedModel given = test::mixed_models(33)[2];
  const auto build = [&](ModelSpec spec, const model::PureError& pure) {
    spec.pure_error = pure;
    const Index n = given.n_values();
    return model::build_model(spec, test::nothing_held(n), callbacks).n_observations();
  };
  const auto n = static_cast<double>(given.spec.n_records());
  CHECK(build(given.spec, {3.0, 1.0, 0.0}) == n + 3.0);
  ModelSpec short_counts = given.spec;
  short_counts.row_counts = Vector::Ones(2);
  CHECK_THROWS_AS(build(short_counts, {3.0, 1.0, 0.0}), DimensionMismatch);
  CHECK_THROWS_AS(build(given.spec, {-1.0, 1.0, 0.0}), InvalidSpec);
  CHECK_THROWS_AS(build(given.spec, {1.0, -1.0, 0.0}), InvalidSpec);
  CHECK_THROWS_AS(build(given.spec, {1.0, HUGE_VAL, HUGE_VAL}), InvalidSpec);
}

}  // namespace henderson::information
