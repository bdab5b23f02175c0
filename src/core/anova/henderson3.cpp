// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/anova/henderson3.h"

#include <limits>

#include "core/anova/projected_products.h"

namespace henderson::anova {
namespace {

double weighted_sum_of_squares(const Vector& x, const Vector& weights) {
  return weights.size() > 0 ? (x.array().square() * weights.array()).sum() : x.squaredNorm();
}

void check(const model::Model& model) {
  for (const model::RandomBlock& block : model.blocks) {
    if (block.n_coef != 1)
      throw InvalidSpec("formula", "Method 3 needs random terms with one coefficient");
  }
}

// SS_k as the squared length of P_k y - P_k-1 y: a difference of two sums would lose digits. The
// response has been cleared of X, so P_0 y = 0.
Vector sums_of_squares(const model::Model& model, const std::vector<GrowingModel>& models) {
  const Index n_terms = static_cast<Index>(models.size()) - 1;
  Vector ss(n_terms + 1);
  Vector before = Vector::Zero(model.n_records);
  for (Index k = 0; k < n_terms; ++k) {
    const Vector after = models[k + 1].fitted(model);
    ss[k] = weighted_sum_of_squares(after - before, model.weights);
    before = after;
  }
  ss[n_terms] = weighted_sum_of_squares(model.response - before, model.weights) +
                model.pure_error.sum_of_squares;
  return ss;
}

Vector degrees_of_freedom(const model::Model& model, const std::vector<GrowingModel>& models) {
  const Index n_terms = static_cast<Index>(models.size()) - 1;
  Vector df(n_terms + 1);
  for (Index k = 0; k < n_terms; ++k) df[k] = models[k + 1].rank() - models[k].rank();
  df[n_terms] = model.n_observations() - models[n_terms].rank();
  return df;
}

// Var(SS) = 2 tr(A_i V A_j V) at V = sum of sigma_l^2 Z_l Z_l' + sigma^2 I, A_i = P_i - P_i-1.
Matrix covariance_of_sums(const ProjectedProducts& products, const Vector& df,
                          const Vector& variances) {
  const Index r = df.size() - 1;
  const double residual = variances[r];
  Matrix covariance = Matrix::Zero(r + 1, r + 1);
  for (Index l = 0; l < r; ++l) {
    for (Index m = 0; m <= l; ++m) {
      const double times = (m == l ? 1.0 : 2.0) * variances[m] * variances[l];
      covariance.topLeftCorner(m + 1, m + 1) += times * products.inner[m][l];
    }
    for (Index i = 0; i <= l; ++i)
      covariance(i, i) += 2.0 * residual * variances[l] * products.trace(i, l);
  }
  covariance.diagonal() += residual * residual * df;
  return 2.0 * covariance;
}

// From the units of the model to those of the user: variance k of the user = unit[k] x its value.
void to_user_units(const model::Model& model, MethodThree& found) {
  const Index r = found.df.size() - 1;
  const double response = model.response_unit * model.response_unit;
  Vector unit(r + 1);
  for (Index k = 0; k < r; ++k) {
    const double transform = model.blocks[k].coef_transform(0, 0);
    unit[k] = transform * transform;
  }
  unit[r] = response;
  found.sums_of_squares *= response;
  found.expected = response * found.expected * unit.cwiseInverse().asDiagonal();
  found.variances = found.variances.cwiseProduct(unit);
  found.covariance = unit.asDiagonal() * found.covariance * unit.asDiagonal();
}

}  // namespace

MethodThree method_three(const model::Model& model, const MethodOptions& options,
                         Callbacks& callbacks) {
  check(model);
  const Index r = static_cast<Index>(model.blocks.size());
  std::vector<GrowingModel> models;
  for (Index k = 0; k <= r; ++k)
    models.emplace_back(model, static_cast<SmallIndex>(k), options.threads, callbacks);

  MethodThree found;
  found.sums_of_squares = sums_of_squares(model, models);
  found.df = degrees_of_freedom(model, models);
  found.flops = products_flops(model, models, true);
  const bool with_inner = found.flops <= options.max_flops;
  const ProjectedProducts products = projected_products(model, models, with_inner, callbacks);
  found.expected = Matrix::Zero(r + 1, r + 1);
  found.expected.topLeftCorner(r, r) = products.trace;
  found.expected.col(r) = found.df;

  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  found.variances = Vector::Constant(r + 1, kNaN);
  found.covariance = Matrix::Constant(r + 1, r + 1, kNaN);
  if (found.df.minCoeff() > 0.0) {
    const auto expectation = found.expected.triangularView<Eigen::Upper>();
    found.variances = expectation.solve(found.sums_of_squares);
    if (with_inner) {
      const Matrix half =
          expectation.solve(covariance_of_sums(products, found.df, found.variances.cwiseMax(0.0)));
      found.covariance = expectation.solve(Matrix(half.transpose()));
    }
  }
  to_user_units(model, found);
  return found;
}

}  // namespace henderson::anova
