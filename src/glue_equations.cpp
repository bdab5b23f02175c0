// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/errors.h"
#include "core/equations/leverages.h"
#include "core/likelihood/evaluation.h"
#include "glue_callbacks.h"
#include "glue_convert.h"

namespace henderson {
namespace {

// The equations at given variance parameters, solved, and what they were made from.
struct SolvedModel {
  SolvedModel(const Rcpp::List& list, const Rcpp::NumericVector& values)
      : spec(as_spec(list)),
        model(model::build_model(spec, nothing_held(spec), callbacks)),
        equations(model, equations::FixedPlace::anywhere, available_threads(2)),
        evaluation(likelihood::evaluate(
            equations, likelihood::from_user_values(model, as_vector(values)), false, callbacks)) {
    if (!evaluation)
      throw InvalidSpec("values", "the mixed model equations are not positive definite");
  }

  RCallbacks callbacks;
  model::ModelSpec spec;
  model::Model model;
  equations::MixedModelEquations equations;
  std::optional<likelihood::Evaluation> evaluation;
};

Rcpp::RObject solve_equations(const Rcpp::List& spec, const Rcpp::NumericVector& values,
                              const Rcpp::S4& k, bool diagonal) {
  const SolvedModel solved(spec, values);
  const likelihood::Evaluation& at = *solved.evaluation;
  const Eigen::SparseMatrix<double> combinations = Rcpp::as<Eigen::SparseMatrix<double>>(k);
  const double residual = at.parameters.residual();
  if (diagonal) {
    return to_r(equations::error_variances(solved.equations, at.lambda, residual, at.solved.factor,
                                           combinations));
  }
  return to_r(equations::error_covariance(solved.equations, at.lambda, residual, at.solved.factor,
                                          Matrix(combinations)));
}

Rcpp::NumericMatrix error_columns(const Rcpp::List& spec, const Rcpp::NumericVector& values,
                                  const Rcpp::S4& k) {
  const SolvedModel solved(spec, values);
  const likelihood::Evaluation& at = *solved.evaluation;
  return to_r(equations::error_columns(solved.equations, at.lambda, at.parameters.residual(),
                                       at.solved.factor,
                                       Matrix(Rcpp::as<Eigen::SparseMatrix<double>>(k))));
}

// sizes[g]: how many neighbouring columns of k are group g.
Rcpp::List error_blocks(const Rcpp::List& spec, const Rcpp::NumericVector& values,
                        const Rcpp::S4& k, const Rcpp::IntegerVector& sizes) {
  const SolvedModel solved(spec, values);
  const likelihood::Evaluation& at = *solved.evaluation;
  std::vector<Index> first{0};
  for (const int size : sizes) first.push_back(first.back() + size);
  const std::vector<Matrix> found =
      equations::error_blocks(solved.equations, at.lambda, at.parameters.residual(),
                              at.solved.factor, Rcpp::as<Eigen::SparseMatrix<double>>(k), first);
  Rcpp::List blocks(found.size());
  for (std::size_t g = 0; g < found.size(); ++g) blocks[g] = to_r(found[g]);
  return blocks;
}

Rcpp::NumericVector record_leverages(const Rcpp::List& spec, const Rcpp::NumericVector& values) {
  SolvedModel solved(spec, values);
  return to_r(equations::record_leverages(solved.equations, solved.evaluation->lambda,
                                          std::move(solved.evaluation->solved.factor),
                                          solved.callbacks));
}

Rcpp::List prediction_error(const Rcpp::List& spec, const Rcpp::NumericVector& values) {
  SolvedModel solved(spec, values);
  const std::vector<Matrix> errors = equations::prediction_errors(
      solved.equations, solved.evaluation->lambda, solved.evaluation->parameters.residual(),
      std::move(solved.evaluation->solved.factor), solved.callbacks);
  Rcpp::List terms;
  for (const Matrix& term : errors) {
    Rcpp::NumericVector array(to_r(term));
    const auto n_coef = static_cast<int>(term.rows());
    array.attr("dim") =
        Rcpp::IntegerVector::create(n_coef, n_coef, static_cast<int>(term.cols() / n_coef));
    terms.push_back(array);
  }
  return terms;
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
Rcpp::RObject solve_equations_cpp(Rcpp::List spec, Rcpp::NumericVector values, Rcpp::S4 K,
                                  bool diagonal) {
  return henderson::guarded([&] { return henderson::solve_equations(spec, values, K, diagonal); });
}

// [[Rcpp::export]]
Rcpp::NumericMatrix error_columns_cpp(Rcpp::List spec, Rcpp::NumericVector values, Rcpp::S4 K) {
  return henderson::guarded([&] { return henderson::error_columns(spec, values, K); });
}

// [[Rcpp::export]]
Rcpp::List error_blocks_cpp(Rcpp::List spec, Rcpp::NumericVector values, Rcpp::S4 K,
                            Rcpp::IntegerVector sizes) {
  return henderson::guarded([&] { return henderson::error_blocks(spec, values, K, sizes); });
}

// [[Rcpp::export]]
Rcpp::NumericVector record_leverages_cpp(Rcpp::List spec, Rcpp::NumericVector values) {
  return henderson::guarded([&] { return henderson::record_leverages(spec, values); });
}

// [[Rcpp::export]]
Rcpp::List prediction_error_cpp(Rcpp::List spec, Rcpp::NumericVector values) {
  return henderson::guarded([&] { return henderson::prediction_error(spec, values); });
}
