// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/marker_scan.h"

#include <algorithm>

#include "core/linalg/quadratic_forms.h"
#include "core/linalg/shared_scratch.h"

namespace henderson::pedigree {
namespace {

constexpr Index kBlock = 512;  // markers at a time

// The known genotypes less their mean, 0 where missing.
void centre(double mean, Eigen::Ref<Vector> genotype) {
  for (Index i = 0; i < genotype.size(); ++i)
    genotype[i] = is_missing(genotype[i]) ? 0.0 : genotype[i] - mean;
}

}  // namespace

MarkerScores scan_markers(Index n_markers, const Matrix& s, const std::vector<ConstMatrixRef>& a,
                          double ploidy, const linalg::ColumnSource& source, int threads,
                          Callbacks& callbacks) {
  const Index n = s.rows();
  const std::vector<linalg::QuadraticForm> forms(a.begin(), a.end());
  linalg::SharedScratch scratch(std::max(n, kBlock), threads);
  MarkerScores found{std::vector<MarkerSummary>(static_cast<std::size_t>(n_markers)),
                     Matrix(n_markers, s.cols()), Matrix(n_markers, static_cast<Index>(a.size())),
                     Vector(n_markers)};
  Matrix block(n, std::min(kBlock, n_markers));
  Vector values(block.cols());
  for (Index first = 0; first < n_markers; first += kBlock) {
    callbacks.stop_if_interrupted();
    const Index width = std::min(kBlock, n_markers - first);
    auto markers = block.leftCols(width);
    source(first, markers);
    for (Index c = 0; c < width; ++c) {
      MarkerSummary& summary = found.summary[static_cast<std::size_t>(first + c)];
      summary = summarise_marker(markers.col(c), ploidy);
      centre(ploidy * summary.frequency, markers.col(c));
    }
    found.score.middleRows(first, width).noalias() = markers.transpose() * s;
    found.squares.segment(first, width) = markers.colwise().squaredNorm().transpose();
    for (std::size_t pair = 0; pair < forms.size(); ++pair) {
      forms[pair].evaluate(markers, scratch, values.head(width));
      found.information.col(static_cast<Index>(pair)).segment(first, width) = values.head(width);
    }
  }
  return found;
}

}  // namespace henderson::pedigree
