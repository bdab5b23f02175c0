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

}  // namespace

Points read_points(Surface& surface, const Matrix& values, const PointRequest& request,
                   Callbacks& callbacks) {
  const Model& model = surface.model();
  check_functions(request.k, model);
  const Index n = values.cols();
  const Index n_functions = request.k.cols();
  const Matrix k = request.covariance ? Matrix(request.k) : Matrix();
  Points found;
  found.minus2loglik = Vector::Constant(n, kInfinite);
  found.mean = unknown(n_functions, n);
  if (request.gradient) found.gradient = unknown(values.rows(), n);
  if (request.covariance) found.covariance = unknown(n_functions * n_functions, n);
  if (request.effects) found.effects = unknown(n_effects(model), n);
  surface.visit(
      values,
      [&](Index point, std::optional<Evaluation>&& at, Callbacks& own) {
        if (!at) return;
        const Model& here = at->model();
        found.minus2loglik[point] = at->minus2loglik;
        if (request.effects || n_functions > 0) {
          const Vector effects = all_effects(here, at->solution().unscaled);
          if (request.effects) found.effects.col(point) = effects;
          found.mean.col(point) = request.k.transpose() * effects;
        }
        if (request.covariance) {
          const Matrix covariance = error_covariance(*at, k);
          found.covariance.col(point) =
              Eigen::Map<const Vector>(covariance.data(), covariance.size());
        }
        if (!request.gradient) return;
        const Parameters parameters = at->parameters;
        const Vector gradient =
            information::derivatives(std::move(*at), own, information::Extent::gradient).gradient;
        found.gradient.col(point) = by_values(here, parameters, gradient);
      },
      callbacks);
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
  if (z.rows() != n_solved(model) || z.cols() != values.cols())
    throw DimensionMismatch("normal numbers", z.rows(), n_solved(model));
  Matrix draws = unknown(n_effects(model), values.cols());
  surface.visit(
      values,
      [&](Index k, std::optional<Evaluation>&& at, Callbacks&) {
        if (!at) return;
        Matrix draw = z.col(k);
        at->factor().solve_upper(draw);
        draw *= at->parameters.residual_sd();
        draw += at->solution().scaled;
        draws.col(k) = all_effects(at->model(), at->equations().to_unscaled(at->lambda(), draw));
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
