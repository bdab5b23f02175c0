// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/posterior_points.h"

#include <Eigen/QR>
#include <cmath>
#include <limits>

#include "core/answers/effects.h"
#include "core/answers/errors.h"
#include "core/answers/inverse_answers.h"
#include "core/information/derivatives.h"

namespace henderson::answers {

using bayes::Surface;
using likelihood::Evaluation;
using likelihood::Parameters;
using model::Model;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinite = std::numeric_limits<double>::infinity();
// Effects of a block of points that are held until they are added up in their order. Threads start
// anew for each block, so it is not small.
constexpr Index kEffectNumbers = 2'000'000;
// Points whose errors are held at once, before they are added up in their order.
constexpr Index kErrorsAtATime = 16;

Matrix unknown(Index rows, Index columns) { return Matrix::Constant(rows, columns, kNaN); }

Index n_effects(const Model& model) {
  Index n = model.fixed.n_original;
  for (std::size_t t = 0; t < model.n_coef_of_term.size(); ++t)
    n += static_cast<Index>(model.n_coef_of_term[t]) * model.n_levels_of_term[t];
  return n;
}

void check_functions(const Eigen::SparseMatrix<double>& k, const Model& model) {
  if (k.cols() > 0 && k.rows() != n_effects(model))
    throw DimensionMismatch("rows of K", k.rows(), n_effects(model));
}

// The gradient by the values from that by the parameters: J'g = gradient, g of least norm where J,
// d values / d parameters, is not invertible (a variance of zero).
Vector by_values(const Model& model, const Parameters& at, const Vector& gradient) {
  const Matrix transposed = likelihood::user_jacobian(model, at).transpose();
  return transposed.completeOrthogonalDecomposition().solve(gradient);
}

void check_normal(const Matrix& z, const Model& model, Index n_points) {
  if (z.rows() != n_solved(model) || z.cols() != n_points)
    throw DimensionMismatch("normal numbers", z.rows(), n_solved(model));
}

// b + sigma P'L'^-1 z, for one z.
Vector effects_drawn(const Evaluation& at, const ConstVectorRef& z) {
  Matrix draw = z;
  at.factor().solve_upper(draw);
  draw *= at.parameters.residual_sd();
  draw += at.solution().scaled;
  return all_effects(at.model(), at.equations().to_unscaled(at.lambda(), draw));
}

// The logarithms of the weights of these points; of what is no point, that of zero.
Vector weights_of(const PointRequest& request, Index first, const Vector& minus2loglik) {
  Vector weights = request.log_weights->segment(first, minus2loglik.size());
  if (request.weigh_by_likelihood) weights -= 0.5 * minus2loglik;
  for (Index k = 0; k < weights.size(); ++k)
    if (!std::isfinite(minus2loglik[k]) || std::isnan(weights[k])) weights[k] = -kInfinite;
  return weights;
}

// What is read at each point but the effects, which go to `effects` where there is room for them.
struct Reader {
  const PointRequest& request;
  Points& found;

  void read(Index point, Evaluation&& at, double* effects, Callbacks& callbacks) const {
    found.minus2loglik[point] = at.minus2loglik;
    if (effects != nullptr || request.k.cols() > 0) {
      const Vector own = all_effects(at.model(), at.solution().unscaled);
      if (effects != nullptr) Eigen::Map<Vector>(effects, own.size()) = own;
      found.mean.col(point) = request.k.transpose() * own;
    }
    if (request.z) found.draws.col(point) = effects_drawn(at, request.z->col(point));
    if (request.covariance) {
      const Matrix covariance = error_covariance(at, request.k);
      found.covariance.col(point) = Eigen::Map<const Vector>(covariance.data(), covariance.size());
    }
    if (!request.gradient) return;
    const Model& model = at.model();
    const Parameters parameters = at.parameters;
    const Vector gradient =
        information::derivatives(std::move(at), callbacks, information::Extent::gradient).gradient;
    found.gradient.col(point) = by_values(model, parameters, gradient);
  }
};

}  // namespace

Points read_points(Surface& surface, const Matrix& values, const PointRequest& request,
                   Callbacks& callbacks) {
  const Model& model = surface.model();
  check_functions(request.k, model);
  const Index n = values.cols();
  const Index n_functions = request.k.cols();
  Points found;
  found.minus2loglik = Vector::Constant(n, kInfinite);
  found.mean = unknown(n_functions, n);
  if (request.gradient) found.gradient = unknown(values.rows(), n);
  if (request.covariance) found.covariance = unknown(n_functions * n_functions, n);
  if (request.log_weights) {
    if (request.log_weights->size() != n)
      throw DimensionMismatch("log weights", request.log_weights->size(), n);
    found.sums.emplace(model);
  }
  if (request.z) {
    check_normal(*request.z, model, n);
    found.draws = unknown(n_effects(model), n);
  }
  const Reader reader{request, found};
  const Index block =
      found.sums ? std::max<Index>(16, kEffectNumbers / std::max<Index>(found.sums->sum.size(), 1))
                 : std::max<Index>(n, 1);
  Matrix effects(found.sums ? found.sums->sum.size() : 0, found.sums ? std::min(block, n) : 0);
  for (Index first = 0; first < n; first += block) {
    const Index some = std::min(block, n - first);
    surface.visit(
        values.middleCols(first, some),
        [&](Index k, std::optional<Evaluation>&& at, Callbacks& own) {
          if (!at) return;
          reader.read(first + k, std::move(*at), found.sums ? effects.col(k).data() : nullptr, own);
        },
        callbacks);
    if (!found.sums) continue;
    found.sums->add(model, effects.leftCols(some),
                    weights_of(request, first, found.minus2loglik.segment(first, some)));
  }
  return found;
}

Index n_solved(const Model& model) {
  Index n = model.n_free_columns();
  for (const model::RandomBlock& block : model.blocks)
    n += block.structure->n_columns() * block.n_levels;
  return n;
}

Matrix draw_effects(Surface& surface, const Matrix& values, const Matrix& z, Callbacks& callbacks) {
  const Model& model = surface.model();
  check_normal(z, model, values.cols());
  Matrix draws = unknown(n_effects(model), values.cols());
  surface.visit(
      values,
      [&](Index k, std::optional<Evaluation>&& at, Callbacks&) {
        if (at) draws.col(k) = effects_drawn(*at, z.col(k));
      },
      callbacks);
  return draws;
}

FunctionMoments function_moments(Surface& surface, const Matrix& values,
                                 const Eigen::SparseMatrix<double>& k, Callbacks& callbacks) {
  const Model& model = surface.model();
  check_functions(k, model);
  FunctionMoments found{unknown(k.cols(), values.cols()), unknown(k.cols(), values.cols())};
  surface.visit(
      values,
      [&](Index point, std::optional<Evaluation>&& at, Callbacks&) {
        if (!at) return;
        found.mean.col(point) = k.transpose() * all_effects(at->model(), at->solution().unscaled);
        found.variance.col(point) = error_variances(*at, k);
      },
      callbacks);
  return found;
}

MeanErrors mean_errors(Surface& surface, const Matrix& values, const Vector& weights,
                       Callbacks& callbacks) {
  const Model& model = surface.model();
  MeanErrors mean{Vector::Zero(model.fixed.n_original), {}};
  for (std::size_t t = 0; t < model.n_coef_of_term.size(); ++t) {
    const Index m = model.n_coef_of_term[t];
    mean.terms.push_back(Matrix::Zero(m, m * model.n_levels_of_term[t]));
  }
  InverseQuestions questions;
  questions.standard_errors = true;
  questions.prediction_errors = !model.blocks.empty();
  for (Index first = 0; first < values.cols(); first += kErrorsAtATime) {
    const Index some = std::min(kErrorsAtATime, values.cols() - first);
    std::vector<InverseAnswers> of_point(static_cast<std::size_t>(some));
    surface.visit(
        values.middleCols(first, some),
        [&](Index k, std::optional<Evaluation>&& at, Callbacks& own) {
          if (at) of_point[k] = answer_from_inverse(std::move(*at), questions, own);
        },
        callbacks);
    for (Index k = 0; k < some; ++k) {
      const double weight = weights[first + k];
      if (of_point[k].standard_errors.size() == 0) continue;
      mean.beta += weight * of_point[k].standard_errors.cwiseAbs2();
      for (std::size_t t = 0; t < of_point[k].prediction_errors.size(); ++t)
        mean.terms[t] += weight * of_point[k].prediction_errors[t];
    }
  }
  return mean;
}

}  // namespace henderson::answers
