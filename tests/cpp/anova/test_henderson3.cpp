// SPDX-License-Identifier: GPL-3.0-or-later
// Henderson's Method 3 against dense projections of the records.
#include <catch.h>

#include <Eigen/Dense>
#include <cmath>

#include "core/anova/henderson3.h"
#include "support/mixed_models.h"

namespace henderson::anova {
namespace {

using test::difference;

struct Design {
  model::ModelSpec spec;
  Matrix x;
  std::vector<Matrix> z;
};

model::RandomTerm intercept(const std::vector<SmallIndex>& levels, SmallIndex n_levels) {
  model::RandomTerm term;
  term.label = "term";
  term.structure.name = "us";
  term.structure.n_coef = 1;
  term.n_coef = 1;
  term.n_levels = n_levels;
  term.incidence.push_back({levels, {model::ColumnTerm{}}, 0});
  return term;
}

Matrix indicator(const std::vector<SmallIndex>& levels, SmallIndex n_levels) {
  Matrix z = Matrix::Zero(static_cast<Index>(levels.size()), n_levels);
  for (std::size_t r = 0; r < levels.size(); ++r) z(static_cast<Index>(r), levels[r]) = 1.0;
  return z;
}

// Two crossed terms and a covariate far from its origin.
Design crossed(bool weighted) {
  std::mt19937 engine(3);
  const Index n = 60;
  Design design;
  const Vector covariate = test::normal(n, engine).array() + 100.0;
  design.x = Matrix::Ones(n, 2);
  design.x.col(1) = covariate;
  design.spec.fixed = {model::ColumnTerm{}, model::ColumnTerm{{model::NumericPart(covariate)}}};
  for (const SmallIndex n_levels : {7, 5}) {
    const std::vector<SmallIndex> levels = test::random_levels(n, n_levels, engine);
    design.spec.random.push_back(intercept(levels, n_levels));
    design.z.push_back(indicator(levels, n_levels));
  }
  design.spec.response = test::normal(n, engine) + 3.0 * design.z[0] * test::normal(7, engine);
  if (weighted) design.spec.weights = test::normal(n, engine).array().abs() + 0.5;
  return design;
}

// The projection on the columns of w, through its singular vectors.
Matrix projection(const Matrix& w) {
  const Eigen::JacobiSVD<Matrix> svd(w, Eigen::ComputeThinU);
  const Index rank = (svd.singularValues().array() > 1e-9 * svd.singularValues()[0]).count();
  return svd.matrixU().leftCols(rank) * svd.matrixU().leftCols(rank).transpose();
}

void compare(const Design& design) {
  const Index n = design.spec.n_records(), r = static_cast<Index>(design.z.size());
  Vector root = Vector::Ones(n);
  if (design.spec.weights.size() > 0) root = design.spec.weights.cwiseSqrt();
  const Vector y = root.cwiseProduct(design.spec.response);
  Matrix w = root.asDiagonal() * design.x;
  std::vector<Matrix> z, a;
  Matrix before = projection(w);
  for (const Matrix& term : design.z) {
    z.push_back(root.asDiagonal() * term);
    Matrix wider(n, w.cols() + term.cols());
    wider << w, z.back();
    w = wider;
    const Matrix after = projection(w);
    a.push_back(after - before);
    before = after;
  }
  a.push_back(Matrix::Identity(n, n) - before);
  z.push_back(Matrix::Identity(n, n));

  Callbacks callbacks;
  const model::Model model = model::build_model(design.spec, test::nothing_held(r + 1), callbacks);
  const MethodThree found = method_three(model, MethodOptions{}, callbacks);

  Matrix expected(r + 1, r + 1), covariance(r + 1, r + 1);
  Vector ss(r + 1);
  for (Index i = 0; i <= r; ++i) {
    ss[i] = y.dot(a[i] * y);
    for (Index j = 0; j <= r; ++j) expected(i, j) = (z[j].transpose() * a[i] * z[j]).trace();
  }
  const Vector variances = expected.partialPivLu().solve(ss);
  Matrix v = Matrix::Zero(n, n);
  for (Index j = 0; j <= r; ++j) v += std::max(variances[j], 0.0) * z[j] * z[j].transpose();
  for (Index i = 0; i <= r; ++i)
    for (Index j = 0; j <= r; ++j) covariance(i, j) = 2.0 * (a[i] * v * a[j] * v).trace();
  const Matrix inverse = expected.inverse();

  CHECK(difference(found.sums_of_squares, ss) < 1e-10);
  CHECK(difference(found.expected, expected) < 1e-9);
  CHECK(difference(found.variances, variances) < 1e-9);
  CHECK(difference(found.covariance, inverse * covariance * inverse.transpose()) < 1e-8);
  for (Index i = 0; i <= r; ++i) CHECK(found.df[i] == std::round(a[i].trace()));
}

TEST_CASE("Method 3 agrees with dense projections", "[anova]") {
  compare(crossed(false));
  compare(crossed(true));
}

TEST_CASE("Method 3 leaves the sampling covariance out where it is too dear", "[anova]") {
  const Design design = crossed(false);
  Callbacks callbacks;
  const model::Model model = model::build_model(design.spec, test::nothing_held(3), callbacks);
  const MethodThree whole = method_three(model, MethodOptions{}, callbacks);
  const MethodThree cheap = method_three(model, MethodOptions{1.0, 1}, callbacks);
  CHECK(cheap.covariance.array().isNaN().all());
  CHECK(difference(cheap.variances, whole.variances) < 1e-12);
}

TEST_CASE("A term within the fixed effects has no degrees of freedom", "[anova]") {
  Design design = crossed(false);
  model::FactorPart part{design.spec.random[0].incidence[0].level_of_record,
                         test::treatment_coding(7)};
  design.spec.fixed.push_back(model::ColumnTerm{{part}});
  Callbacks callbacks;
  const model::Model model = model::build_model(design.spec, test::nothing_held(3), callbacks);
  const MethodThree found = method_three(model, MethodOptions{}, callbacks);
  CHECK(found.df[0] == 0.0);
  CHECK(std::isnan(found.variances[0]));
}

}  // namespace
}  // namespace henderson::anova
