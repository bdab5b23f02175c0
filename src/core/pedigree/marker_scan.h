// SPDX-License-Identifier: GPL-3.0-or-later
// Score statistics of markers under a fitted model. The scores of a marker m with d_k in front of
// its effects are m'D_k'Py, their information m'D_k'P D_l m; over individuals s_k = D_k'Py and
// A_kl = D_k'P D_l, which are the same for all markers.
#pragma once

#include <vector>

#include "core/pedigree/genomic.h"

namespace henderson::pedigree {

// A row for each marker.
struct MarkerScores {
  std::vector<MarkerSummary> summary;
  Matrix score;        // m's_k, a column for each effect
  Matrix information;  // m'A_kl m, a column for each pair k >= l, (1,1), (2,1), ..., (2,2), ...
  Vector squares;      // m'm
};

// What: the scores of all markers, m being centred, with the mean in place of a missing genotype.
// Needs: s with a row for each individual; A of each pair as above, or none: then no information.
// Cost: n^2 for each marker and pair, and the memory of the matrices of A once more. Throws
// Interrupted.
MarkerScores scan_markers(Index n_markers, const Matrix& s, const std::vector<ConstMatrixRef>& a,
                          double ploidy, const linalg::ColumnSource& source, int threads,
                          Callbacks& callbacks);

}  // namespace henderson::pedigree
