// SPDX-License-Identifier: GPL-3.0-or-later
// What the entries of C^-1 on the pattern of C tell: errors of all effects, and how much of each
// record the equations take up.
#pragma once

#include <vector>

#include "core/likelihood/evaluation.h"

namespace henderson::answers {

struct InverseQuestions {
  bool standard_errors = false;
  bool prediction_errors = false;
  bool prediction_variances = false;
  bool leverages = false;
  bool effective_dimensions = false;

  bool any() const {
    return standard_errors || prediction_errors || prediction_variances || leverages ||
           effective_dimensions;
  }
};

// Of size 0 what was not asked for.
struct InverseAnswers {
  // Of beta^; NaN at dropped columns.
  Vector standard_errors;
  // Var(u^ - u) of every level of every term: for each term n_coef x (n_coef n_levels). Between
  // coefficients of different blocks of a term (structure diag) it is not in the selected inverse:
  // NaN.
  std::vector<Matrix> prediction_errors;
  // Their diagonals alone, n_coef x n_levels.
  std::vector<Matrix> prediction_variances;
  // w_i'C^- w_i for the row w_i of W of every record, with C of W in the place of W_s: the effects
  // of two columns that a record has share a block of W'W, so the selected inverse has all of it.
  // Times the weight of the record it is d fitted_i / d y_i, and diag(P) = (1 - that) weight /
  // sigma^2. Needs: residuals without a structure.
  Vector leverages;
  // For each term tr(Z G Z'P), what the data spend on its effects: tr(D W_s'R^-1 W_s) among its
  // columns.
  Vector effective_dimensions;
};

// The evaluation ends. Cost: the selected inverse, the squared entries of each row of W for the
// leverages, and half a solve for each level of a term whose levels are combinations. Throws
// Interrupted.
InverseAnswers answer_from_inverse(likelihood::Evaluation&& evaluation,
                                   const InverseQuestions& questions, Callbacks& callbacks);

}  // namespace henderson::answers
