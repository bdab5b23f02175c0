// SPDX-License-Identifier: GPL-3.0-or-later
// Growing least-squares models and the products of their projections, against dense projections.
#include <catch.h>

#include <Eigen/Dense>

#include "core/anova/projected_products.h"
#include "support/mixed_models.h"

namespace henderson::anova {
namespace {

using test::dense_rows;
using test::difference;

// The projection on the columns of w, through its singular vectors.
Matrix projection(const Matrix& w) {
  const Eigen::JacobiSVD<Matrix> svd(w, Eigen::ComputeThinU);
  const Index rank = (svd.singularValues().array() > 1e-9 * svd.singularValues()[0]).count();
  return svd.matrixU().leftCols(rank) * svd.matrixU().leftCols(rank).transpose();
}

struct Case {
  model::Model model;
  std::vector<GrowingModel> models;
  std::vector<Matrix> p;  // P_0 of X, P_1, ...
  std::vector<Matrix> z;
};

// Two crossed terms beside a factor.
Case crossed() {
  const test::MixedModel given = test::mixed_models(121)[1];
  Callbacks callbacks;
  Case found{
      model::build_model(given.spec, test::nothing_held(given.n_values()), callbacks), {}, {}, {}};
  const Matrix w = dense_rows(found.model.w);
  Matrix columns = w.rightCols(found.model.rank());
  for (SmallIndex k = 0; k <= 2; ++k) {
    found.models.emplace_back(found.model, k, 1, callbacks);
    found.p.push_back(projection(columns));
    if (k == 2) break;
    const model::RandomBlock& block = found.model.blocks[k];
    found.z.push_back(w.middleCols(block.first_column, block.n_levels));
    columns = test::beside(columns, found.z.back());
  }
  return found;
}

}  // namespace

TEST_CASE("growing models: ranks and fitted values are those of the projections") {
  const Case c = crossed();
  CHECK(difference(Matrix(full_cross_products(c.model)),
                   dense_rows(c.model.w).transpose() * dense_rows(c.model.w)) < 1e-12);
  for (std::size_t k = 0; k < c.models.size(); ++k) {
    CHECK(c.models[k].rank() == std::lround(c.p[k].trace()));
    CHECK(difference(c.models[k].fitted(c.model), c.p[k] * c.model.response) < 1e-9);
  }
}

TEST_CASE("projected products are traces of H_i = Z'(P_i - P_i-1)Z") {
  const Case c = crossed();
  Callbacks callbacks;
  // P_-1 of the header is that of X: H_0 belongs to the first term.
  const auto h = [&](std::size_t i, std::size_t m, std::size_t l) {
    return Matrix(c.z[m].transpose() * (c.p[i + 1] - c.p[i]) * c.z[l]);
  };
  const ProjectedProducts found = projected_products(c.model, c.models, true, callbacks);
  for (std::size_t l = 0; l < 2; ++l) {
    for (std::size_t i = 0; i <= l; ++i)
      CHECK(found.trace(i, l) == Approx(h(i, l, l).trace()).margin(1e-9));
    for (std::size_t m = 0; m <= l; ++m) {
      for (std::size_t i = 0; i <= m; ++i) {
        for (std::size_t j = 0; j <= m; ++j)
          CHECK(found.inner[m][l](i, j) ==
                Approx(h(i, m, l).cwiseProduct(h(j, m, l)).sum()).margin(1e-9));
      }
    }
  }
  const ProjectedProducts traces = projected_products(c.model, c.models, false, callbacks);
  CHECK(difference(traces.trace, found.trace) == 0.0);
  CHECK(traces.inner[0][0].size() == 0);
  CHECK(products_flops(c.model, c.models, true) > products_flops(c.model, c.models, false));
}

}  // namespace henderson::anova
