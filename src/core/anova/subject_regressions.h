// SPDX-License-Identifier: GPL-3.0-or-later
// Least squares by subject: the first stage of a two-stage analysis, all subjects in one pass.
#pragma once

#include <vector>

#include "core/base/callbacks.h"
#include "core/base/types.h"

namespace henderson::anova {

// For subject i with the rows Z_i, y_i of its records. NaN where the rank of Z_i is below its
// number of columns p.
struct SubjectRegressions {
  Matrix coefficients;              // p x subjects: (Z_i'Z_i)^-1 Z_i'y_i
  Matrix roots;                     // p x (p subjects): upper triangular R_i, R_i'R_i = Z_i'Z_i
  Vector residual_ss;               // of each subject
  std::vector<SmallIndex> records;  // of each subject
  std::vector<SmallIndex> rank;     // of Z_i, by lm's tolerance
};

// Needs: subject_of_record[r] = i, 0 <= i < n_subjects, for each row of z. Cost: 2 records x p^2,
// done twice. Source: Gram-Schmidt with reorthogonalisation, as in model/fixed_basis.h. Throws
// DimensionMismatch, Interrupted.
SubjectRegressions subject_regressions(const Matrix& z, const Vector& y,
                                       const std::vector<SmallIndex>& subject_of_record,
                                       SmallIndex n_subjects, Callbacks& callbacks);

}  // namespace henderson::anova
