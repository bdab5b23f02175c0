// SPDX-License-Identifier: GPL-3.0-or-later
// The one door after a fit: the model at its estimates, and all that can be asked of it.
//
// The model, its ordering and its factor are made once, whatever is asked. What needs the factor is
// answered before what uses it up; afterwards it is made again when somebody needs it.
#pragma once

#include <optional>

#include "core/answers/errors.h"
#include "core/answers/inverse_answers.h"
#include "core/answers/mean_covariance.h"
#include "core/information/variance_information.h"

namespace henderson::answers {

// What Kenward & Roger's adjustment is made from, over the directions that move.
struct AdjustmentRequest {
  Matrix parameter_covariance;
  Matrix expected;  // of size 0: theirs of 1997; else the expected information, for that of 2009
  bool first_order = false;  // without second derivatives of V
};

// -2l and its derivatives with respect to the user's values.
struct ValueDerivatives {
  double minus2loglik = 0.0;
  Vector gradient;
  Matrix average_information;
};

class FittedModel {
 public:
  // `request` says which values were held, and has all of them. Keeps a reference to the callbacks.
  // Throws InvalidSpec where the values are not a covariance, Interrupted.
  FittedModel(const model::ModelSpec& spec, const model::VarianceRequest& request,
              model::Cells cells, int threads, Callbacks& callbacks);
  FittedModel(const FittedModel&) = delete;
  FittedModel& operator=(const FittedModel&) = delete;

  const model::Model& model() const { return model_; }
  const equations::MixedModelEquations& equations() const { return equations_; }
  const likelihood::Parameters& parameters() const { return parameters_; }

  // The equations solved at the estimates. Cost: a factor, where it is not at hand. Throws
  // InvalidSpec where C is not positive definite.
  const likelihood::Evaluation& evaluation();

  // K'(beta^, u^ - u), see errors.h.
  Matrix error_covariance(const Eigen::SparseMatrix<double>& k);
  Matrix error_columns(const Eigen::SparseMatrix<double>& k);
  Vector error_variances(const Eigen::SparseMatrix<double>& k);

  // b - b_(S) of each group of records, and Cook's distances: see deletion.h.
  Matrix deletion_changes(const std::vector<SmallIndex>& group, SmallIndex n_groups);
  Vector deletion_distances(const std::vector<SmallIndex>& group, SmallIndex n_groups);

  // Var(K'beta^), its derivatives along the directions that move, and adjusted where that is asked
  // for.
  MeanCovariance moments(const Matrix& k, const std::optional<AdjustmentRequest>& adjustment);

  // The average information alone, or all of them; the second uses the factor up. with_expected:
  // see information_basis(). observed: where it is known already; else of size 0.
  information::VarianceInformation average_information();
  information::VarianceInformation information(bool with_expected, const Matrix& observed);

  // Needs: no covariance matrix is singular. Uses the factor up.
  ValueDerivatives value_derivatives();

  // Uses the factor up.
  InverseAnswers from_inverse(const InverseQuestions& questions);

 private:
  Adjustment adjustment(const std::vector<Index>& moving, const Matrix& jacobian,
                        const std::vector<Direction>& directions, const AdjustmentRequest& request);
  likelihood::Evaluation taken();

  Callbacks& callbacks_;
  const model::Model model_;
  const equations::MixedModelEquations equations_;
  const likelihood::Parameters parameters_;
  std::optional<likelihood::Evaluation> evaluation_;
};

// K = I over the columns of X that are estimated.
Matrix estimated_columns(const Vector& beta);

// Moments without an adjustment, at any evaluation.
MeanCovariance plain_moments(const likelihood::Evaluation& at, const Matrix& k,
                             Callbacks& callbacks);

}  // namespace henderson::answers
