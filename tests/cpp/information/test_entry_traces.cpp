// SPDX-License-Identifier: GPL-3.0-or-later
// tr(P V_a) and tr(P V_a P V_b) of the entries of all Sigma, against P as a matrix.
#include <catch.h>

#include <Eigen/Dense>
#include <algorithm>

#include "core/information/entry_traces.h"
#include "core/likelihood/parameters.h"
#include "support/mixed_models.h"

namespace henderson::information {
namespace {

using equations::FixedPlace;
using equations::MixedModelEquations;
using model::Model;
using test::difference;
using test::MixedModel;

// V_a = Z (I x E_a) Z', relative to sigma^2 and in the engine's columns: of each entry of the lower
// triangles, row by row.
std::vector<Matrix> by_entries(const Model& model, const Matrix& w) {
  std::vector<Matrix> all;
  for (const model::RandomBlock& block : model.blocks) {
    for (Index r = 0; r < block.n_coef; ++r) {
      for (Index c = 0; c <= r; ++c) {
        Matrix v = Matrix::Zero(w.rows(), w.rows());
        for (Index l = 0; l < block.n_levels; ++l) {
          const auto z = w.middleCols(block.first_column + l * block.n_coef, block.n_coef);
          v += z.col(r) * z.col(c).transpose();
          if (r != c) v += z.col(c) * z.col(r).transpose();
        }
        all.push_back(v);
      }
    }
  }
  return all;
}

// V^-1 for ML.
Matrix projection(const Model& model, const Matrix& w, const equations::Factors& lambda) {
  Matrix v = Matrix::Identity(w.rows(), w.rows());
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const model::RandomBlock& block = model.blocks[b];
    for (Index l = 0; l < block.n_levels; ++l) {
      const Matrix z = w.middleCols(block.first_column + l * block.n_coef, block.n_coef);
      v += z * lambda[b] * lambda[b].transpose() * z.transpose();
    }
  }
  Matrix p = v.inverse();
  if (!model.reml || model.rank() == 0) return p;
  const Matrix x = w.rightCols(model.rank()), vx = p * x;
  p -= vx * (x.transpose() * vx).inverse() * vx.transpose();
  return p;
}

}  // namespace

TEST_CASE("entry traces are those of P as a matrix, whatever is absorbed") {
  std::mt19937 engine(141);
  int tried = 0;
  for (const MixedModel& given : test::mixed_models(141)) {
    Callbacks callbacks;
    const Model model =
        model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks);
    MixedModelEquations equations(model, FixedPlace::last, 1);
    const std::optional<equations::Factors> lambda = likelihood::relative_factors(
        model, likelihood::from_user_values(model, test::random_values(given, engine)));
    REQUIRE(lambda);
    Matrix w = test::dense_rows(model.w);
    if (model.weights.size() > 0) w = model.weights.cwiseSqrt().asDiagonal() * w;
    const std::vector<Matrix> v = by_entries(model, w);
    const Matrix p = projection(model, w, *lambda);
    const auto n = static_cast<Index>(v.size());
    for (const Index largest_group : {64, 3, 0}) {
      INFO(given.name << ", groups of " << largest_group);
      equations::AbsorptionLimits limits;
      limits.group = largest_group;
      const auto absorption = equations::absorb(equations, *lambda, limits);
      if (!absorption) continue;
      ++tried;
      const EntryTraces found = entry_traces(equations, *absorption);
      Matrix products(n, n);
      Vector traces(n);
      for (Index a = 0; a < n; ++a) {
        traces[a] = p.cwiseProduct(v[a]).sum();
        for (Index b = 0; b < n; ++b)
          products(a, b) = (p * v[a]).cwiseProduct((p * v[b]).transpose()).sum();
      }
      CHECK(difference(found.traces, traces) < 1e-10);
      CHECK(difference(found.products, products) < 1e-10);
    }
  }
  CHECK(tried > 20);
}

}  // namespace henderson::information
