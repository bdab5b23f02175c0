// SPDX-License-Identifier: GPL-3.0-or-later
// Trials in which a line is seen in few environments: a model of the seen cells alone against the V
// form and against the model of all cells.
#include <catch.h>

#include <Eigen/Dense>

#include "core/answers/deletion.h"
#include "core/answers/effects.h"
#include "core/information/covariance_trace.h"
#include "core/information/derivatives.h"
#include "core/likelihood/start.h"
#include "core/reml/moment_start.h"
#include "support/mixed_models.h"

namespace henderson::likelihood {
namespace {

using equations::FixedPlace;
using equations::MixedModelEquations;
using model::Cells;
using model::Model;
using test::normal;

constexpr SmallIndex kEnvironments = 5;
constexpr SmallIndex kLines = 24;
constexpr SmallIndex kSeenLines = 6;  // in an environment
constexpr Index kRecords = 60;

// Relationships of lines from few markers, made definite: K^-1 has no zeros.
Matrix relationships(std::mt19937& engine) {
  Matrix markers(kLines, 40);
  for (Index j = 0; j < markers.cols(); ++j) markers.col(j) = normal(kLines, engine);
  return markers * markers.transpose() / 40.0 + 0.1 * Matrix::Identity(kLines, kLines);
}

// The residuals have a variance for each environment where `own_variances`.
test::MixedModel trial(const std::string& structure, SmallIndex order, bool own_variances,
                       bool reml, std::mt19937& engine) {
  test::MixedModel made;
  made.name = structure + (own_variances ? ", own variances" : "") + (reml ? "" : ", ML");
  std::vector<SmallIndex> environment, line;
  for (SmallIndex r = 0; r < kRecords; ++r) {
    environment.push_back(r % kEnvironments);
    line.push_back((5 * environment.back() + (r / kEnvironments) % kSeenLines) % kLines);
  }
  const model::ColumnTerm coefficients{
      {model::FactorPart{environment, test::full_coding(kEnvironments)}}};
  made.x = test::dense_columns({coefficients}, kRecords);
  test::DenseTerm dense{Matrix::Zero(kRecords, kLines * kEnvironments), relationships(engine),
                        kEnvironments};
  for (Index r = 0; r < kRecords; ++r) dense.z(r, line[r] * kEnvironments + environment[r]) = 1.0;
  made.spec.response = 2.0 * normal(kRecords, engine);
  made.spec.fixed = {coefficients};
  made.spec.reml = reml;
  model::RandomTerm term;
  term.label = "line";
  term.structure.name = structure;
  term.structure.n_coef = term.n_coef = kEnvironments;
  term.structure.order = order;
  term.n_levels = kLines;
  term.incidence.push_back({line, {coefficients}, 0});
  term.relationship = test::precision(dense.k.inverse());
  made.spec.random.push_back(std::move(term));
  made.terms.push_back(std::move(dense));
  if (!own_variances) return made;
  model::ResidualSection section;
  section.label = "residual";
  section.structure.name = "diag";
  section.structure.n_coef = kEnvironments;
  for (SmallIndex r = 0; r < kRecords; ++r) {
    section.record.push_back(r);
    section.subject.push_back(r);
    section.position.push_back(environment[r]);
  }
  test::DenseTerm residual{Matrix::Zero(kRecords, kRecords * kEnvironments),
                           Matrix::Identity(kRecords, kRecords), kEnvironments, true};
  for (Index r = 0; r < kRecords; ++r) residual.z(r, r * kEnvironments + environment[r]) = 1.0;
  made.spec.residual.push_back(std::move(section));
  made.residual.push_back(std::move(residual));
  return made;
}

// Sigma of the values, which end with the loadings column by column, lower trapezoidal.
Matrix sigma_of(const std::string& structure, SmallIndex order, const Vector& values) {
  Matrix sigma = Matrix::Zero(kEnvironments, kEnvironments);
  Index next = 0;
  if (structure != "rr")
    for (; next < kEnvironments; ++next) sigma(next, next) = values[next];
  Matrix loadings = Matrix::Zero(kEnvironments, order);
  for (Index c = 0; c < order; ++c)
    for (Index r = c; r < kEnvironments; ++r) loadings(r, c) = values[next++];
  return sigma + loadings * loadings.transpose();
}

// The V form has every entry of Sigma; the values of the residual follow.
Vector dense_values(const std::string& structure, SmallIndex order, const Vector& values,
                    Index n_own) {
  const Matrix sigma = sigma_of(structure, order, values);
  Vector found(kEnvironments * (kEnvironments + 1) / 2 + values.size() - n_own);
  Index next = 0;
  for (Index r = 0; r < kEnvironments; ++r)
    for (Index c = 0; c <= r; ++c) found[next++] = sigma(r, c);
  found.tail(values.size() - n_own) = values.tail(values.size() - n_own);
  return found;
}

struct Design {
  std::string structure;
  SmallIndex order;
};

Index n_own(const Design& design) {
  Index n = design.structure == "rr" ? 0 : kEnvironments;
  for (SmallIndex c = 0; c < design.order; ++c) n += kEnvironments - c;
  return n;
}

Vector some_values(const Design& design, bool own_variances, std::mt19937& engine) {
  const Index own = n_own(design), n_residual = own_variances ? kEnvironments : 1;
  Vector values(own + n_residual);
  values.head(own) = normal(own, engine);
  if (design.structure != "rr")
    values.head(kEnvironments) = values.head(kEnvironments).array().square() + 0.2;
  values.tail(n_residual) = normal(n_residual, engine).array().square() + 0.5;
  return values;
}

}  // namespace

TEST_CASE("a model of the seen cells is that of all cells, and the V form", "[seen]") {
  std::mt19937 engine(41);
  Callbacks callbacks;
  for (const Design& design : {Design{"fa", 1}, {"fa", 2}, {"rr", 2}, {"diag", 0}}) {
    for (const bool own_variances : {false, true}) {
      for (const bool reml : {true, false}) {
        const test::MixedModel given =
            trial(design.structure, design.order, own_variances, reml, engine);
        INFO(given.name << ", order " << design.order);
        const Vector values = some_values(design, own_variances, engine);
        const Model seen = model::build_model(given.spec, test::nothing_held(values.size()),
                                              model::Products::made, Cells::seen, callbacks);
        const Model all =
            model::build_model(given.spec, test::nothing_held(values.size()), callbacks);
        CHECK(seen.n_random_columns < all.n_random_columns);
        REQUIRE(seen.n_values == all.n_values);
        const auto to_dense = [&](const Vector& at) {
          return dense_values(design.structure, design.order, at, n_own(design));
        };
        const test::Oracle dense = test::oracle(given, to_dense(values));
        Matrix jacobian(to_dense(values).size(), values.size());
        for (Index i = 0; i < values.size(); ++i) {
          const Vector unit = Vector::Unit(values.size(), i);  // quadratic: exact
          jacobian.col(i) = 0.5 * (to_dense(values + unit) - to_dense(values - unit));
        }
        for (const Model* model : {&seen, &all}) {
          const MixedModelEquations equations(*model, FixedPlace::last, 1,
                                              equations::BlockEntries::needed);
          const Parameters at = from_user_values(*model, values);
          CHECK(test::difference(user_values(*model, at), values) < 1e-12);
          std::optional<Evaluation> found = evaluate(equations, at, false, callbacks);
          REQUIRE(found.has_value());
          CHECK(found->minus2loglik == Approx(dense.minus2loglik).epsilon(1e-10));
          const std::vector<Matrix> u = answers::random_effects(*found);
          CHECK(test::difference(Eigen::Map<const Vector>(u[0].data(), u[0].size()), dense.u) <
                1e-9);
          const Matrix own = jacobian * user_jacobian(*model, at);
          const information::Derivatives derivative =
              information::derivatives(std::move(*found), callbacks);
          CHECK(test::difference(derivative.gradient, own.transpose() * dense.gradient) < 1e-8);
          CHECK(test::difference(derivative.information,
                                 own.transpose() * dense.information * own) < 1e-8);
        }
      }
    }
  }
}

// d(-2l)/dSigma from the gradient in the entries of Sigma, row by row of the lower triangle.
Matrix gradient_of_entries(const Vector& gradient) {
  Matrix g(kEnvironments, kEnvironments);
  Index next = 0;
  for (Index r = 0; r < kEnvironments; ++r)
    for (Index c = 0; c <= r; ++c, ++next)
      g(r, c) = g(c, r) = gradient[next] * (r == c ? 1.0 : 0.5);
  return g;
}

TEST_CASE("the whole gradient of Sigma is that of the V form", "[seen]") {
  std::mt19937 engine(45);
  Callbacks callbacks;
  for (const Design& design : {Design{"fa", 1}, {"fa", 2}, {"rr", 2}}) {
    for (const bool own_variances : {false, true}) {
      for (const bool reml : {true, false}) {
        const test::MixedModel given =
            trial(design.structure, design.order, own_variances, reml, engine);
        const Vector values = some_values(design, own_variances, engine);
        const Matrix expected = gradient_of_entries(
            test::oracle(given, dense_values(design.structure, design.order, values, n_own(design)))
                .gradient);
        for (const Cells cells : {Cells::seen, Cells::all}) {
          const Model model = model::build_model(given.spec, test::nothing_held(values.size()),
                                                 model::Products::made, cells, callbacks);
          const double unit = model.response_unit;
          for (const FixedPlace place : {FixedPlace::last, FixedPlace::apart}) {
            INFO(given.name << ", order " << design.order << ", place " << static_cast<int>(place));
            const MixedModelEquations equations(model, place, 1);
            const std::optional<Evaluation> at =
                evaluate(equations, from_user_values(model, values), false, callbacks);
            REQUIRE(at.has_value());
            const model::RandomBlock& block = model.blocks.back();
            CHECK(information::leaves_open(block) ==
                  (cells == Cells::seen || design.structure == "rr"));
            CHECK(test::difference(information::covariance_score(*at, block, callbacks),
                                   unit * unit * expected) < 1e-9);
          }
        }
      }
    }
  }
}

TEST_CASE("deletions of seen cells are those of all cells", "[seen]") {
  std::mt19937 engine(46);
  Callbacks callbacks;
  for (const Design& design : {Design{"fa", 1}, {"rr", 2}, {"diag", 0}}) {
    for (const bool own_variances : {false, true}) {
      const test::MixedModel given =
          trial(design.structure, design.order, own_variances, true, engine);
      INFO(given.name);
      const Vector values = some_values(design, own_variances, engine);
      std::vector<Matrix> changes;
      for (const Cells cells : {Cells::seen, Cells::all}) {
        const Model model = model::build_model(given.spec, test::nothing_held(values.size()),
                                               model::Products::made, cells, callbacks);
        const MixedModelEquations equations(model, FixedPlace::last, 1);
        const std::optional<Evaluation> at =
            evaluate(equations, from_user_values(model, values), false, callbacks);
        REQUIRE(at.has_value());
        std::vector<SmallIndex> group;
        for (SmallIndex r = 0; r < kRecords; ++r) group.push_back((r / 3) % 12);
        changes.push_back(answers::deletion_changes(*at, group, 12, callbacks));
      }
      CHECK(test::difference(changes[0], changes[1]) < 1e-9);
    }
  }
}

TEST_CASE("the start from moments is the same for parted structures", "[seen]") {
  std::mt19937 engine(42);
  Callbacks callbacks;
  const Design design{"fa", 1};
  const test::MixedModel given = trial("fa", 1, false, true, engine);
  const model::VarianceRequest request = test::nothing_held(n_own(design) + 1);
  std::vector<Vector> starts;
  for (const Cells cells : {Cells::seen, Cells::all}) {
    const Model model =
        model::build_model(given.spec, request, model::Products::made, cells, callbacks);
    const MixedModelEquations equations(model, FixedPlace::last, 1);
    // From one point: what the records tell alone counts.
    const Vector values = Vector::Constant(model.n_values, 0.5);
    starts.push_back(user_values(
        model, reml::moment_start(equations, from_user_values(model, values), request, callbacks)));
  }
  CHECK(test::difference(starts[0], starts[1]) < 1e-9);
}

// Of loadings the score is G Lambda times two, which leaves most of G = d(-2l)/dSigma open: the one
// of least norm, here from all its equations.
TEST_CASE("of many coefficients the gradient of Sigma is the one of least norm", "[seen]") {
  std::mt19937 engine(44);
  Callbacks callbacks;
  constexpr SmallIndex kMany = 64, kFactors = 2;
  test::MixedModel given;
  std::vector<SmallIndex> environment, line;
  for (SmallIndex r = 0; r < 4 * kMany; ++r) {
    environment.push_back(r % kMany);
    line.push_back((3 * environment.back() + r / kMany) % kLines);
  }
  const model::ColumnTerm coefficients{{model::FactorPart{environment, test::full_coding(kMany)}}};
  given.spec.response = normal(4 * kMany, engine);
  given.spec.fixed = {model::ColumnTerm{}};
  model::RandomTerm term;
  term.label = "line";
  term.structure.name = "rr";
  term.structure.n_coef = term.n_coef = kMany;
  term.structure.order = kFactors;
  term.n_levels = kLines;
  term.incidence.push_back({line, {coefficients}, 0});
  term.relationship = test::precision(relationships(engine).inverse());
  given.spec.random.push_back(std::move(term));
  const Index n_loadings = 2 * kMany - 1;
  const Model model = model::build_model(given.spec, test::nothing_held(n_loadings + 1),
                                         model::Products::made, Cells::seen, callbacks);
  const MixedModelEquations equations(model, FixedPlace::anywhere, 1,
                                      equations::BlockEntries::needed);
  Vector values(n_loadings + 1);
  values.head(n_loadings) = normal(n_loadings, engine);
  values[n_loadings] = 0.8;
  const Parameters at = from_user_values(model, values);
  const Matrix lambda = *model.blocks[0].structure->factor(at.of(model.blocks[0]));
  std::optional<Evaluation> found = evaluate(equations, at, false, callbacks);
  REQUIRE(found.has_value());
  const information::Derivatives derivative =
      information::derivatives(std::move(*found), callbacks);
  // G_ra sqrt(2) off the diagonal are the unknowns, so their length is the norm of G.
  const auto number = [](Index r, Index a) {
    return std::max(r, a) * (std::max(r, a) + 1) / 2 + std::min(r, a);
  };
  Matrix system = Matrix::Zero(n_loadings, kMany * (kMany + 1) / 2);
  std::vector<std::pair<Index, Index>> place;
  for (Index c = 0; c < kFactors; ++c)
    for (Index r = c; r < kMany; ++r) {
      for (Index a = 0; a < kMany; ++a)
        system(static_cast<Index>(place.size()), number(r, a)) +=
            lambda(a, c) * (r == a ? 1.0 : M_SQRT1_2);
      place.emplace_back(r, c);
    }
  const Vector g =
      system.completeOrthogonalDecomposition().solve(0.5 * derivative.gradient.head(n_loadings));
  Matrix expected = Matrix::Zero(n_loadings, n_loadings);  // 2 G of the rows of one factor
  for (Index i = 0; i < n_loadings; ++i)
    for (Index j = 0; j < n_loadings; ++j) {
      const auto [r, c] = place[i];
      const auto [q, d] = place[j];
      if (c == d) expected(i, j) = 2.0 * g[number(r, q)] * (r == q ? 1.0 : M_SQRT1_2);
    }
  CHECK(test::difference(derivative.curvature.topLeftCorner(n_loadings, n_loadings), expected) <
        1e-8);
}

TEST_CASE("where most cells are seen, all of them stay", "[seen]") {
  std::mt19937 engine(43);
  Callbacks callbacks;
  test::MixedModel given = trial("fa", 1, false, true, engine);
  given.spec.random[0].relationship = test::precision(Matrix::Identity(kLines, kLines));
  const model::VarianceRequest request = test::nothing_held(n_own({"fa", 1}) + 1);
  const Model model =
      model::build_model(given.spec, request, model::Products::made, Cells::seen, callbacks);
  CHECK(model.blocks.size() == 1);
  CHECK(model.n_random_columns == kLines * kEnvironments);
}

}  // namespace henderson::likelihood
