// SPDX-License-Identifier: GPL-3.0-or-later
// Several questions to one fitted model: one model, one ordering, one factor for all of them.
#pragma once

#include <variant>
#include <vector>

#include "core/answers/fitted_model.h"
#include "core/answers/residual_whitening.h"

namespace henderson::answers {

enum class Topic {
  // From the factor.
  error_covariance,
  error_columns,
  error_variances,
  deletion_changes,
  deletion_distances,
  moments,
  average_information,
  // From the parameters alone.
  residual_whitening,
  // From the selected inverse, one for all of these.
  prediction_errors,
  prediction_variances,
  leverages,
  effective_dimensions,
  // From the score beside the estimates.
  information
};

struct Question {
  Topic topic = Topic::error_covariance;
  Eigen::SparseMatrix<double> k;  // of the errors and moments
  std::vector<SmallIndex> group;  // of each record, for the deletions
  SmallIndex n_groups = 0;
  std::optional<AdjustmentRequest> adjustment;  // of moments
  // Of the information: E is needed, too; and the observed one, where it is known already.
  bool with_expected = false;
  Matrix observed;
};

using Answer = std::variant<Matrix, Vector, std::vector<Matrix>, MeanCovariance,
                            information::VarianceInformation, ResidualWhitening>;

// An answer for each question, in their order. What needs the factor is answered before what uses
// it up.
std::vector<Answer> ask(FittedModel& fitted, const std::vector<Question>& questions);

}  // namespace henderson::answers
