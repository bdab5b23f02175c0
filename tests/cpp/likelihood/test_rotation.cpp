// SPDX-License-Identifier: GPL-3.0-or-later
// Models turned to a band against the V form of the model as it is, which knows nothing of it.
#include <catch.h>

#include <Eigen/Dense>
#include <cmath>

#include "core/answers/effects.h"
#include "core/answers/estimates.h"
#include "core/answers/fit.h"
#include "core/model/rotation.h"
#include "support/evaluations.h"

namespace henderson::model {
namespace {

using equations::FixedPlace;
using equations::MixedModelEquations;
using test::normal;

constexpr SmallIndex kLevels = 90;  // more than the band is wide
constexpr SmallIndex kSeen = 80;    // levels with records

struct Shape {
  std::string name;
  SmallIndex n_coef = 1;
  bool covariate = false;  // as the coefficient of the levels
  bool weights = false;
  bool random_block = false;
  std::string residual = "";  // a structure of the coefficients as positions; empty: independent
  bool own_subjects = false;  // each record is a subject
  bool reml = true;
};

std::vector<Shape> shapes() {
  Shape one{"one coefficient"}, weighted{"weights, a block"}, slope{"a covariate, ML"};
  weighted.weights = weighted.random_block = true;
  slope.covariate = true;
  slope.reml = false;
  Shape traits{"two traits", 2}, apart{"two traits, residuals apart", 2}, field{"three fields", 3};
  traits.residual = "us";
  apart.residual = "diag";
  apart.own_subjects = true;
  field.random_block = true;
  return {one, weighted, slope, traits, apart, field};
}

// Genomic relationships, singular.
Matrix relationships(std::mt19937& engine) {
  Matrix markers(kLevels, 300);
  for (Index j = 0; j < markers.cols(); ++j) markers.col(j) = normal(kLevels, engine);
  markers = (markers.rowwise() - markers.colwise().mean()).eval();
  return markers * markers.transpose() / 300.0;
}

// One unit of each seen level, and two of the first ten.
std::vector<SmallIndex> level_of_unit() {
  std::vector<SmallIndex> levels;
  for (SmallIndex l = 0; l < kSeen; ++l) levels.push_back((7 * l) % kLevels);
  for (SmallIndex l = 0; l < 10; ++l) levels.push_back(levels[l]);
  return levels;
}

void add_block(const std::vector<SmallIndex>& block, test::MixedModel& made) {
  const Index n = made.spec.n_records();
  RandomTerm term;
  term.label = "block";
  term.structure.name = "us";
  term.structure.n_coef = term.n_coef = 1;
  term.n_levels = 4;
  term.incidence.push_back({block, {ColumnTerm{}}, 0});
  test::DenseTerm dense{Matrix::Zero(n, 4), Matrix::Identity(4, 4), 1};
  for (Index r = 0; r < n; ++r) dense.z(r, block[r]) = 1.0;
  made.spec.random.push_back(std::move(term));
  made.terms.push_back(std::move(dense));
}

void add_residual(const Shape& shape, test::MixedModel& made) {
  const auto t = static_cast<Index>(shape.n_coef);
  const auto n = static_cast<SmallIndex>(made.spec.n_records());
  ResidualSection section;
  section.label = "residual";
  section.structure.name = shape.residual;
  section.structure.n_coef = t;
  for (SmallIndex r = 0; r < n; ++r) {
    section.record.push_back(r);
    section.subject.push_back(shape.own_subjects ? r : r / shape.n_coef);
    section.position.push_back(r % shape.n_coef);
  }
  const Index n_subjects = shape.own_subjects ? n : n / t;
  test::DenseTerm dense{Matrix::Zero(n, n_subjects * t), Matrix::Identity(n_subjects, n_subjects),
                        t, shape.residual == "diag"};
  for (Index r = 0; r < n; ++r) dense.z(r, section.subject[r] * t + section.position[r]) = 1.0;
  made.spec.residual.push_back(std::move(section));
  made.residual.push_back(std::move(dense));
}

test::MixedModel made(const Shape& shape, const Matrix& k, std::mt19937& engine) {
  const std::vector<SmallIndex> units = level_of_unit();
  const SmallIndex t = shape.n_coef, n = t * static_cast<SmallIndex>(units.size());
  std::vector<SmallIndex> level, position, block;
  for (SmallIndex r = 0; r < n; ++r) {
    level.push_back(units[r / t]);
    position.push_back(r % t);
    block.push_back((r / t) % 4);
  }
  const ColumnTerm coefficients = shape.covariate
                                      ? ColumnTerm{{NumericPart(normal(n, engine))}}
                                      : ColumnTerm{{FactorPart{position, test::full_coding(t)}}};
  test::MixedModel model;
  model.name = shape.name;
  model.spec.reml = shape.reml;
  model.spec.response = 2.0 * normal(n, engine);
  model.spec.fixed = {ColumnTerm{}, ColumnTerm{{NumericPart(normal(n, engine))}}};
  model.x = test::dense_columns(model.spec.fixed, n);
  if (shape.weights) model.spec.weights = normal(n, engine).array().exp();
  const Matrix own = test::dense_columns({coefficients}, n);
  test::DenseTerm dense{Matrix::Zero(n, kLevels * t), k, t};
  for (Index r = 0; r < n; ++r) dense.z.row(r).segment(level[r] * t, t) = own.row(r);
  RandomTerm term;
  term.label = "line";
  term.structure.name = "us";
  term.structure.n_coef = term.n_coef = t;
  term.n_levels = kLevels;
  term.incidence.push_back({level, {coefficients}, 0});
  term.relationship = test::precision(k.inverse());
  model.spec.random.push_back(std::move(term));
  model.terms.push_back(std::move(dense));
  if (shape.random_block) add_block(block, model);
  if (!shape.residual.empty()) add_residual(shape, model);
  return model;
}

}  // namespace

TEST_CASE("likelihood, score and effects of a turned model are those of its V", "[rotation]") {
  std::mt19937 engine(31);
  const Matrix k = relationships(engine) + 1e-4 * Matrix::Identity(kLevels, kLevels);
  Callbacks callbacks;
  for (const Shape& shape : shapes()) {
    INFO(shape.name);
    const test::MixedModel given = made(shape, k, engine);
    const TermCovariance known{0, {k.data(), k.rows(), k.cols()}};
    KeptLevels none;
    const auto rotation = rotated(given.spec, {known}, Turning::always, none, 1, callbacks);
    CHECK(none == nullptr);
    REQUIRE(rotation);
    CHECK(rotation->spec().n_records() == given.spec.n_records());
    const Model model =
        build_model(rotation->spec(), test::nothing_held(given.n_values()), callbacks);
    const MixedModelEquations equations(
        model, given.spec.reml ? FixedPlace::anywhere : FixedPlace::last, 1);
    const Vector values = test::random_values(given, engine);
    likelihood::Evaluation at = test::evaluate_at(equations, values);
    const test::Oracle expected = test::oracle(given, values);
    CHECK(std::abs(at.minus2loglik - expected.minus2loglik) < 1e-8);
    answers::Estimates found =
        answers::estimates(at, test::nothing_held(given.n_values()), callbacks);
    answers::turn_back(*rotation, found);
    CHECK(test::difference(found.beta, expected.beta) < 1e-9);
    Vector u(expected.u.size());
    Index first = 0;
    for (const Matrix& term : found.u) {
      u.segment(first, term.size()) = Eigen::Map<const Vector>(term.data(), term.size());
      first += term.size();
    }
    CHECK(test::difference(u, expected.u) < 1e-8);
    Matrix z(given.x.rows(), u.size());
    z.leftCols(given.terms[0].z.cols()) = given.terms[0].z;
    if (given.terms.size() > 1) z.rightCols(given.terms[1].z.cols()) = given.terms[1].z;
    CHECK(test::difference(found.fitted_fixed, given.x * expected.beta) < 1e-9);
    CHECK(test::difference(found.fitted, given.x * expected.beta + z * expected.u) < 1e-8);
  }
}

TEST_CASE("a reduced relationship serves other responses, and no other relationship",
          "[rotation]") {
  std::mt19937 engine(33);
  Matrix k = relationships(engine) + 1e-4 * Matrix::Identity(kLevels, kLevels);
  Callbacks callbacks;
  test::MixedModel given = made(shapes().front(), k, engine);
  const TermCovariance known{0, {k.data(), k.rows(), k.cols()}};
  const auto turned_with = [&](KeptLevels kept) {
    const std::optional<TurnedTerm> found = turned_term(given.spec, {known}, Turning::always);
    REQUIRE(found.has_value());
    return Rotation(given.spec, known, found->units, std::move(kept), 1, callbacks);
  };
  const KeptLevels first = turned_with(nullptr).levels();
  given.spec.response = test::normal(given.spec.n_records(), engine);
  const Rotation again = turned_with(first), anew = turned_with(nullptr);
  CHECK(again.levels() == first);
  CHECK(again.spec().response == anew.spec().response);
  CHECK(anew.levels()->band == first->band);
  k(0, 0) += 1e-12;
  CHECK(turned_with(first).levels() != first);
}

TEST_CASE("models whose levels have records of several kinds are not turned", "[rotation]") {
  std::mt19937 engine(32);
  const Matrix k = relationships(engine) + 1e-4 * Matrix::Identity(kLevels, kLevels);
  const TermCovariance known{0, {k.data(), k.rows(), k.cols()}};
  Callbacks callbacks;
  const auto turned = [&](const ModelSpec& spec, Turning turning = Turning::always) {
    KeptLevels none;
    return rotated(spec, {known}, turning, none, 1, callbacks) != nullptr;
  };
  const std::vector<Shape> all = shapes();
  ModelSpec traits = made(all[3], k, engine).spec;
  CHECK(turned(traits));
  CHECK_FALSE(turned(traits, Turning::never));
  CHECK_FALSE(turned(traits, Turning::by_count));  // so small a model is not worth it
  traits.residual.front().position[0] = 1;         // a subject without its first trait
  CHECK_FALSE(turned(traits));
  ModelSpec fields = made(all[5], k, engine).spec;
  CHECK(turned(fields));
  fields.random.front().incidence.front().level_of_record[0] = kLevels - 1;
  CHECK_FALSE(turned(fields));  // a level that is not seen in all fields
  fields = made(all[5], k, engine).spec;
  fields.weights = Vector::Constant(fields.n_records(), 2.0);
  CHECK_FALSE(turned(fields));
  ModelSpec one = made(all[0], k, engine).spec;
  CHECK(turned(one));
  one.row_counts = Vector::Ones(one.n_records());
  CHECK_FALSE(turned(one));
}

TEST_CASE("the count of operations decides", "[rotation]") {
  std::mt19937 engine(33);
  const Matrix k = relationships(engine) + 1e-4 * Matrix::Identity(kLevels, kLevels);
  const ModelSpec spec = made(shapes()[0], k, engine).spec;
  const auto units = rotation_units(spec, 0);
  REQUIRE(units);
  const RotationCost cost = rotation_cost(spec, 0, *units);
  CHECK(cost.turn == Approx(4.0 / 3.0 * std::pow(kSeen, 3)));
  CHECK(cost.whole == Approx(std::pow(kLevels, 3)));
  CHECK(cost.saved() == Approx(5.0 * (cost.whole - cost.banded) - cost.turn));
}

}  // namespace henderson::model
